"""The command line: `sse-codec decode` and `sse-codec encode`, also as `python -m sse_codec`.

Both work as pipes: what comes in is dealt with and flushed at once. Exit status: 0 when all went well; 1 for bad input,
or for output that can't be written, with one line on standard error; 2 for a usage error or a file that can't be
opened; 130 after Ctrl-C and 141 after a closed pipe, both silently, as a shell reports other tools.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

from . import __version__
from ._encoder import encode_block
from ._errors import EventTooLarge, IncompleteEvent, show
from ._input import DEFAULT_MAX_EVENT_SIZE
from ._iterate import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from ._event import ServerSentEvent

_READ_SIZE = 64 * 1024

_ENCODED_KEYS = ("data", "event", "id", "retry", "comment")
_IGNORED_KEYS = ("last_event_id",)  # `decode` writes it, and it is the receiver's


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
    options = _parser().parse_args(argv)
    try:
        _run(options)
    except _Failure as failure:
        print(f"sse-codec: {failure.reason}", file=sys.stderr)
        return failure.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The interpreter flushes standard output once more when it exits; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sse-codec", description="Decode and encode event streams (text/event-stream, WHATWG HTML 9.2)."
    )
    parser.add_argument("--version", action="version", version=f"sse-codec {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    to_json = commands.add_parser(
        "decode",
        help="an event stream to JSON lines",
        description="Write one JSON object a line for each event, as soon as it is complete.",
    )
    to_json.add_argument("--data", action="store_true", help="write only the payload of each event, and a line end")
    to_json.add_argument(
        "--on-eof",
        choices=("discard", "dispatch", "raise"),
        default="discard",
        help="what becomes of an event that the end of the stream cuts off: dropped, as the standard says (default); "
        "written; or an error",
    )
    to_json.add_argument(
        "--max-event-size",
        type=_size,
        default=DEFAULT_MAX_EVENT_SIZE,
        metavar="BYTES",
        help="the largest event taken (default: %(default)s)",
    )
    to_json.set_defaults(command=_decode)

    from_json = commands.add_parser(
        "encode",
        help="JSON lines to an event stream",
        description="Write a block for each line, a JSON object with any of the keys data, event, id, retry and "
        "comment; last_event_id and keys that are null are passed over.",
    )
    from_json.set_defaults(command=_encode)

    for command in (to_json, from_json):
        command.add_argument("file", nargs="?", default="-", metavar="FILE", help="default: standard input")
    return parser


def _size(text: str) -> int:
    size = int(text)
    if size < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {size}")
    return size


def _run(options: argparse.Namespace) -> None:
    if sys.stdout is None:
        raise _Failure(2, "standard output is closed")
    sink = sys.stdout.buffer
    if options.file == "-":
        if sys.stdin is None:
            raise _Failure(2, "standard input is closed")
        name, source = "standard input", sys.stdin.buffer
    else:
        name = options.file
        try:
            source = open(options.file, "rb")
        except OSError as error:
            raise _Failure(2, f"{name}: {error.strerror}") from None
    try:
        for output in options.command(name, source, options):
            sink.write(output)
            sink.flush()
    except BrokenPipeError:
        raise
    except OSError as error:  # reading a file can fail, and so can writing: a disk is full
        raise _Failure(1, f"{name}: {error.strerror}") from None
    finally:
        if options.file != "-":
            source.close()


def _decode(name: str, source: BinaryIO, options: argparse.Namespace) -> Iterator[bytes]:
    lines = _NumberedLines(source)
    write = _payload if options.data else _json_line
    try:
        for event in decode(lines, on_eof=options.on_eof, max_event_size=options.max_event_size):
            yield write(event)
    except (EventTooLarge, IncompleteEvent) as error:
        raise _Failure(1, f"{name}, line {lines.number}: {error}") from None


def _payload(event: ServerSentEvent) -> bytes:
    return event.data.encode() + b"\n"


def _json_line(event: ServerSentEvent) -> bytes:
    keys = {
        "data": event.data,
        "event": event.event,
        "id": event.id,
        "retry": event.retry,
        "last_event_id": event.last_event_id,
    }
    return json.dumps(keys, ensure_ascii=False).encode() + b"\n"


class _NumberedLines:
    """An event stream in pieces of at most a line each, as they come in; `number` is the line of the latest, from 1."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.number = 1

    def __iter__(self) -> Iterator[bytes]:
        ended: bytes | None = None  # how the latest line ended, or None within a line
        while chunk := self._source.read1(_READ_SIZE):  # type: ignore[attr-defined]  # typeshed's BinaryIO has no read1
            for piece in chunk.splitlines(keepends=True):
                if ended and (ended, piece) != (b"\r", b"\n"):
                    self.number += 1
                yield piece
                ended = piece[-1:] if piece.endswith((b"\r", b"\n")) else None


def _encode(name: str, source: BinaryIO, _: argparse.Namespace) -> Iterator[bytes]:
    for number, line in enumerate(source, 1):
        if not line.isspace():
            try:
                yield _block(line)
            except ValueError as error:
                raise _Failure(1, f"{name}, line {number}: {error}") from None


def _block(line: bytes) -> bytes:
    """Encode what one JSON line says; raises a ValueError that says what is wrong with it."""
    try:
        text = line.decode().rstrip()
        keys = json.loads(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    if not isinstance(keys, dict):
        raise ValueError(f"not a JSON object: {show(text)}")
    for key in keys:
        if key not in _ENCODED_KEYS and key not in _IGNORED_KEYS:
            raise ValueError(f"unknown key {show(key)}; known are {', '.join(_ENCODED_KEYS + _IGNORED_KEYS)}")
    return encode_block(**{key: keys[key] for key in _ENCODED_KEYS if key in keys})


if __name__ == "__main__":
    sys.exit(main())
