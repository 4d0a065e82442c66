"""Guess what an unknown field name was meant to be."""

from __future__ import annotations

import re
from typing import NamedTuple

from sse_codec._grammar import DATA, FIELDS

from ._codes import closest
from ._excerpt import SHOWN

_COLONS = "\uff1a\ufe55\ufe13\ua789\u2236\u02d0\u05c3"
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"

#: A known name that is not followed by a colon.
_NO_COLON = re.compile(
    rf"\s*(data|event|id|retry)(?:\s*[={{\[\";{_COLONS}]|\s+[\d.]+$|\s+\S+$|\s+[{{\[\"])", re.IGNORECASE | re.ASCII
)


class Remedy(NamedTuple):
    """What to do about an unknown field name.

    Args:
        kind: the kind of mistake, for `Report.add`.
        fix: the text.
        field: the known field that the line was probably meant to be, if any.
        is_sure: whether its name shows that.
    """

    kind: str
    fix: str
    field: str | None = None
    is_sure: bool = True


WHITE_SPACE = Remedy("white space", "remove the white space: only an empty line ends a block")


def is_white(line: bytes) -> bool:
    """Tell whether a line that is not blank has only white space."""
    return not line[: 2 * SHOWN].strip() or not line.decode("utf-8", "replace").strip()


def meant(name: str) -> str | None:
    """Return the known field whose name looks like this one, or whose colon is missing."""
    found = _NO_COLON.match(name[: 2 * SHOWN])
    return found[1].lower() if found else closest(name.strip().lower(), FIELDS)


def remedy(name: str, *, has_colon: bool, continues: bool) -> Remedy:
    """Say what to do about a field name.

    Args:
        name: the name.
        has_colon: whether a colon follows it.
        continues: whether the line follows data in its block.
    """
    known = meant(name)
    found = _NO_COLON.match(name[: 2 * SHOWN])
    if found and found[0][-1] in _COLONS:
        other = f"U+{ord(found[0][-1]):04X}"
        fix = f'{other} is not a colon (U+003A): write "{known}: " and then the value'
        return Remedy(f"not a colon after {known}", fix, known)
    if found:
        fix = f'the colon after "{known}" is missing: write "{known}: " and then the value'
        return Remedy(f"no colon after {known}", fix, known)
    bare = name.strip().strip(_QUOTES)
    if bare in FIELDS and bare != name.strip():
        return Remedy(f"quoted {bare}", f"remove the quotation marks around {bare}", bare)
    if known is not None:
        fix = f"write {known!r}: field names must match exactly, including case and spaces"
        return Remedy(f"meant {known}", fix, known)
    may_be_type = has_colon and len(name) <= SHOWN and name.isalpha()
    if continues and not may_be_type:
        return Remedy("continues", 'if it continues the payload, write "data: " before each of its lines')
    if may_be_type:
        fix = f'for an event of this type, write "event: {name}" and a data field; otherwise, remove the line'
        return Remedy("type", fix)
    fix = 'if it is a payload, write "data: " before each of its lines; if it is a comment, start it with a colon'
    return Remedy("payload", fix, DATA, is_sure=False)
