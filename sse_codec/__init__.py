"""A codec for event streams: Server-Sent Events, `text/event-stream`, WHATWG HTML 9.2. It does no I/O.

- Values to bytes: `encode` for a `ServerSentEvent`, `encode_block` for its parts, `encode_comment` for a keep-alive.
- Bytes, cut anywhere, back to values: `decode` and `adecode` over a whole connection, or `Decoder`, which is fed.
- For proxies: `LineDecoder` and `encode_line` keep every `Field`, `Comment` and `BlankLine`, in order.
- In HTTP: `response_headers` and `parse_last_event_id` for a server, `request_headers` and `is_event_stream` for a
  client; `MEDIA_TYPE` is "text/event-stream".
- What can go wrong is an `SSEError`; an argument of the wrong type is a TypeError. An event of more than
  `DEFAULT_MAX_EVENT_SIZE`, 64 MiB, is too large unless told otherwise.

`sse_codec.resume` has both ends of a stream that is cut and goes on, `sse_codec.payloads` sentinels and JSON.
`sse_codec.lint` says what is wrong with a stream, `sse_codec.testing` finds what is wrong with somebody's code.
"""

from ._decoder import Decoder
from ._encoder import encode, encode_block, encode_comment, encode_line
from ._errors import EncodeError, EncodeTypeError, EventTooLarge, IncompleteEvent, SSEError, UsageError
from ._event import BlankLine, Comment, Field, ServerSentEvent
from ._http import MEDIA_TYPE, is_event_stream, parse_last_event_id, request_headers, response_headers
from ._input import DEFAULT_MAX_EVENT_SIZE
from ._iterate import adecode, decode
from ._lines import LineDecoder

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_MAX_EVENT_SIZE",
    "MEDIA_TYPE",
    "BlankLine",
    "Comment",
    "Decoder",
    "EncodeError",
    "EncodeTypeError",
    "EventTooLarge",
    "Field",
    "IncompleteEvent",
    "LineDecoder",
    "SSEError",
    "ServerSentEvent",
    "UsageError",
    "adecode",
    "decode",
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
for _name in __all__:
    if hasattr(globals()[_name], "__module__"):
        globals()[_name].__module__ = __name__
del _name  # pyright: ignore[reportPossiblyUnboundVariable]  # the loop has run: `__all__` is not empty
