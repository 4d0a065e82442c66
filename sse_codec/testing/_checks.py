"""The machinery that both checks share: searching with Hypothesis for the smallest case that breaks a law."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Generic, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given
from hypothesis import seed as with_seed
from hypothesis import settings as Settings  # noqa: N812  # the parameter has its name
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from sse_codec._errors import show
from sse_codec.testing._report import NotConforming
from sse_codec.testing._rules import Rule

T = TypeVar("T")
U = TypeVar("U")


def _phases(settings: Any) -> list[Phase]:
    return list(settings.phases)


class _Drawn(Generic[T]):
    """A case, for Hypothesis to pass on: it spells each argument out, and a case may fill pages."""

    def __init__(self, case: T) -> None:
        self.case = case

    def __repr__(self) -> str:
        return "..."


def search(
    known: Iterable[T],
    cases: st.SearchStrategy[list[T]],
    law: Callable[[T], None],
    settings: Settings | None,
    seed: int | None = None,
    *,
    each: Callable[[Iterable[T], Callable[[T], None]], None],
    shrink: Callable[[T, NotConforming, Callable[[T], None]], NotConforming],
) -> None:
    """Try cases until one breaks a law, and raise what the smallest raises.

    Args:
        known: cases to try first, as Hypothesis's explicit examples are: with the phase of that name.
        cases: what to draw, several at a time: so what a case is like as a whole is drawn as often as its parts are.
        law: raises NotConforming where a case breaks it.
        settings: Hypothesis's settings, those in force when None. How long an example takes is never a fault.
        seed: draws the same cases each time that it is given.
        each: calls a law with each case, until one breaks it.
        shrink: returns the failure of the smallest case, given one, its failure and the law; with the phase of that
            name.
    """
    __tracebackhide__ = True
    examples = 0
    first: NotConforming | None = None
    failing: T | None = None

    def tried(case: T) -> None:
        nonlocal failing
        try:
            law(case)
        except NotConforming:
            failing = case
            raise

    settings = Settings() if settings is None else settings
    phases = _phases(settings)

    @Settings(
        settings,
        # Hypothesis knows a test by its code, and this one is the same for every tested thing.
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[phase for phase in phases if phase not in {Phase.explain, Phase.shrink}],
        verbosity=Verbosity.quiet,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(cases.map(_Drawn))
    def find(drawn: _Drawn[list[T]]) -> None:
        nonlocal examples, first
        examples += 1
        try:
            each(drawn.case, tried)
        except NotConforming as failure:
            if first is None:
                first = failure
                first.examples = examples
            raise

    if seed is not None:
        find = with_seed(seed)(find)
    try:
        if Phase.explicit in phases:
            each(known, tried)
        if Phase.generate in phases:
            find()
    except (NotConforming, Flaky) as found:
        # What remembers what it was given before may fail once and not again; then the first failure is all there is.
        failure = first if isinstance(found, Flaky) else found
        if failure is None:
            raise
        if Phase.shrink in phases and failing is not None:
            failure = shrink(failing, failure, law)
        failure.examples = 0 if first is None else first.examples
        # Where Hypothesis found it, and how it spells the case, says nothing to whoever reads the report.
        getattr(failure, "__notes__", []).clear()
        raise failure.with_traceback(None) from failure.__cause__


def narrowed(
    law: Callable[[T], None],
    only: Collection[str],
    rules: Sequence[Rule[U]],
    subject: Callable[[T], U],
) -> Callable[[T], None]:
    """Return a law of which only some rules count; all if none are named.

    Args:
        law: the law.
        only: the names of the rules.
        rules: those of them that something touches are tried with that; if there are others, everything is tried.
        subject: returns what the rules are asked about.
    """
    of_some = [rule for rule in rules if rule.name in only]

    def narrow(case: T) -> None:
        __tracebackhide__ = True
        if len(of_some) == len(only) and not any(rule.touched_by(subject(case)) for rule in of_some):
            return
        try:
            law(case)
        except NotConforming as failure:
            if failure.rule in only:
                raise

    return narrow if only else law


def touched(subject: T, rules: Sequence[Rule[T]]) -> Rule[T]:
    """Return the first rule that a case touches; the last of the table is touched by all."""
    return next(rule for rule in rules if rule.touched_by(subject))


def known_rules(
    caller: str, without: Collection[str], rules: Sequence[Rule[Any]], *, option: str = "without"
) -> frozenset[str]:
    """Check an option that takes names of rules.

    Raises:
        TypeError: it is one str.
        ValueError: it names a rule that there is not.
    """
    if isinstance(without, str):
        raise TypeError(f"{caller}: {option} takes a collection of names, such as {{{without!r}}}, not a str")
    names = [rule.name for rule in rules]
    for name in without:
        if name not in names:
            raise ValueError(f"{caller}: no rule is named {show(name)}; there are {', '.join(names)}")
    return frozenset(without)


def one_of(caller: str, option: str, value: str, choices: Sequence[str]) -> None:
    """Check an option that is one of a few words; raises ValueError."""
    if value not in choices:
        raise ValueError(f"{caller}: {option} must be one of {', '.join(map(repr, choices))}, not {show(value)}")
