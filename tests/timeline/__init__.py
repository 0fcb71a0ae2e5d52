"""Tests of the views and of what serves them."""
