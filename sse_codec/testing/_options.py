"""How both checks validate their arguments. Works without Hypothesis, because `_remote` validates with it too."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


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
    """Raise ValueError if a number of seconds is not positive."""
    if value is not None and not value > 0:
        raise ValueError(f"{caller}: {option} must be more than 0, or None, not {value!r}")


def name_of(tested: Callable[..., Any]) -> str:
    """Return the name of a callable, for messages."""
    return getattr(tested, "__name__", type(tested).__name__)
