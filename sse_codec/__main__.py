"""The command line: `sse-codec decode`, `encode` and `lint`, also as `python -m sse_codec`.

All work as pipes: what comes in is dealt with and flushed at once. On a terminal decoded events and findings are laid
out for people, in a pipe events are JSON lines. Exit status: 0 when all went well; 1 for bad input (for `lint`, an
error in the stream), or for output that can't be written, with one line on standard error; 2 for a usage error or a
file that can't be opened; 130 after Ctrl-C and 141 after a closed pipe, both silently, as a shell reports other tools.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import stat
import sys
from typing import TYPE_CHECKING, NamedTuple, cast

from . import __version__
from ._decoder import Decoder
from ._encoder import encode_block
from ._errors import EventTooLarge, IncompleteEvent, show
from ._event import Comment
from ._grammar import DEFAULT_EVENT
from ._input import DEFAULT_MAX_EVENT_SIZE
from ._lines import LineDecoder
from ._terminal import Paint, Progress, Statistics, comment_line, event_block, finding_block, payload_block
from .lint import CODES, Linter, json_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from ._event import ServerSentEvent
    from .lint import Finding

_READ_SIZE = 64 * 1024

_ENCODED_KEYS = ("data", "event", "id", "retry", "comment")
_IGNORED_KEYS = ("last_event_id",)  # `decode` writes it, and it is the receiver's

_EXAMPLES = """\
examples:
  curl -N URL | sse-codec decode            one JSON object a line, live
  curl -N URL | sse-codec decode --data     only the payloads
  curl -N URL | sse-codec lint              what is wrong with the stream
  sse-codec decode FILE | jq .data          a recording
  echo '{"data": "hi"}' | sse-codec encode  the way back

`sse-codec COMMAND --help` has more of each. A FILE that is not given, or is "-", is standard input.
"""

_DECODE_EXAMPLES = """\
examples:
  curl -N URL | sse-codec decode                     {"data": "...", "event": "message", "id": ...}
  curl -N URL | sse-codec decode --json | jq .data   payloads as JSON rather than as strings of it
  curl -N URL | sse-codec decode --stats >/dev/null  how many, of which types, how fast
  sse-codec decode --comments --lenient FILE         keep-alives too, and an event without its blank line

On a terminal events are laid out for reading; in a pipe they are always JSON lines. Colours: not in a pipe, and not
when NO_COLOR is set.
"""

_ENCODE_EXAMPLES = """\
examples:
  echo '{"event": "tick", "data": "1"}' | sse-codec encode
  sse-codec decode FILE | sse-codec encode         the same stream again, without comments
  sse-codec decode --comments FILE | sse-codec encode
"""

_LINT_EXAMPLES = """\
examples:
  curl -N URL | sse-codec lint                     each finding as soon as its bytes have come
  sse-codec lint --json --sentinel '[DONE]' FILE   what an LLM stream should be
  sse-codec lint --ignore unknown-field FILE       without what is known, and meant
  sse-codec lint --format github FILE              annotations for GitHub Actions
  sse-codec lint --format json FILE | jq .code     what to count

An error is what a client of the standard loses something by; a warning is what other clients may lose something by,
or what is hardly meant. Exit status: 1 when there are errors, else 0.

codes of errors:
{errors}

