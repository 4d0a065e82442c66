"""Settings for all tests."""

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

# How long an example takes, and how fast they are drawn, is for the benchmarks to say and not for a machine that is
# busy.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), max_examples=250, print_blob=True)
settings.register_profile("few", settings.get_profile("default"), max_examples=10, derandomize=True, database=None)
PROFILE = "ci" if os.environ.get("CI") else "default"
settings.load_profile(PROFILE)

#: `python -OO` takes the docstrings away.
BARE = sys.flags.optimize > 1


class Docstrings:
    """Lets the checks of the fuzz kit draw only a few examples in docstrings, the same ones in every run.

    Docstrings show how to call the checks. The tests of the kit prove what they find.
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
def _what_is_old_is_no_garbage() -> None:
    # Thousands of tests and their reports are much to look through, each time that a test asks whether something of its
    # own is left: it took a fifth of the time of all tests.
    gc.collect()
    gc.freeze()


@pytest.fixture
def no_thread_is_left() -> Generator[None, None, None]:
    """Wait for the threads that a test started; none may go on."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), thread


def pytest_configure(config: pytest.Config) -> None:
    # A hook of this file itself would be called for what is beside it, and not for the package.
    config.pluginmanager.register(Docstrings())
