"""A shim imports its library at the top, so it is imported only where the library is installed."""

collect_ignore_glob = ["*.py"]
