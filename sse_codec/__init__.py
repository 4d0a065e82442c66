"""A codec for event streams: Server-Sent Events, `text/event-stream`, WHATWG HTML 9.2.

Values to bytes: `encode`, `encode_block`, `encode_comment`, `encode_line`. Bytes, cut anywhere, back to values:
`Decoder` and `LineDecoder`, or `decode` and `adecode` over a whole connection. It does no I/O.
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
