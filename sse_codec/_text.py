"""Text that programs outside the codec share: how to show untrusted text safely, and the characters that mislead."""

from __future__ import annotations

#: The characters that `str.splitlines` and some clients treat as a line end but the standard does not, and their names.
SEPARATORS = {
    "\v": "VT",
    "\f": "FF",
    "\x1c": "FS",
    "\x1d": "GS",
    "\x1e": "RS",
    "\x85": "NEL",
    "\u2028": "LINE SEPARATOR",
    "\u2029": "PARAGRAPH SEPARATOR",
}

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


def escape_command(text: str, more: str = "") -> str:
    """Escape a value in a workflow command of GitHub Actions. Properties need `more` escaped as well."""
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
