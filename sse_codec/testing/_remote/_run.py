"""One run of the suite: a remote in, what was found out."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any
from unittest import SkipTest

from hypothesis import Phase, settings

from sse_codec.testing._consumer import check_consumer
from sse_codec.testing._producer import check_producer
from sse_codec.testing._remote._messages import CannotGoOn, Hello
from sse_codec.testing._report import NotConforming

#: The checks, by the role of what they check.
_CHECKS: dict[str, Callable[..., None]] = {"consumer": check_consumer, "producer": check_producer}

#: What can't be left out, because nothing would be left.
_ALWAYS = {"data", "missing-blank-line"}


@dataclass
class Outcome:
    """What a run found, and how it went.

    Attributes:
        role: "consumer" or "producer".
        title: the name and the version of what was checked.
        without: the rules that were left out from the start.
        seed: draws the same again.
        findings: one for each broken rule, the smallest case of it.
        cases: how many streams were read, or events sent.
        seconds: how long it took.
        stopped: why it could not go on; "" when it went to its end.
        rules: those that it was to report; empty: all.
        ended_early: whether rules are left that were not looked for to the end.
    """

    role: str
    title: str
    without: frozenset[str]
    seed: int
    findings: list[NotConforming] = field(default_factory=list[NotConforming])
    cases: int = 0
    seconds: float = 0.0
    stopped: str = ""
    rules: Collection[str] = ()
    ended_early: bool = False

    @property
    def status(self) -> int:
        """The exit status."""
        return 2 if self.stopped else int(bool(self.findings))


@dataclass
class Plan:
    """What a run is to look for.

    Attributes:
        options: of the check, over those of the remote's hello.
        skip: rules to leave out, beside those of the hello.
        rules: report these rules alone; empty: all.
        every: go on after the first finding.
        examples: how many to draw, beside the known places.
        seed: for the drawing; None: any.
    """

    options: dict[str, Any] = field(default_factory=dict[str, Any])
    skip: Collection[str] = ()
    rules: Collection[str] = ()
    every: bool = False
    examples: int = 100
    seed: int | None = None


def run(role: str, hello: Hello, tested: Callable[[Any], Any], plan: Plan) -> Outcome:
    """Check a remote; return what was found."""
    seed = random.getrandbits(32) if plan.seed is None else plan.seed
    without = hello.without | frozenset(plan.skip)
    outcome = Outcome(role, hello.title, without, seed, rules=plan.rules)

    def counted(case: Any) -> Any:
        outcome.cases += 1
        return tested(case)

    options = {
        **hello.options,
        **plan.options,
        "seed": seed,
        "settings": settings(
            max_examples=max(plan.examples, 1),
            phases=[Phase.explicit, *([Phase.generate, Phase.shrink] if plan.examples else [])],
            derandomize=False,
        ),
    }
    started = time.monotonic()
    try:
        while True:
            try:
                with contextlib.suppress(SkipTest):  # Hypothesis's, where nothing is drawn
                    _CHECKS[role](counted, without=without, **options)
            except NotConforming as found:
                outcome.findings.append(found)
                if not plan.every or found.rule in without | _ALWAYS:
                    outcome.ended_early = True
                    break
                without |= {found.rule}
            else:
                break
    except CannotGoOn as reason:
        outcome.stopped = str(reason)
        outcome.ended_early = True
    outcome.seconds = time.monotonic() - started
    return outcome
