"""Fixtures that several modules share: the browser and Node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import devtools, node
from .chromium import executable

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = executable()
    if path is None:
        pytest.skip("Chromium is not installed")
    return path


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[str]:
    with devtools.browser(chromium_path) as address:
        yield address


@pytest.fixture(scope="module")
def engine() -> node.Engine:
    found = node.find()
    if isinstance(found, str):
        pytest.skip(found)
    return found
