"""Makes the published vectors, `sse_codec/testing/vectors/*.json`: run `python -m tests.vectors.publish`.

Nothing in those files is written by hand. The inputs are the known places of the fuzz kit (`_tour.py`), the tags and
sentences are its rules (`_rules.py`), and what each stream means is what the reference decoder says. docs/vectors.md
describes the format; `tests/test_vectors.py` holds the files to what is made here.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import json
import re
import sys
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from sse_codec import ReceivedEvent, ServerSentEvent, encode
from sse_codec.testing import _vectors, reference_decode
from sse_codec.testing._producer import _arriving
from sse_codec.testing._rules import CONSUMER_RULES, PRODUCER_RULES, Rule, Stream
from sse_codec.testing._tour import events_that_cannot_be_sent, events_to_send, streams_in_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Case = dict[str, Any]

#: The version of the suite; its changelog says what a new one may change.
VERSION = "1.0.0"
FOLDER = _vectors.FOLDER

#: Stands for the text that a case repeats, U+001A SUBSTITUTE; in most cases for itself.
MARK = "\x1a"
NO_REPEAT = {"text": MARK, "times": 1}
#: What is sent behind the events of an encoding case: whatever was left open swallows it.
BEHIND = "data: behind\n\n"

#: What the standard leaves open, or is done in other ways on purpose, and the cases in which it shows.
FREE = {
    "promptness-cr": (
        "A chunk ends with the CR that ends an event. The event can come at once, with `chunk`. A parser may also wait "
        "and see whether a LF follows; then the event comes with `latest`."
    ),
    "unfinished-block": (
        "The stream ends inside a block. The standard discards the block. Some clients dispatch it on purpose: "
        "they give out `unfinished` after the other events, unless it is null, and keep the id of the block."
    ),
    "large-retry": (
        "A reconnection time over 2147483647. If the language has no such number, it may be ignored, rounded or capped."
    ),
    "empty-chunk": (
        "A chunk without bytes. It means nothing in a stream. Some interfaces take it for the end, so they can't be "
        "given one."
    ),
    "size": (
        "More than 65536 bytes. The format has no limits, but HTML lets implementations set their own. A parser with a "
        "limit should report it, and not cut anything off in silence."
    ),
}


# What is made of one case.


def decoding_case(chunks: Sequence[bytes]) -> Case:
    """Return a stream in chunks with what it means."""
    wire = b"".join(chunks)
    stream = Stream(chunks)
    reference = reference_decode(wire)
    rules = [rule for rule in CONSUMER_RULES if rule.touched_by(stream)]
    events = [
        {**_event(event), "chunk": chunk, "latest": latest}
        for event, (chunk, latest) in zip(reference.events, _arrivals(chunks, reference.ends), strict=True)
    ]
    free = {
        "promptness-cr": any(event["chunk"] != event["latest"] for event in events),
        "unfinished-block": bool(stream.blocks[-1]),
        "large-retry": any(
            line.name == b"retry" and re.fullmatch(rb"[0-9]+", line.value) and int(line.value[:4000]) > 2**31 - 1
            for line in stream.lines
        ),
        "empty-chunk": b"" in chunks,
        "size": len(wire) > 65536,
    }
    return {
        "id": f"{rules[0].name}/{short_hash(chunks)}",
        "rules": [rule.name for rule in rules],
        "free": [name for name in FREE if free[name]],
        "about": _about(rules[0], wire.decode("utf-8", "surrogateescape"), len(chunks), "chunk"),
        "repeat": NO_REPEAT,
        "chunks": list(chunks),
        "text": _as_text(chunks),
        "events": events,
        "unfinished": None if reference.unfinished is None else _event(reference.unfinished),
        "lastEventId": reference.last_event_id,
        "reconnectionTime": reference.reconnection_time,
        "comments": reference.comments,
    }


def encoding_case(events: Sequence[ServerSentEvent], spoilt: str = "") -> Case:
    """Return events to send with what arrives of them.

    Args:
        events: the events of one stream.
        spoilt: the field of the last one that can't be sent; "" if all can.
    """
    rules = [rule for rule in PRODUCER_RULES if rule.touched_by(events)]
    if spoilt:  # what the last event can't be sent for is what the case is about
        rules.sort(key=lambda rule: not rule.touched_by([events[-1]]))
    sent = [{"type": event.event, "data": event.data, "id": event.id, "retry": event.retry} for event in events]
    arrives: list[Case] = []
    last_event_id = ""
    for event in map(_arriving, events):
        last_event_id = last_event_id if event.id is None else event.id
        arrives.append(_event(ReceivedEvent(event.data, event.event, event.id, event.retry, last_event_id)))
    [behind] = reference_decode(BEHIND.encode(), last_event_id=last_event_id).events
    arrives.append(_event(behind))
    for member in {"event": ["type"], "id": ["id", "lastEventId"]}.get(spoilt, [spoilt]):
        arrives[-2].pop(member, None)
        if member == "lastEventId":
            arrives[-1].pop(member)
    key = json.dumps(sent, separators=(",", ":"), sort_keys=True).encode()
    large = any((event.retry or 0) > 2**31 - 1 for event in events)
    size = sum(len(event.data) + len(event.event) + len(event.id or "") for event in events)
    return {
        "id": f"{rules[0].name}/{short_hash([key])}",
        "rules": [rule.name for rule in rules],
        "free": ["large-retry"] * large + ["size"] * (size > 65536),
        "about": _about(rules[0], ", ".join(map(_shown_event, events)), 1, "event"),
        "repeat": NO_REPEAT,
        "events": sent,
        "unsendable": {"event": "type"}.get(spoilt, spoilt) or None,
        "arrives": arrives,
        "never": ["\0"] if spoilt == "id" and "\0" in str(events[-1].id) else [],
        "example": None if spoilt else "".join(encode(event).decode() for event in events),
    }


def short_hash(parts: Sequence[bytes]) -> str:
    """Return the part of an id that never changes: it is made of the input alone."""
    return hashlib.sha256(b"".join(b"%d:%b," % (len(part), part) for part in parts)).hexdigest()[:8]


def _event(event: ReceivedEvent) -> Case:
    return {
        "type": event.event,
        "data": event.data,
        "id": event.id,
        "lastEventId": event.last_event_id,
        "retry": event.retry,
    }


def _arrivals(chunks: Sequence[bytes], ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield for each event the chunk that completes it, and the one with which it comes at the latest.

    They differ where the chunk ends with the CR that ends the event. Who waits for a LF behind it has it with the next
    character, or at the end of the stream, after the last chunk.
    """
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    characters = list(accumulate(len(decode(chunk)) for chunk in chunks))
    arrived = list(accumulate(map(len, chunks)))
    for end in ends:
        chunk = next(number for number, count in enumerate(arrived) if count >= end)
        latest = chunk
        if arrived[chunk] == end and chunks[chunk].endswith(b"\r"):
            seen = characters[chunk]
            latest = next((number for number, count in enumerate(characters) if count > seen), len(chunks))
        yield chunk, latest


