"""A recipe imports its library at the top, as a user would, so it is imported only where that library is installed."""

collect_ignore_glob = ["*.py"]
