"""The quick look: in most blocks of most streams no check can find anything, and a few searches prove it.

`is_plain` checks the characters of many blocks at once, `count_events` checks blocks whose data comes last, as in
nearly all, and `clean_payload` checks any one block. They may say yes only if the thorough look would find nothing and
remember nothing, which a test checks. Blocks that they are not sure of are left to the thorough look.

A search for one character is nearly free. A search for two costs as much as everything else, so there are few of them,
and the rare ones are made only if their first character occurs.
"""

from __future__ import annotations

from sse_codec._grammar import CR, LF
from sse_codec._text import SEPARATORS

from ._json import json_fault
from ._payload import ESCAPED, PRINTED, may_be_ill
from ._stream import FORMATTED
from ._values import LONGEST_ID

_ONLY_BEYOND_ASCII = [*(character for character in SEPARATORS if not character.isascii()), "\ufffd"]


def is_plain(text: str) -> bool:
    """Tell whether a text has none of the characters that payloads are searched for, and no adjacent payloads."""
    # A loop over the separators in ASCII would take half as long again, and this runs for each chunk.
    if "\v" in text or "\f" in text or "\x1c" in text or "\x1d" in text or "\x1e" in text or "}{" in text:
        return False
    return text.isascii() or not any(character in text for character in _ONLY_BEYOND_ASCII)


def is_one_event(text: str, *, texts: bool) -> bool:
    """Tell whether plain text is one block with one clean data line, as when each token arrives in its own chunk.

    Args:
        text: whole blocks.
        texts: whether a payload of free text may be accepted.
    """
    if text[:6] != "data: " or not 6 < text.find("\n") == len(text) - 2 or text.find("data:", 6) >= 0:
        return False
    if text[6:8] == '{"':
        return (
            text[-3] == "}" and ("N" not in text or "NaN" not in text) and ("I" not in text or "Infinity" not in text)
        )
    return texts and text[6] not in _ODD_FIRST and text[-3] not in _ODD_LAST


def count_events(text: str, longest: int, known: set[str], types: set[str], *, texts: bool) -> tuple[int, int]:
    """Return how many events and lines there are in plain blocks that have their data last; 0 if not sure.

    Args:
        text: whole blocks.
        longest: the length in bytes that no block may reach; 0 if all of them together are shorter.
        known: texts before data lines that were checked already; new ones are added.
        types: event types that were checked already.
        texts: whether payloads of free text may be accepted.
    """
    # "event: a\n", ' {"b": 1}\n\nevent: a\n', ' {"b": 2}\n\n'
    pieces = text.split("data:")
    head = pieces[0]
    lines = 0
    if head:
        if head not in known and not _is_clean_head(head, known, types):
            return 0, 0
        lines = head.count("\n")
    if longest and 4 * (2 * max(map(len, pieces)) + len("data:")) >= longest:
        return 0, 0
    del pieces[0]
    events = len(pieces)
    for piece in pieces:
        value, newline, head = piece.partition("\n")
        if value[:3] == ' {"' or value[:2] == '{"':
            if value[-1] != "}" or ("N" in value and "NaN" in value) or ("I" in value and "Infinity" in value):
                return 0, 0
        elif not texts or (
            (value[:1] != " " or value[1:2] in _ODD_FIRST or value[-1] in _ODD_LAST) and not _is_clean_text(value)
        ):
            return 0, 0
        elif newline and not head and not longest:  # one line of a payload of several, which is not JSON
            events -= 1
            lines += 1
            continue
        if head == "\n":
            lines += 2
        elif head in known or (head[:1] == "\n" and _is_clean_head(head, known, types)):
            lines += 1 + head.count("\n")
        else:
            return 0, 0
    return (events, lines) if head == "\n" else (0, 0)


#: First and last characters of free text that need another look.
_ODD_FIRST = " \t{[" + "".join({start[0] for start in PRINTED})
_ODD_LAST = " \tn"


