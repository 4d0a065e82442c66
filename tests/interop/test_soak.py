"""The soak, for as long as CI can afford."""

from __future__ import annotations

import asyncio

import pytest

from .soak import WAYS, Soak

pytestmark = pytest.mark.interop


def test_no_event_is_lost_or_doubled() -> None:
    soak = Soak(streams=100, seconds=5, rate=20, lifetime=1, seed=1)
    figures = asyncio.run(soak.run())
    print(figures)
    assert figures.right
    assert figures.cuts.keys() == set(WAYS)
    assert figures.received > 100 * 20
    assert soak._channel.listeners == 0, "each stream has ended"
