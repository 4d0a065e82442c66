"""How both checks validate their arguments."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from typing import Any

from hypothesis import core
from hypothesis import settings as Settings  # noqa: N812  # the parameter has its name


def takes_one(caller: str, tested: Any, what: str) -> None:
    """Raise TypeError unless something can be called with one argument."""
    if not callable(tested):
        raise TypeError(f"{caller} takes a callable, not {type(tested).__name__}")
    try:
        signature = inspect.signature(tested)
    except (TypeError, ValueError):
        return  # some built-ins have no signature
    try:
        signature.bind(None)
    except TypeError:
        shown = f"{name_of(tested)}{signature}"
        raise TypeError(f"{caller} calls it with one argument, {what}, but {shown} does not accept that") from None


def is_one_of(value: Any, *types: type) -> bool:
    """Tell whether a value is of one of some types. Unlike `isinstance`, this leaves its static type `Any`."""
    return isinstance(value, types)


def positive(caller: str, option: str, value: float | None) -> None:
    """Raise ValueError if a number is not positive."""
    if value is not None and not value > 0:
        raise ValueError(f"{caller}: {option} must be more than 0, or None, not {value!r}")


def not_negative(caller: str, option: str, value: float | None) -> None:
    """Raise ValueError if a number is negative."""
    if value is not None and value < 0:
        raise ValueError(f"{caller}: {option} must be at least 0, or None, not {value!r}")


def chosen_seed(seed: int | None, settings: Settings | None) -> int | None:
    """Return the seed of a search: the given one, or else a new one to show in the report.

    Returns None with `derandomize`: Hypothesis then draws the same every time.
    """
    if seed is not None:
        return seed
    in_force: Any = Settings() if settings is None else settings  # its attributes have no types
    if in_force.derandomize:
        return None
    forced: int | None = getattr(core, "global_force_seed", None)  # by pytest's option --hypothesis-seed
    # Not from the shared generator: Hypothesis and others seed that one.
    return random.SystemRandom().getrandbits(32) if forced is None else forced


def name_of(tested: Callable[..., Any]) -> str:
    """Return the name of a callable, for messages."""
    return getattr(tested, "__name__", type(tested).__name__)
