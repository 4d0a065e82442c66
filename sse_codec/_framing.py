"""The base of `Decoder` and `BlockDecoder`: takes bytes, cut anywhere, and finds whole blocks.

Everything up to the last blank line of a chunk is whole blocks, and goes to the subclass in one piece. The rest is held
as bytes. Two things can't wait for the blank line: `retry` takes effect when its line ends, and if the subclass does
not keep comments, a comment is dropped when its line ends, so that endless keep-alives use no memory.

The work is linear in the number of bytes, however they are cut: each byte is examined a fixed number of times.
"""

from __future__ import annotations

from typing import Any, Final

from ._errors import EventTooLarge, check_bound, check_str
from ._grammar import COLON, LF, RETRY
from ._input import WINDOW, StreamInput
from ._interpret import decode_text, interpret_long

_RETRY: Final = RETRY.encode()

#: How many characters of an id `repr` shows.
_SHOWN: Final = 40

#: In bytes. A chunk up to this size is likely to be one event; a larger one has many events, or a part of one.
_SMALL: Final = 4096


class BlockInput(StreamInput):
    """Keeps the state of one event stream over its connections, and cuts its bytes into blocks."""

    __slots__ = ("_acted", "_changes", "_keeps_comments", "_last_event_id", "_reconnection_time", "_small")

    def __init__(self, *, last_event_id: str, max_event_size: int | None, keeps_comments: bool = False) -> None:
        super().__init__(max_event_size=max_event_size)
        #: Whether comments are kept with their block, or dropped when their line ends.
        self._keeps_comments = keeps_comments
        self._last_event_id: str = check_str("last_event_id", last_event_id)
        self._reconnection_time: int | None = None
        #: In bytes. No block can pass the limit in a chunk up to this size, so `feed` tries it as whole blocks first.
        self._small = min(_SMALL, self._limit)
        #: Whether a `retry` of the unfinished block has taken effect.
        self._acted = False
        #: For `decode`: each new reconnection time in a chunk, with the number of items before it. None: not recorded.
        self._changes: list[tuple[int, int]] | None = None

    @property
    def last_event_id(self) -> str:
        """The standard's last event ID string, updated at each blank line; "" when there is none.

        Send it as `Last-Event-ID` when reconnecting. `reset()` keeps it. It can be set to a str between two
        connections: a client that handles events some time after receiving them sets it to the last one it handled.
        """
        return self._last_event_id

    @last_event_id.setter
    def last_event_id(self, value: str) -> None:
        self._last_event_id = check_str("last_event_id", value)

    @property
    def reconnection_time(self) -> int | None:
        """How long to wait before reconnecting, in milliseconds: the latest valid `retry`; None when there was none.

        `reset()` keeps it. It can be set: a client that acts on each value once sets it to None to notice the next one.
        """
        return self._reconnection_time

    @reconnection_time.setter
    def reconnection_time(self, value: int | None) -> None:
        if value is not None:
            value = check_bound("reconnection_time", value, least=0, kind="an int or None")
        self._reconnection_time = value

    def reset(self) -> None:
        """Prepare for the next connection: drop an unfinished block and expect a byte order mark again.

        `last_event_id` and `reconnection_time` stay, because the next connection needs them. After `EventTooLarge`,
        only this makes the decoder usable again.
        """
        super().reset()
        self._acted = False

    def _dispatch(self, raw: bytes | bytearray, items: list[Any]) -> None:
        """Parse whole blocks, which have LF line ends and end with a blank line, and append the resulting items.

        If `raw` is the held bytes, clear them once their text is decoded, so that a large block is in memory twice and
        not three times.
        """
        raise NotImplementedError

    def _feed(self, data: bytes, items: list[Any]) -> None:
        """Take bytes with LF line ends; append the items that they complete.

        Raises:
            EventTooLarge: a block passed the limit, and nothing was completed before it.
        """
        try:
            if len(data) <= WINDOW:
                self._take(data, items)
            else:
                for start in range(0, len(data), WINDOW):
                    self._take(data[start : start + WINDOW], items)
        except EventTooLarge:
            if not items:
                raise

    def _take(self, data: bytes, items: list[Any]) -> None:
        held = self._held
        room = self._limit - len(held)
        if LF not in data and (len(data) <= room or not data):
            held += data
            return
        if self._acted:
            # A `retry` field of the first block has taken effect already, so take the block's other lines one by one.
            blank = data.find(b"\n\n")
            end = 1 if data[0] == LF == held[-1] else blank + 2 if blank >= 0 else len(data)
            self._take_by_line(data[:end], items)
            if end < len(data):
                self._take(data[end:], items)
            return
        if len(data) > room and not self._fits(data, room):
            self._take_by_line(data, items)
            return
        end = data.rfind(b"\n\n") + 2
        # 1 means that no blank line was found. It is right if `data` starts with the second LF of one.
        if end == 1 and (data[0] != LF or (held and held[-1] != LF)):
            self._hold_lines(data, items)
            return
        if held:
            held += data[:end]
            self._dispatch(held, items)
        else:
            self._dispatch(data[:end], items)
        if end < len(data):
            self._hold_lines(data[end:], items)

    def _fits(self, data: bytes, room: int) -> bool:
        """Tell whether all blocks in these bytes are within the limit.

        It jumps from blank line to blank line, each within the limit of the one before. False may be wrong, because
        comments count here, but `_take_by_line` drops them.
        """
        start = 0
        while len(data) - start > room:
            end = data.rfind(b"\n\n", start, start + room + 2) + 2
            if end == 1:
                return False
            start, room = end, self._limit
        return True

    def _take_by_line(self, data: bytes, items: list[Any]) -> None:
        """Take bytes line by line: a block may pass the limit, or a `retry` of the first has taken effect already."""
        held = self._held
        *ended, rest = data.split(b"\n")
        for line in ended:
            if line:
                self._hold(line)
            if not held:
                continue  # a blank line after a blank line
            if held[-1] != LF:
                held.append(LF)
                self._settle(held.rfind(b"\n", 0, -1) + 1, items)
            else:
                held.append(LF)
                self._dispatch(held, items)
        self._hold(rest)

    def _hold_lines(self, part: bytes, items: list[Any]) -> None:
        """Hold bytes of an unfinished block, none of whose lines is blank."""
        held = self._held
        start = held.rfind(b"\n") + 1
        held += part
        # Most lines are neither comments nor `retry` (benchmarks: "many data lines"; 0.15 of the time).
        if (
            held[start] == COLON
            or held.startswith(_RETRY, start)
            or (part.find(b"\n") < part.rfind(b"\n") and (b"\n:" in part or b"\n" + _RETRY in part))
        ):
            self._settle(start, items)

    def _settle(self, start: int, items: list[Any]) -> None:
        """Handle the comments and `retry` fields among the ended lines that are held from `start` on."""
        held = self._held
        *ended, rest = held[start:].split(b"\n")
        del held[start:]
        for line in ended:
            if line[0] == COLON and not self._keeps_comments:
                # "If the line starts with a U+003A COLON character (:): Ignore the line."
                continue
            held += line
            held.append(LF)
            if line.startswith(_RETRY):
                # "set the event stream's reconnection time to that integer": now, and not when the block ends.
                _, _, _, retry = interpret_long(decode_text(line))
                if retry is not None:
                    self._acted = True
                    self._act(retry, items)
        held += rest

    def _act(self, retry: int, items: list[Any]) -> None:
        """Set the reconnection time, and record how many items came before it."""
        self._reconnection_time = retry
        if self._changes is not None:
            self._changes.append((len(items), retry))

    def _shown(self) -> list[str]:
        id = self._last_event_id
        shown = repr(id) if len(id) <= _SHOWN else f"{id[:_SHOWN]!r}..."
        state = [f"last_event_id={shown}", f"reconnection_time={self._reconnection_time}"]
        return [*state, *super()._shown()]
