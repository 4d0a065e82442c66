"""Keeps pytest from importing the shims: each imports its library, which may not be installed."""

collect_ignore_glob = ["*.py"]
