"""`sse-codec encode`: read JSON lines; write an event stream."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from sse_codec._encoder import encode_block
from sse_codec._errors import EncodeTypeError, show
from sse_codec._grammar import DEFAULT_EVENT
from sse_codec._text import printable

from ._streams import Failure, Sink, Source

if TYPE_CHECKING:
    import argparse

_ENCODED_KEYS = ("data", "event", "id", "retry", "comment")
_IGNORED_KEYS = ("last_event_id",)  # `decode` writes it, but it is not sent
#: The start of a line of an event stream. No JSON starts like that.
_STREAM = re.compile(r"\ufeff?(?:(?:data|event|id|retry)?:|data$)")
#: How many characters of a wrong number to show.
_SHOWN = 40
_JSON_KEY = "json"  # send the data as JSON, even a string or null


def encode(options: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    sink = Sink()
    source = Source(options.file, "encode", sink, events=False)
    try:
        for number, line in enumerate(source.lines(), 1):
            if not line.isspace():
                try:
                    text = block(line).decode()
                except ValueError as error:
                    raise Failure(1, f"{source.name}, line {number}: {error}") from None
                if sink.is_terminal:  # other people's text must not control it
                    text = "".join(f"{printable(part)}\n" for part in text[:-1].split("\n"))
                sink.write(text)
    finally:
        source.close()
    return 0


def block(line: bytes) -> bytes:
    """Encode one JSON line; raise a ValueError that says what is wrong with the line."""
    try:
        text = line.decode().strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start + 1})") from None
    try:
        parsed = _READER.decode(text)
    except json.JSONDecodeError as error:
        if _STREAM.match(text):
            raise ValueError("this looks like an event stream, not JSON; did you mean `sse-codec decode`?") from None
        raise ValueError(f"not JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    if not isinstance(parsed, dict):
        raise ValueError(f"not a JSON object: {show(text)}")
    keys = cast("dict[str, Any]", parsed)
    known = [*_ENCODED_KEYS, _JSON_KEY, *_IGNORED_KEYS]
    for key in keys:
        if key not in known:
            raise ValueError(f"unknown key {show(key)}; known keys are {', '.join(known)}")
    parts = {key: keys[key] for key in _ENCODED_KEYS if keys.get(key) is not None}
    if parts.get("event") == DEFAULT_EVENT:
        del parts["event"]  # `decode` writes it in each line, but few streams do
    if "data" in keys and (keys.get(_JSON_KEY) is True or not isinstance(parts.get("data", ""), str)):
        parts["data"] = _text_of(text, "data")
    if not parts:
        raise ValueError(f"nothing to send: give at least one of {', '.join(_ENCODED_KEYS)}")
    if isinstance(parts.get("event"), str) and "data" not in parts:
        raise ValueError('event needs data: receivers dispatch nothing without it; "data": "" sends an empty event')
    try:
        return encode_block(**parts)
    except EncodeTypeError as error:
        raise ValueError(_wrong_type(error.field, error.value, text)) from None


def _wrong_type(key: str, value: Any, text: str) -> str:
    """Say in terms of JSON what is wrong with the type of a value; `text` is the whole object."""
    wanted = "a whole number of milliseconds" if key == "retry" else "a string"
    source = printable(_text_of(text, key)[:_SHOWN])
    if isinstance(value, (list, dict)):
        remedy = ", not an array" if isinstance(value, list) else ", not an object"
    elif key != "retry":
        remedy = f': write "{source}"'
    else:
        remedy = f": write {value}" if re.fullmatch("[0-9]{1,18}", str(value)) else f", not {source}"
    return f"{key} must be {wanted}{remedy}"


def _read_int(digits: str) -> int:
    """Parse an int. Python refuses very long ones; cut them, because they are too large for any field anyway."""
    return int(digits[:1000])


_READER = json.JSONDecoder(parse_int=_read_int)


def _text_of(text: str, wanted: str) -> str:
    """Return the source text of a member of a JSON object (the last one of that name), so that no number is rounded."""
    found = ""
    at = text.index("{") + 1
    while True:
        key, end = _READER.raw_decode(text, _skip(text, at))
        start = _skip(text, _skip(text, end) + 1)
        _, end = _READER.raw_decode(text, start)
        if key == wanted:
            found = text[start:end]
        end = _skip(text, end)
        if text[end] == "}":
            return found
        at = end + 1


def _skip(text: str, at: int) -> int:
    """Return the index of the next character that is not white space."""
    while text[at] in " \t\n\r":
        at += 1
    return at
