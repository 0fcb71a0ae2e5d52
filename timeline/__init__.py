"""The views: what the log tells, as pages, feeds and JSON. All of it can be rebuilt."""
