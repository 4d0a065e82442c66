"""The values that go into the encoder and come out of the decoders. All are immutable and compare by value.

`ServerSentEvent` is a whole event, as an application sees it. `Field`, `Comment` and `BlankLine` are the lines it is
made of, as a proxy sees them.

Representation, by measurement: on CPython 3.11 and 3.13 a class of slots behind read-only properties is built in 79 and
104 ns, as fast as `tuple.__new__` on a tuple subclass (84 and 101), while a `NamedTuple` call takes 137 and 164, and a
frozen dataclass 385 and 463. On 3.10 the tuple is ahead, 99 to 163. The slots won because nothing but the event comes
with them: a tuple unpacks, indexes, orders, concatenates, formats and serialises as what it is not. Decoders build
theirs in less, as `DecodedEvent`.
"""

from __future__ import annotations

from ._grammar import DEFAULT_EVENT

TYPE_CHECKING = False  # as typing's, which takes six times as long to import as this package
if TYPE_CHECKING:
    from typing import Any, Final


class ServerSentEvent:
    """One event: what a server sends, and what a client is given (WHATWG HTML 9.2.6).

    Immutable. Two events are equal when `data`, `event`, `id` and `retry` are; `last_event_id` is where the event stood
    in its stream, not what it is. Hashable, picklable, copyable; `eval(repr(e)) == e`. Values are not checked here: the
    encoder does that when they are sent. Those of the decoders are of a subclass which is theirs: ask `isinstance`, and
    not for the `type`.

    Args:
        data: the payload, the standard's data buffer. Line ends in it are LF when it was decoded.
        event: the event type; "message" when the block names none.
        id: the block's own `id` field; None when it had none. "" resets the last event ID.
        retry: the block's own `retry` field, the reconnection time in milliseconds, at least 0; None when it had none.
        last_event_id: the last event ID when the event was dispatched, a browser's `MessageEvent.lastEventId`: the id
            of this block or of the latest one before it that had any. Set by the decoder.

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

    __slots__ = ("_data", "_event", "_id", "_last_event_id", "_retry")
    __match_args__: Final = ("data", "event", "id", "retry", "last_event_id")

    def __init__(
        self,
        data: str,
        event: str = DEFAULT_EVENT,
        id: str | None = None,
        retry: int | None = None,
        last_event_id: str = "",
    ) -> None:
        self._data = data
        self._event = event
        self._id = id
        self._retry = retry
        self._last_event_id = last_event_id

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
        """The block's own `id` field; None when it had none."""
        return self._id

    @property
    def retry(self) -> int | None:
        """The block's own `retry` field in milliseconds; None when it had none."""
        return self._retry

    @property
    def last_event_id(self) -> str:
        """The last event ID when the event was dispatched; "" when the stream had set none."""
        return self._last_event_id

    def json(self) -> Any:
        """Parse `data` as JSON.

        Raises:
            json.JSONDecodeError: `data` is not JSON, as in `[DONE]`.
        """
        import json  # here, because it is most of what importing this package would cost

        return json.loads(self._data)

    def _wire_fields(self) -> tuple[str, str, str | None, int | None]:
        return self._data, self._event, self._id, self._retry

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerSentEvent):
            return NotImplemented
        return self._wire_fields() == other._wire_fields()

    def __hash__(self) -> int:
        return hash(self._wire_fields())

    def __repr__(self) -> str:
        shown = [f"data={self._data!r}"]
        if self._event != DEFAULT_EVENT:
            shown.append(f"event={self._event!r}")
        if self._id is not None:
            shown.append(f"id={self._id!r}")
        if self._retry is not None:
            shown.append(f"retry={self._retry!r}")
        if self._last_event_id != "":
            shown.append(f"last_event_id={self._last_event_id!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (*self._wire_fields(), self._last_event_id)


class DecodedEvent(ServerSentEvent):
    """An event as a decoder makes it: built empty, and its five slots are set one by one.

    Without a call of `__init__` this takes 45 ns on CPython 3.11 and 50 on 3.13, instead of 107 and 130 (benchmarks:
    "LLM chat"). For all but `type()` it is a ServerSentEvent, and a copy or a pickle of it is one.
    """

    __slots__ = ()

    def __init__(self) -> None:
        """Set nothing."""

    def __reduce__(self) -> tuple[Any, ...]:
        return ServerSentEvent, (*self._wire_fields(), self._last_event_id)


# It is shown as one, too, and built without an `__init__`: one that does nothing takes as long as any other. By name,
# because type checkers and compilers have classes stay as they are written.
for _name in "__name__", "__qualname__":
    setattr(DecodedEvent, _name, "ServerSentEvent")
setattr(DecodedEvent, "__module__", "sse_codec")  # noqa: B010  # see above
setattr(DecodedEvent, "__init__", object.__init__)  # noqa: B010  # see above


class _Line:
    """What the three kinds of line have in common: they are immutable and equal when kind and values are."""

    __slots__ = ()

    def _values(self) -> tuple[str, ...]:
        # Each kind has its own; a type checker would find another type there if it were declared here.
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
        name: the field's name, exactly as it was written.
        value: what followed the colon, without the one space that may stand there; "" when there was no colon.

    >>> from sse_codec import Field
    >>> Field("data", "hello")
    Field('data', 'hello')
    """

    __slots__ = ("_name", "_value")
    __match_args__: Final = ("name", "value")

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
    """A line that starts with a colon: a keep-alive, or a remark for whoever reads the wire (WHATWG HTML 9.2.5).

    Args:
        text: what followed the colon, without the one space that may stand there.

    >>> from sse_codec import Comment
    >>> Comment("ping")
    Comment('ping')
    """

    __slots__ = ("_text",)
    __match_args__: Final = ("text",)

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
    __match_args__: Final = ()
