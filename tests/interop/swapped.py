"""Other people's libraries as published, and with the shims of `adoption` in place of their own parsers.

A library is read through its public interface if that shows events, and otherwise where the shim plugs in. The result
has the same form for all: a list of events, and at the end the name of the exception if the library raised one.
"""

from __future__ import annotations

import importlib
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from . import strangers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sse_codec import ReceivedEvent

#: What a library made of a stream.
Seen = list[Any]
EVENT_STREAM = {"content-type": "text/event-stream"}


def shim(name: str) -> Any:
    """Import a shim; skip the test where its library is not installed."""
    return pytest.importorskip(f"tests.interop.adoption.{name}", reason=f"the library of {name} is not installed")


def _httpx_sse(chunks: Iterable[bytes]) -> Iterable[Any]:
    import httpx
    import httpx_sse

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=EVENT_STREAM, content=iter(chunks))

    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as client,
        httpx_sse.connect_sse(client, "GET", "http://test/") as source,
    ):
        for event in source.iter_sse():
            yield event.event, event.data, event.id, event.retry


def _openai(chunks: Iterable[bytes], library: str = "openai") -> Iterable[Any]:
    for event in importlib.import_module(f"{library}._base_client").SSEDecoder().iter_bytes(iter(chunks)):
        yield event.event, event.data, event.id, event.retry


def _groq(chunks: Iterable[bytes]) -> Iterable[Any]:
    return _openai(chunks, "groq")


def _anthropic(chunks: Iterable[bytes]) -> Iterable[Any]:
    for event in strangers.anthropic(iter(chunks)):
        yield event.event, event.data, event.id, event.retry


def _launchdarkly(chunks: Iterable[bytes]) -> Iterable[Any]:
    from ld_eventsource.actions import Comment

    for action in strangers.launchdarkly(iter(chunks)):
        if isinstance(action, Comment):
            yield action.comment
        else:
            yield action.event, action.data, action.id, action.last_event_id


def _sseclient(chunks: Iterable[bytes]) -> Iterable[Any]:
    for event in strangers.sseclient(iter(chunks)):
        yield event.event, event.data, event.id, event.retry


def _mastodon(chunks: Iterable[bytes]) -> Iterable[Any]:
    import requests
    from mastodon import StreamListener

    seen: Seen = []

    class Listener(StreamListener):  # type: ignore[misc]  # Any if the library is not installed
        def on_any_event(self, name: str, data: Any = None) -> None:
            seen.append((name, json.loads(json.dumps(data))))

        def handle_heartbeat(self) -> None:
            seen.append("heartbeat")

    response = requests.Response()
    response.raw = io.BytesIO(b"".join(chunks))  # it is read byte by byte, however it was cut
    try:
        Listener().handle_stream(response)
    finally:
        yield from seen


class Decoding(NamedTuple):
    """A library that reads streams, and where its shim goes."""

    shim: str
    #: Reads the chunks of a response with the library.
    read: Callable[[Iterable[bytes]], Iterable[Any]]
    #: Each name in the library that is replaced, and its replacement in the shim; None passes the input on unchanged.
    places: dict[str, str | None]
    #: One of our events as `read` shows it.
    shown: Callable[[ReceivedEvent], Any]

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Replace the library's own code with the shim."""
        module = shim(self.shim)
        for place, name in self.places.items():
            patch.setattr(place, getattr(module, name) if name else staticmethod(iter))


def _stainless(event: ReceivedEvent) -> Any:
    name = None if event.event == "message" else event.event
    return name, event.data, event.last_event_id or None, event.retry


