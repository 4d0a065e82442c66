"""What is said to a program in another language, and what it answers: docs/fuzz-protocol.md has it for its author.

Both sides write JSON objects. What a program may send is taken apart here and nowhere else, and brought into the form
that the checks take.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from sse_codec._event import ServerSentEvent
from sse_codec.lint._text import printable
from sse_codec.testing._rules import CONSUMER_CHECKED, PRODUCER_CHECKED, Rule

VERSION = 1

#: How much of somebody's line a message shows.
_SHOWN = 200

#: By role, the rules that a program can leave out.
RULES: dict[str, Sequence[Rule[Any]]] = {
    "consumer": CONSUMER_CHECKED,
    "producer": PRODUCER_CHECKED,
}

#: By role, the options that a program can say, with their values; None: any that its check takes.
_CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "consumer": {
        "ids": ("own", "sticky", "either"),
        "retries": ("own", "sticky", "either"),
        "on_eof": ("discard", "dispatch"),
        "comments": ("dropped", "kept", "kept raw"),
    },
    "producer": {"unsendable": ("contained", "refused", "untested"), "ids": ("own", "sticky")},
}


class CannotGoOn(BaseException):
    """The other side can't be checked: a mistake in how it was joined, and no finding.

    No Exception, because the checks take each that the tested code raises for a finding.
    """


class RemoteError(Exception):
    """The tested code failed, and said so."""


class Refused(Exception):
    """A producer does not send this event."""


class Hello(NamedTuple):
    """What a remote says that it is, and does."""

    name: str = ""
    version: str = ""
    #: Options of its check.
    options: Mapping[str, Any] = MappingProxyType({})
    without: frozenset[str] = frozenset()
    #: A consumer that is given one chunk at a time.
    stepwise: bool = False
    #: A producer that sends comments, too.
    comments: bool = False

    @property
    def title(self) -> str:
        """Its name and version, as far as it has any."""
        return f"{self.name} {self.version}".strip()


class Reading(NamedTuple):
    """What a consumer made of a stream: its events, as mappings, and the error that ended it."""

    events: list[dict[str, Any]]
    error: str = ""


class RemoteConsumer(Protocol):
    """Something elsewhere that reads streams."""

    hello: Hello

    def read(self, chunks: list[Any]) -> Reading:
        """Have one stream read, and return what came of it."""
        ...


class RemoteProducer(Protocol):
    """Something elsewhere that sends events."""

    hello: Hello

    def send(self, event: ServerSentEvent, *, new: bool) -> bytes:
        """Have one event sent, the first of a new stream or another, and return its bytes; raises Refused."""
        ...


def parse_hello(members: dict[str, Any], role: str) -> Hello:
    """Take a hello apart.

    Raises:
        CannotGoOn: it is of another version or role, or has a value that there is not.
    """
    if members.get("hello") != VERSION:
        raise CannotGoOn(f'it does not answer {{"hello": {VERSION}}} with the same, but with {_shown(members)}')
    if members.get("role", role) != role:
        raise CannotGoOn(f"it says that it is a {members['role']}: sse-codec fuzz {members['role']}")
    options: dict[str, Any] = {}
    for name, choices in _CHOICES[role].items():
        if name in members:
            if members[name] not in choices:
                raise CannotGoOn(f"its hello has {name} {_shown(members[name])}; there are {', '.join(choices)}")
            options[name] = members[name]
    max_retry = members.get("max_retry")
    if max_retry is not None:
        if type(max_retry) is not int or max_retry < 0:
            raise CannotGoOn(f"its hello has max_retry {_shown(max_retry)}, which is no whole number")
        options["max_retry"] = max_retry
    if role == "consumer" and members.get("text"):
        options["text"] = True
    return Hello(
        name=_text(members.get("name")),
        version=_text(members.get("version")),
        options=options,
        without=rule_names(members.get("without") or [], role),
        stepwise=bool(members.get("stepwise")),
        comments=role == "producer" and bool(members.get("comments")),
    )


def rule_names(names: Any, role: str) -> frozenset[str]:
    """Return names of rules, all of which there are.

    Raises:
        CannotGoOn: there is none of that name.
    """
    known = {rule.name for rule in RULES[role]}
    if not _is(names, list):
        raise CannotGoOn(f"its hello has without {_shown(names)}, which is no list of rules")
    for name in names:
        if name not in known:
            raise CannotGoOn(f"there is no rule {_shown(name)} of a {role}; --list-rules shows all")
    return frozenset(names)


def request(**members: Any) -> bytes:
    """Return a request as a line: ASCII, so that no side's idea of an encoding matters."""
    return json.dumps(members).encode("ascii") + b"\n"


