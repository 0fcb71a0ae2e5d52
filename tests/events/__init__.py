"""Tests of the log and of what it is made of."""
