"""The arguments of `sse-codec fuzz`, and its help."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DESCRIPTION = """\
Search for the smallest stream that a parser reads wrong, or event that a writer
sends wrong, and say which sentence of the standard is broken. The tested program
may be in any language. It reads one JSON object a line and answers with one:

  {"hello": 1}                       {"hello": 1, "name": "my parser"}
  {"n": 1, "chunks": ["BASE64"]}     {"n": 1, "events": [{"data": "a"}]}
  {"n": 2, "event": {"data": "a"}}   {"n": 2, "wire": "BASE64"}

An event may have data, event, id, retry, last_event_id, and the number of the
chunk that it came with. docs/fuzz-protocol.md has the rest, on a page.
"""

EXAMPLES = """\
examples:
  sse-codec fuzz consumer -- node my_parser.mjs
  sse-codec fuzz producer -- ./my_writer
  sse-codec fuzz consumer --all --format json -- ./my_parser
"""

_CONSUMER_EXAMPLES = """\
examples:
  sse-codec fuzz consumer -- node my_parser.mjs
      until the first finding
  sse-codec fuzz consumer --all --skip bare-cr -- ./my_parser
      all broken rules, but for one that is known
  sse-codec fuzz consumer --rule leading-bom -- ./my_parser
      one rule alone
  sse-codec fuzz consumer --listen 127.0.0.1:8080
      a client of any kind comes for streams, or a browser; it says how
  sse-codec fuzz consumer --service http://localhost:8000
      a client with a test service for LaunchDarkly's sse-contract-tests

Exit status: 0 when it conforms, 1 when a rule is broken, 2 when it can't be run.
"""

_PRODUCER_EXAMPLES = """\
examples:
  sse-codec fuzz producer -- ./my_writer
  sse-codec fuzz producer --unsendable refused -- ./my_writer
      events that can't be sent must be refused
  sse-codec fuzz producer http://localhost:8000/events \\
      --publish http://localhost:8000/publish
      a server: events are posted to it, and must arrive on the stream

Exit status: 0 when it conforms, 1 when a rule is broken, 2 when it can't be run.
"""


def add_fuzz(fuzz: argparse.ArgumentParser, role: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the two kinds of programs to the command.

    Args:
        fuzz: the command.
        role: makes a parser of a name, a short and a long description, and examples, from subparsers.
    """
    roles = fuzz.add_subparsers(required=True, metavar="ROLE")
    consumer = role(
        roles,
        "consumer",
        short="what reads event streams: a parser, a client",
        description="Check what reads event streams: every stream, cut anywhere, must give the\n"
        "events of the standard, in time.",
        examples=_CONSUMER_EXAMPLES,
    )
    consumer.add_argument("program", nargs="*", metavar="-- PROGRAM", help="the program, and its arguments")
    consumer.add_argument(
        "--listen",
        type=_address,
        metavar="HOST:PORT",
        help="serve streams over HTTP, for any client, or a browser; with --service, where its clients come to",
    )
    consumer.add_argument(
        "--service",
        type=_http_url,
        metavar="URL",
        help="drive a client that has a test service for LaunchDarkly's sse-contract-tests",
    )
    consumer.add_argument(
        "--pause",
        type=_milliseconds,
        default=0.002,
        metavar="MS",
        help="over HTTP: how long to wait behind each chunk (default: 2 ms)",
    )
    consumer.add_argument(
        "--grace",
        type=_milliseconds,
        default=1.0,
        metavar="MS",
        help="over HTTP: how long an event may take to be reported (default: 1000 ms)",
    )
    _add_choice(consumer, "ids", ("own", "sticky", "either"), "what the id of an event means")
    _add_choice(consumer, "retries", ("own", "sticky", "either"), "what the reconnection time of an event means")
    _add_choice(consumer, "on-eof", ("discard", "dispatch"), "what becomes of an event that the end cuts off")
    _add_choice(consumer, "comments", ("dropped", "kept", "kept raw"), "whether comments are given out, too")
    _add_common(consumer, "consumer")
    producer = role(
        roles,
        "producer",
        short="what writes event streams: a writer, a server",
        description="Check what writes event streams: every event must arrive as it was meant.",
        examples=_PRODUCER_EXAMPLES,
    )
    producer.add_argument(
        "program", nargs="*", metavar="-- PROGRAM | URL", help="the program, and its arguments; or an address"
    )
    producer.add_argument("--publish", metavar="URL", help="POST an event here, as JSON, and URL sends it")
    producer.add_argument(
        "--publish-command",
        type=shlex.split,
        default=[],
        metavar="COMMAND",
        help="the same by a command, which is given the event on its standard input",
    )
    producer.add_argument(
        "-H",
        "--header",
        action="append",
        type=_header,
        default=[],
        metavar="HEADER",
        help="send it with each request; repeatable",
    )
    _add_choice(producer, "ids", ("own", "sticky"), "whether each id is sent, or only one that changes")
    _add_choice(
        producer,
        "unsendable",
        ("contained", "refused", "untested"),
        "what becomes of events that the format can't hold",
    )
    _add_common(producer, "producer")


