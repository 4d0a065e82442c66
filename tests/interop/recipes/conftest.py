"""Recipes import their libraries at the top, as users would, so each is imported only where its library is installed."""

collect_ignore_glob = ["*.py"]
