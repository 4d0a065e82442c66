"""A client imports its library as a user would, at the top; so it is imported only where the library is installed."""

collect_ignore_glob = ["*.py"]
