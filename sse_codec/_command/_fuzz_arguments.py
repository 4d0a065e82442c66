"""The arguments of `sse-codec fuzz` and its help."""

from __future__ import annotations

import argparse
import re
import shlex
from typing import TYPE_CHECKING, Any

from sse_codec._choices import CHOICES

if TYPE_CHECKING:
    from collections.abc import Callable

DESCRIPTION = """\
Find the smallest stream that a parser misreads, or the smallest event that a
writer sends wrongly, and quote the sentence of the standard that it breaks. The
tested program may be in any language. It reads one JSON object a line, and
answers with one:

  {"hello": 1}                       {"hello": 1, "name": "my parser"}
  {"n": 1, "chunks": ["BASE64"]}     {"n": 1, "events": [{"data": "a"}]}
  {"n": 2, "event": {"data": "a"}}   {"n": 2, "wire": "BASE64"}

An event may have data, event, id, retry, last_event_id, and the number of the
chunk that it came with. docs/fuzz-protocol.md describes the rest on one page.
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
      stop at the first finding
  sse-codec fuzz consumer --all --skip bare-cr -- ./my_parser
      find all broken rules, except one that is known
  sse-codec fuzz consumer --rule leading-bom -- ./my_parser
      report only one rule
  sse-codec fuzz consumer --listen 127.0.0.1:8080
      serve streams to any client or a browser; open it for instructions
  sse-codec fuzz consumer --service http://localhost:8000
      a client with a test service for LaunchDarkly's sse-contract-tests

Exit status: 0 if it conforms, 1 if it breaks a rule, 2 if it can't be checked.
"""

_PRODUCER_EXAMPLES = """\
examples:
  sse-codec fuzz producer -- ./my_writer
  sse-codec fuzz producer --unsendable refused -- ./my_writer
      check that it refuses events that can't be sent
  sse-codec fuzz producer http://localhost:8000/events \\
      --publish http://localhost:8000/publish
      check a server: post events to it, and read them from its stream
  sse-codec fuzz producer http://localhost:8000/chat
      check a server that answers a posted event with the stream

Exit status: 0 if it conforms, 1 if it breaks a rule, 2 if it can't be checked.
"""