def _is_clean_text(value: str) -> bool:
    """Tell whether there is nothing to find in a line of free text, given as everything after the colon."""
    return (
        value[:1] == " "
        and value[1:2] not in " \t{["
        and value[-1] not in " \t"
        and not value.startswith(PRINTED, 1)
        and not (value[-1] == "n" and value.endswith(ESCAPED))
    )


def _is_clean_head(head: str, known: set[str], types: set[str]) -> bool:
    """Check the text before a data line: a blank line, comments in separate blocks, type and id."""
    blocks = head.removeprefix("\n").split("\n\n")
    if not all(block[:1] == ":" and "\n" not in block for block in blocks[:-1]):
        return False
    event = id_seen = False
    *lines, rest = blocks[-1].split("\n")
    if rest:
        return False
    for line in lines:
        if line[:7] == "event: " and not event and line[7:] in types:
            event = True
        elif line[:4] == "id: " and not id_seen and _is_clean_id(line[4:]):
            id_seen = True
        else:
            return False
    if not id_seen and len(blocks) == 1 and len(known) < _MOST_KNOWN:
        known.add(head)
    return True


#: How many texts before data lines are remembered.
_MOST_KNOWN = 200


def clean_payload(block: str, types: set[str], *, texts: bool) -> str | None:
    """Return the payload of a block of plain characters; None if a check might find something, or remember it.

    Args:
        block: the block, without its blank line. If it has only a comment or only an id, the payload is "".
        types: event types that were checked already.
        texts: whether payloads of free text may be accepted.
    """
    values: list[str] = []
    event = id_seen = False
    lines = block.split("\n")
    for line in lines:
        head = line[:6]
        if head == "data: ":
            values.append(line[6:])
        elif head == "event:":
            if event or line[7:] not in types or line[6:7] != " ":
                return None
            event = True
        elif head in {"data:{", "data:["}:
            values.append(line[5:])
        elif head[:4] == "id: ":
            if id_seen or not _is_clean_id(line[4:]):
                return None
            id_seen = True
        elif head[:1] == ":" and len(lines) == 1:
            return ""
        else:
            return None
    if not values:
        return None if event else ""
    data = "\n".join(values)
    if len(values) > 1 and data[:1] in {"{", "["}:
        return data if _are_clean_lines(values, texts=texts) and json_fault(data) is None else None
    return data if all(_is_clean_value(value, texts=texts) for value in values) else None


def _are_clean_lines(values: list[str], *, texts: bool) -> bool:
    """Tell whether there is nothing to find at the ends of lines that form JSON together."""
    return not any(
        value[-1:] in {"", " ", "\t"} or "data:" in value or not (texts or value.lstrip()[:1] in _FORMATTED)
        for value in values
    )


#: The first characters of a line that is not free text.
_FORMATTED = frozenset(FORMATTED.decode())


def can_wait(part: bytes, types: set[str]) -> bool:
    """Tell whether nothing can be found in the start of a block before more of it comes.

    That is so inside the first line, and after a type and an id that are fine.
    """
    if CR in part:
        return False
    if LF not in part:
        return True
    *lines, _ = part.split(b"\n")
    names = [line.partition(b": ")[0] for line in lines]
    if len(set(names)) < len(names):
        return False
    for name, line in zip(names, lines, strict=True):
        value = line[len(name) + 2 :].decode("utf-8", "replace")
        if not (name == b"event" and value in types) and not (name == b"id" and _is_clean_id(value)):
            return False
    return True


def _is_clean_id(value: str) -> bool:
    return (
        0 < len(value) <= LONGEST_ID
        and value.isascii()
        and value.isprintable()
        and value.strip(" ") == value
        and value[:3] != "id:"
    )


def _is_clean_value(value: str, *, texts: bool) -> bool:
    if not value:
        return True
    first, last = value[0], value[-1]
    if last in " \t" or (first not in '{["' and (not texts or first in " \t" or value.endswith(ESCAPED))):
        return False
    return not may_be_ill(value)
