"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# How long an example takes, and how fast they are drawn, is for the benchmarks to say and not for a machine that is
# busy.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), max_examples=1000, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