DECODING = {
    "httpx-sse": Decoding(
        "httpx_sse",
        _httpx_sse,
        {"httpx_sse.EventSource.iter_sse": "iter_sse", "httpx_sse.EventSource.aiter_sse": "aiter_sse"},
        lambda event: (event.event, event.data, event.last_event_id, event.retry),
    ),
    "openai": Decoding("openai", _openai, {"openai._base_client.SSEDecoder": "SSEDecoder"}, _stainless),
    "groq": Decoding("groq", _groq, {"groq._base_client.SSEDecoder": "SSEDecoder"}, _stainless),
    "anthropic": Decoding(
        "anthropic",
        _anthropic,
        {"anthropic._streaming.SSEDecoder": "SSEDecoder", "anthropic._base_client.SSEDecoder": "SSEDecoder"},
        _stainless,
    ),
    "launchdarkly-eventsource": Decoding(
        "launchdarkly_eventsource",
        _launchdarkly,
        {
            "ld_eventsource.sse_client._BufferedLineReader.lines_from": None,
            "ld_eventsource.sse_client._SSEReader": "SSEReader",
        },
        lambda event: (event.event, event.data, event.id, event.last_event_id or None),
    ),
    "sseclient-py": Decoding(
        "sseclient_py",
        _sseclient,
        {"sseclient.SSEClient.events": "events"},
        lambda event: (event.event, event.data, event.id, None if event.retry is None else str(event.retry)),
    ),
    "Mastodon.py": Decoding(
        "mastodon_py",
        _mastodon,
        {"mastodon.StreamListener.handle_stream": "read_stream"},
        lambda event: (event.event, json.loads(event.data)),
    ),
}

BOM = "A byte order mark at the start is dropped. Before, it corrupted the first field's name, and the field was lost."
UTF_8 = "Invalid UTF-8 becomes U+FFFD. Before, it raised an exception."
RETRY = "`retry` counts only if it consists of ASCII digits."
AGAIN = "A comment or a blank line after an id yields nothing. Before, each yielded an empty event with that id."
COLON = "The space after a colon may be missing, and so may the colon. Before, both were errors."
ENDS = "Lines may end in CRLF or CR. Before, CRLF was an error, and a stream with CR yielded nothing."
_STAINLESS = {
    "retry with a sign": RETRY,
    "retry in other digits": RETRY,
    "a comment after an id": AGAIN,
    "blank lines after an id": AGAIN,
    "a byte order mark": BOM,
}
#: The streams of test_adoption.py that a swap reads differently, and why. It reads them as the standard says.
DIFFERENT: dict[str, dict[str, str]] = {
    "httpx-sse": _STAINLESS,
    "openai": {**_STAINLESS, "invalid UTF-8": UTF_8},
    "groq": {**_STAINLESS, "invalid UTF-8": UTF_8},
    "anthropic": {**_STAINLESS, "invalid UTF-8": UTF_8},
    "launchdarkly-eventsource": {
        "an id alone": "An id in a block without data counts for reconnecting. Before, it was forgotten.",
        "a byte order mark": BOM,
        "invalid UTF-8": UTF_8,
    },
    "sseclient-py": {
        "an id with U+0000": "An id with U+0000 in it is ignored.",
        "retry that is not a number": RETRY,
        "retry with a sign": RETRY,
        "retry in other digits": RETRY,
        "mixed line ends": "Line endings may be mixed. Before, two events became one.",
        "a byte order mark": BOM,
        "invalid UTF-8": UTF_8,
    },
    "Mastodon.py": {
        "no space after the colon": COLON,
        "CRLF": ENDS,
        "CR": ENDS,
        "mixed line ends": ENDS,
        "a byte order mark": BOM,
        "invalid UTF-8": UTF_8,
    },
}


def outcome(read: Callable[[Iterable[bytes]], Iterable[Any]], chunks: Iterable[bytes]) -> Seen:
    """Return everything that `read` yields; if it raises, the name of the exception comes last."""
    seen: Seen = []
    try:
        for event in read(chunks):
            seen.append(event)  # what came before an exception counts
    except Exception as error:  # noqa: BLE001  # whatever a library raises
        seen.append(type(error).__name__)
    return seen
