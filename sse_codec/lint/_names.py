"""Guess what an unknown field name was meant to be."""

from __future__ import annotations

import re

from sse_codec._grammar import FIELDS

from ._codes import closest
from ._excerpt import SHOWN

#: A known name that is not followed by a colon.
_NO_COLON = re.compile(
    r"\s*(data|event|id|retry)(?:\s*[={\[\";\uff1a]|\s+[\d.]+$|\s+\S+$|\s+[{\[\"])", re.IGNORECASE | re.ASCII
)


def meant(name: str) -> str | None:
    """Return the known field whose name looks like this one, or whose colon is missing."""
    found = _NO_COLON.match(name[: 2 * SHOWN])
    return found[1].lower() if found else closest(name.strip().lower(), FIELDS)


def remedy(name: str, *, has_colon: bool, continues: bool) -> tuple[str, str]:
    """Say what to do about a field name.

    Args:
        name: the name.
        has_colon: whether a colon follows it.
        continues: whether the line follows data in its block.

    Returns:
        The kind of mistake, for `Report.add`, and the text.
    """
    known = meant(name)
    if known is not None and _NO_COLON.match(name[: 2 * SHOWN]):
        return f"no colon after {known}", f'the colon after "{known}" is missing: write "{known}: " and then the value'
    if known is not None:
        return f"meant {known}", f"write {known!r}: field names must match exactly, including case and spaces"
    may_be_type = has_colon and len(name) <= SHOWN and name.isalpha()
    if continues and not may_be_type:
        return "continues", 'if it continues the payload, write "data: " before each of its lines'
    if may_be_type:
        fix = f'for an event of this type, write "event: {name}" and a data field; otherwise, remove the line'
        return "type", fix
    return (
        "payload",
        'if it is a payload, write "data: " before each of its lines; if it is a comment, start it with a colon',
    )