def in_base64(chunk: bytes) -> str:
    """Return bytes as they stand in a request."""
    return base64.b64encode(chunk).decode("ascii")


def event_members(event: ServerSentEvent) -> dict[str, Any]:
    """Return an event as it stands in a request."""
    return {"data": event.data, "event": event.event, "id": event.id, "retry": event.retry}


def parse_case(text: str, role: str) -> list[Any]:
    """Take a case apart that somebody wrote: chunks in base64, or events.

    Raises:
        ValueError: it is none.
    """
    items = json.loads(text)
    if not _is(items, list) or (role == "producer" and not items):
        raise ValueError(text)
    try:
        if role == "consumer":
            return [base64.b64decode(chunk, validate=True) for chunk in items]
        return [ServerSentEvent(**event) for event in items]
    except TypeError as error:
        raise ValueError(text) from error


def parse_answer(line: bytes) -> dict[str, Any]:
    """Take an answer apart.

    Raises:
        CannotGoOn: it is no JSON object in UTF-8.
    """
    try:
        text = line.decode()
        parsed = json.loads(text)
    except UnicodeDecodeError:
        raise CannotGoOn(f"it wrote a line that is not UTF-8; NAME_base64 takes any bytes: {_shown(line)}") from None
    except (ValueError, RecursionError):
        raise CannotGoOn(
            f"it wrote a line that is not JSON: {_shown(line)} (standard output is for answers alone; log elsewhere)"
        ) from None
    if not _is(parsed, dict):
        raise CannotGoOn(f"it wrote a line that is no JSON object: {_shown(line)}")
    members: dict[str, Any] = parsed
    return members


def parse_reading(members: dict[str, Any]) -> Reading:
    """Take apart what a consumer says that it read.

    Raises:
        CannotGoOn: it has neither events nor an error, or something that is no event.
    """
    error = _member(members, "error")
    events = members.get("events")
    if "events" not in members and error is None:
        raise CannotGoOn(f"its answer has neither events nor an error: {_shown(members)}")
    if not _is(events, list, type(None)):
        raise CannotGoOn(f"its events are no list: {_shown(events)}")
    read = list(map(parse_event, events or ()))
    return Reading(read, "" if error is None else _text(error) or "(it does not say why)")


def parse_event(members: Any) -> dict[str, Any]:
    """Bring an event of an answer into the form that the checks take.

    Raises:
        CannotGoOn: it is neither an event nor a comment.
    """
    if not _is(members, dict):
        raise CannotGoOn(f"an event is a JSON object, and not {_shown(members)}")
    comment = _member(members, "comment")
    data = _member(members, "data")
    if data is None:
        if comment is None:
            raise CannotGoOn(f"an event needs data, and there is none in {_shown(members)}")
        return {"comment": comment}
    event = {"data": data, "event": _member(members, "event", "type"), "retry": members.get("retry")}
    sticky = _member(members, "last_event_id", "lastEventId")
    own = _member(members, "id")
    if sticky is not None:
        event["last_event_id"] = sticky
    if sticky is None or own is not None or "id" in members:
        event["id"] = own
    if type(members.get("chunk")) is int:
        event["chunk"] = members["chunk"]
    return event


def parse_wire(members: dict[str, Any]) -> bytes:
    """Return the bytes that a producer says that it sent.

    Raises:
        Refused: it does not send this event.
        CannotGoOn: it says neither.
    """
    if "refused" in members or "refused_base64" in members:
        raise Refused(_text(_member(members, "refused")))
    wire = members.get("wire")
    if not isinstance(wire, str):
        raise CannotGoOn(f"its answer has neither wire nor refused: {_shown(members)}")
    return _from_base64(wire, members)


def _is(value: object, *kinds: type) -> bool:
    """Tell what a value is, and leave it an Any, of which `isinstance` would make a list, or a dict, of unknowns."""
    return isinstance(value, kinds)


def _member(members: dict[str, Any], *names: str) -> Any:
    """Return a member under any of its names, perhaps in base64."""
    for name in names:
        encoded = members.get(f"{name}_base64")
        if encoded is not None:
            # What is not UTF-8 equals no text, and is shown as what it is.
            return _from_base64(encoded, members).decode("utf-8", "surrogateescape")
        if members.get(name) is not None:
            return members[name]
    return None


def _from_base64(text: Any, members: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise CannotGoOn(f"this is not base64: {_shown(text)}, in {_shown(members)}") from None


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _shown(value: Any) -> str:
    """Return something as a message shows it: as it was written, what doesn't print escaped, and not all of it."""
    is_line = isinstance(value, bytes)
    text = value.decode("utf-8", "backslashreplace").rstrip("\r\n") if is_line else json.dumps(value)
    return printable(text) if len(text) <= _SHOWN else f"{printable(text[:_SHOWN])}..."
