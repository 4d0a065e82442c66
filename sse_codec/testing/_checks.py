"""The search that both checks share: Hypothesis looks for a case that breaks a law, and the case is made smaller."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Generic, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, core, given
from hypothesis import seed as with_seed
from hypothesis import settings as Settings  # noqa: N812  # the parameter has its name
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from ._report import NotConforming
from ._rules import Rule

T = TypeVar("T")
U = TypeVar("U")


class _Drawn(Generic[T]):
    """Wraps a case with a short repr: Hypothesis writes out each argument, and a case may fill pages."""

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
    """Try cases until one breaks a law, then raise the failure of the smallest such case.

    Args:
        known: cases to try first, if the settings have the phase `explicit`.
        cases: draws lists of cases. Drawing several at a time varies whole cases as often as it varies their parts.
        law: raises NotConforming for a case that breaks it.
        settings: Hypothesis settings. None means the settings in force. The deadline of an example is ignored.
        seed: the seed of the search; the same seed draws the same cases.
        each: calls a law with each case until one breaks it.
        shrink: takes a failing case, its failure and the law, and returns the failure of the smallest case. Called if
            the settings have the phase `shrink`.
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

    in_force = _in_force(settings)
    phases: list[Phase] = list(in_force.phases)

    @Settings(
        in_force,
        # Hypothesis identifies a test by its code, and this code is the same whatever is tested.
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
        # Code that remembers earlier input may fail once and not again. Then the first failure is all there is.
        failure = first if isinstance(found, Flaky) else found
        if failure is None:
            raise
        if Phase.shrink in phases and failing is not None:
            failure = shrink(failing, failure, law)
        failure.examples = 0 if first is None else first.examples
        # Hypothesis's notes (where it found the case, and how to write it) are useless in the report.
        getattr(failure, "__notes__", []).clear()
        raise failure.with_traceback(None) from failure.__cause__


def chosen_seed(seed: int | None, settings: Settings | None) -> int | None:
    """Return the seed of a search: the given one, or else a new one to show in the report.

    Returns None with `derandomize`: Hypothesis then draws the same every time.
    """
    if seed is not None:
        return seed
    if _in_force(settings).derandomize:
        return None
    forced: int | None = getattr(core, "global_force_seed", None)  # by pytest's option --hypothesis-seed
    # Not from the shared generator: Hypothesis and others seed that one.
    return random.SystemRandom().getrandbits(32) if forced is None else forced


def _in_force(settings: Settings | None) -> Any:
    return Settings() if settings is None else settings  # its attributes have no types


def narrowed(
    law: Callable[[T], None],
    only: Collection[str],
    rules: Sequence[Rule[U]],
    subject: Callable[[T], U],
) -> Callable[[T], None]:
    """Return a law that reports only failures of some rules.

    Args:
        law: the law.
        only: the names of the rules to report. If it is empty, the law is returned as it is.
        rules: the rules that a case can touch. If `only` names no others, cases that touch none of its rules are
            skipped.
        subject: turns a case into what the rules test.
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
