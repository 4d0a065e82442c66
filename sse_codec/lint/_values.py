"""Checks of the value of one `event`, `id` or `retry` field, and of the characters of a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sse_codec._errors import show
from sse_codec._grammar import parse_retry
from sse_codec._text import SEPARATORS

if TYPE_CHECKING:
    from ._finding import Place
    from ._report import Report

#: Types of the events that EventSource itself dispatches.
RESERVED = ("error", "open")

#: The longest id that fits in a header everywhere: nginx, Apache and Tomcat accept lines of about 8,190 bytes.
LONGEST_ID = 8_000

_DAY = 24 * 60 * 60 * 1000
_SECONDS = 100  # a time below this was probably not meant in milliseconds
_LONGEST_TIMEOUT = 2**31 - 1  # of setTimeout
_LARGEST_INTEGER = 2**53  # JavaScript's numbers are exact up to this

_CONTROL = re.compile("[\x01-\x08\x0a-\x1f\x7f]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")

_SEPARATOR = re.compile("|".join(SEPARATORS).encode())
_REPLACEMENT = "\ufffd".encode()


def look_at_characters(report: Report, place: Place) -> None:
    """Look for characters in a payload or event type that cause trouble in clients; the place is where it starts."""
    found = _SEPARATOR.search(place.body, place.at)
    if found:
        character = found[0].decode()
        report.add(
            "line-separator", place.moved(found.start()), f"U+{ord(character):04X} ({SEPARATORS[character]}) in a value"
        )
    damaged = place.body.find(_REPLACEMENT, place.at)
    if damaged >= 0:
        report.add(
            "replacement-character", place.moved(damaged), "U+FFFD, which replaces bytes that could not be decoded"
        )


def _is_twice(report: Report, name: str, value: str, place: Place) -> bool:
    """Report a value that starts with the field's name."""
    twice = value.startswith(f"{name}:")
    if twice:
        what = f'a value that starts with "{name}:": the framing was applied twice'
        fix = f'write "{name}: " once: probably two layers each add it'
        effect = "a client keeps it as part of the value"
        report.add("broken-framing", place, what, kind=f"twice {name}", effect=effect, fix=fix)
    return twice


def look_at_event(report: Report, value: str, place: Place) -> bool:
    """Check an event type; return whether nothing is wrong with it."""
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
            effect="a client keeps it as part of the type, and does not call listeners for the type without it",
        )
    elif value in RESERVED:
        report.add("reserved-event", place, f"the event type {value!r}, which EventSource uses itself", kind=value)
    else:
        look_at_characters(report, place)
        return True
    return False


def look_at_id(report: Report, value: str, place: Place) -> None:
    """Check an id that has no U+0000."""
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
            effect="many clients refuse to send it back as Last-Event-ID, and servers answer 400",
        )
    elif beyond:
        report.add(
            "unsendable-id",
            place,
            f"an id with characters beyond ASCII: {show(value)}",
            kind="ascii",
            effect="some clients refuse to send it back as Last-Event-ID, and others disagree on its bytes",
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
            effect="a client keeps it, but HTTP drops it when the id is sent back, so the server sees a different id",
        )


def look_at_retry(report: Report, value: str, place: Place) -> int | None:
    """Check a reconnection time; return it in milliseconds if clients accept it."""
    time = parse_retry(value)
    if time is None:
        too_long = value.isascii() and value.isdigit()
        what = "an absurdly long reconnection time" if too_long else "a reconnection time that is not a number"
        report.add("invalid-retry", place, f"{what}: {show(value)}")
    elif time == 0:
        _unlikely(report, place, time, "a client that lost its connection reconnects immediately, over and over")
    elif time < _SECONDS:
        fix = f"write milliseconds: {time * 1000} if you meant seconds"
        _unlikely(report, place, time, "a client that lost its connection reconnects almost immediately", fix)
    elif time > _LARGEST_INTEGER:
        _unlikely(report, place, time, "JavaScript can't represent the number, and its setTimeout fires immediately")
    elif time > _LONGEST_TIMEOUT:
        _unlikely(report, place, time, "a client that waits with JavaScript's setTimeout reconnects immediately")
    elif time > _DAY:
        _unlikely(report, place, time, "a client that lost its connection waits for more than a day")
    return time


def _unlikely(report: Report, place: Place, time: int, effect: str, fix: str | None = None) -> None:
    report.add("unlikely-retry", place, f"a reconnection time of {time} ms", effect=effect, fix=fix)