def _add_choice(added: argparse.ArgumentParser, name: str, choices: tuple[str, ...], help: str) -> None:
    added.add_argument(f"--{name}", choices=choices, help=f"{help}; over what the program says itself")


def _add_common(added: argparse.ArgumentParser, role: str) -> None:
    def names(text: str) -> list[str]:
        from sse_codec.testing._remote._messages import RULES

        known = {rule.name for rule in RULES[role]}
        for name in text.split(","):
            if name not in known:
                raise argparse.ArgumentTypeError(f"no rule is named {name[:40]!r}; --list-rules shows all")
        return text.split(",")

    added.add_argument(
        "--max-retry",
        type=_whole,
        metavar="MS",
        help="the largest reconnection time that it can hold; JavaScript: 9007199254740991",
    )
    added.add_argument(
        "--rule", action="extend", type=names, default=[], metavar="RULE", help="report this rule alone; repeatable"
    )
    added.add_argument(
        "--skip", action="extend", type=names, default=[], metavar="RULE", help="leave this rule out; repeatable"
    )
    added.add_argument("--list-rules", action="store_true", help="list the rules, and exit")
    added.add_argument("--all", action="store_true", help="go on after the first finding: one for each broken rule")
    added.add_argument(
        "--examples",
        type=_whole,
        default=100,
        metavar="N",
        help="how many examples to draw, beside the known places (default: 100); 0 is quick and always the same",
    )
    added.add_argument("--seed", type=_whole, metavar="N", help="draw what this seed drew before")
    added.add_argument(
        "--case", type=lambda text: _case(text, role), metavar="JSON", help="try one case, as a report ends with it"
    )
    added.add_argument(
        "--timeout", type=_seconds, default=5.0, metavar="S", help="how long an answer may take (default: 5 s)"
    )
    added.add_argument(
        "--format",
        choices=("text", "json", "junit", "tap", "github"),
        default="text",
        help="for people (default), one JSON object, a suite of JUnit or TAP with a test for each rule, or annotations "
        "of GitHub Actions",
    )
    added.set_defaults(role=role)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 40):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number")
    return int(text)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (name and colon):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no header; 'Name: value' is one")
    return name.strip(), value.strip()


def _case(text: str, role: str) -> list[Any]:
    from sse_codec.testing._remote._messages import parse_case

    try:
        return parse_case(text, role)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no case, as a report ends with it") from None


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port[:6]) < 65536):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no HOST:PORT; 127.0.0.1:8080 is one")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def _http_url(text: str) -> str:
    if not text.startswith("http://"):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no http:// address")
    return text


def _milliseconds(text: str) -> float:
    return _seconds(text, "milliseconds") / 1000


def _seconds(text: str, unit: str = "seconds") -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number of {unit} over 0, and up to 86400")
    return seconds
