"""What a finding shows of a line: how many columns a text takes, and how a line is cut around a place."""

from __future__ import annotations

from sse_codec._text import printable

#: The most characters of a line that a finding shows.
SHOWN = 100


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
