"""Linter: takes the bytes of a stream, cut anywhere; splits them into lines, runs the checks, and returns findings.

Whole blocks in which nothing can be found are skipped quickly (`_clean`). All others are read line by line. The memory
is bounded: the linter keeps the line in progress, those lines of its block that a finding may still name, the payload,
and 4 KiB while it is uncertain whether a foreign document begins. Each line and the payload are kept up to
`max_event_size` bytes. The rest of a longer line is counted but not checked.
"""

from __future__ import annotations

from collections.abc import Collection

from sse_codec._errors import check_bound, show
from sse_codec._grammar import BOM, CR, DATA, DEFAULT_EVENT, EVENT, FIELDS_BYTES, ID, RETRY
from sse_codec._input import DEFAULT_MAX_EVENT_SIZE, as_bytes
from sse_codec._text import counted

from ._block import Block, Rules
from ._clean import can_wait, clean_payload, count_events, is_one_event, is_plain
from ._codes import checked
from ._finding import Finding, Place
from ._foreign import LONGEST, PLAIN_TEXT, Kind, Trial, is_chunk_size, suspect
from ._names import meant, remedy
from ._report import Report
from ._stream import Ids, LineEnds, Sentinel, Spacing
from ._values import look_at_characters, look_at_event, look_at_id, look_at_retry

# At a line of 64 KiB, `bufio.Scanner`, which most Go clients use, and `readline` of asyncio's reader stop for good.
# Spring's WebClient stops at an event of 256 KiB. All have a setting for it.
_LONG_LINE = 64 * 1024
_LARGE_BLOCK = 256 * 1024

#: For `max_event_size=None`.
_NO_LIMIT = 1 << 62

#: The longest start of a block that is kept for the next chunk. It is copied for each chunk.
_LONGEST_PART = 4096

#: How many event types are remembered as fine and not checked again.
_KNOWN_TYPES = 100


