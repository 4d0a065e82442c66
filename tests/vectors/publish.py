"""Makes the published vectors, `sse_codec/testing/vectors/*.json`: run `python -m tests.vectors.publish`.

Nothing in those files is written by hand. The inputs are the fixed cases of the fuzz kit (`_tour.py`), the tags and
sentences are its rules (`_rules.py`), and the reference decoder says what each stream means. docs/vectors.md describes
the format; its parts about the cases are generated too. `tests/test_vectors.py` checks that the files and the page are
up to date.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import json
import re
import sys
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sse_codec import ReceivedEvent, ServerSentEvent, encode
from sse_codec.testing import _tour, _vectors, reference_decode
from sse_codec.testing._producer import _arriving
from sse_codec.testing._rules import CONSUMER_RULES, PRODUCER_RULES, Rule, Stream
from sse_codec.testing._tour import events_that_cannot_be_sent, large_events_to_send, small_events_to_send

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

Case = dict[str, Any]

#: The version of the suite. Its changelog says what a new version may change.
VERSION = "1.0.0"
FOLDER = _vectors.FOLDER
PAGE = Path(__file__).parents[2] / "docs" / "vectors.md"

#: Stands for the text that a case repeats: U+001A SUBSTITUTE.
MARK = "\x1a"
#: Sent after the events of an encoding case. A field or block that was left open swallows it.
BEHIND = ServerSentEvent("behind")
#: The largest number of blocks or events in a case that joins several fixed cases.
MOST = 8
#: The largest size of each part of such a case, in bytes or characters.
SMALL = 100
#: The largest size of a case in bytes of JSON, and of a case about a number of things. A few fixed cases are larger;
#: only the checks try them.
LARGEST = 3_500
LARGEST_OF_MANY = 36_000

#: What the standard leaves open, or is done in other ways on purpose, and the cases in which it shows.
FREE = {
    "promptness-cr": (
        "A chunk ends with the CR that ends an event. A parser may return the event immediately, with `chunk`. It may "
        "also wait to see whether an LF follows; then the event comes with `latest`."
    ),
    "unfinished-block": (
        "The stream ends inside a block. The standard discards the block. Some clients dispatch it on purpose: "
        "they return `unfinished` after the other events, if the case has it, and keep the id of the block."
    ),
    "large-retry": (
        "A reconnection time over 2147483647. If the language has no number of that size, it may be ignored, rounded "
        "or capped."
    ),
    "empty-chunk": (
        "A chunk without bytes. It means nothing in a stream. Some interfaces treat it as the end, so they can't take "
        "one."
    ),
    "size": (
        "More than 65536 bytes. The format has no limits, but HTML lets implementations set their own. A parser with a "
        "limit should report it, and not drop anything silently."
    ),
}


# One case.


def decoding_case(chunks: Sequence[bytes]) -> Case:
    """Return the case of a stream in chunks. Members with nothing to say are left out."""
    wire = b"".join(chunks)
    stream = Stream(chunks)
    reference = reference_decode(wire)
    rules = [rule for rule in CONSUMER_RULES if rule.touched_by(stream)]
    events = [
        _event(event) | ({"chunk": chunk} if chunk else {}) | ({} if latest == chunk else {"latest": latest})
        for event, (chunk, latest) in zip(reference.events, _arrivals(chunks, reference.ends), strict=True)
    ]
    free = {
        "promptness-cr": any("latest" in event for event in events),
        "unfinished-block": bool(stream.blocks[-1]),
        "large-retry": any(
            line.name == b"retry" and re.fullmatch(rb"[0-9]+", line.value) and int(line.value[:4000]) > 2**31 - 1
            for line in stream.lines
        ),
        "empty-chunk": b"" in chunks,
        "size": len(wire) > 65536,
    }
    case: Case = {
        "id": f"{rules[0].name}/{short_hash(chunks)}",
        "rules": [rule.name for rule in rules],
        "free": [name for name in FREE if free[name]],
        "about": _about(rules[0], wire.decode("utf-8", "surrogateescape"), len(chunks), "chunk"),
    }
    text = _as_text(chunks)
    case |= {"base64": list(chunks)} if text is None else {"text": text}
    case["events"] = events
    if reference.unfinished is not None:
        case["unfinished"] = _event(reference.unfinished)
    if reference.last_event_id:
        case["lastEventId"] = reference.last_event_id
    if reference.reconnection_time is not None:
        case["reconnectionTime"] = reference.reconnection_time
    if reference.comments:
        case["comments"] = reference.comments
    return case


def encoding_case(events: Sequence[ServerSentEvent], spoilt: str = "") -> Case:
    """Return the case of events to send.

    Args:
        events: the events of one stream.
        spoilt: the field of the last one that can't be sent; "" if all can.
    """
    rules = [rule for rule in PRODUCER_RULES if rule.touched_by(events)]
    sent = list(map(_members, events))
    arrives = [_members(_arriving(event)) for event in events]
    large = any((event.retry or 0) > 2**31 - 1 for event in events)
    size = sum(len(event.data) + len(event.event) + len(event.id or "") for event in events)
    case: Case = {
        "id": f"{rules[0].name}/{short_hash([json.dumps(sent, sort_keys=True).encode()])}",
        "rules": [rule.name for rule in rules],
        "free": ["large-retry"] * large + ["size"] * (size > 65536),
        "about": _about(rules[0], _shown(sent[0]), len(events), "event"),
        "events": sent,
    }
    if spoilt:
        case["unsendable"] = "type" if spoilt == "event" else spoilt
    if arrives != sent:
        case["arrives"] = arrives
    if spoilt == "id" and "\0" in str(events[-1].id):
        case["never"] = ["\0"]
    return case


def short_hash(parts: Sequence[bytes]) -> str:
    """Return the part of an id that never changes: a hash of the input alone."""
    return hashlib.sha256(b"".join(b"%d:%b," % (len(part), part) for part in parts)).hexdigest()[:8]


def _event(event: ReceivedEvent) -> Case:
    return _members(event) | ({"lastEventId": event.last_event_id} if event.last_event_id else {})


def _members(event: ServerSentEvent) -> Case:
    """Return the members of an event, without those that have the default."""
    type_ = None if event.event == "message" else event.event
    members = {"type": type_, "data": event.data, "id": event.id, "retry": event.retry}
    return {name: value for name, value in members.items() if value is not None}


def _arrivals(chunks: Sequence[bytes], ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield for each event the chunk that completes it, and the chunk with which it must come at the latest.

    They differ if the chunk ends with the CR that ends the event. A consumer that waits for an LF after it returns the
    event with the next character, or at the end of the stream, after the last chunk.
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
    """Return the chunks as text if a parser of text can take them. It never sees a byte order mark at the start."""
    if b"".join(chunks).startswith(codecs.BOM_UTF8):
        return None
    try:
        return [chunk.decode() for chunk in chunks]
    except UnicodeDecodeError:
        return None


_SHOWN = 40


def _about(rule: Rule[Any], shown: str, count: int, unit: str) -> str:
    """Return a line for people: what the rule is about, and the case."""
    shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN // 2]}...{shown[-(_SHOWN // 2) :]}"
    text = repr(f"{shown}'\"")[1:-4]  # with both quotes, so that repr always escapes the same one
    text = re.sub(r"(?<!\\)\\x([89a-f][0-9a-f])", r"\\u00\1", text)  # a character; an invalid byte is \xNN
    text = re.sub(r"(?<!\\)\\udc([89a-f][0-9a-f])", r"\\x\1", text).replace("\\'", "'")
    return f"{rule.about}: {text}" + (f", in {count} {unit}s" if count > 1 else "")


def _shown(event: Case) -> str:
    return "; ".join(f"{name} {value}" for name, value in event.items())


# Long runs are written short.

#: A run of the same one to eight characters that is long enough.
_RUN = re.compile(r"([^\x1a]{1,8}?)\1{127,}", re.DOTALL)


def shortened(case: Case) -> Case:
    """Return a case with the runs of one text replaced by marks, if it has long ones."""
    strings = [part for member in _REPEATING for part in _strings(case.get(member))]
    has_mark = any(MARK in string for string in strings)
    runs = {(found[1], len(found[0]) // len(found[1])) for text in strings for found in _RUN.finditer(text)}
    best = _with_repeat(case, MARK, 1) if has_mark else case
    for text, times in sorted(runs):
        if not has_mark and (text.isascii() or "base64" not in case):
            best = min(best, _with_repeat(case, text, times), key=lambda each: len(dumped(each)))
    return best


def _with_repeat(case: Case, text: str, times: int) -> Case:
    """Return a case with marks, and the member that says what they stand for. Cases without it have no marks."""

    def mark(string: str) -> str:
        return string.replace(text * times, MARK)

    changed = {member: _each(value, mark) for member, value in case.items() if member in _REPEATING}
    return case | changed | {"repeat": {"text": text, "times": times}}


_REPEATING = ("text", "base64", "events", "unfinished", "lastEventId", "comments", "arrives")


def _strings(value: object) -> Iterator[str]:
    """Yield all text of a value. Bytes become text of as many characters."""
    if isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """Return a value with a function applied to all text in it."""
    if isinstance(value, bytes):
        return change(value.decode("latin-1")).encode("latin-1")
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each(part, change) for part in value]
    return {key: _each(part, change) for key, part in value.items()} if isinstance(value, dict) else value


# All cases.


def _streams() -> Iterator[tuple[Sequence[bytes], bool]]:
    """Yield the fixed streams in chunks, and whether they may be joined with others."""
    parts = (_tour._alone, _tour._with_others, _tour._paired, _tour._cut, _tour._sized, _tour._counted, _tour._largest)
    for part in parts:
        for chunks in part(_holds_many):  # which makes the tour yield those blocks one by one
            # Of the pairs, only those in one block, and of two line ends: the others would double the suite.
            stream = Stream(chunks)
            if part is _tour._paired and len(stream.blocks) != 2 and len({line.end for line in stream.lines}) == 1:
                continue
            yield chunks, part in {_tour._with_others, _tour._paired} and _can_be_joined(chunks)


def _holds_many(chunks: Sequence[bytes]) -> bool:
    return len(Stream(chunks).blocks) > 4


def _can_be_joined(chunks: Sequence[bytes]) -> bool:
    """Tell whether a stream is one chunk of whole blocks that mean the same after others."""
    stream = Stream(chunks)
    return (
        len(chunks) == 1
        and len(stream.blocks) > 1
        and not stream.blocks[-1]
        and not stream.has_bom
        and len({line.end for line in stream.lines}) == 1
        and len(stream.wire) < SMALL
    )


def _joined_streams(known: Collection[Case]) -> Iterator[list[bytes]]:
    """Yield the streams of the suite: those that it has, and new ones.

    Blocks with the same broken rule are joined, few enough to see which of them was read wrongly. New blocks are joined
    only with other new ones, so that existing cases keep their ids.
    """
    old = [case_chunks(case) for case in known]
    yield from old
    whole = set(map(tuple, old))
    held: dict[tuple[str, ...], list[bytes]] = {}
    for case, chunks in zip(known, old, strict=True):
        if len(chunks) == 1:
            held.setdefault(_key(case["rules"]), []).append(chunks[0])
    open_groups: dict[tuple[str, ...], list[bytes]] = {}
    for known_chunks, can_be_joined in _streams():
        chunks = list(known_chunks)
        if tuple(chunks) in whole:
            continue
        whole.add(tuple(chunks))
        if not can_be_joined:
            yield chunks
            continue
        stream = Stream(chunks)
        key = _key(rule.name for rule in CONSUMER_RULES if rule.touched_by(stream))
        if key[0] in PLAIN:
            yield chunks
            continue
        if any(_stands_in(chunks[0], wire) for wire in held.get(key, ())):
            continue
        group = open_groups.setdefault(key, [])
        if sum(map(_count_blocks, [*group, chunks[0]])) > MOST:
            yield [b"".join(group)]
            group.clear()
        group.append(chunks[0])
    for group in open_groups.values():
        yield [b"".join(group)]


#: Cases of these rules are not joined, so that the first cases are plain.
PLAIN = {"data", "events"}
#: Rules that implementations often skip on purpose. Skipping their cases should hide little else.
OFTEN_SKIPPED = {"event-without-data", "id", "no-colon", "retry"}


def _key(rules: Iterable[str]) -> tuple[str, ...]:
    """Return what streams must share to be joined: the first rule, and the rules that are often skipped."""
    first, *others = rules
    return (first, *(name for name in others if name in OFTEN_SKIPPED))


def _count_blocks(wire: bytes) -> int:
    return len(Stream([wire]).blocks) - 1


def _stands_in(wire: bytes, stream: bytes) -> bool:
    """Tell whether a stream contains the blocks of another."""
    at = stream.find(wire)
    while at > 0 and stream[at - 2 : at] not in {b"\n\n", b"\r\r"} and not stream.startswith(b"\r\n\r\n", at - 4):
        at = stream.find(wire, at + 1)
    return at >= 0


def case_chunks(case: Case) -> list[bytes]:
    """Return the chunks of a case that was read from a file."""
    text = (case["repeat"]["text"] * case["repeat"]["times"]).encode() if "repeat" in case else b""
    chunks = map(str.encode, case["text"]) if "text" in case else map(base64.b64decode, case["base64"])
    return [chunk.replace(MARK.encode(), text) for chunk in chunks]


def case_events(case: Case) -> list[ServerSentEvent]:
    """Return the events to send of a case that was read from a file."""
    text = case["repeat"]["text"] * case["repeat"]["times"] if "repeat" in case else ""
    events = _each(case["events"], lambda value: value.replace(MARK, text))
    return [ServerSentEvent(e["data"], e.get("type", "message"), e.get("id"), e.get("retry")) for e in events]


def events_to_send() -> list[list[ServerSentEvent]]:
    """Return all known places of events that can be sent."""
    return [*small_events_to_send(), *large_events_to_send()]


def _joined_events(known: Collection[Case]) -> Iterator[Sequence[ServerSentEvent]]:
    """Yield the lists of events that can be sent, joined in the same way."""
    old = list(map(case_events, known))
    yield from old
    old_ones = set(map(tuple, old))
    held: set[tuple[ServerSentEvent, ...]] = set()
    for events in old_ones:
        for start in range(len(events)):
            held.update(events[start:end] for end in range(start + 1, min(start + 4, len(events)) + 1))
    tour = [tuple(events) for events in events_to_send()]
    starts = {events[:-1] for events in tour if len(events) <= MOST // 2}
    open_groups: dict[tuple[str, ...], list[ServerSentEvent]] = {}
    for events in tour:
        key = _key(rule.name for rule in PRODUCER_RULES if rule.touched_by(events))
        is_large = len(events) > MOST // 2 or any(len(event.data) + len(event.event) > SMALL for event in events)
        if key[0] in PLAIN or is_large:
            if events not in old_ones:
                yield events
            continue
        if events in held or events in starts:
            continue
        group = open_groups.setdefault(key, [])
        if len(group) + len(events) > MOST:
            yield tuple(group)
            group.clear()
        group += events
    for group in open_groups.values():
        yield tuple(group)


def decoding_cases(known: Collection[Case] = ()) -> list[Case]:
    """Return all cases of streams. `known` are the existing ones."""
    return _sorted(map(decoding_case, _joined_streams(known)), CONSUMER_RULES)


def encoding_cases(known: Collection[Case] = ()) -> list[Case]:
    """Return all cases of events to send, including those with a lone surrogate."""
    sendable = [case for case in known if "unsendable" not in case]
    cases = [*map(encoding_case, _joined_events(sendable))]
    cases += [
        encoding_case([event], field)
        for event, field in events_that_cannot_be_sent()
        if json.loads(json.dumps(_members(event))) == _members(event)  # JSON joins a pair of surrogates
    ]
    cases += [
        encoding_case(case_events(case), "event" if case["unsendable"] == "type" else case["unsendable"])
        for case in known
        if "unsendable" in case
    ]
    return _sorted(cases, PRODUCER_RULES)


def _sorted(cases: Iterable[Case], rules: Sequence[Rule[Any]]) -> list[Case]:
    """Return the cases, each once, basic ones first: then the first case that fails is due to its first rule.

    Rules that few streams touch come first in `rules`, and all streams touch the last one.
    """
    order = [rule.name for rule in reversed(rules)]

    def key(case: Case) -> tuple[Any, ...]:
        inputs = case.get("text") or case.get("base64") or case["events"]
        return order.index(case["rules"][0]), len(case["rules"]), len(inputs), len(str(inputs)), case["id"]

    short = (shortened(case) for case in {case["id"]: case for case in cases}.values())
    return sorted(filter(_is_small, short), key=key)


def _is_small(case: Case) -> bool:
    size = len(dumped(case))
    is_about_many = case["rules"][0] in {"many-events", "many-lines"}
    has_many_chunks = len(case.get("text", ())) > 1000 and size < LARGEST_OF_MANY // 2
    return size <= (LARGEST_OF_MANY if is_about_many or has_many_chunks else LARGEST)


# The files.


def dumped(value: object) -> str:
    """Return JSON in ASCII, with bytes as base64."""

    def as_base64(part: bytes) -> str:
        return base64.b64encode(part).decode()

    return json.dumps(value, default=as_base64, separators=(",", ":"))


def _document(kind: str, title: str, about: str, rules: Sequence[Rule[Any]], cases: Sequence[Case]) -> str:
    """Return the text of a file: its head, and each case on a line."""
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
    }
    if kind == "encoding":
        head["behind"] = {"wire": encode(BEHIND).decode(), "data": BEHIND.data}
    lines = ",\n".join(map(dumped, cases))
    return json.dumps(head, indent=1)[:-2] + f',\n "cases": [\n{lines}\n ]\n}}\n'


def files(known: Mapping[str, Collection[Case]]) -> dict[str, str]:
    """Return the text of each file, by name.

    Args:
        known: the cases that each file has already, by name. They stay.
    """
    encoding = encoding_cases([*known.get("encoding.json", ()), *known.get("surrogates.json", ())])
    plain = [case for case in encoding if "surrogate" not in case["rules"]]
    surrogates = [case for case in encoding if "surrogate" in case["rules"]]
    decoding = decoding_cases(known.get("decoding.json", ()))
    return {
        "decoding.json": _document(
            "decoding", "Event streams, and what they mean", "For parsers.", CONSUMER_RULES, decoding
        ),
        "encoding.json": _document(
            "encoding", "Events to send, and what must arrive", "For encoders.", PRODUCER_RULES, plain
        ),
        "surrogates.json": _document(
            "encoding",
            "Events to send, with a lone surrogate in them",
            "For encoders in languages whose strings can contain one. This is a separate file, because the JSON "
            "readers of other languages refuse it.",
            PRODUCER_RULES,
            surrogates,
        ),
    }


def published() -> dict[str, list[Case]]:
    """Return the existing cases, by the name of their file."""
    paths = (FOLDER / f"{name}.json" for name in ("decoding", "encoding", "surrogates"))
    return {path.name: json.loads(path.read_text("ascii"))["cases"] for path in paths if path.exists()}


def page(text: str, cases: Mapping[str, Sequence[Case]]) -> str:
    """Return docs/vectors.md with its parts about the cases: their number, an example, and the free choices."""
    decoding, encoding = cases["decoding.json"], cases["encoding.json"]
    example = next((case for case in decoding if case["rules"][0] == "id" and len(case["events"]) == 2), decoding[0])
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in example.items())
    numbers = f"{len(decoding):,} event streams with the events that they mean, and {len(encoding):,} lists"
    free = "".join(f"| `{name}` | {about} |\n" for name, about in FREE.items())
    text = re.sub(r"[0-9,]+ event streams with the events that they mean, and [0-9,]+ lists", numbers, text)
    text = re.sub(
        r"(<!-- case -->\n```json\n).*?(?=```)", lambda found: f"{found[1]}{{\n{lines}\n}}\n", text, flags=re.DOTALL
    )
    return re.sub(r"(\| name \| what \|\n\| --- \| --- \|\n)(?:\| .*\n)+", lambda found: found[1] + free, text)


def main(arguments: Sequence[str]) -> None:
    """Write the files, and print what is new, gone or changed. With `--anew`, existing cases need not stay."""
    before = published()
    for name, text in files({} if "--anew" in arguments else before).items():
        old = {case["id"]: case for case in before.get(name, ())}
        new = {case["id"]: case for case in json.loads(text)["cases"]}
        changed = [key for key in old.keys() & new.keys() if old[key] != new[key]]
        gone = sorted(old.keys() - new.keys())
        print(
            f"{name}: {len(new)} cases, {len(text):,} bytes; {len(new.keys() - old.keys())} new, {len(gone)} gone, "
            f"{len(changed)} changed"
        )
        for key in gone:
            print(f"  gone: {key}", file=sys.stderr)
        (FOLDER / name).write_text(text, "ascii")
    PAGE.write_text(page(PAGE.read_text("utf-8"), published()), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
