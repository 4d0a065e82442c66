"""One run of the suite: checks a remote and returns the outcome."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from hypothesis import Phase, settings

from sse_codec._event import ServerSentEvent
from sse_codec.testing._consumer import check_consumer
from sse_codec.testing._endpoints import Endpoint, PerStream, per_stream
from sse_codec.testing._findings import findings
from sse_codec.testing._producer import check_producer
from sse_codec.testing._report import OF_EVERYTHING, NotConforming
from sse_codec.testing._rules import COMMENT_END
from sse_codec.testing._sending import is_mark

from ._messages import CannotGoOn, Hello, Refused, RemoteConsumer, RemoteError, RemoteProducer

#: The checks, by the role of what they check.
_CHECKS: dict[str, Callable[..., None]] = {"consumer": check_consumer, "producer": check_producer}


@dataclass
class Outcome:
    """The outcome of a run.

    Attributes:
        role: "consumer" or "producer".
        title: the name and the version of what was checked.
        without: the rules that were left out from the start.
        seed: the seed, which draws the same cases again.
        findings: one finding for each broken rule, with its smallest case.
        cases: how many streams were read, or events sent.
        seconds: how long the run took.
        stopped: why it could not continue. "" means that it completed.
        is_interrupted: whether Ctrl-C stopped it.
        last: the case at which it stopped: chunks, or an event. Empty if it completed, or had tried none.
        rules: the rules to report. Empty means all rules.
        ended_early: whether some rules were not fully checked.
    """

    role: str
    title: str
    without: frozenset[str]
    seed: int
    findings: list[NotConforming] = field(default_factory=list[NotConforming])
    cases: int = 0
    seconds: float = 0.0
    stopped: str = ""
    is_interrupted: bool = False
    last: list[Any] = field(default_factory=list[Any])
    rules: Collection[str] = ()
    ended_early: bool = False

    @property
    def status(self) -> int:
        """The exit status."""
        return 2 if self.stopped else int(bool(self.findings))


@dataclass
class Plan:
    """What to check in a run.

    Attributes:
        options: options for the check. They override those of the remote's hello.
        skip: rules to leave out, in addition to those of the hello.
        rules: the rules to report. Empty means all rules.
        every: whether to continue after the first finding.
        examples: how many cases to draw, in addition to the fixed cases.
        seed: the seed for drawing. None means a random one.
        cases: the only cases to try. None means that the check chooses them.
        comment: makes a producer send a comment, and returns its bytes. None means that it sends no comments.
        progress: called for each case with the number of cases so far.
        timeout: how long the check waits for one case, in seconds. None means that the remote limits the time itself.
    """

    options: dict[str, Any] = field(default_factory=dict[str, Any])
    skip: Collection[str] = ()
    rules: Collection[str] = ()
    every: bool = False
    examples: int = 100
    seed: int | None = None
    cases: list[list[Any]] | None = None
    comment: Callable[[str], bytes] | None = None
    timeout: float | None = None
    progress: Callable[[int], object] = bool


def consumer(remote: RemoteConsumer) -> Callable[[Any], Iterator[dict[str, Any]]]:
    """Return a remote in a form that `check_consumer` takes."""

    def consume(chunks: Any) -> Iterator[dict[str, Any]]:
        events, error = remote.read(chunks.all())
        yield from events
        if error:
            raise RemoteError(error)

    return consume


def producer(remote: RemoteProducer) -> PerStream:
    """Return a remote in a form that `check_producer` takes. The first event of each stream is sent as new."""

    def stream() -> Callable[[ServerSentEvent], bytes]:
        is_new = True

        def send(event: ServerSentEvent) -> bytes:
            nonlocal is_new
            first, is_new = is_new, False
            return remote.send(event, new=first)

        return send

    return per_stream(stream)


def run(role: str, hello: Hello, tested: Any, plan: Plan, fresh: Callable[[], object] = bool) -> Outcome:
    """Check a remote, and return the outcome.

    Args:
        role: "consumer" or "producer".
        hello: what the remote says about itself.
        tested: the remote, in a form that the check takes.
        plan: what to check.
        fresh: called before each search.
    """
    seed = random.SystemRandom().getrandbits(32) if plan.seed is None else plan.seed
    outcome = Outcome(role, hello.title, hello.without | frozenset(plan.skip), seed, rules=plan.rules)
    last: list[Any] = []
    tested = _watched(tested, outcome, last, plan.progress)

    def recorded(tested: Any, **options: Any) -> None:
        """Run the check, and keep its finding even if the next search fails."""
        fresh()
        try:
            _CHECKS[role](tested, **options)
        except NotConforming as found:
            outcome.findings.append(found)
            raise

    sends_comments = plan.comment is not None and (not plan.rules or COMMENT_END.name in plan.rules)
    if role == "producer" and not sends_comments:
        outcome.without |= {COMMENT_END.name}
    options: dict[str, Any] = {
        **hello.options,
        **plan.options,
        "without": outcome.without,
        **({"comment": plan.comment} if sends_comments else {}),
        "cases": plan.cases,
        "only": plan.rules if plan.cases is None else (),
        "timeout": plan.timeout,
        "seed": seed,
        "settings": settings(
            max_examples=max(plan.examples, 1),
            phases=[Phase.explicit, *([Phase.generate] if plan.examples else []), Phase.shrink],
            derandomize=False,
        ),
    }
    started = time.monotonic()
    try:
        if plan.every:
            outcome.findings = findings(recorded, tested, **options)
            outcome.ended_early = any(found.rule in OF_EVERYTHING for found in outcome.findings)
        else:
            with contextlib.suppress(NotConforming):
                recorded(tested, **options)
            outcome.ended_early = bool(outcome.findings)
    except (CannotGoOn, RemoteError, Refused, TypeError, OSError, HTTPException) as reason:
        outcome.stopped = str(reason)
        outcome.last = last
        outcome.ended_early = True
    except KeyboardInterrupt:
        outcome.stopped = "the run was interrupted"
        outcome.is_interrupted = outcome.ended_early = True
    outcome.seconds = time.monotonic() - started
    return outcome


def _watched(tested: Any, outcome: Outcome, last: list[Any], progress: Callable[[int], object]) -> Any:
    """Wrap the tested code to count the cases and keep the last one. What the check sends in between is no case."""

    def note(case: list[Any]) -> None:
        if len(case) == 1 and isinstance(case[0], ServerSentEvent) and is_mark(case[0]):
            return
        outcome.cases += 1
        last[:] = case
        progress(outcome.cases)

    if isinstance(tested, Endpoint):
        publish = tested.publish

        def publish_noted(event: ServerSentEvent) -> Any:
            note([event])
            return publish(event)

        tested.publish = publish_noted
        return tested
    if isinstance(tested, PerStream):

        def stream() -> Callable[[ServerSentEvent], Any]:
            send = tested.factory()

            def send_noted(event: ServerSentEvent) -> Any:
                note([event])
                return send(event)

            return send_noted

        return per_stream(stream)

    def consume(chunks: Any) -> Any:
        note(chunks.all())
        return tested(chunks)

    return consume
