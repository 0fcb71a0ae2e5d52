"""Tests of pages, feeds and API."""
