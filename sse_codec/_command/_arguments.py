"""The arguments of the command line and its help, which fits in 80 columns."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any, get_args

from sse_codec import OnEOF, __version__
from sse_codec._input import DEFAULT_MAX_EVENT_SIZE
from sse_codec.lint import CODES, Linter, explain

from ._fuzz_arguments import DESCRIPTION, EXAMPLES, add_fuzz
from ._streams import show

if TYPE_CHECKING:
    from collections.abc import Callable

_EXAMPLES = """\
examples:
  curl -N URL | sse-codec decode            one JSON object for each event, live
  curl -N URL | sse-codec decode --data     only the payloads
  curl -N URL | sse-codec lint              what is wrong with the stream
  sse-codec decode FILE | jq .data          read a recording
  echo '{"data": "hi"}' | sse-codec encode  write an event stream
  sse-codec fuzz consumer -- ./my_parser    find bugs in a parser

`sse-codec COMMAND --help` describes each command. Without FILE, or with "-",
they read standard input.
"""

_DECODE_EXAMPLES = """\
examples:
  curl -N URL | sse-codec decode
      {"data": "...", "event": "message", "id": null, ...}
  curl -N URL | sse-codec decode --json | jq .data
      JSON payloads as JSON, not as strings
  curl -N URL | sse-codec decode --stats >/dev/null
      how many events, of which types, and how fast
  sse-codec decode --comments --lenient FILE
      also keep-alives, and a last event without its blank line

On a terminal, events are laid out for reading; --color=always does the same in
a pipe. Otherwise, a pipe gets JSON lines.
"""

_ENCODE_EXAMPLES = """\
examples:
  echo '{"event": "tick", "data": "1"}' | sse-codec encode
  sse-codec decode FILE | sse-codec encode
      the same events again, without comments
  sse-codec decode --json --comments FILE | sse-codec encode
"""

_LINT_EXAMPLES = """\
examples:
  curl -N URL | sse-codec lint
      report each finding as soon as its bytes arrive
  sse-codec lint --json --sentinel '[DONE]' FILE
      check a typical LLM stream
  sse-codec lint --strict recordings/
      check every *.sse file in the folder; warnings fail, too
  sse-codec lint --ignore unknown-field FILE
      leave out a code that is known or intended
  sse-codec lint --format github FILE
      annotations for GitHub Actions; other services take --format sarif
  sse-codec lint --explain unknown-field
      explain a code, with an example

Error: a client that follows the standard loses something. Warning: other
clients may, or it is probably a mistake. Exit status: 1 if there are errors
(with --strict, errors or warnings), otherwise 0.

codes of errors:
{errors}

codes of warnings:
{warnings}
"""


_VECTORS_EXAMPLES = """\
examples:
  sse-codec vectors tests/vectors
      copy the suite for your tests, in any language; repeat to update it
  ls "$(sse-codec vectors)"
      list the installed files
"""


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, width=80)


class _Show(argparse.Action):
    """Writes a text and exits. Unlike argparse, it reports an error if the text can't be written."""

    def __init__(self, option_strings: list[str], dest: str, text: Callable[..., str], **others: Any) -> None:
        self._text = text
        super().__init__(option_strings, dest, default=argparse.SUPPRESS, **others)

    def __call__(self, parser: argparse.ArgumentParser, _: Any, values: Any, __: Any = None) -> None:
        try:
            text = self._text(parser, values)
        except ValueError as error:
            parser.error(f"argument {self.option_strings[0]}: {error}")
        show(text)
        raise SystemExit(0)


def _help(parser: argparse.ArgumentParser, _: object) -> str:
    return parser.format_help()


def _version(*_: object) -> str:
    return f"sse-codec {__version__}\n"


def _explanation(_: object, code: str) -> str:
    return explain(code) + "\n"


class _Parser(argparse.ArgumentParser):
    """Reports an unknown argument with the usage of the command that got it, instead of that of the whole program."""

    # The method that argparse calls for each subcommand.
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # it has overloads, which differ between Pythons
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return namespace, unknown


