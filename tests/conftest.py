"""Settings and fixtures for all tests."""

from __future__ import annotations

import gc
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator

# No deadlines: a busy machine must not fail a test. Speed is measured by the benchmarks.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), max_examples=250, print_blob=True)
settings.register_profile("few", settings.get_profile("default"), max_examples=10, derandomize=True, database=None)
PROFILE = "ci" if os.environ.get("CI") else "default"
settings.load_profile(PROFILE)

#: `python -OO` removes docstrings.
BARE = sys.flags.optimize > 1

#: Sizes that select the decoder's code path: the defaults, and sizes that send a test's few bytes down each other path.
WAYS = {
    "defaults": {},
    "in pieces": {"_framing._SMALL": 0, "_framing.WINDOW": 7},
    "column by column": {"_framing._SMALL": 0, "_interpret._FEW": 0},
    "block by block": {"_framing._SMALL": 0, "_interpret._FEW": 1_000_000},
    "long blocks": {"_framing._SMALL": 0, "_interpret._LONG": 3},
}


class Docstrings:
    """Makes the fuzz kit's checks draw only a few examples in docstrings, the same ones in every run.

    Docstrings show how to call the checks. The kit's tests prove what they find.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        if not isinstance(item, pytest.DoctestItem):
            return (yield)
        settings.load_profile("few")
        try:
            return (yield)
        finally:
            settings.load_profile(PROFILE)


@pytest.fixture(scope="module", autouse=True)
def _older_objects_are_not_collected() -> None:
    # Some tests call gc.collect() to see whether their objects are gone. Searching the objects of thousands of other
    # tests and reports each time took a fifth of the suite's time.
    gc.collect()
    gc.freeze()


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def every_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test once for each code path of the decoders."""
    for name, size in request.param.items():
        monkeypatch.setattr(f"sse_codec.{name}", size)


@pytest.fixture
def no_thread_is_left() -> Generator[None, None, None]:
    """Wait for the threads that a test started, and fail if one keeps running."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), thread


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is not installed
def pytest_xdist_auto_num_workers() -> int | None:
    """Return how many processes `-n auto` means: one more than there are cores, because many tests only wait."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    # pytest calls a hook defined in this file only for tests under this folder, not for the package's docstrings.
    config.pluginmanager.register(Docstrings())