codes of warnings:
{warnings}
"""


class _Failure(Exception):
    """The run can't go on: the exit status, and the one line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status.

    Args:
        argv: the arguments after the program's name; those of the process when None.

    Raises:
        SystemExit: with status 2 for a usage error, with 0 after `--help` and `--version`.
    """
    if sys.stderr is None:  # it is closed; `print` would take standard output instead
        sys.stderr = io.StringIO()
    parser = _parser()
    options = parser.parse_args(argv)
    if options.command is _decode and options.data and (options.json or options.comments):
        parser.error("--data writes payloads and nothing else; leave it out, or --json and --comments")
    try:
        return _run(options)
    except _Failure as failure:
        print(f"sse-codec: {failure.reason}", file=sys.stderr)
        return failure.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The interpreter flushes standard output once more when it exits; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sse-codec",
        description="Decode, encode and check event streams (text/event-stream, WHATWG HTML 9.2).",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sse-codec {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, short: str, description: str, examples: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=short,
            description=description,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.add_argument("file", nargs="?", default="-", metavar="FILE", help="default: standard input")
        added.set_defaults(command=run)
        return added

    decode = command(
        "decode",
        _decode,
        "an event stream to JSON lines",
        "Write each event as soon as it is complete: one JSON object a line.",
        _DECODE_EXAMPLES,
    )
    decode.add_argument("--data", action="store_true", help="write only the payload of each event, and a line end")
    decode.add_argument(
        "--json", action="store_true", help="payloads that are JSON as what they are; others as strings"
    )
    decode.add_argument("--comments", action="store_true", help='write comments too, as {"comment": "..."}')
    decode.add_argument("--stats", action="store_true", help="at the end, write what came to standard error")
    decode.add_argument(
        "--on-eof",
        choices=("discard", "dispatch", "raise"),
        default="discard",
        help="what becomes of an event that the end of the stream cuts off: dropped, as the standard says (default); "
        "written; or an error",
    )
    decode.add_argument(
        "--lenient",
        action="store_const",
        const="dispatch",
        dest="on_eof",
        help="as --on-eof=dispatch: take an event whose blank line is missing at the end",
    )
    command(
        "encode",
        _encode,
        "JSON lines to an event stream",
        "Write a block for each line, a JSON object with any of the keys data, event, id, retry and comment;\n"
        "last_event_id and keys that are null are passed over.",
        _ENCODE_EXAMPLES,
    )
    lint = command(
        "lint",
        _lint,
        "what is wrong with an event stream",
        "Say what a client will not take as it was meant, where it stands, and how to mend it.",
        _LINT_EXAMPLES.format(errors=_list_codes("error"), warnings=_list_codes("warning")),
    )
    lint.add_argument(
        "--format",
        choices=("text", "json", "github"),
        default="text",
        help="for people (default), as JSON lines, or as annotations of GitHub Actions",
    )
    lint.add_argument("--json", action="store_true", help="payloads must be JSON")
    lint.add_argument("--require-ids", action="store_true", help="every event must have an id")
    lint.add_argument("--unique-ids", action="store_true", help="no id may come twice")
    lint.add_argument("--sentinel", metavar="DATA", help="the stream must end with an event of this payload")
    lint.add_argument(
        "--ignore",
        action="extend",
        type=_codes,
        default=[],
        metavar="CODE",
        help="leave out findings of this code, below; several: with commas between, or the option again",
    )
    for sized in (decode, lint):
        sized.add_argument(
            "--max-event-size",
            type=_size,
            default=DEFAULT_MAX_EVENT_SIZE,
            metavar="BYTES",
            help="the largest event taken (default: %(default)s)",
        )
    return parser


def _size(text: str) -> int:
    size = int(text)
    if size < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {size}")
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

    codes = " ".join(code for code in CODES if CODES[code] == severity)
    return textwrap.fill(codes, 80, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


class _Input(NamedTuple):
    """What is read: a name for messages, the bytes, and whether they are a file's, which come all at once."""

    name: str
    file: Any  # a BinaryIO that has `read1`, for which there is no type
    is_file: bool
    progress: Progress

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they come in."""
        while chunk := self.file.read1(_READ_SIZE):
            self.progress.add(len(chunk))
            yield chunk


def _run(options: argparse.Namespace) -> int:
    if sys.stdout is None:
        raise _Failure(2, "standard output is closed")
    sink = sys.stdout.buffer

    source = _open(options)

    def write(output: str) -> None:
        if sys.stdout.isatty():
            source.progress.clear()
        sink.write(output.encode("utf-8", "surrogateescape"))  # a file's name may be no UTF-8
        sink.flush()

    try:
        status: int = options.command(source, write, options)
    except BrokenPipeError:
        raise
    except OSError as error:  # reading a file can fail, and so can writing: a disk is full
        raise _Failure(1, f"{source.name}: {error.strerror}") from None
    finally:
        source.progress.clear()
        if options.file != "-":
            source.file.close()
    return status


def _open(options: argparse.Namespace) -> _Input:
    if options.file == "-":
        if sys.stdin is None:
            raise _Failure(2, "standard input is closed")
        name, file = "standard input", sys.stdin.buffer
    else:
        name = options.file
        try:
            file = open(name, "rb")
        except OSError as error:
            raise _Failure(2, f"{name}: {error.strerror}") from None
    try:
        status = os.fstat(file.fileno())
        size = status.st_size if stat.S_ISREG(status.st_mode) else -1
    except OSError:  # it has no file behind it, as in tests
        size = -1
    # Events that scroll over a terminal are progress enough.
    quiet = options.command is _lint or not sys.stdout.isatty()
    return _Input(name, file, size >= 0, Progress(sys.stderr, size if quiet else -1))


def _decode(source: _Input, write: Callable[[str], None], options: argparse.Namespace) -> int:
    lines = _NumberedLines(source.chunks())
    decoder = Decoder(max_event_size=options.max_event_size)
    comments = LineDecoder(max_event_size=options.max_event_size)
    statistics = Statistics()
    show_event, show_comment = _layout(options)

    def deal_with(events: list[ServerSentEvent]) -> None:
        for event in events:
            statistics.event(event)
            write(show_event(event))

    try:
        for piece in lines:
            statistics.bytes += len(piece)
            if options.comments or options.stats:
                for line in comments.feed(piece):
                    if isinstance(line, Comment):
                        statistics.comments += 1
                        if options.comments:
                            write(show_comment(line))
            deal_with(decoder.feed(piece))
        if options.on_eof == "dispatch":
            deal_with(decoder.feed(b"\n\n"))  # as if its blank line had come, and before that its last line's end
        unfinished = decoder.close()
        if unfinished is not None and options.on_eof == "raise":
            raise IncompleteEvent(unfinished)
    except (EventTooLarge, IncompleteEvent) as error:
        raise _Failure(1, f"{source.name}, line {lines.number}: {error}") from None
    finally:  # after Ctrl-C too: it is how a live stream is left
        if options.stats:
            sys.stderr.write(statistics.text(live=not source.is_file))
    return 0


def _layout(options: argparse.Namespace) -> tuple[Callable[[ServerSentEvent], str], Callable[[Comment], str]]:
    """Return how events and comments are written."""
    show_event: Callable[[ServerSentEvent], str]
    if sys.stdout.isatty():
        paint = Paint(sys.stdout)
        show_event = payload_block if options.data else lambda event: event_block(event, paint, json=options.json)
        return show_event, lambda comment: comment_line(comment, paint)
    show_event = _payload_line if options.data else _parsed_line if options.json else _string_line
    return show_event, lambda comment: _dump({"comment": comment.text}) + "\n"


def _payload_line(event: ServerSentEvent) -> str:
    return event.data + "\n"


def _string_line(event: ServerSentEvent) -> str:
    return _json_line(event, _dump(event.data))


def _parsed_line(event: ServerSentEvent) -> str:
    """Put in a payload that is JSON as it is, so that no number is rounded; it may have been on several lines."""
    return _string_line(event) if json_fault(event.data) else _json_line(event, event.data.replace("\n", " "))


def _json_line(event: ServerSentEvent, data: str) -> str:
    keys = {"event": event.event, "id": event.id, "retry": event.retry, "last_event_id": event.last_event_id}
    return f'{{"data": {data}, {_dump(keys)[1:]}\n'


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


class _NumberedLines:
    """An event stream in pieces of at most a line each, as they come in; `number` is the line of the latest, from 1."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.number = 1

    def __iter__(self) -> Iterator[bytes]:
        ended: bytes | None = None  # how the latest line ended, or None within a line
        for chunk in self._chunks:
            for piece in chunk.splitlines(keepends=True):
                if ended and (ended, piece) != (b"\r", b"\n"):
                    self.number += 1
                yield piece
                ended = piece[-1:] if piece.endswith((b"\r", b"\n")) else None