def _as_text(chunks: Sequence[bytes]) -> list[str] | None:
    """Return the chunks as text, if a parser of text can be given them; a mark at the start is not for it to see."""
    if b"".join(chunks).startswith(codecs.BOM_UTF8):
        return None
    try:
        return [chunk.decode() for chunk in chunks]
    except UnicodeDecodeError:
        return None


_SHOWN = 60


def _about(rule: Rule[Any], shown: str, count: int, unit: str) -> str:
    """Return a line for people: what the rule is about, and what the case is."""
    shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN // 2]}...{shown[-(_SHOWN // 2) :]}"
    text = repr(f"{shown}'\"")[1:-4]  # with both quotes in it, so that it is always the same that are escaped
    text = re.sub(r"(?<!\\)\\x([89a-f][0-9a-f])", r"\\u00\1", text)  # a character; a byte that is none is \xNN
    text = re.sub(r"(?<!\\)\\udc([89a-f][0-9a-f])", r"\\x\1", text).replace("\\'", "'")
    return f"{rule.about}: {text}" + (f", in {count} {unit}s" if count > 1 else "")


def _shown_event(event: ServerSentEvent) -> str:
    fields = {"type": event.event, "data": event.data, "id": event.id, "retry": event.retry}
    return "; ".join(f"{k} {v}" for k, v in fields.items() if v is not None and (k, v) != ("type", "message"))


# What is long is written short.

#: A run of one character that is worth it.
_RUN = re.compile(r"([^\x1a\\\"\r\n])\1{255,}")


def shortened(case: Case) -> Case:
    """Return a case with its long runs of one character written as marks, if it has any."""
    strings = [part for member in _REPEATING for part in _strings(case.get(member))]
    runs = {(found[1], len(found[0])) for text in strings for found in _RUN.finditer(text)}
    best = case
    for text, times in sorted(runs):
        if text.isascii() and not any(MARK in string for string in strings):
            run = re.compile(f"{re.escape(text)}{{{times}}}")
            changed = {
                member: _each(value, partial(run.sub, MARK)) if member in _REPEATING else value
                for member, value in case.items()
            }
            changed["repeat"] = {"text": text, "times": times}
            best = min(best, changed, key=lambda each: len(dumped(each)))
    return best


