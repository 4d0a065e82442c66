"""`sse-codec fuzz`: find bugs in a parser or a writer of event streams, in any language."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
import time
from typing import TYPE_CHECKING, Any

from ._fuzz_arguments import web_url
from ._streams import Failure, Sink, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from sse_codec.testing import NotConforming
    from sse_codec.testing._remote._run import Outcome, Plan

#: The options that choose what is checked and how. A command that reproduces a finding must have them, too.
_REPEATED = ("ids", "retries", "on_eof", "comments", "unsendable", "max_retry")

#: Seconds between two updates of the progress.
_SHOWN_EVERY = 0.2

#: The most time that one case of a server may take, in multiples of `--timeout`.
_PATIENCE = 6


def fuzz(options: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    sink = Sink()
    if options.list_rules:
        sink.write(_rules(options.role))
        return 0
    _need_one(options)
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
        cases=None if options.case is None else [options.case],
    )
    progress = _Progress()
    plan.progress = progress.show
    try:
        outcome = _check(options, plan)
    finally:
        progress.clear()
    sink.write(_formats.FORMATS[options.format](outcome, _again(options, outcome)))
    if outcome.is_interrupted:
        raise KeyboardInterrupt
    if outcome.stopped:
        say(f"sse-codec: {outcome.stopped}")
        if outcome.cases:
            say(f"the last case was --case {shlex.quote(_formats.case_text(outcome.last))}")
    return outcome.status


class _Progress:
    """Shows how far a run has got, in a line on standard error if that is a terminal."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._next = 0.0

    def show(self, cases: int) -> None:
        """Show the number of cases so far, from time to time."""
        if self._is_shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + _SHOWN_EVERY
            with contextlib.suppress(OSError):
                sys.stderr.write(f"\r{cases:,} cases ")
                sys.stderr.flush()

    def clear(self) -> None:
        """Clear the line."""
        if self._is_shown and self._next:
            with contextlib.suppress(OSError):
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()


def _need_one(options: argparse.Namespace) -> None:
    """Check that the options name exactly one thing to check."""
    given = [bool(options.program), vars(options).get("service") is not None or vars(options).get("listen") is not None]
    if sum(given) != 1:
        what = (
            "give a program after --, or --listen, or --service"
            if options.role == "consumer"
            else "give a program or URL"
        )
        raise Failure(2, f"fuzz {options.role}: {what}; --help has examples")


def _check(options: argparse.Namespace, plan: Plan) -> Outcome:
    """Connect to the other side and check it."""
    from sse_codec.testing._remote import _formats
    from sse_codec.testing._remote._messages import CannotGoOn
    from sse_codec.testing._remote._run import consumer, producer, run

    if url := _url(options):
        return _check_endpoint(url, options, plan)
    try:
        remote = _join(options)
    except CannotGoOn as reason:
        raise Failure(2, str(reason)) from None
    try:
        if options.role == "producer":
            plan.comment = remote.comment if remote.hello.comments else None
            return run("producer", remote.hello, producer(remote), plan, remote.fresh)
        outcome = run("consumer", remote.hello, consumer(remote), plan, remote.fresh)
        if options.listen is not None and options.service is None:
            report = _formats.as_text(outcome, _again(options, outcome))
            remote.finish(conforms=not outcome.status, report=report)
        return outcome
    finally:
        remote.close()


def _url(options: argparse.Namespace) -> str | None:
    """Return the URL of the endpoint to check; None to check a program."""
    is_url = options.role == "producer" and len(options.program) == 1 and "://" in options.program[0]
    return options.program[0] if is_url else None


def _check_endpoint(url: str, options: argparse.Namespace, plan: Plan) -> Outcome:
    """Check a server."""
    from sse_codec.testing._remote._endpoint import endpoint
    from sse_codec.testing._remote._messages import CannotGoOn, Hello
    from sse_codec.testing._remote._run import run

    plan.timeout = _PATIENCE * options.timeout
    try:
        tested = endpoint(web_url(url), options.publish, options.publish_command, dict(options.header), options.timeout)
    except (argparse.ArgumentTypeError, CannotGoOn) as reason:
        raise Failure(2, str(reason)) from None
    return run("producer", Hello(name=url), tested, plan)


def _join(options: argparse.Namespace) -> Any:
    """Return the other side: a program, a client that connects to us, or one that a service starts."""
    from sse_codec.testing._remote._listen import Listener
    from sse_codec.testing._remote._program import ProgramConsumer, ProgramProducer
    from sse_codec.testing._remote._service import Service

    if options.role == "producer":
        return ProgramProducer(options.program, options.timeout)
    limits = {"timeout": options.timeout, "pause": options.pause, "grace": options.grace}
    if options.service is not None:
        host, port = options.listen or ("127.0.0.1", 0)
        return Service(options.service, host, port, **limits)
    if options.listen is not None:
        listener = Listener(*options.listen, **limits)
        say(f"open {listener.url} in a browser, or request it with any client: it explains the rest")
        listener.wait_for_client()
        return listener
    return ProgramConsumer(options.program, options.timeout)


def _again(options: argparse.Namespace, outcome: Outcome) -> Callable[[NotConforming], str]:
    """Return a function that makes the command that reproduces a finding."""
    from sse_codec.testing._remote._formats import case_argument

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
        return shlex.join([*words, *_where(options)])

    return command


def _where(options: argparse.Namespace) -> list[str]:
    """Return the arguments that say what to check."""
    if _url(options):
        words = [*options.program]
        if options.publish is not None:
            words += ["--publish", options.publish]
        if options.publish_command:
            words += ["--publish-command", shlex.join(options.publish_command)]
        for name, value in options.header:
            words += ["-H", f"{name}: {value}"]
        return words
    if options.program:
        return ["--", *options.program]
    listen = [] if options.listen is None else ["--listen", "{}:{}".format(*options.listen)]
    return listen if options.service is None else [*listen, "--service", options.service]


def _rules(role: str) -> str:
    """Return a table of the rules."""
    from sse_codec.testing._remote._messages import RULES

    width = max(len(rule.name) for rule in RULES[role])
    return "".join(f"{rule.name:{width}}  {rule.about}\n" for rule in RULES[role])
