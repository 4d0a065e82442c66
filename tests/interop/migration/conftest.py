"""Keeps pytest from importing the clients: each imports its library, which may not be installed."""

collect_ignore_glob = ["*.py"]
