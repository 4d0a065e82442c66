"""Make untrusted text safe to show: escape it for a terminal, measure its columns, and cut it around a place."""

from __future__ import annotations

#: The most characters of a line that a finding shows.
SHOWN = 100

#: How much text is escaped at a time. Escaping needs about sixty bytes for each character.
_SLICE = 16 * 1024


def printable(text: str) -> str:
    """Escape characters that a terminal would hide or obey: control and format characters, separators, surrogates."""
    if text.isprintable():
        return text
    return "".join(_escape(text[at : at + _SLICE]) for at in range(0, len(text), _SLICE))


def _escape(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, as in "1 error" and "2 errors"."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def excerpt(before: str, after: str) -> tuple[str, int]:
    """Return the part of a line that a finding shows, given both sides of the place, and the index of the place."""
    half = SHOWN // 2
    shown_before = before if len(before) <= half else "..." + before[len(before) - half :]
    room = SHOWN - min(len(before), half)
    shown_after = after if len(after) <= room else after[:room] + "..."
    left = printable(shown_before)
    return left + printable(shown_after), len(left)
