r"""What applications agree on above the format: a last event that says so, and payloads that are JSON.

The standard knows neither. `until` and `auntil` stop at the event by which a server says that it is done, and tell a
stream that was cut from one that was whole; `json_payload` reads one event's data. They hold no event and no state.

>>> from sse_codec import decode
>>> from sse_codec.payloads import json_payload, until
>>> stream = b'data: {"token": "Hi"}\n\ndata:\n\ndata: {"token": "!"}\n\ndata: [DONE]\n\n'
>>> [json_payload(event) for event in until(decode(stream), "[DONE]")]
[{'token': 'Hi'}, None, {'token': '!'}]
"""

from __future__ import annotations

from ._errors import SSEError, show

TYPE_CHECKING = False  # as typing's, which takes six times as long to import as this package
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
    from typing import Any

    from ._event import ServerSentEvent


class MissingSentinel(SSEError):
    r"""The events ended before the one that says so: the stream was cut, or the server broke off.

    Attributes:
        data: the data of the event that was waited for; None for any.
        event: its type; None for any.

    >>> from sse_codec import decode
    >>> from sse_codec.payloads import until
    >>> for event in until(decode(b"data: half an answ\n\n"), "[DONE]"):
    ...     print(event.data)
    Traceback (most recent call last):
        ...
    sse_codec.payloads.MissingSentinel: the stream ended without an event with data '[DONE]'
    """

    def __init__(self, data: str | None, event: str | None) -> None:
        super().__init__(data, event)
        self.data = data
        self.event = event

    def __str__(self) -> str:
        wanted = [
            f"{name} {show(value)}" for name, value in (("type", self.event), ("data", self.data)) if value is not None
        ]
        return f"the stream ended without an event with {' and '.join(wanted)}"


def until(
    events: Iterable[ServerSentEvent],
    data: str | None = None,
    *,
    event: str | None = None,
    required: bool = True,
) -> Generator[ServerSentEvent, None, None]:
    r"""Yield the events before the one that says that there are no more; that one is not yielded.

    Args:
        events: such as `decode` returns. A generator is closed at the sentinel, and when the iteration is left early.
            What the server sends behind the sentinel is not read.
        data: what the sentinel's data is, exactly, as "[DONE]" of the APIs modelled on OpenAI's.
        event: what its type is, as "complete" of GraphQL or "message_stop" of Anthropic. With both, both must be so.
        required: whether it is an error when the events end without it. Say False for servers that do not always send
            one; then a stream that was cut looks like a whole one.

    Raises:
        MissingSentinel: at the end, unless `required=False`.
        TypeError: neither `data` nor `event` is given, or one is no str; here and now.
        Exception: whatever `events` raises passes unchanged.

    >>> from sse_codec import decode
    >>> from sse_codec.payloads import until
    >>> stream = b"event: next\ndata: 1\n\nevent: complete\ndata:\n\nevent: next\ndata: 2\n\n"
    >>> [event.data for event in until(decode(stream), event="complete")]
    ['1']
    """
    _check(data, event)
    return _until(events, data, event, required)


def auntil(
    events: AsyncIterable[ServerSentEvent],
    data: str | None = None,
    *,
    event: str | None = None,
    required: bool = True,
) -> AsyncGenerator[ServerSentEvent, None]:
    r"""Yield the events before the one that says that there are no more; as `until`, for what `adecode` returns.

    An async generator is closed with the iteration. Leaving an `async for` does not close an async iterator at once;
    wrap this in `contextlib.aclosing` where that matters.

    Args:
        events: an async iterable of events.
        data: as for `until`.
        event: as for `until`.
        required: as for `until`.

    Raises: as `until`.

    >>> import asyncio
    >>> from sse_codec import adecode
    >>> from sse_codec.payloads import auntil
    >>> async def main():
    ...     return [event.data async for event in auntil(adecode(b"data: 1\n\ndata: [DONE]\n\n"), "[DONE]")]
    >>> asyncio.run(main())
    ['1']
    """
    _check(data, event)
    return _auntil(events, data, event, required)


def json_payload(event: ServerSentEvent) -> Any:
    """Return an event's data as JSON; None when it is empty, as in keep-alives that are events.

    JSON's `null` is None too; ask for `event.data` where the two differ. A sentinel such as `[DONE]` is no JSON: keep
    it out with `until`.

    Raises:
        json.JSONDecodeError: the data is neither empty nor JSON.

    >>> from sse_codec import ServerSentEvent
    >>> from sse_codec.payloads import json_payload
    >>> json_payload(ServerSentEvent('{"n": 1}')), json_payload(ServerSentEvent(""))
    ({'n': 1}, None)
    """
    return event.json() if event.data else None


def _check(data: str | None, event: str | None) -> None:
    if data is None and event is None:
        raise TypeError("say what to stop at: data, event or both")
    for name, value in (("data", data), ("event", event)):
        if not isinstance(value, (str, type(None))):
            raise TypeError(f"{name} must be a str, not {type(value).__name__}")


def _is(item: ServerSentEvent, data: str | None, event: str | None) -> bool:
    return (data is None or item.data == data) and (event is None or item.event == event)


def _until(
    events: Iterable[ServerSentEvent], data: str | None, event: str | None, required: bool
) -> Generator[ServerSentEvent, None, None]:
    source: Any = iter(events)  # only a generator has `close`
    try:
        for item in source:
            if _is(item, data, event):
                return
            yield item
    finally:
        if hasattr(source, "throw") and hasattr(source, "close"):  # a generator; all else is its owner's to close
            source.close()
    if required:
        raise MissingSentinel(data, event)


async def _auntil(
    events: AsyncIterable[ServerSentEvent], data: str | None, event: str | None, required: bool
) -> AsyncGenerator[ServerSentEvent, None]:
    source: Any = events.__aiter__()
    try:
        async for item in source:
            if _is(item, data, event):
                return
            yield item
    finally:
        if hasattr(source, "athrow") and hasattr(source, "aclose"):
            await source.aclose()
    if required:
        raise MissingSentinel(data, event)
