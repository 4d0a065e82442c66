"""`sse-codec fuzz`: a parser or a writer of event streams in, whatever its language; what it does wrong out."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

from ._streams import Failure, Sink, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from sse_codec.testing import NotConforming
    from sse_codec.testing._remote._run import Outcome, Plan

#: The options that choose what is checked and how, which a command that shows a finding again must have, too.
_REPEATED = ("ids", "retries", "on_eof", "comments", "unsendable", "max_retry")


def fuzz(options: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    sink = Sink()
    if options.list_rules:
        sink.write(_rules(options.role))
        return 0
    try:
        from sse_codec.testing._remote import _formats, _run
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise Failure(2, "fuzz needs Hypothesis: python -m pip install 'sse-codec[testing]'") from None
    plan = _run.Plan(
        options={name: vars(options)[name] for name in _REPEATED if vars(options).get(name) is not None},
        skip=options.skip,
        rules=options.rule,
        every=options.all or options.format in _formats.WHOLE,
        examples=options.examples,
        seed=options.seed,
    )
    outcome = _check(options, plan)
    sink.write(_formats.FORMATS[options.format](outcome, _again(options, outcome, _formats.case_argument)))
    if outcome.stopped:
        say(f"sse-codec: {outcome.stopped}")
    return outcome.status


def _check(options: argparse.Namespace, plan: Plan) -> Outcome:
    """Join the other side and check it."""
    from sse_codec.testing._remote._messages import CannotGoOn, consumer
    from sse_codec.testing._remote._program import ProgramConsumer, ProgramProducer
    from sse_codec.testing._remote._run import run

    try:
        remote: Any
        if options.role == "consumer":
            remote = ProgramConsumer(options.program, options.timeout)
            tested: Callable[[Any], Any] = consumer(remote)
        else:
            remote = ProgramProducer(options.program, options.timeout)
            tested = remote.send
    except CannotGoOn as reason:
        raise Failure(2, str(reason)) from None
    try:
        return run(options.role, remote.hello, tested, plan)
    finally:
        remote.close()


def _again(
    options: argparse.Namespace, outcome: Outcome, case_argument: Callable[[NotConforming], str | None]
) -> Callable[[NotConforming], str]:
    """Return what makes of a finding the command that shows it again."""

    def command(finding: NotConforming) -> str:
        words = ["sse-codec", "fuzz", options.role]
        for name in _REPEATED:
            value = vars(options).get(name)
            if value is not None:
                words += [f"--{name.replace('_', '-')}", str(value)]
        case = case_argument(finding)
        if case is not None:
            words += ["--case", case]
        else:
            words += [f"--seed={outcome.seed}", f"--examples={options.examples}", "--rule", finding.rule]
        return shlex.join([*words, "--", *options.program])

    return command


def _rules(role: str) -> str:
    """Return the table of the rules."""
    from sse_codec.testing._remote._messages import RULES

    width = max(len(rule.name) for rule in RULES[role])
    return "".join(f"{rule.name:{width}}  {rule.about}\n" for rule in RULES[role])