class Linter:
    r"""An incremental linter: feed it the bytes of an event stream as they come, and it returns findings.

    Without options it reports what is wrong in any stream. Most options add a rule for *your* stream; breaking it is an
    error.

    Args:
        json: every payload must be JSON. Empty data and the sentinel are allowed.
        unique_ids: no id may be used twice, because it must name one place to resume at. The latest 100,000 ids are
            remembered.
        require_ids: every event must have an id.
        sentinel: the data that the last event must have, such as "[DONE]". None means any.
        max_event_size: as for `Decoder`, in bytes, at least 1. 64 MiB by default. None means no limit. A client with
            this limit fails at a larger block, so it is an error. No more than this is kept of a line.
        ignore: codes of findings that are not reported, any of `CODES`.
        fold: report the first of equal findings, count the others, and report the number at the end. False reports
            each of them.

    Raises:
        TypeError: an option is of the wrong type.
        ValueError: `max_event_size` is less than 1, or `ignore` has something that is not a code.

    >>> from sse_codec.lint import Linter
    >>> linter = Linter(sentinel="[DONE]")
    >>> [finding.code for finding in linter.feed(b"id: 1\nretry: 1s\nda")]
    ['invalid-retry']
    >>> linter.feed(b"ta: [DONE]\n")
    []
    >>> [finding.code for finding in linter.close()]
    ['unfinished-block', 'missing-sentinel']
    """

    _part: bytes
    _fresh: bool

    def __init__(
        self,
        *,
        json: bool = False,
        unique_ids: bool = False,
        require_ids: bool = False,
        sentinel: str | None = None,
        max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
        ignore: Collection[str] = (),
        fold: bool = True,
    ) -> None:
        if not isinstance(sentinel, (str, type(None))):
            raise TypeError(f"sentinel must be a str, not {type(sentinel).__name__}")
        if isinstance(ignore, str):  # it is a collection of str too
            raise TypeError("ignore takes a set or list of codes, not a str")
        self._limit = _NO_LIMIT if max_event_size is None else check_bound("max_event_size", max_event_size)
        self._ignored = frozenset(map(checked, ignore))
        self._longest = min(self._limit, _LONG_LINE)
        self._longest_part = min(self._limit, _LONGEST_PART)
        self._json = json
        self._unique_ids = unique_ids
        self._require_ids = require_ids
        self._sentinel = sentinel
        self._fold = fold
        self._thorough = json or require_ids or unique_ids  # each event needs the thorough look
        self._begin_stream()

    @property
    def events(self) -> int:
        """How many events the stream has had so far."""
        return self._events

    @property
    def line(self) -> int:
        """The number of the line in progress, from 1."""
        return self._line

    @property
    def offset(self) -> int:
        """How many bytes have come so far."""
        pending = len(self._part) if self._trial is None else len(self._trial.raw)
        return self._offset + self._line_size + len(self._end) + pending

    def unfinished(self) -> str:
        r"""Describe the event or block that no blank line has ended yet; "" if there is none.

        For a program that stops reading a live stream. It can't call `close`, which treats the end of the bytes as the
        end of the stream.

        >>> from sse_codec.lint import Linter
        >>> linter = Linter()
        >>> linter.feed(b"data: 1\ndata: 2\n")
        []
        >>> linter.unfinished()
        '2 data lines and no blank line yet: a client has received no event'
        """
        self._flush()
        place = self._block.data_place
        if place is None:
            if self._foreign is not None:
                return ""
            if self._line_size:
                return f"line {self._line:,} has no end yet"
            return "a block without data is open" if self._block.size else ""
        lines = counted(self._block.data_lines, "data line")
        if not self._blank_lines:
            return f"{lines} and no blank line yet: a client has received no event"
        return f"the event of line {place.line} is open, with {lines}"

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Finding]:
        """Take the next bytes of the stream, and return the findings that they prove, in the order of discovery.

        A finding is returned by the call that brings the bytes that prove it, with two exceptions. Findings in a line
        that ends in CR wait for the next byte. Bytes that are hardly text wait until up to 4 KiB of them have come.

        Raises:
            TypeError: `chunk` is not bytes, bytearray or memoryview. The linter's state is unchanged.
        """
        data = chunk if type(chunk) is bytes else as_bytes(chunk)
        if self._part:
            data = self._part + data
            self._part = b""
        if self._fresh and data[-2:] == b"\n\n" and CR not in data:
            self._take_blocks(data, b"\n")
        elif data:
            self._take(data)
        return self._report.take() if self._report.new else []

    def close(self) -> list[Finding]:
        """End the stream; return the findings that its end proves, and one for each finding that was repeated.

        After that the linter is ready for another stream.
        """
        self._flush()
        while self._trial is not None or self._end:
            if self._trial is not None:
                self._end_trial(self._trial)
            else:
                self._end_line()
        if self._line_size:
            self._look_at_line(ended=False)
        self._end_stream()
        found = self._report.take() + self._report.take_repeats()
        self._begin_stream()
        return found

    def stop(self) -> list[Finding]:
        """Stop in the middle of a stream; return one finding for each that was repeated.

        For a program that is interrupted. Unlike `close`, it says nothing about how the stream ends; see `unfinished`.
        """
        self._flush()
        if self._trial is not None:
            self._end_trial(self._trial)
        return self._report.take() + self._report.take_repeats()

    def _begin_stream(self) -> None:
        self._report = Report(self._ignored, fold=self._fold)
        self._spacing = Spacing(self._report)
        self._line_ends = LineEnds(self._report)
        ids = Ids(self._report) if self._unique_ids else None
        self._rules = Rules(self._json, self._require_ids, ids, Sentinel(self._report, self._sentinel))
        self._types: set[str] = set()  # event types that are known to be fine
        self._heads: set[str] = set()  # texts before data that are known to be fine
        self._part = b""  # the start of a block in which nothing can be found yet
        self._events = 0
        self._blank_lines = False  # whether one has come
        self._line = 1
        self._offset = 0  # of the line in progress
        self._held = bytearray()  # its first bytes, up to the limit
        self._line_size = 0
        self._end = b""  # its line end, so far
        self._body: bytes | None = None  # a copy of `_held`, once the line has ended
        self._last: Place | None = None  # the end of the latest line that was not blank
        self._bom_possible = True
        self._first = True  # neither a field nor a comment has come
        self._foreign: Kind | None = None  # the foreign document in progress
        self._chunked = False  # the sizes of HTTP chunks are among the lines
        self._after_size = False  # the latest line that is not a field was such a size
        self._trial: Trial | None = None
        self._judged = False  # the line in progress was tried
        self._verdict: Kind | None = None
        self._tried = 0  # everything before this offset is text
        self._begin_block()

    def _begin_block(self) -> None:
        self._block = Block(self._report, self._rules)
        #: None of its bytes have come, and they will be an event stream as far as is known.
        self._fresh = self._foreign is None and not self._chunked and not self._bom_possible

    # Bytes to blocks, quickly

    def _take(self, data: bytes) -> None:
        """Take bytes: whole blocks quickly where possible, the rest line by line."""
        if self._bom_possible and not self._held and data[0] != BOM[0]:
            self._bom_possible = False
            self._fresh = True
        usual = self._line_ends.usual or b"\n"
        for _ in range(2):  # the line in progress may end first, and then its block
            if data and not self._fresh:
                blank = data.find(2 * usual)
                cut = len(usual) if data.startswith(usual) and blank else blank + 2 * len(usual)
                cut = cut if blank >= 0 or data.startswith(usual) else len(data)
                self._take_lines(data[:cut])
                data = data[cut:]
        if self._fresh:
            line_end = b"\r\n" if CR in data else b"\n"
            end = data.rfind(2 * line_end) + 2 * len(line_end)
            if end >= 2 * len(line_end):
                blocks = data[:end]
                unified = blocks.replace(b"\r\n", b"\n") if line_end == b"\r\n" else blocks
                if CR not in unified and len(blocks) == len(unified) + (len(line_end) - 1) * unified.count(b"\n"):
                    self._take_blocks(unified, line_end)
                    data = data[end:]
            if self._fresh and len(data) <= self._longest_part and can_wait(data, self._types):
                self._part = data
                return
        self._take_lines(data)

    def _flush(self) -> None:
        """Check the start of a block that was kept."""
        part, self._part = self._part, b""
        self._take_lines(part)

    def _take_blocks(self, blocks: bytes, line_end: bytes) -> None:
        """Take whole blocks. Their line ends are LF here, and `line_end` in the stream."""
        try:
            text = blocks.decode()
        except UnicodeDecodeError:
            text = ""
        usual = self._line_ends.usual
        if not text or self._thorough or not is_plain(text) or (usual and usual != line_end):
            self._take_lines(blocks.replace(b"\n", line_end))
            return
        longest = self._longest
        texts = self._spacing.settled
        events = lines = 0
        if len(blocks) < longest and is_one_event(text, texts=texts) and self._sentinel is None:
            events, lines = 1, 2
        elif self._sentinel is None:
            limit = longest if len(blocks) >= longest else 0
            events, lines = count_events(text, limit, self._heads, self._types, texts=texts)
        if events:
            self._events += events
            self._line += lines
            self._offset += len(blocks) if line_end == b"\n" else len(blocks) + lines
            self._line_ends.usual = line_end
            self._first = False
            self._blank_lines = True
            return
        if not texts and text[:6] == "data: " and text[6:7] not in {"{", "[", '"'}:
            # After the first text, the quick look may be able to accept texts, in all blocks that follow.
            first, _, rest = text.partition("\n\n")
            self._take_lines(f"{first}\n\n".encode().replace(b"\n", line_end))
            if self._fresh and self._spacing.settled and rest.endswith("\n\n"):
                self._take_blocks(rest.encode(), line_end)
            else:
                self._take_lines(rest.encode().replace(b"\n", line_end))
            return
        self._take_each(text, line_end)

    def _take_each(self, text: str, line_end: bytes) -> None:
        """Take whole blocks of plain characters one by one."""
        longest = self._longest
        for block in text[:-2].split("\n\n"):
            small = self._fresh and len(block) < longest  # in characters; in bytes it may be four times as long
            data = clean_payload(block, self._types, texts=self._spacing.settled) if small else None
            raw = block if block.isascii() else block.encode()
            if data is None or len(raw) >= longest:
                self._take_lines((block + "\n\n").encode().replace(b"\n", line_end))
                continue
            lines = block.count("\n") + 2
            if block[:1] != ":" and (data or "data: " in block):
                self._events += 1
                if self._sentinel is not None:
                    before = 0 if block.startswith("data:") else block.find("\ndata:") + 1
                    self._rules.sentinel.look(data, self._line + block.count("\n", 0, before))
            self._line += lines
            self._offset += len(raw) + 2 + (len(line_end) - 1) * lines
            self._line_ends.usual = line_end
            self._first = False
        self._blank_lines = True

    # Bytes to lines

    def _take_lines(self, data: bytes) -> None:
        """Take bytes line by line."""
        # bytes.splitlines splits only at LF, CR and CRLF.
        for line in data.splitlines(keepends=True):
            piece = line
            while piece and self._trial is not None:
                piece = self._trial.take(piece)
                if self._trial.decided:
                    self._end_trial(self._trial)
            if piece:
                self._take_piece(piece)

    def _take_piece(self, piece: bytes) -> None:
        """Take a part of a line, or its rest with the line end."""
        if self._end:  # a CR that was the last byte so far
            if piece == b"\n":
                self._end += piece
                self._end_line()
                return
            self._end_line()
            if self._trial is not None:
                self._take_lines(piece)
                return
        body = piece.rstrip(b"\r\n")
        self._end = piece[len(body) :]
        self._hold(body)
        if self._end.endswith(b"\n"):
            self._end_line()

    def _hold(self, part: bytes) -> None:
        """Take a part of a line without its end."""
        self._fresh = False
        self._line_size += len(part)
        self._held += part[: max(self._limit + len(BOM) - len(self._held), 0)]
        if self._bom_possible:
            self._bom_possible = not self._end and len(self._held) < len(BOM) and BOM.startswith(self._held)
            if self._held.startswith(BOM):
                self._drop_bom()
        if not self._bom_possible:
            del self._held[self._limit :]
            self._check_size()

    def _drop_bom(self) -> None:
        self._report.add("leading-bom", Place(1, 0, BOM), "a byte order mark")
        del self._held[: len(BOM)]
        self._line_size -= len(BOM)
        self._offset += len(BOM)

    def _check_size(self) -> None:
        """Check the size of the block so far, including the line in progress. Limits are reported in rising order."""
        size = self._block.size + self._line_size
        if size < _LONG_LINE and size <= self._limit:
            return
        block_left = _LARGE_BLOCK - self._block.size
        limit_left = self._limit + 1 - self._block.size
        if limit_left <= min(_LONG_LINE, block_left):
            self._check_limit(limit_left)
        if block_left >= _LONG_LINE:
            whose = "Go's bufio.Scanner and asyncio's readline stop at such a line, and aiohttp's at 128 KiB or more"
            self._check_large(_LONG_LINE, "line of 64 KiB", whose)
        else:
            self._check_large(block_left, "block of 256 KiB", "Spring's WebClient stops at such an event")
        self._check_limit(limit_left)

    def _check_large(self, left: int, what: str, whose: str) -> None:
        if not self._block.large and self._line_size >= max(left, 1):
            self._block.large = True
            effect = f"a conforming client accepts it; by default, {whose}"
            self._report.add("large-event", self._start(left), f"a {what} or more", kind=what, effect=effect)

    def _check_limit(self, left: int) -> None:
        if not self._block.too_large and self._line_size >= max(left, 1):
            self._block.too_large = True
            what = f"a block of more than {self._limit} bytes, the size limit"
            self._report.add("event-too-large", self._start(left), what)

    def _start(self, size: int) -> Place:
        """Return the start of the line in progress, to be shown up to a size, so that chunking makes no difference."""
        return Place(self._line, self._offset, bytes(self._held[: max(size, 0)]))

    def _here(self, at: int = 0) -> Place:
        """Return a place in the line in progress."""
        return Place(self._line, self._offset, bytes(self._held) if self._body is None else self._body, at)

    def _end_line(self) -> None:
        unlike = self._foreign is not None or self._chunked  # its line ends say nothing about the stream's
        if not self._line_size:
            self._end_block()
        elif not self._look_at_line(ended=True):
            return  # a trial must decide first
        if self._end != self._line_ends.usual and not (unlike or self._foreign or self._chunked):
            self._line_ends.look(self._end, self._here(len(self._held)))
        self._offset += self._line_size + len(self._end)
        self._line += 1
        self._line_size = 0
        self._end = b""
        self._body = None
        self._held.clear()

    # Lines that are not known fields

    def _look_at_line(self, *, ended: bool) -> bool:
        """Check a line that is not blank. If it has no end, it is the last one, and clients drop it.

        Returns:
            False if the next bytes must decide first. Then the line comes again.
        """
        line = self._body = bytes(self._held)
        name, colon, value = line.partition(b":")
        if colon and not name:
            if self._after_size:
                self._after_size = False  # it is the rest of a line
            elif self._foreign is None:
                self._first = False
                self._block.comment(self._here())
        else:
            if name in FIELDS_BYTES and (self._foreign is None or self._foreign.ends_with(line)):
                self._first = self._after_size = False
                self._foreign = None
                self._look_at_field(name.decode(), value, ended=ended)
            elif not self._look_at_unknown(name, has_colon=bool(colon), ended=ended):
                return False
            self._block.size += self._line_size + 1
        if self._foreign is None:
            self._last = self._here(len(line))
            self._check_utf_8(line)
        return True

    def _check_utf_8(self, line: bytes) -> None:
        try:
            line.decode()
        except UnicodeDecodeError as error:
            if self._line_size > len(line) and error.end == len(line):
                return  # only the first part of the line was kept, and it was cut inside the character
            what = f"not UTF-8: the byte 0x{line[error.start]:02X}"
            self._report.add("invalid-utf-8", self._here(error.start), what)

    def _look_at_unknown(self, name: bytes, *, has_colon: bool, ended: bool) -> bool:
        """Check a line that is not a known field, as `_look_at_line` does."""
        if self._foreign is not None:
            return True
        if self._chunked and self._is_chunk_size():
            return True
        line = self._here().body
        if self._judged:
            kind, self._judged = self._verdict, False
        else:
            suspicion = suspect(
                line[:LONGEST],
                first=self._first,
                starts_block=self._block.data_place is None,
                ends_in_crlf=self._end == b"\r\n",
            )
            if isinstance(suspicion, str):
                if self._offset < self._tried:
                    kind = None
                else:
                    trial = Trial(suspicion, line + self._end)
                    if ended and not trial.decided and len(line) == self._line_size:
                        self._begin_trial(trial)
                        return False
                    kind = trial.verdict()
            else:
                kind = suspicion
        text = name.decode("utf-8", "replace")
        if kind is None and self._first and not has_colon and meant(text) is None:
            kind = PLAIN_TEXT
        if kind is not None:
            self._report_foreign(kind)
        else:
            self._report_unknown(text, has_colon=has_colon)
        self._first = False
        return True

    def _begin_trial(self, trial: Trial) -> None:
        """Put the line in progress aside until it is clear what it is."""
        self._trial = trial
        self._held.clear()
        self._line_size = 0
        self._end = b""
        self._body = None

    def _end_trial(self, trial: Trial) -> None:
        self._trial = None
        self._judged = True
        self._verdict = trial.verdict()
        self._tried = self._offset + trial.size if self._verdict is None else 0
        self._take_lines(bytes(trial.raw))

    def _is_chunk_size(self) -> bool:
        """Tell whether the line is the size of a chunk, or the rest of a line that a size has broken."""
        broken, self._after_size = self._after_size, is_chunk_size(self._here().body)
        return broken or self._after_size

    def _report_foreign(self, kind: Kind) -> None:
        if kind.ends == "chunks":
            self._chunked = self._after_size = True
        else:
            self._foreign = kind
        if self._first:
            code, what = "not-an-event-stream", f"this is {kind.name}, not an event stream"
        else:
            code, what = "foreign-document", f"another document starts here, outside any field: {kind.name}"
        self._report.add(code, self._here(), what, kind=kind.name, effect=kind.effect, fix=kind.fix)

    def _report_unknown(self, name: str, *, has_colon: bool) -> None:
        if name.startswith("\ufeff"):
            what = "a byte order mark (U+FEFF) at the start of a line that is not the first"
            self._report.add("late-bom", self._here(), what)
            return
        kind, fix = remedy(name, has_colon=has_colon, continues=self._block.data_place is not None)
        self._report.add(
            "unknown-field", self._here(), f"{show(name)} is not a field of the standard", kind=kind, fix=fix
        )

    # Fields to blocks

    def _look_at_field(self, name: str, value: bytes, *, ended: bool) -> None:
        """Check a known field. Its value is the rest of the line after the colon."""
        spaced = value.startswith(b" ")
        line = self._here().body
        start = len(line) - len(value) + spaced
        # If the rest of the line was not kept, only its name is known.
        whole = len(line) == self._line_size
        value = value[spaced:] if whole else b""
        place = self._here(start)
        if name == DATA:
            self._block.data(value, place)
            if value:
                self._spacing.look(value, place, spaced=spaced)
                look_at_characters(self._report, place)
        elif whole:
            text = value.decode("utf-8", "replace")
            if name == RETRY:
                time = look_at_retry(self._report, text, place)
                if ended and time is not None:  # otherwise it has no effect, which the end of the stream reports
                    self._block.set(RETRY, str(time), place)
            elif name == EVENT:
                if look_at_event(self._report, text, place) and len(self._types) < _KNOWN_TYPES:
                    self._types.add(text)
                self._block.set(EVENT, text or DEFAULT_EVENT, place)
            elif "\0" in text:
                self._report.add("id-with-null", place.moved(start + value.index(0)), "an id with U+0000 in it")
            else:
                look_at_id(self._report, text, place)
                self._block.set(ID, text, place)

    def _end_block(self) -> None:
        if self._foreign is not None and self._foreign.ends == "blank":
            self._foreign = None
        self._blank_lines = True
        self._events += self._block.data_place is not None
        self._block.end()
        self._begin_block()

    def _end_stream(self) -> None:
        self._spacing.end()
        block = self._block
        end = Place(self._line, self._offset, bytes(self._held), len(self._held))
        if (self._line_size and self._held[:1] != b":" and not self._foreign) or block.says_something:
            lines = block.data_lines
            if lines > 1 and not self._blank_lines:
                self._report.add(
                    "unfinished-block",
                    self._last or end,
                    f"the stream ends after {lines} data lines without a single blank line",
                    effect="a client reads them all as one event, and never dispatches it",
                    fix="end every event with a blank line",
                )
            else:
                what = f"the event of line {block.data_place.line}" if block.data_place is not None else "a block"
                self._report.add("unfinished-block", self._last or end, f"the stream ends inside {what}")
                if lines and not block.too_large:
                    block.look_at_payload()
        self._rules.sentinel.end(end)
        if not self.offset and self._sentinel is None:
            self._report.add("empty-stream", end, "the stream is empty: not a single byte came")
