"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: how long an example takes is for the benchmarks to say, not for a machine that is busy.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
