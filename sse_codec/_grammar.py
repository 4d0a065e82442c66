"""The grammar of an event stream, and the constants that the rest of the package takes from it.

WHATWG HTML Living Standard, section 9.2.5 "Parsing an event stream":

    stream        = [ bom ] *event
    event         = *( comment / field ) end-of-line
    comment       = colon *any-char end-of-line
    field         = 1*name-char [ colon [ space ] *any-char ] end-of-line
    end-of-line   = ( cr lf / cr / lf )

    lf            = %x000A
    cr            = %x000D
    space         = %x0020
    colon         = %x003A
    bom           = %xFEFF
    name-char     = any scalar value but lf, cr and colon
    any-char      = any scalar value but lf and cr

The standard calls a run of comments and fields up to its blank line an *event*. This package calls it a *block*,
because without a `data` field it dispatches no event (9.2.6). A stream is always UTF-8. CR and LF are single bytes that
never occur inside a UTF-8 sequence, so the lines can be found in the bytes, before any text is decoded.
"""

from __future__ import annotations

from typing import Final

BOM: Final = b"\xef\xbb\xbf"
CR: Final = 0x0D
LF: Final = 0x0A
COLON: Final = 0x3A

DATA: Final = "data"
EVENT: Final = "event"
ID: Final = "id"
RETRY: Final = "retry"

#: All fields that the standard defines (9.2.6, "process the field"), and their bytes.
FIELDS: Final = (DATA, EVENT, ID, RETRY)
FIELDS_BYTES: Final = frozenset(name.encode() for name in FIELDS)

#: Lines that mean something without a colon (9.2.6: "using the whole line as the field name, and the empty string as
#: the field value"). `retry` does not, because the empty string is not a number.
BARE: Final = (DATA, EVENT, ID)

#: The event type of a block that names none, or names the empty one (9.2.6, dispatch).
DEFAULT_EVENT: Final = "message"

#: The most digits that a reconnection time may have, not counting leading zeros. The standard sets no limit, but 10**18
#: ms or more is a mistake or an attack. A smaller value fits a signed 64-bit integer, converts to a float without an
#: OverflowError, and takes no longer to read than any other line.
MAX_RETRY_DIGITS: Final = 18


def parse_retry(value: str) -> int | None:
    """Parse the value of a `retry` field; None when the field must be ignored.

    "If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten"
    (9.2.6). `str.isdigit` alone also accepts U+00B2 and the digits of other scripts.
    """
    if not (value.isdigit() and value.isascii()):
        return None
    if len(value) > MAX_RETRY_DIGITS:
        value = value.lstrip("0") or "0"
        if len(value) > MAX_RETRY_DIGITS:
            return None
    return int(value)
