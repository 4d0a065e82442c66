"""The values that the encoder takes and the decoders return. All are immutable and compare by value.

`ServerSentEvent` is an event to send; `ReceivedEvent` is an event that a client received. `Field`, `Comment` and
`BlankLine` are the lines of a stream, as a proxy sees them.

Why slots behind read-only properties: a frozen dataclass takes four times as long to build (385 ns instead of 90 on
CPython 3.11). A tuple subclass is as fast, but it would also unpack, index, order and serialise, which an event should
not.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from ._grammar import DEFAULT_EVENT

_Event = TypeVar("_Event", bound="ServerSentEvent")

#: For `json`: no default was passed. None can't mean that, because it is a valid default.
_REQUIRED: Final = object()


class ServerSentEvent:
    """One event, as a server sends it (WHATWG HTML 9.2.6).

    Immutable. Two events are equal when `data`, `event`, `id` and `retry` are. Hashable, picklable, copyable;
    `eval(repr(e)) == e`. Values are not checked here; the encoder checks them.

    Args:
        data: the payload, the standard's data buffer. In decoded data, line ends are LF.
        event: the event type. None means "message", the type of a block that names none.
        id: the block's own `id` field; None when it has none. "" resets the last event ID.
        retry: the block's own `retry` field, the reconnection time in milliseconds, at least 0; None when it has none.

    >>> from sse_codec import ServerSentEvent
    >>> event = ServerSentEvent('{"n": 1}', event="tick", id="7")
    >>> event
    ServerSentEvent(data='{"n": 1}', event='tick', id='7')
    >>> event.json()
    {'n': 1}
    >>> match event:
    ...     case ServerSentEvent("[DONE]"):
    ...         print("done")
    ...     case ServerSentEvent(data, event="tick"):
    ...         print("tick", data)
    tick {"n": 1}
    """

    __slots__ = ("_data", "_event", "_id", "_retry")
    __match_args__ = ("data", "event", "id", "retry")

    def __init__(self, data: str, event: str | None = None, id: str | None = None, retry: int | None = None) -> None:
        self._data = data
        self._event = DEFAULT_EVENT if event is None else event
        self._id = id
        self._retry = retry

    @property
    def data(self) -> str:
        """The payload."""
        return self._data

    @property
    def event(self) -> str:
        """The event type; "message" when the block names none."""
        return self._event

    @property
    def id(self) -> str | None:
        """The block's own `id` field; None when it has none."""
        return self._id

    @property
    def retry(self) -> int | None:
        """The block's own `retry` field in milliseconds; None when it has none."""
        return self._retry

    def json(self, *, default: Any = _REQUIRED) -> Any:
        """Parse `data` as JSON.

        Args:
            default: what to return when `data` is empty. Some servers send such events to keep a connection alive.

        Raises:
            json.JSONDecodeError: `data` is not JSON, such as `[DONE]`; or it is empty and there is no `default`.

        >>> from sse_codec import ServerSentEvent
        >>> ServerSentEvent("[1, 2]").json(), ServerSentEvent("").json(default=None)
        ([1, 2], None)
        """
        if default is not _REQUIRED and not self._data:
            return default
        import json  # not at the top: it would take most of the time of importing this package

        return json.loads(self._data)

    def replace(self: _Event, **changes: Any) -> _Event:  # noqa: PYI019  # Self is newer than our oldest Python
        """Return an event of the same class with some values changed; `copy.replace` does the same from Python 3.13.

        Args:
            changes: new values, by the names of the constructor's arguments.

        Raises:
            TypeError: the constructor has no such argument.

        >>> from sse_codec import ServerSentEvent
        >>> ServerSentEvent("hello", id="1").replace(id="2")
        ServerSentEvent(data='hello', id='2')
        """
        return type(self)(**{**self._arguments(), **changes})

    def __replace__(self: _Event, **changes: Any) -> _Event:  # noqa: PYI019  # see above
        return self.replace(**changes)

    def _arguments(self) -> dict[str, Any]:
        """Return constructor arguments that make this event."""
        return {"data": self._data, "event": self._event, "id": self._id, "retry": self._retry}

    def _wire_fields(self) -> tuple[str, str, str | None, int | None]:
        return self._data, self._event, self._id, self._retry

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerSentEvent):
            return NotImplemented
        return self._wire_fields() == other._wire_fields()

    def __hash__(self) -> int:
        return hash(self._wire_fields())

    def _shown(self) -> list[str]:
        shown = [f"data={self._data!r}"]
        if self._event != DEFAULT_EVENT:
            shown.append(f"event={self._event!r}")
        if self._id is not None:
            shown.append(f"id={self._id!r}")
        if self._retry is not None:
            shown.append(f"retry={self._retry!r}")
        return shown

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._shown())})"

    def __reduce__(self) -> tuple[Any, ...]:
        if type(self) is ServerSentEvent or type(self) is ReceivedEvent:
            return type(self), tuple(self._arguments().values())
        # A subclass may have another constructor and more attributes.
        kept = {f"_{name}": value for name, value in self._arguments().items()}
        for kind in type(self).__mro__:
            names: str | Iterable[str] = vars(kind).get("__slots__", ())
            for name in (names,) if isinstance(names, str) else names:
                if hasattr(self, name):
                    kept[name] = getattr(self, name)
        return restored, (type(self), {**kept, **getattr(self, "__dict__", {})})


