"""`sse-codec decode`: read an event stream; write JSON lines, or lay events out on a terminal."""

from __future__ import annotations

import sys
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from sse_codec._decoder import Decoder
from sse_codec._errors import EventTooLarge, IncompleteEvent
from sse_codec._event import Comment
from sse_codec._grammar import BOM
from sse_codec._lines import LineDecoder
from sse_codec.lint import Linter
from sse_codec.lint._json import json_fault

from ._streams import Failure, Sink, Source, say
from ._terminal import Paint, Statistics, comment_line, event_block, payload_block

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sse_codec._event import ReceivedEvent

#: How many bytes of a stream without events to examine, to say what it is instead.
_HEAD = 64 * 1024


def decode(options: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    sink = Sink()
    source = Source(options.file, "decode", sink, events=True)
    try:
        _Run(source, sink, options).run()
    finally:
        source.close()
    return 0


class _Run:
    """One run: the decoder and the state of the stream."""

    def __init__(self, source: Source, sink: Sink, options: argparse.Namespace) -> None:
        self._source = source
        self._options = options
        self._sink = sink
        self._decoder = Decoder(max_event_size=options.max_event_size)
        self._comments = LineDecoder(max_event_size=options.max_event_size)
        self._statistics = Statistics() if options.stats else None
        self._show_events, self._show_comment = _layout(options, sink)
        self._lines = _Lines()
        self._events = 0
        self._has_shown_comment = False

    def run(self) -> None:
        """Decode the whole source."""
        head = bytearray()
        try:
            for chunk in self._source.chunks():
                # bytes.splitlines cuts only at LF, CR and CRLF.
                for piece in chunk.splitlines(keepends=True) if self._options.comments else (chunk,):
                    self._take(piece)
                if not self._events:
                    head += chunk[: _HEAD - len(head)]
            self._end(bytes(head))
        except IncompleteEvent as error:
            raise Failure(1, f"{self._source.name}, line {self._lines.number}: {error}") from None
        except EventTooLarge as error:
            line = self._lines.find(self._options.max_event_size)
            raise Failure(1, f"{self._source.name}, line {line}: {error}") from None
        finally:  # after Ctrl-C, too, because that is how people leave a live stream
            if self._statistics is not None:
                self._source.progress.clear()
                text = self._statistics.text(self._source.read, live=not self._source.is_file)
                say(text.removesuffix("\n"))

    def _take(self, piece: bytes) -> None:
        if self._options.comments or self._options.stats:
            self._take_comments(piece)
        self._lines.add(piece)
        events = self._decoder.feed(piece)
        if events:
            self._write(events)
        self._lines.passed()

    def _take_comments(self, piece: bytes) -> None:
        for line in self._comments.feed(piece):
            if isinstance(line, Comment):
                if self._statistics is not None:
                    self._statistics.comments += 1
                if self._options.comments:
                    self._has_shown_comment = True
                    self._sink.write(self._show_comment(line))

    def _write(self, events: Sequence[ReceivedEvent]) -> None:
        self._events += len(events)
        if self._statistics is not None:
            for event in events:
                self._statistics.event(event)
        for text in self._show_events(events):
            self._sink.write(text)

    def _end(self, head: bytes) -> None:
        if self._options.on_eof == "dispatch":
            # As if the end of the last line and the blank line had arrived.
            self._write(self._decoder.feed(b"\n\n"))
        unfinished = self._decoder.close()
        if unfinished is not None and self._options.on_eof == "raise":
            raise IncompleteEvent(unfinished)
        if unfinished is not None:
            self._note("the stream ended inside the last event, which was dropped; --lenient keeps it")
        elif not self._source.read:
            self._note("the stream is empty")
        elif not self._events:
            linter = Linter()
            is_all = self._source.read == len(head)
            findings = linter.feed(head) + (linter.close() if is_all else linter.stop())
            error = next((finding for finding in findings if finding.severity == "error"), None)
            only = _what_alone(head) if error is None and is_all else ""
            if error is not None or not self._has_shown_comment:
                what = error.what if error is not None else only or "the stream has no data field"
                advice = "; run `sse-codec lint` for details" if findings and not only else ""
                self._note(f"no events: {what}{advice}")

    def _note(self, text: str) -> None:
        self._source.progress.clear()
        say(f"sse-codec: {self._source.name}: {text}")


def _what_alone(stream: bytes) -> str:
    """Say what a stream consists of, if it has no fields; return "" if it has any."""
    lines = stream.removeprefix(BOM).splitlines()  # of bytes: it cuts only at LF, CR and CRLF
    if any(line and not line.startswith(b":") for line in lines):
        return ""
    return "only comments" if any(lines) else "only blank lines" if lines else "only a byte order mark"


class _Lines:
    """Counts lines and keeps the chunks of the unfinished block, so that an error can name its line."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._before = 0  # line ends before those chunks
        self._ends_in_cr = False

    def add(self, chunk: bytes) -> None:
        """Take a chunk, before it is decoded."""
        self._kept.append(chunk)

    def passed(self) -> None:
        """Record that the latest chunk was decoded: if a block ended in it, earlier chunks are not needed."""
        latest = self._kept[-1]
        if b"\n\n" in latest or b"\r\r" in latest or b"\n\r" in latest:
            for chunk in self._kept[:-1]:
                self._before += self._ends(chunk)
            self._kept = [latest]

    def _ends(self, chunk: bytes) -> int:
        """Return how many lines end in a chunk, and record whether it ends in a CR: an LF after that ends no other."""
        ends = chunk.count(b"\n")
        if b"\r" in chunk:
            ends += chunk.count(b"\r") - chunk.count(b"\r\n")
        ends -= self._ends_in_cr and chunk.startswith(b"\n")
        if chunk:
            self._ends_in_cr = chunk.endswith(b"\r")
        return ends

    @property
    def number(self) -> int:
        """The number of the unfinished line; of the latest line if the stream ended after a line end."""
        chunks = b"".join(self._kept)
        ends = self._before + self._ends(chunks)
        return ends + 1 - chunks.endswith((b"\n", b"\r"))

    def find(self, limit: int | None) -> int:
        """Return the number of the line in the kept chunks where a block passes a limit."""
        decoder = Decoder(max_event_size=limit)
        chunks = b"".join(self._kept)
        before = self._before - (self._ends_in_cr and chunks.startswith(b"\n"))
        return before + next(
            number for number, line in enumerate(chunks.splitlines(keepends=True), 1) if _is_too_large(decoder, line)
        )


def _is_too_large(decoder: Decoder, line: bytes) -> bool:
    try:
        decoder.feed(line)
        decoder.feed(b"")  # raises now if the line completed an event before it passed the limit
    except EventTooLarge:
        return True
    return False


def _layout(
    options: argparse.Namespace, sink: Sink
) -> tuple[Callable[[Sequence[ReceivedEvent]], Iterable[str]], Callable[[Comment], str]]:
    """Return functions that format the events of a chunk, as one or more texts, and a comment."""
    if sink.is_terminal or options.color == "always":
        paint = Paint(sys.stdout, options.color)

        def lay_out(events: Sequence[ReceivedEvent]) -> Iterator[str]:
            for event in events:
                yield from payload_block(event) if options.data else event_block(event, paint, json=options.json)

        return lay_out, lambda comment: comment_line(comment, paint)
    lines = _payload_lines if options.data else _parsed_lines if options.json else _json_lines
    return (lambda events: (lines(events),)), lambda comment: f'{{"comment": {_dump(comment.text)}}}\n'


def _payload_lines(events: Sequence[ReceivedEvent]) -> str:
    return "".join([f"{event.data}\n" for event in events])


def _json_lines(events: Sequence[ReceivedEvent]) -> str:
    """Write events as JSON lines. Most differ from the one before only in their data."""
    lines: list[str] = []
    common: tuple[object, ...] = ()
    rest = ""
    for event in events:
        now = (event.event, event.id, event.retry, event.last_event_id)
        if now != common:
            common, rest = now, _rest(*now)
        lines.append(f'{{"data": {encode_basestring(event.data)}{rest}')
    return "".join(lines)


def _rest(event: str, own_id: str | None, retry: int | None, last_event_id: str) -> str:
    return (
        f', "event": {encode_basestring(event)}, "id": {_dump(own_id)}, '
        f'"retry": {"null" if retry is None else retry}, "last_event_id": {_dump(last_event_id)}}}\n'
    )


def _parsed_lines(events: Sequence[ReceivedEvent]) -> str:
    return "".join(map(_parsed_line, events))


def _parsed_line(event: ReceivedEvent) -> str:
    """Insert a JSON payload unchanged, except for line ends, so that no number is rounded.

    `encode` would not send a string or null as JSON again, so a "json" key after them tells it to.
    """
    if json_fault(event.data):
        return _json_lines((event,))
    data = event.data.replace("\n", " ")
    line = f'{{"data": {data}{_rest(event.event, event.id, event.retry, event.last_event_id)}'
    return f'{line[:-2]}, "json": true}}\n' if data.strip("\t\r ")[:1] in {'"', "n"} else line


def _dump(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)
