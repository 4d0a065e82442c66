"""How both checks validate their arguments. Works without Hypothesis, because `_remote` validates with it too."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from typing import Any

from sse_codec._errors import show

from ._choices import CHOICES
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


def positive(caller: str, option: str, value: float | None) -> None:
    """Raise ValueError if a number is not positive."""
    if value is not None and not value > 0:
        raise ValueError(f"{caller}: {option} must be more than 0, or None, not {value!r}")


def not_negative(caller: str, option: str, value: float | None) -> None:
    """Raise ValueError if a number is negative."""
    if value is not None and value < 0:
        raise ValueError(f"{caller}: {option} must be at least 0, or None, not {value!r}")


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