def parser() -> argparse.ArgumentParser:
    """Return the parser. It sets `command` to the name of the command, and `parser` to the parser of its arguments."""
    top = _Parser(
        prog="sse-codec",
        description="Decode, encode and check event streams (text/event-stream, WHATWG HTML 9.2).",
        epilog=_EXAMPLES,
        formatter_class=_formatter,
        add_help=False,
    )
    _add_help(top)
    top.add_argument("--version", action=_Show, nargs=0, text=_version, help="show the version and exit")
    commands = top.add_subparsers(required=True, dest="command", metavar="COMMAND")

    def added_to(group: Any, name: str, short: str, description: str, examples: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = group.add_parser(
            name, help=short, description=description, epilog=examples, formatter_class=_formatter, add_help=False
        )
        _add_help(added)
        return added

    def command(name: str, short: str, description: str, examples: str) -> argparse.ArgumentParser:
        added = added_to(commands, name, short, description, examples)
        added.set_defaults(parser=added)
        return added

    _add_decode(
        command(
            "decode",
            "turn an event stream into JSON lines",
            "Write each event as one JSON object on a line, as soon as it is complete.",
            _DECODE_EXAMPLES,
        )
    )
    added = command(
        "encode",
        "turn JSON lines into an event stream",
        "Write a block for each line, which is a JSON object with at least one of the\n"
        "keys data, event, id, retry and comment. Data that is not a string is sent as\n"
        'JSON; with "json": true, so are strings and null. Other null values are ignored,\n'
        "and so is last_event_id.",
        _ENCODE_EXAMPLES,
    )
    added.add_argument("file", nargs="?", default="-", metavar="FILE", help="default: standard input")
    _add_lint(
        command(
            "lint",
            "report what is wrong with an event stream",
            "Report what clients will not read as intended, where it is, and how to fix it.",
            _LINT_EXAMPLES.format(errors=_list_codes("error"), warnings=_list_codes("warning")),
        )
    )
    add_fuzz(
        command("fuzz", "find bugs in a parser or a writer, in any language", DESCRIPTION, EXAMPLES),
        added_to,
    )
    added = command(
        "vectors",
        "copy the conformance suite as JSON files",
        "Copy the conformance suite: event streams with the events that they mean, and\n"
        "events to send with what must arrive, as JSON files for tests in any language.\n"
        "Without DIR, print the folder of the installed files.",
        _VECTORS_EXAMPLES,
    )
    added.add_argument("folder", nargs="?", metavar="DIR", help="created if missing; older copies are replaced")
    return top


def _add_help(added: argparse.ArgumentParser) -> None:
    added.add_argument("-h", "--help", action=_Show, nargs=0, text=_help, help="show this help and exit")


def _add_decode(decode: argparse.ArgumentParser) -> None:
    decode.add_argument("file", nargs="?", default="-", metavar="FILE", help="default: standard input")
    decode.add_argument("--data", action="store_true", help="write only the payloads, each with a line end")
    decode.add_argument("--json", action="store_true", help="write JSON payloads as JSON, and others as strings")
    decode.add_argument("--comments", action="store_true", help='write comments too, as {"comment": "..."}')
    decode.add_argument("--stats", action="store_true", help="at the end, write statistics to standard error")
    decode.add_argument(
        "--on-eof",
        choices=get_args(OnEOF),
        default="discard",
        help="what to do with an event that the end of the stream cuts off: drop it, as the standard says (default); "
        "write it; or fail",
    )
    decode.add_argument(
        "--lenient",
        action="store_const",
        const="dispatch",
        dest="on_eof",
        help="same as --on-eof=dispatch: accept a last event whose blank line is missing",
    )
    _add_common(
        decode,
        "when to use colours; auto (default) means on a terminal, and obeys NO_COLOR; always also lays events out in a "
        "pipe; FORCE_COLOR does not, because JSON lines must stay JSON",
    )


def _add_lint(lint: argparse.ArgumentParser) -> None:
    lint.add_argument(
        "files",
        nargs="*",
        default=["-"],
        metavar="FILE",
        help="a stream, or a folder of *.sse files; default: standard input",
    )
    lint.add_argument(
        "--format",
        choices=("text", "json", "github", "sarif"),
        default="text",
        help="text for people (default), JSON lines, annotations for GitHub Actions, or one SARIF document",
    )
    lint.add_argument("--json", action="store_true", help="payloads must be JSON")
    lint.add_argument("--require-ids", action="store_true", help="every event must have an id")
    lint.add_argument("--unique-ids", action="store_true", help="no id may occur twice")
    lint.add_argument("--sentinel", metavar="DATA", help="the stream must end with an event with this payload")
    lint.add_argument(
        "--ignore",
        action="extend",
        type=_codes,
        default=[],
        metavar="CODE",
        help="leave out findings with this code (listed below); for several, use commas or repeat the option",
    )
    lint.add_argument("--strict", action="store_true", help="warnings also make the exit status 1")
    lint.add_argument(
        "--all", action="store_true", help="show every finding, instead of the first of equal ones with their number"
    )
    lint.add_argument("--explain", action=_Show, metavar="CODE", text=_explanation, help="explain a code and exit")
    _add_common(lint, "when to use colours; auto (default) means on a terminal, and obeys NO_COLOR and FORCE_COLOR")


def _add_common(added: argparse.ArgumentParser, color: str) -> None:
    added.add_argument(
        "--max-event-size",
        type=_size,
        default=DEFAULT_MAX_EVENT_SIZE,
        metavar="SIZE",
        help='the largest event to accept: bytes, a number with K, M or G, or "none" (default: 64M)',
    )
    added.add_argument("--color", choices=("auto", "always", "never"), default="auto", help=color)


def _size(text: str) -> int | None:
    if text.lower() == "none":
        return None
    found = re.fullmatch(r"([0-9]{1,15})([KMG]?)(?:i?B)?", text, re.IGNORECASE)
    size = int(found[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[found[2].upper()] if found else 0
    if size < 1:
        raise argparse.ArgumentTypeError(
            f'{text[:40]!r} is not a size: write bytes, at least 1, a number with K, M or G, or "none"'
        )
    return size


def _codes(text: str) -> list[str]:
    codes = text.split(",")
    try:
        Linter(ignore=codes)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return codes


def _list_codes(severity: str) -> str:
    import textwrap

    codes = " ".join(code.name for code in CODES.values() if code.severity == severity)
    return textwrap.fill(codes, 80, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