_REPEATING = ("chunks", "text", "events", "unfinished", "lastEventId", "comments", "arrives", "example")


def _strings(value: object) -> Iterator[str]:
    """Yield all text of a value; bytes as text of as many characters."""
    if isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """Return a value with all text in it changed."""
    if isinstance(value, bytes):
        return change(value.decode("latin-1")).encode("latin-1")
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each(part, change) for part in value]
    return {key: _each(part, change) for key, part in value.items()} if isinstance(value, dict) else value


# The files.


def _unique(cases: Iterable[Case]) -> list[Case]:
    return list({case["id"]: case for case in cases}.values())


def _sorted(cases: Iterable[Case], rules: Sequence[Rule[Any]]) -> list[Case]:
    """Return the cases, basic ones first: then the first that fails is to blame on its first rule.

    The rules' order is that of blame: what shows in few streams stands first, and the last is touched by all.
    """
    order = [rule.name for rule in reversed(rules)]

    def key(case: Case) -> tuple[Any, ...]:
        inputs = case.get("chunks") or case["events"]
        return order.index(case["rules"][0]), len(case["rules"]), len(inputs), len(str(inputs)), case["id"]

    return sorted(cases, key=key)


def dumped(value: object) -> str:
    """Return JSON in ASCII; bytes as base64."""

    def as_base64(part: bytes) -> str:
        return base64.b64encode(part).decode()

    return json.dumps(value, default=as_base64)


def _document(kind: str, title: str, about: str, rules: Sequence[Rule[Any]], cases: Sequence[Case]) -> str:
    """Return a file: what it is, and a case a line."""
    used = {name for case in cases for name in case["rules"]}
    free = {name for case in cases for name in case["free"]}
    head = {
        "$schema": f"./{kind}.schema.json",
        "title": title,
        "about": about,
        "version": VERSION,
        "license": "MIT",
        "standard": "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        "rules": {rule.name: {"about": rule.about, "sentence": rule.sentence} for rule in rules if rule.name in used},
        "free": {name: text for name, text in FREE.items() if name in free},
        **({"behind": BEHIND} if kind == "encoding" else {}),
    }
    lines = ",\n".join(dumped(shortened(case)) for case in cases)
    return json.dumps(head, indent=1)[:-2] + f',\n "cases": [\n{lines}\n ]\n}}\n'


def decoding_cases() -> list[Case]:
    return _sorted(_unique(map(decoding_case, streams_in_chunks())), CONSUMER_RULES)


def encoding_cases() -> list[Case]:
    """Return all cases of events to send, those with a lone surrogate too."""
    sendable = map(encoding_case, events_to_send())
    spoilt = (encoding_case([event], field) for event, field in events_that_cannot_be_sent())
    return _sorted(_unique([*sendable, *spoilt]), PRODUCER_RULES)


def files() -> dict[str, str]:
    """Return what each file should hold, by name."""
    encoding = encoding_cases()
    plain = [case for case in encoding if "surrogate" not in case["rules"]]
    surrogates = [case for case in encoding if "surrogate" in case["rules"]]
    return {
        "decoding.json": _document(
            "decoding", "Event streams, and what they mean", "For parsers.", CONSUMER_RULES, decoding_cases()
        ),
        "encoding.json": _document(
            "encoding", "Events to send, and what arrives of them", "For encoders.", PRODUCER_RULES, plain
        ),
        "surrogates.json": _document(
            "encoding",
            "Events to send, with a lone surrogate in them",
            "For encoders in languages whose strings can hold one. In a file of its own, because other languages' JSON "
            "readers refuse it.",
            PRODUCER_RULES,
            surrogates,
        ),
    }


def main() -> None:
    """Write the files, and say what is new, gone or changed."""
    for name, text in files().items():
        path = FOLDER / name
        before = {case["id"]: case for case in json.loads(path.read_text("ascii"))["cases"]} if path.exists() else {}
        after = {case["id"]: case for case in json.loads(text)["cases"]}
        changed = [key for key in before.keys() & after.keys() if before[key] != after[key]]
        print(
            f"{name}: {len(after)} cases, {len(text):,} bytes; {len(after.keys() - before.keys())} new, "
            f"{len(before.keys() - after.keys())} gone, {len(changed)} changed"
        )
        for key in sorted(before.keys() - after.keys()):
            print(f"  gone: {key}", file=sys.stderr)
        path.write_text(text, "ascii")


if __name__ == "__main__":
    main()