def restored(kind: type[_Event], attributes: dict[str, Any]) -> _Event:
    """Restore an event of a subclass that was copied or pickled."""
    event = kind.__new__(kind)
    for name, value in attributes.items():
        setattr(event, name, value)
    return event


class ReceivedEvent(ServerSentEvent):
    r"""One event, as a decoder returns it: a `ServerSentEvent` with the last event ID at its place in the stream.

    It is equal to a `ServerSentEvent` with the same values: equality ignores `last_event_id`.

    Args:
        data: as for `ServerSentEvent`.
        event: as for `ServerSentEvent`.
        id: as for `ServerSentEvent`.
        retry: as for `ServerSentEvent`.
        last_event_id: the last event ID when the event was dispatched, a browser's `MessageEvent.lastEventId`. It is
            the id of the event's block, or else of the latest block before it that had one; "" when there was none.

    >>> from sse_codec import ReceivedEvent, ServerSentEvent, decode
    >>> one, two = decode(b"id: 7\ndata: one\n\ndata: two\n\n")
    >>> two
    ReceivedEvent(data='two', last_event_id='7')
    >>> two == ServerSentEvent("two")
    True
    """

    __slots__ = ("_last_event_id",)

    def __init__(
        self,
        data: str,
        event: str | None = None,
        id: str | None = None,
        retry: int | None = None,
        last_event_id: str = "",
    ) -> None:
        super().__init__(data, event, id, retry)
        self._last_event_id = last_event_id

    @property
    def last_event_id(self) -> str:
        """The last event ID when the event was dispatched; "" when the stream had set none."""
        return self._last_event_id

    def _arguments(self) -> dict[str, Any]:
        return {**super()._arguments(), "last_event_id": self._last_event_id}

    def _shown(self) -> list[str]:
        shown = super()._shown()
        if self._last_event_id != "":
            shown.append(f"last_event_id={self._last_event_id!r}")
        return shown


#: Makes a ReceivedEvent without setting any slot. The decoders set the slots themselves: calling `__init__` would
#: double the time per event (benchmarks: "LLM chat").
new_received: Final = partial(ReceivedEvent.__new__, ReceivedEvent)


class _Line:
    """The base of the three kinds of line: immutable, and equal when kind and values are."""

    __slots__ = ()

    def _values(self) -> tuple[str, ...]:
        # Not declared here: each kind has a tuple of another type.
        names: tuple[str, ...] = getattr(self, "__match_args__")  # noqa: B009  # the attribute is not declared
        return tuple(getattr(self, name) for name in names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Line):
            return NotImplemented
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._values()))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()


class Field(_Line):
    """A line with a field, known to the standard or not (WHATWG HTML 9.2.5, `field`).

    Args:
        name: the field's name, exactly as written.
        value: the text after the colon and one optional space; "" when there was no colon.

    >>> from sse_codec import Field
    >>> Field("data", "hello")
    Field('data', 'hello')
    """

    __slots__ = ("_name", "_value")
    __match_args__ = ("name", "value")

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    @property
    def name(self) -> str:
        """The field's name."""
        return self._name

    @property
    def value(self) -> str:
        """The field's value."""
        return self._value


class Comment(_Line):
    """A line that starts with a colon: a keep-alive, or a note for people who read the stream (WHATWG HTML 9.2.5).

    Args:
        text: the text after the colon and one optional space.

    >>> from sse_codec import Comment
    >>> Comment("ping")
    Comment('ping')
    """

    __slots__ = ("_text",)
    __match_args__ = ("text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def text(self) -> str:
        """The comment's text."""
        return self._text


class BlankLine(_Line):
    """An empty line: the end of a block (WHATWG HTML 9.2.6, "Dispatch the event").

    >>> from sse_codec import BlankLine
    >>> BlankLine()
    BlankLine()
    """

    __slots__ = ()
    __match_args__ = ()


#: A line of a stream, as `LineDecoder` returns it and `encode_line` takes it.
Line: TypeAlias = Field | Comment | BlankLine
