"""The log: immutable facts in one total order, and nothing about their display."""
