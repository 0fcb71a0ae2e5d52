"""Tests of the service; they mirror the packages they test."""
