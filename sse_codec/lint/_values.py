"""What is looked at in the value of one `event`, `id` or `retry` field, and in the characters of a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sse_codec._errors import show
from sse_codec._grammar import parse_retry

if TYPE_CHECKING:
    from ._finding import Place
    from ._report import Report

#: Types of the events that EventSource dispatches on its own account.
RESERVED = ("error", "open")

#: The longest id that a header carries everywhere: nginx, Apache and Tomcat take lines of some 8,190 bytes.
LONGEST_ID = 8_000

_DAY = 24 * 60 * 60 * 1000
_SECONDS = 100  # a time below this was hardly meant in milliseconds
_LONGEST_TIMEOUT = 2**31 - 1  # of setTimeout
_LARGEST_INTEGER = 2**53  # up to which JavaScript's numbers are exact

_CONTROL = re.compile("[\x01-\x08\x0a-\x1f\x7f]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")

#: What some clients take for a line end, and its name.
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
_SEPARATOR = re.compile("|".join(SEPARATORS).encode())
_REPLACEMENT = "\ufffd".encode()


def look_at_characters(report: Report, place: Place) -> None:
    """Look for characters in a payload or event type that clients stumble over; the place says where it starts."""
    found = _SEPARATOR.search(place.body, place.at)
    if found:
        character = found[0].decode()
        report.add(
            "line-separator", place.moved(found.start()), f"U+{ord(character):04X} ({SEPARATORS[character]}) in a value"
        )
    damaged = place.body.find(_REPLACEMENT, place.at)
    if damaged >= 0:
        report.add("replacement-character", place.moved(damaged), "U+FFFD, the mark of bytes that could not be decoded")


def _is_twice(report: Report, name: str, value: str, place: Place) -> bool:
    """Report a value that starts with the field's name."""
    twice = value.startswith(f"{name}:")
    if twice:
        what = f'a value that starts with "{name}:": the framing was applied twice'
        fix = f'write "{name}: " once: one of two layers adds it to what has it already'
        report.add("broken-framing", place, what, kind=f"twice {name}", effect="a client takes it as it is", fix=fix)
    return twice


def look_at_event(report: Report, value: str, place: Place) -> bool:
    """Look at an event type; return whether nothing is wrong with it."""
    if _is_twice(report, "event", value, place):
        return False
    if not value:
        report.add_habit("empty-event", place, "an event type that is empty")
    elif value.strip(" \t") != value:
        report.add_habit(
            "padded-value",
            place,
            f"white space around an event type: {show(value)}",
            kind="event",
            effect="a client takes it as part of the type: listeners for the type without it are not called",
        )
    elif value in RESERVED:
        report.add("reserved-event", place, f"the event type {value!r}, which EventSource uses itself", kind=value)
    else:
        look_at_characters(report, place)
        return True
    return False


def look_at_id(report: Report, value: str, place: Place) -> None:
    """Look at an id that has no U+0000."""
    if _is_twice(report, "id", value, place):
        return
    body = value.strip(" \t")
    control = _CONTROL.search(body)
    beyond = _BEYOND_ASCII.search(body)
    if control:
        report.add(
            "unsendable-id",
            place,
            f"an id with the control character U+{ord(control[0]):04X} in it: {show(value)}",
            kind="control",
            effect="a client that reconnects sends it as Last-Event-ID: many refuse to, and servers answer 400",
        )
    elif beyond:
        report.add(
            "unsendable-id",
            place,
            f"an id beyond ASCII: {show(value)}",
            kind="ascii",
            effect="a client that reconnects sends it as Last-Event-ID: some refuse, others disagree on its bytes",
        )
    elif len(body) > LONGEST_ID:
        report.add(
            "unsendable-id",
            place,
            f"an id of {len(body):,} characters",
            kind="long",
            effect="a client that reconnects sends it as Last-Event-ID, and servers refuse a header that long",
        )
    if body != value:
        report.add_habit(
            "padded-value",
            place,
            f"white space around an id: {show(value)}",
            kind="id",
            effect="a client keeps it, but HTTP drops it on the way back: the server sees another id",
        )


def look_at_retry(report: Report, value: str, place: Place) -> int | None:
    """Look at a reconnection time; return it in milliseconds if clients take it."""
    time = parse_retry(value)
    if time is None:
        too_long = value.isascii() and value.isdigit()
        what = "an absurdly long reconnection time" if too_long else "a reconnection time that is not a number"
        report.add("invalid-retry", place, f"{what}: {show(value)}")
    elif time == 0:
        _unlikely(report, place, time, "a client that lost its connection comes back at once, over and over")
    elif time < _SECONDS:
        fix = f"write milliseconds: {time * 1000} if it is meant in seconds"
        _unlikely(report, place, time, "a client that lost its connection comes back almost at once", fix)
    elif time > _LARGEST_INTEGER:
        _unlikely(report, place, time, "JavaScript can't hold the number, and its setTimeout fires at once")
    elif time > _LONGEST_TIMEOUT:
        _unlikely(report, place, time, "a client that waits with JavaScript's setTimeout comes back at once")
    elif time > _DAY:
        _unlikely(report, place, time, "a client that lost its connection stays away for more than a day")
    return time


def _unlikely(report: Report, place: Place, time: int, effect: str, fix: str | None = None) -> None:
    report.add("unlikely-retry", place, f"a reconnection time of {time} ms", effect=effect, fix=fix)
