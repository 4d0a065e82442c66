"""A codec for event streams: Server-Sent Events, `text/event-stream`, WHATWG HTML 9.2. It does no I/O.

- Values to bytes: `encode` for a `ServerSentEvent`, `encode_block` for its parts, `encode_comment` for a keep-alive.
- Bytes, cut anywhere, back to values: `decode` and `adecode` over a whole connection, or `Decoder`, which is fed. They
  make a `ReceivedEvent` of each event.
- For proxies and SDKs: `decode_blocks`, `adecode_blocks` and `BlockDecoder` make a `Block` of everything between two
  blank lines; `LineDecoder` and `encode_line` keep every `Field`, `Comment` and `BlankLine`, in order.
- In HTTP: `response_headers` and `parse_last_event_id` for a server, `request_headers` and `is_event_stream` for a
  client; `MEDIA_TYPE` is "text/event-stream".
- What goes wrong with a stream is an `SSEError`. A mistake in the calling program is a TypeError or a ValueError.
  Blocks of more than `DEFAULT_MAX_EVENT_SIZE`, 64 MiB, are refused by default.
- For annotations: `Chunks`, `AsyncChunks`, `OnEOF`, `Until` and `Line`.

`sse_codec.clients` gives the events of any HTTP library's response, and `sse_codec.serving` makes a production stream
of your events. `sse_codec.resume` has both ends of a stream that is cut and goes on, `sse_codec.lint` says what is
wrong with a stream, and `sse_codec.testing` finds what is wrong with somebody's code.
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

# Where a name is defined is nobody's business but ours: tracebacks, pickles and reprs name the place it is imported
# from.
_value: object = None
for _name in __all__:
    _value = globals()[_name]
    if isinstance(_value, type) or hasattr(_value, "__code__"):
        _value.__module__ = __name__
del _name, _value  # pyright: ignore[reportPossiblyUnboundVariable]  # the loop has run: `__all__` is not empty
