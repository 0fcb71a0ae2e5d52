"""One suite for each protocol, run over every backend."""
