"""A codec for event streams: Server-Sent Events, `text/event-stream`, WHATWG HTML 9.2. It does no I/O.

- Encoding: `encode` takes a `ServerSentEvent`, `encode_block` takes its parts, `encode_comment` writes a keep-alive.
- Decoding: `decode` and `adecode` read a whole connection; `Decoder` takes chunks one at a time, cut anywhere. Each
  event is a `ReceivedEvent`.
- For proxies and SDKs: `decode_blocks`, `adecode_blocks` and `BlockDecoder` return everything between two blank lines
  as a `Block`; `LineDecoder` and `encode_line` keep every `Field`, `Comment` and `BlankLine`, in order.
- HTTP: `response_headers` and `parse_last_event_id` for servers, `request_headers` and `is_event_stream` for clients;
  `MEDIA_TYPE` is "text/event-stream".
- Errors: a bad stream, or a value that can't be sent, raises an `SSEError`. A mistake in the calling program raises a
  TypeError or a ValueError. Blocks of more than `DEFAULT_MAX_EVENT_SIZE`, 64 MiB, are refused by default.
- For annotations: `Chunks`, `AsyncChunks`, `OnEOF`, `Until` and `Line`.

`sse_codec.clients` reads events from any HTTP library's response, and `sse_codec.serving` turns your events into a
production stream. `sse_codec.resume` has both ends of a stream that resumes after a cut, `sse_codec.lint` reports what
is wrong with a stream, and `sse_codec.testing` finds bugs in code that reads or writes streams.
"""

from ._blocks import Block, BlockDecoder
from ._decoder import Decoder
from ._encoder import encode, encode_block, encode_comment, encode_line
from ._errors import EncodeError, EncodeTypeError, EventTooLarge, IncompleteEvent, MissingSentinel, SSEError
from ._event import BlankLine, Comment, Field, Line, ReceivedEvent, ServerSentEvent
from ._http import MEDIA_TYPE, is_event_stream, parse_last_event_id, request_headers, response_headers
from ._input import DEFAULT_MAX_EVENT_SIZE
from ._iterate import AsyncChunks, Chunks, OnEOF, Until, adecode, adecode_blocks, decode, decode_blocks
from ._lines import LineDecoder

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_MAX_EVENT_SIZE",
    "MEDIA_TYPE",
    "AsyncChunks",
    "BlankLine",
    "Block",
    "BlockDecoder",
    "Chunks",
    "Comment",
    "Decoder",
    "EncodeError",
    "EncodeTypeError",
    "EventTooLarge",
    "Field",
    "IncompleteEvent",
    "Line",
    "LineDecoder",
    "MissingSentinel",
    "OnEOF",
    "ReceivedEvent",
    "SSEError",
    "ServerSentEvent",
    "Until",
    "adecode",
    "adecode_blocks",
    "decode",
    "decode_blocks",
    "encode",
    "encode_block",
    "encode_comment",
    "encode_line",
    "is_event_stream",
    "parse_last_event_id",
    "request_headers",
    "response_headers",
]

# Make tracebacks, pickles and reprs name this package, and not the private module where each name is defined.
_value: object = None
for _name in __all__:
    _value = globals()[_name]
    if isinstance(_value, type) or hasattr(_value, "__code__"):
        _value.__module__ = __name__
del _name, _value  # pyright: ignore[reportPossiblyUnboundVariable]  # the loop has run: `__all__` is not empty
