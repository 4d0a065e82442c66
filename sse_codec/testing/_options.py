"""What both checks make of their arguments before they start."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from typing import Any

from hypothesis import core
from hypothesis import settings as Settings  # noqa: N812  # the parameter has its name


def takes_one(caller: str, tested: Any, what: str) -> None:
    """Check that something can be called with one argument; raises TypeError."""
    if not callable(tested):
        raise TypeError(f"{caller} takes a callable, not {type(tested).__name__}")
    try:
        signature = inspect.signature(tested)
    except (TypeError, ValueError):
        return  # some of what is built in tells nothing of itself
    try:
        signature.bind(None)
    except TypeError:
        shown = f"{name_of(tested)}{signature}"
        raise TypeError(f"{caller} calls it with one argument, {what}, and {shown} can't take that") from None


def positive(caller: str, option: str, value: float | None) -> None:
    """Check a number of seconds; raises ValueError."""
    if value is not None and not value > 0:
        raise ValueError(f"{caller}: {option} must be more than 0, or None, not {value!r}")


def chosen_seed(seed: int | None, settings: Settings | None) -> int | None:
    """Return the seed of a search: the one that is given, or else one to put into the report.

    None if it is up to Hypothesis: with `derandomize`, which draws the same every time.
    """
    if seed is not None:
        return seed
    if (Settings() if settings is None else settings).derandomize:
        return None
    forced: int | None = getattr(core, "global_force_seed", None)  # by pytest's option --hypothesis-seed
    # Not by the generator that everybody shares: Hypothesis and others seed that one.
    return random.SystemRandom().getrandbits(32) if forced is None else forced


def name_of(tested: Callable[..., Any]) -> str:
    """Return what a callable is called, for messages."""
    return getattr(tested, "__name__", type(tested).__name__)