def _lint(source: _Input, write: Callable[[str], None], options: argparse.Namespace) -> int:
    linter = Linter(
        json=options.json,
        require_ids=options.require_ids,
        unique_ids=options.unique_ids,
        sentinel=options.sentinel,
        max_event_size=options.max_event_size,
        ignore=options.ignore,
    )
    paint = Paint(sys.stdout)
    file = options.file if source.is_file and options.file != "-" else ""
    layouts: dict[str, Callable[[Finding], str]] = {
        "text": lambda finding: finding_block(finding, paint),
        "json": lambda finding: finding.to_json() + "\n",
        "github": lambda finding: finding.annotation(file) + "\n",
    }
    layout = layouts[options.format]
    counts = {"error": 0, "warning": 0}

    def deal_with(findings: list[Finding]) -> None:
        for finding in findings:
            counts[finding.severity] += 1
            write(layout(finding))

    try:
        for chunk in source.chunks():
            deal_with(linter.feed(chunk))
        deal_with(linter.close())
    finally:
        if options.format == "text" and (any(counts.values()) or sys.stderr.isatty()):
            found = " and ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items())
            source.progress.clear()
            print(f"{source.name}: {found}", file=sys.stderr)
    return 1 if counts["error"] else 0


def _encode(source: _Input, write: Callable[[str], None], _: argparse.Namespace) -> int:
    for number, line in enumerate(source.file, 1):
        source.progress.add(len(line))
        if not line.isspace():
            try:
                write(_block(line).decode())
            except ValueError as error:
                raise _Failure(1, f"{source.name}, line {number}: {error}") from None
    return 0


def _block(line: bytes) -> bytes:
    """Encode what one JSON line says; raises a ValueError that says what is wrong with it."""
    try:
        text = line.decode().rstrip()
        parsed = json.loads(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    if not isinstance(parsed, dict):
        raise ValueError(f"not a JSON object: {show(text)}")
    keys = cast("dict[str, Any]", parsed)
    for key in keys:
        if key not in _ENCODED_KEYS and key not in _IGNORED_KEYS:
            raise ValueError(f"unknown key {show(key)}; known are {', '.join(_ENCODED_KEYS + _IGNORED_KEYS)}")
    parts = {key: keys[key] for key in _ENCODED_KEYS if key in keys}
    if parts.get("event") == DEFAULT_EVENT:
        del parts["event"]  # `decode` names it in each line, and few streams do
    return encode_block(**parts)


if __name__ == "__main__":
    sys.exit(main())
