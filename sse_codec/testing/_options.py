"""How both checks validate their arguments. Works without Hypothesis, because `_remote` validates with it too."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from typing import Any

from sse_codec._choices import CHOICES
from sse_codec._errors import show

from ._rules import Rule


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
        shown = f"{getattr(tested, '__name__', type(tested).__name__)}{signature}"
        raise TypeError(f"{caller} calls it with one argument, {what}, but {shown} does not accept that") from None


def is_one_of(value: Any, *types: type) -> bool:
    """Tell whether a value is of one of some types. Unlike `isinstance`, this leaves its static type `Any`."""
    return isinstance(value, types)


def check_limits(caller: str, *, timeout: float | None, max_event_size: int | None, max_retry: int | None) -> None:
    """Raise ValueError if a limit is out of range. None means no limit."""
    for option, value in (("timeout", timeout), ("max_event_size", max_event_size)):
        if value is not None and not value > 0:
            raise ValueError(f"{caller}: {option} must be more than 0, or None, not {value!r}")
    if max_retry is not None and max_retry < 0:
        raise ValueError(f"{caller}: max_retry must be at least 0, or None, not {max_retry!r}")


def known_rules(
    caller: str, without: Collection[str], rules: Sequence[Rule[Any]], *, option: str = "without"
) -> frozenset[str]:
    """Validate an option that takes names of rules, and return them.

    Raises:
        TypeError: the option is a single str.
        ValueError: it names an unknown rule.
    """
    if isinstance(without, str):
        raise TypeError(f"{caller}: {option} takes a collection of names, such as {{{without!r}}}, not a str")
    names = [rule.name for rule in rules]
    for name in without:
        if name not in names:
            raise ValueError(f"{caller}: no rule is named {show(name)}; the rules are {', '.join(names)}")
    return frozenset(without)


def one_of(caller: str, option: str, value: str, choices: Sequence[str]) -> None:
    """Raise ValueError if an option is not one of its choices."""
    if value not in choices:
        raise ValueError(f"{caller}: {option} must be one of {', '.join(map(repr, choices))}, not {show(value)}")


def check_choices(caller: str, role: str, **given: str) -> None:
    """Raise ValueError if one of these options is not one of its choices."""
    for option, value in given.items():
        one_of(caller, option, value, CHOICES[role][option])
