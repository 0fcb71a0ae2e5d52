"""HTTP: the JSON API, the pages and the feeds over one service."""
