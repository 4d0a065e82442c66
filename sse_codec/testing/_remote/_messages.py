"""The messages between the suite and a program in another language, which docs/fuzz-protocol.md documents.

Both sides write JSON objects. Only this module parses what a program sends. It converts that to the form that the
checks take.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from sse_codec._choices import CHOICES
from sse_codec._event import ServerSentEvent
from sse_codec._text import printable
from sse_codec.testing._options import is_one_of
from sse_codec.testing._rules import CONSUMER_CHECKED, PRODUCER_CHECKED, Rule

VERSION = 1

#: How many characters of a received line an error message shows.
_SHOWN = 200

#: By role, the rules that a run can skip.
RULES: dict[str, Sequence[Rule[Any]]] = {
    "consumer": CONSUMER_CHECKED,
    "producer": PRODUCER_CHECKED,
}


class CannotGoOn(BaseException):
    """The other side can't be checked. This is a mistake in its setup, not a finding.

    It is not an Exception, because the checks report every Exception of the tested code as a finding.
    """


class RemoteError(Exception):
    """The tested code reported a failure."""


class Refused(Exception):
    """A producer refuses to send this event."""


class Hello(NamedTuple):
    """What a remote says about itself."""

    name: str = ""
    version: str = ""
    #: Options for its check.
    options: Mapping[str, Any] = MappingProxyType({})
    without: frozenset[str] = frozenset()
    #: Whether a consumer takes one chunk at a time.
    stepwise: bool = False
    #: Whether a producer also sends comments.
    comments: bool = False

    @property
    def title(self) -> str:
        """Its name and version, or whichever it has."""
        return f"{self.name} {self.version}".strip()


class Reading(NamedTuple):
    """What a consumer read from a stream: the events, as mappings, and the error that ended it."""

    events: list[dict[str, Any]]
    error: str = ""


class RemoteConsumer(Protocol):
    """A remote that reads streams."""

    hello: Hello

    def read(self, chunks: list[Any]) -> Reading:
        """Have the remote read one stream, and return what it read."""
        ...


class RemoteProducer(Protocol):
    """A remote that sends events."""

    hello: Hello

    def send(self, event: ServerSentEvent, *, new: bool) -> bytes:
        """Have the remote send one event, and return its bytes; `new` starts a new stream. Raises Refused."""
        ...


def parse_hello(members: dict[str, Any], role: str) -> Hello:
    """Parse a hello.

    Raises:
        CannotGoOn: it is for another version or role, or has an invalid value.
    """
    if members.get("hello") != VERSION:
        raise CannotGoOn(f'its hello must have "hello": {VERSION}, but it is {_shown(members)}')
    if (named := members.get("role", role)) != role:
        remedy = f"; use sse-codec fuzz {named}" if named in tuple(CHOICES) else ""
        raise CannotGoOn(f"its hello has role {_shown(named)}, not {role}{remedy}")
    options: dict[str, Any] = {}
    for name, choices in CHOICES[role].items():
        if name in members:
            if members[name] not in choices:
                raise CannotGoOn(f"its hello has {name} {_shown(members[name])}; valid values: {', '.join(choices)}")
            options[name] = members[name]
    max_retry = members.get("max_retry")
    if max_retry is not None:
        if type(max_retry) is not int or max_retry < 0:
            raise CannotGoOn(f"its hello has max_retry {_shown(max_retry)}; it must be a whole number")
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
    """Return names of rules from a hello.

    Raises:
        CannotGoOn: it is not a list, or no rule has one of the names.
    """
    known = {rule.name for rule in RULES[role]}
    if not is_one_of(names, list):
        raise CannotGoOn(f"its hello has without {_shown(names)}; it must be a list of rules")
    for name in names:
        if name not in known:
            raise CannotGoOn(f"no {role} rule is named {_shown(name)}; --list-rules shows all")
    return frozenset(names)


def request(**members: Any) -> bytes:
    """Return a request as a line. It is ASCII, so the encoding that the other side expects does not matter."""
    return json.dumps(members).encode("ascii") + b"\n"


def in_base64(chunk: bytes) -> str:
    """Return bytes as a request contains them."""
    return base64.b64encode(chunk).decode("ascii")


def parse_case(text: str, role: str) -> list[Any]:
    """Parse the value of --case: chunks in base64, or events.

    Raises:
        ValueError: it is not a case.
    """
    items = json.loads(text)
    if not is_one_of(items, list) or (role == "producer" and not items):
        raise ValueError(text)
    try:
        if role == "consumer":
            return [base64.b64decode(chunk, validate=True) for chunk in items]
        return [ServerSentEvent(**event) for event in items]
    except TypeError as error:
        raise ValueError(text) from error


def parse_answer(line: bytes, *, is_body: bool = False) -> dict[str, Any]:
    """Parse an answer: a line that a program wrote, or the body of a request.

    Raises:
        CannotGoOn: it is not a JSON object in UTF-8.
    """
    what = "the body is" if is_body else "it wrote a line that is"
    try:
        text = line.decode()
        parsed = json.loads(text)
    except UnicodeDecodeError:
        raise CannotGoOn(f"{what} not UTF-8: {_shown(line)} (send such text in base64, as NAME_base64)") from None
    except (ValueError, RecursionError):
        advice = "" if is_body else " (if it is a log message, write it to standard error)"
        raise CannotGoOn(f"{what} not JSON: {_shown(line)}{advice}") from None
    if not is_one_of(parsed, dict):
        raise CannotGoOn(f"{what} not a JSON object: {_shown(line)}")
    members: dict[str, Any] = parsed
    return members


def parse_reading(members: dict[str, Any]) -> Reading:
    """Parse an answer with what a consumer read.

    Raises:
        CannotGoOn: it has neither events nor an error, or its events are invalid.
    """
    error = _member(members, "error")
    events = members.get("events")
    if "events" not in members and error is None:
        raise CannotGoOn(f"its answer has neither events nor an error: {_shown(members)}")
    if not is_one_of(events, list, type(None)):
        raise CannotGoOn(f"its events are not a list: {_shown(events)}")
    read = list(map(parse_event, events or ()))
    return Reading(read, "" if error is None else _text(error) or "(it does not say why)")


def parse_event(members: Any) -> dict[str, Any]:
    """Convert an event or a comment of an answer to the form that the checks take.

    Raises:
        CannotGoOn: it is neither.
    """
    if not is_one_of(members, dict):
        raise CannotGoOn(f"an event must be a JSON object, not {_shown(members)}")
    comment = _member(members, "comment")
    data = _member(members, "data")
    if data is None:
        if comment is None:
            raise CannotGoOn(f"an event needs data, but this one has none: {_shown(members)}")
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
    """Return the bytes that a producer sent, from its answer.

    Raises:
        Refused: it refuses to send this event.
        CannotGoOn: the answer has neither bytes nor a refusal.
    """
    if "refused" in members or "refused_base64" in members:
        raise Refused(_text(_member(members, "refused")))
    wire = members.get("wire")
    if not isinstance(wire, str):
        raise CannotGoOn(f"its answer has neither wire nor refused: {_shown(members)}")
    return _from_base64(wire, members)


def _member(members: dict[str, Any], *names: str) -> Any:
    """Return a member by the first of its names that is present, decoded if it is in base64."""
    for name in names:
        encoded = members.get(f"{name}_base64")
        if encoded is not None:
            # With surrogates, bytes that are not UTF-8 differ from any expected text, and a report still shows them.
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
    """Return a value for an error message: as JSON, cut if it is long, with unprintable characters escaped."""
    is_line = isinstance(value, bytes)
    text = value.decode("utf-8", "backslashreplace").rstrip("\r\n") if is_line else json.dumps(value)
    return printable(text) if len(text) <= _SHOWN else f"{printable(text[:_SHOWN])}..."