def add_fuzz(fuzz: argparse.ArgumentParser, role: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the two roles to the command.

    Args:
        fuzz: the command.
        role: a function that adds a parser to subparsers, with a name, a short and a long description, and examples.
    """
    roles = fuzz.add_subparsers(required=True, metavar="ROLE")
    consumer = role(
        roles,
        "consumer",
        short="check a parser or a client, which reads event streams",
        description="Check a program that reads event streams. Every stream, cut anywhere, must give\n"
        "the events that the standard requires, without delay.",
        examples=_CONSUMER_EXAMPLES,
    )
    consumer.add_argument("program", nargs="*", metavar="-- PROGRAM", help="the program and its arguments")
    consumer.add_argument(
        "--listen",
        type=_address,
        metavar="HOST:PORT",
        help="serve streams over HTTP, to any client or a browser; with --service, where its clients connect",
    )
    consumer.add_argument(
        "--service",
        type=_http_url,
        metavar="URL",
        help="drive a client through its test service for LaunchDarkly's sse-contract-tests",
    )
    consumer.add_argument(
        "--pause",
        type=_milliseconds,
        default=0.002,
        metavar="MS",
        help="over HTTP: how long to wait after each chunk (default: 2 ms)",
    )
    consumer.add_argument(
        "--grace",
        type=_milliseconds,
        default=1.0,
        metavar="MS",
        help="over HTTP: how long a client may take to report an event (default: 1000 ms)",
    )
    _add_choice(consumer, "consumer", "ids", "what the id of an event means")
    _add_choice(consumer, "consumer", "retries", "what the reconnection time of an event means")
    _add_choice(consumer, "consumer", "on_eof", "what it does with an event that the end cuts off")
    _add_choice(consumer, "consumer", "comments", "whether it also returns comments")
    _add_common(consumer, "consumer")
    producer = role(
        roles,
        "producer",
        short="check a writer or a server, which sends event streams",
        description="Check a program that sends event streams. Every event must arrive as intended.",
        examples=_PRODUCER_EXAMPLES,
    )
    producer.add_argument(
        "program", nargs="*", metavar="-- PROGRAM | URL", help="the program and its arguments, or the URL of a server"
    )
    producer.add_argument(
        "--publish",
        type=web_url,
        metavar="URL",
        help="POST each event here as JSON, so that the server sends it; without this and --publish-command, each "
        "event is posted to the server's own URL, and the response must be the stream",
    )
    producer.add_argument(
        "--publish-command",
        type=shlex.split,
        default=[],
        metavar="COMMAND",
        help="run this to publish each event, which it reads as JSON from standard input",
    )
    producer.add_argument(
        "-H",
        "--header",
        action="append",
        type=_header,
        default=[],
        metavar="HEADER",
        help="a header to send with each request; repeatable",
    )
    _add_choice(producer, "producer", "ids", "whether it sends every id, or only changed ones")
    _add_choice(producer, "producer", "unsendable", "how it must treat events that the format can't represent")
    _add_common(producer, "producer")


def _add_choice(added: argparse.ArgumentParser, role: str, option: str, help: str) -> None:
    added.add_argument(
        f"--{option.replace('_', '-')}", choices=CHOICES[role][option], help=f"{help}; overrides the program's hello"
    )


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
        help="the largest reconnection time that it supports; in JavaScript 9007199254740991",
    )
    added.add_argument(
        "--rule", action="extend", type=names, default=[], metavar="RULE", help="report only this rule; repeatable"
    )
    added.add_argument(
        "--skip", action="extend", type=names, default=[], metavar="RULE", help="skip this rule; repeatable"
    )
    added.add_argument("--list-rules", action="store_true", help="list the rules and exit")
    added.add_argument("--all", action="store_true", help="continue after the first finding; report each broken rule")
    added.add_argument(
        "--examples",
        type=_whole,
        default=100,
        metavar="N",
        help="how many examples to draw after the fixed cases (default: 100); 0 is quick and always the same",
    )
    added.add_argument("--seed", type=_whole, metavar="N", help="draw the examples of an earlier run")
    added.add_argument(
        "--case",
        type=lambda text: _case(text, role),
        metavar="JSON",
        help="try one case again, as printed by a report",
    )
    added.add_argument(
        "--timeout", type=_seconds, default=5.0, metavar="S", help="how long an answer may take (default: 5 s)"
    )
    added.add_argument(
        "--format",
        choices=("text", "json", "junit", "tap", "github"),
        default="text",
        help="text for people (default), one JSON object, JUnit or TAP with one test for each rule, or annotations for "
        "GitHub Actions",
    )
    added.set_defaults(role=role)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 40):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number of 0 or more")
    return int(text)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (name and colon and text.isascii() and text.isprintable()):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a header, such as 'Name: value'")
    return name.strip(), value.strip()


def _case(text: str, role: str) -> list[Any]:
    from sse_codec.testing._remote._messages import parse_case

    try:
        return parse_case(text, role)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a case: copy it from the end of a report") from None


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port[:6]) < 65536):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not HOST:PORT, such as 127.0.0.1:8080")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def _http_url(text: str) -> str:
    if not text.startswith("http://"):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is not an http:// URL")
    return text


def web_url(text: str) -> str:
    """Return the URL of a server.

    Raises:
        argparse.ArgumentTypeError: it is not an http or https URL.
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a wrong port or IPv6 address
        is_one = False
    if not (is_one and re.fullmatch("[!-~]+", text)):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is not an http:// or https:// URL")
    return text


def _milliseconds(text: str) -> float:
    return _seconds(text, "milliseconds") / 1000


def _seconds(text: str, unit: str = "seconds") -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number of {unit} over 0 and up to 86400")
    return seconds
