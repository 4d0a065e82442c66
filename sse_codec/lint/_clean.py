"""The quick look: most blocks of most streams have nothing that any check is for, and a few searches prove it.

`is_plain` looks at the characters of many blocks at once, `count_objects` at blocks of one JSON object each, which is what
LLM streams are made of, and `clean_payload` at any one block. They may say yes only where the thorough look would find
nothing and remember nothing; a test holds them to that. What they are not sure of, they leave to it.

A search for one character is nearly free, one for two costs as much as all the rest; so few are made, and the rare ones
only where their first character is there.
"""

from __future__ import annotations

from ._json import json_fault
from ._payload import may_be_ill
from ._values import LONGEST_ID

_ONLY_BEYOND_ASCII = "\x85\u2028\u2029\ufffd"


def is_plain(text: str) -> bool:
    """Tell whether a text has no character that a payload is searched for, and no two payloads side by side."""
    if "\v" in text or "\f" in text or "\x1c" in text or "\x1d" in text or "\x1e" in text or "}{" in text:
        return False
    return text.isascii() or not any(character in text for character in _ONLY_BEYOND_ASCII)


def count_objects(text: str, longest: int) -> int:
    """Return how many blocks a text of plain characters has, if each is one data line with one JSON object; else 0.

    Args:
        text: whole blocks.
        longest: the length that no block reaches.
    """
    pieces = text.split("data:")
    count = len(pieces) - 1
    if pieces[0] or text.count("\n") != 2 * count:
        return 0
    for piece in pieces:
        if piece[:3] == ' {"' or piece[:2] == '{"':
            if piece[-3:] != "}\n\n" or ("N" in piece and "NaN" in piece) or ("I" in piece and "Infinity" in piece):
                return 0
        elif piece:
            return 0
    return count if len(text) < longest or max(map(len, pieces)) < longest - 6 else 0


def clean_payload(block: str, types: set[str], *, texts: bool) -> str | None:
    """Return the payload of a block of plain characters; None if a check might find something, or remember it.

    Args:
        block: the block, without its blank line; of a comment alone, or of an id alone, the payload is "".
        types: event types that were looked at before.
        texts: whether payloads of free text may be taken.
    """
    values: list[str] = []
    event = id_seen = False
    lines = block.split("\n")
    for line in lines:
        head = line[:6]
        if head == "data: ":
            value = line[6:]
            if not _is_clean_value(value, texts=texts):
                return None
            values.append(value)
        elif head == "event:":
            if event or line[7:] not in types or line[6:7] != " ":
                return None
            event = True
        elif head == "data:{" or head == "data:[":
            if not _is_clean_value(line[5:], texts=texts):
                return None
            values.append(line[5:])
        elif head[:4] == "id: ":
            if id_seen or not _is_clean_id(line[4:]):
                return None
            id_seen = True
        elif head[:1] == ":" and len(lines) == 1:
            return ""
        else:
            return None
    if len(values) == 1:
        return values[0]
    if not values:
        return None if event else ""
    data = "\n".join(values)
    return data if data[:1] not in {"{", "["} or json_fault(data) is None else None


def _is_clean_id(value: str) -> bool:
    return 0 < len(value) <= LONGEST_ID and value.isascii() and value.isprintable() and value.strip(" ") == value


def _is_clean_value(value: str, *, texts: bool) -> bool:
    if not value:
        return True
    first, last = value[0], value[-1]
    if first not in '{["':
        # What ends in n may be an escaped line end.
        if not texts or first in " \t" or last in " \tn":
            return False
    elif last in " \t":
        return False
    return not may_be_ill(value)
