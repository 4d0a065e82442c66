"""Where blocks end: bytes in, cut anywhere; whole blocks out. What `Decoder` and `BlockDecoder` have in common.

Everything up to the last blank line of a chunk is whole blocks, and goes to the subclass in one piece. What follows it
is held as bytes. Two things can't wait for the blank line: `retry` takes
effect when its line ends, and a comment leaves at once if the subclass has no use for it, so that endless keep-alives
take no room.

Work is linear in bytes for every chunking: each byte is looked at a fixed number of times.
"""

from __future__ import annotations

from typing import Any, Final

from ._errors import EventTooLarge, check_str, show
from ._grammar import COLON, LF, RETRY
from ._input import StreamInput
from ._interpret import decode_text, interpret_long

_RETRY: Final = RETRY.encode()

#: Characters of an id that `repr` shows.
_SHOWN: Final = 40

#: Bytes; a chunk up to this may well be one event, a larger one holds many or a part of one.
_SMALL: Final = 4096

#: Bytes; a larger chunk is taken in pieces, so that what is made of it on the way stays small and in the cache.
_WINDOW: Final = 64 * 1024


class BlockInput(StreamInput):
    """The state of one event stream over its connections, and the cutting of its bytes into blocks."""

    __slots__ = ("_acted", "_changes", "_keeps_comments", "_last_event_id", "_reconnection_time", "_small")

    def __init__(self, *, last_event_id: str, max_event_size: int | None, keeps_comments: bool = False) -> None:
        super().__init__(max_event_size=max_event_size)
        #: Whether a comment belongs to its block, or leaves when its line ends.
        self._keeps_comments = keeps_comments
        self._last_event_id: str = check_str("last_event_id", last_event_id)
        self._reconnection_time: int | None = None
        #: Bytes; the largest chunk in which no block can pass the limit, and which is tried as whole blocks first.
        self._small = min(_SMALL, self._limit)
        #: Whether a `retry` of the unfinished block has taken effect.
        self._acted = False
        #: For `decode`: each new reconnection time of a chunk, with the number of items before it. None: not asked for.
        self._changes: list[tuple[int, int]] | None = None

    @property
    def last_event_id(self) -> str:
        """The standard's last event ID string, committed at each blank line; "" when there is none.

        Send it as `Last-Event-ID` when reconnecting. It is kept over `reset()`. Between two connections it can be set,
        to a str: a client that handles events later than it receives them sets it to where it is.
        """
        return self._last_event_id

    @last_event_id.setter
    def last_event_id(self, value: str) -> None:
        self._last_event_id = check_str("last_event_id", value)

    @property
    def reconnection_time(self) -> int | None:
        """How long to wait before reconnecting, in milliseconds: the latest valid `retry`; None when there was none.

        It is kept over `reset()`. It can be set: a client that acts on it once sets it to None, and sees the next one.
        """
        return self._reconnection_time

    @reconnection_time.setter
    def reconnection_time(self, value: int | None) -> None:
        if value is not None:
            if not issubclass(type(value), int) or type(value) is bool:
                raise TypeError(f"reconnection_time must be an int or None, not {type(value).__name__}")
            value = int.__index__(value)
            if value < 0:
                raise ValueError(f"reconnection_time must be at least 0, not {show(value)}")
        self._reconnection_time = value

    def reset(self) -> None:
        """Make ready for the next connection: drop an unfinished block, expect a byte order mark again.

        `last_event_id` and `reconnection_time` stay, because the next connection needs them. Also the only way out of
        `EventTooLarge`.
        """
        super().reset()
        self._acted = False

    def _dispatch(self, raw: bytes | bytearray, items: list[Any]) -> None:
        """Make items of whole blocks, which have LF line ends and end with a blank line, and append them.

        Where `raw` is what was held, it is cleared once its text is decoded, so that a large block is in memory twice
        and not three times.
        """
        raise NotImplementedError

    def _feed(self, data: bytes, items: list[Any]) -> None:
        """Take bytes with LF line ends; append the items that they complete.

        Raises:
            EventTooLarge: a block passed the limit, and nothing was completed before it.
        """
        try:
            if len(data) <= _WINDOW:
                self._take(data, items)
            else:
                for start in range(0, len(data), _WINDOW):
                    self._take(data[start : start + _WINDOW], items)
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
            # Some `retry` fields of the first block have taken effect, so its other lines go one by one.
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
        # None found, or one whose first LF is held or went with the block before: then 1 is right.
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
        """Tell whether no block in these bytes passes the limit.

        It jumps from blank line to blank line, each within the limit of the one before. False may be a false alarm:
        comments count here, and `_take_by_line` drops them.
        """
        start = 0
        while len(data) - start > room:
            end = data.rfind(b"\n\n", start, start + room + 2) + 2
            if end == 1:
                return False
            start, room = end, self._limit
        return True

    def _take_by_line(self, data: bytes, items: list[Any]) -> None:
        """Take bytes of which one block may pass the limit, or of which the first block has a `retry` already."""
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
        # Most lines have none of what can't wait (benchmarks: "many data lines"; 0.15 of the time).
        if (
            held[start] == COLON
            or held.startswith(_RETRY, start)
            or (part.find(b"\n") < part.rfind(b"\n") and (b"\n:" in part or b"\n" + _RETRY in part))
        ):
            self._settle(start, items)

    def _settle(self, start: int, items: list[Any]) -> None:
        """Do what can't wait for the blank line, for the lines that are held from `start` on and have ended."""
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
                # "set the event stream's reconnection time to that integer": now, not when the block ends.
                _, _, _, retry = interpret_long(decode_text(line))
                if retry is not None:
                    self._acted = True
                    self._act(retry, items)
        held += rest

    def _act(self, retry: int, items: list[Any]) -> None:
        """Set the reconnection time, and note how many items came before."""
        self._reconnection_time = retry
        if self._changes is not None:
            self._changes.append((len(items), retry))

    def _shown(self) -> list[str]:
        id = self._last_event_id
        shown = repr(id) if len(id) <= _SHOWN else f"{id[:_SHOWN]!r}..."
        state = [f"last_event_id={shown}", f"reconnection_time={self._reconnection_time}"]
        return [*state, *super()._shown()]
