"""Every code of a finding: one table, from which the findings, `--explain`, SARIF and docs/lint.md are made.

A new code is a row here, the place that calls `Report.add` with it, and a case in tests/test_lint.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from sse_codec._errors import show


@dataclass(frozen=True, slots=True)
class Code:
    """What there is to know about one kind of finding.

    Args:
        name: as in `Finding.code`, `ignore=` and `--explain`.
        severity: "error" when a conforming client loses something, "warning" when other clients may, or when it is
            probably a mistake.
        title: what it is, in a few words.
        effect: what clients make of it. A finding may know better, and say that instead.
        fix: what to do about it. A finding may know better here, too.
        explanation: the longer story: where it comes from, who is hurt.
        example: the smallest stream that has it.
        healthy: the same stream without it.
        options: the options of `Linter` that it takes to find it.
    """

    name: str
    severity: Literal["error", "warning"]
    title: str
    effect: str
    fix: str
    explanation: str
    example: bytes
    healthy: bytes
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


_TABLE = [
    Code(
        "not-an-event-stream",
        "error",
        "the stream starts with something else",
        "a client ignores every line that is not a field; unless fields follow, it finds no events, and no error "
        "either",
        "look at the response's status and headers: an error page, a proxy or another format is likely",
        "The first lines are those of another format: HTML, JSON, plain text, a traceback, an HTTP head, or bytes "
        "that are compressed or not text at all. A browser says nothing about it: it ignores the lines and waits for "
        "fields. The finding names the format, and covers all of it.",
        b'{"error": "overloaded"}\n',
        b'event: failed\ndata: {"error": "overloaded"}\n\n',
    ),
    Code(
        "foreign-document",
        "error",
        "another document inside the stream",
        "a client keeps the events before it and ignores these lines, so nobody learns what they say",
        "look at what wrote them: often a proxy, or the server's error handler, that does not know it is in a stream",
        "Something that is not an event stream starts after the stream has begun: an error page, a JSON error, a "
        "traceback, compressed bytes. Whoever wrote it did not know that a stream was already under way. The finding "
        "is given once for the whole document.",
        b'data: {"token": "Hel"}\n\n{"error": {"code": 503}}\n',
        b'data: {"token": "Hel"}\n\nevent: failed\ndata: {"error": {"code": 503}}\n\n',
    ),
    Code(
        "unknown-field",
        "error",
        "a field name that the standard does not know",
        "a client ignores the line",
        'if it is a payload, write "data: " before each of its lines; a remark starts with a colon',
        "A line's name is what stands before its first colon, or the whole line. Names are exact: `Data`, ` data` "
        "and `data ` are not `data`. The usual causes are a payload with line ends in it, of which only the first "
        "line was given its `data: `, a missing colon, and a wrong case.",
        b"Data: hello\n\n",
        b"data: hello\n\n",
    ),
    Code(
        "late-bom",
        "error",
        "a byte order mark that does not stand at the start",
        "a client takes it as part of the field's name, does not know the field and ignores it",
        "write no byte order mark; where streams are joined, drop each one's",
        "Only one byte order mark is dropped, at the very start of the stream. Any other is an ordinary character, "
        "U+FEFF. At the start of a line it makes the field's name an unknown one.",
        b"data: a\n\n\xef\xbb\xbfdata: b\n\n",
        b"data: a\n\ndata: b\n\n",
    ),
    Code(
        "invalid-utf-8",
        "error",
        "bytes that are not UTF-8",
        "a client reads U+FFFD in their place",
        "encode the stream as UTF-8, and never cut a text within a character before encoding it",
        "An event stream is always UTF-8, whatever a `charset` says. Latin-1 text, and characters that were cut in "
        "two before they were sent, are the usual causes.",
        b"data: caf\xe9\n\n",
        b"data: caf\xc3\xa9\n\n",
    ),
    Code(
        "id-with-null",
        "error",
        "an id with U+0000 in it",
        "a client ignores the field, and later resumes after an earlier event",
        "send an id without it",
        "The standard ignores an `id` that holds U+0000. The event arrives, but a client that reconnects asks for "
        "what came after the previous id, and gets this event twice.",
        b"id: 1\0\ndata: x\n\n",
        b"id: 1\ndata: x\n\n",
    ),
    Code(
        "invalid-retry",
        "error",
        "a reconnection time that is not a number",
        "a client ignores the field",
        "write milliseconds, as ASCII digits and nothing else",
        "`retry` is a whole number of milliseconds. A sign, a decimal point, a unit or a space makes the field "
        "invalid.",
        b"retry: 3s\n\n",
        b"retry: 3000\n\n",
    ),
    Code(
        "overwritten-field",
        "error",
        "a field that another one of its block overwrites",
        "a client keeps the later value, and this one is lost",
        "give a block one field of the name; if these are two events, end the first with a blank line",
        "`event`, `id` and `retry` count once in a block: the last one wins. Two with different values usually mean "
        "that the blank line between two events is missing.",
        b"event: start\nevent: stop\ndata: x\n\n",
        b"event: start\ndata: x\n\nevent: stop\ndata: x\n\n",
    ),
    Code(
        "event-without-data",
        "error",
        "an event type in a block without data",
        "a client dispatches no event, and the type is lost",
        'give the block a data field; an empty one, "data:", will do',
        "A block without a `data` field dispatches no event. Its id and its reconnection time count all the same, so "
        "only an `event` field is lost.",
        b"event: ping\n\n",
        b"event: ping\ndata:\n\n",
    ),
    Code(
        "unfinished-block",
        "error",
        "the stream ends inside a block",
        "a client discards what the block says",
        "end every block with a blank line, the last one too",
        "Only a blank line dispatches an event. What comes after the last one is discarded: either the server forgot "
        "the blank line after its last event, or the connection was cut.",
        b"data: a\n\ndata: [DONE]\n",
        b"data: a\n\ndata: [DONE]\n\n",
    ),
    Code(
        "event-too-large",
        "error",
        "a block that is larger than the limit asked for",
        "a client with this limit fails here, and gets nothing more",
        "end the block earlier, or raise the limit on both sides",
        "The block passes `max_event_size`, 64 MiB unless you set it. A decoder with that limit raises "
        "`EventTooLarge`.",
        b"data: 12345\n\n",
        b"data: 1234\n\n",
        {"max_event_size": 10},
    ),
    Code(
        "invalid-json",
        "error",
        "a payload that is not JSON",
        "a client hands it to JSON.parse, which throws",
        "send JSON",
        "Found with the option `json`, which says that every payload is JSON. Empty data is let through, because it "
        "is a common keep-alive; so is the sentinel, if you name one.",
        b"data: {'a': 1}\n\n",
        b'data: {"a": 1}\n\n',
        {"json": True},
    ),
    Code(
        "missing-id",
        "error",
        "an event without an id",
        "a client that reconnects after it asks for what followed an earlier one",
        "give every event an id",
        "Found with the option `require_ids`. An event without an id of its own can't be resumed from.",
        b"data: x\n\n",
        b"id: 1\ndata: x\n\n",
        {"require_ids": True},
    ),
    Code(
        "duplicate-id",
        "error",
        "an id that was used before",
        "a client that reconnects after the second event can't be told from one that reconnects after the first",
        "give every event an id of its own",
        "Found with the option `unique_ids`. An id says where to resume, so it has to name one place.",
        b"id: 1\ndata: a\n\nid: 1\ndata: b\n\n",
        b"id: 1\ndata: a\n\nid: 2\ndata: b\n\n",
        {"unique_ids": True},
    ),
    Code(
        "missing-sentinel",
        "error",
        "the stream does not end with its sentinel",
        "a client that waits for it can't tell the end from a lost connection",
        "send it as the last event",
        "Found with the option `sentinel`, which says what the data of the last event must be, such as `[DONE]`.",
        b"data: a\n\ndata: DONE\n\n",
        b"data: a\n\ndata: [DONE]\n\n",
        {"sentinel": "[DONE]"},
    ),
    Code(
        "empty-stream",
        "warning",
        "not a single byte",
        "a client finds no event and no error: it looks like success",
        "look at the response's status, and at what the server logged: it often failed before its first byte",
        "A request that failed upstream can come back as 200 with an empty body, and every layer takes that for "
        "success.",
        b"",
        b"data: x\n\n",
    ),
    Code(
        "broken-framing",
        "warning",
        "a payload framed twice, glued to the next, or printed",
        "a client hands on the payload as it is, and whoever parses it fails",
        "write the field's name once, and a blank line between two events",
        "The payload holds what belongs around it: `data: data: {...}` when two layers each add the field, "
        "`{...}data: [DONE]` or `{...}{...}` when the line ends between two events were lost, `b'...'` when Python "
        "bytes were formatted into a string, `[object Object]` when JavaScript did that with an object.",
        b'data: data: {"a": 1}\n\n',
        b'data: {"a": 1}\n\n',
    ),
    Code(
        "missing-blank-line",
        "warning",
        "two events in one block",
        "a client takes both for one event, whose payload is not JSON",
        "end every event with a blank line",
        "A new JSON document starts on a `data` line while the event's first one is whole already, or was cut off. "
        "The blank line between the two events is missing.",
        b'data: {"a": 1}\ndata: {"a": 2}\n\n',
        b'data: {"a": 1}\n\ndata: {"a": 2}\n\n',
    ),
    Code(
        "line-separator",
        "warning",
        "a character that some clients take for a line end",
        "a client of the standard keeps it; those that use str.splitlines, httpx's iter_lines among them, cut the "
        "line in two there",
        'escape it, as JSON can ("\\u2028"); Python\'s json.dumps does unless it is told not to',
        "Only CR, LF and CRLF end a line of an event stream. Python's `str.splitlines` also cuts at U+2028, U+2029, "
        "U+0085, VT, FF and U+001C to U+001E, and many clients read lines with it: httpx's `iter_lines`, and so the "
        "SDKs on top of it.",
        "data: a\u2028b\n\n".encode(),
        b'data: "a\\u2028b"\n\n',
    ),
    Code(
        "replacement-character",
        "warning",
        "U+FFFD in the bytes that were sent",
        "a client shows it; the text was damaged before it was sent",
        "look for who decoded the text in pieces: decode a stream's chunks with an incremental decoder, not one by one",
        "U+FFFD stands for bytes that could not be decoded. Here it is in the stream itself, so this client did not "
        "make it: some gateway decoded chunks one by one, and cut a character in two.",
        "data: caf\ufffd\ufffd\n\n".encode(),
        "data: café\n\n".encode(),
    ),
    Code(
        "reserved-event",
        "warning",
        "an event type that EventSource uses itself",
        "in a browser the listener also gets EventSource's own events of that name, which have no data",
        'take another type, such as "failed"',
        "`EventSource` dispatches events named `error` and `open` of its own, when the connection fails or opens. A "
        "listener for `error` gets both kinds, and fails on `JSON.parse(undefined)` for one of them.",
        b"event: error\ndata: {}\n\n",
        b"event: failed\ndata: {}\n\n",
    ),
    Code(
        "unsendable-id",
        "warning",
        "an id that a Last-Event-ID header can't carry",
        "a client that reconnects sends it as a header, which fails",
        "use printable ASCII, and few characters of it",
        "A client sends the id back as the `Last-Event-ID` header. Control characters are refused by clients and "
        "servers alike, often on every attempt to reconnect. Beyond ASCII clients disagree about the encoding. "
        "Servers refuse headers of more than some 8,000 bytes.",
        b"id: a\x0bb\ndata: x\n\n",
        b"id: ab\ndata: x\n\n",
    ),
    Code(
        "padded-value",
        "warning",
        "white space around an event type or an id",
        "a client takes it as part of the value",
        "write the value after the colon and one space, and nothing after it",
        "One space after the colon is dropped, and no other white space. A listener for `tick` is not called for "
        "`tick `; and an id loses its spaces on the way back, because HTTP drops those around a header's value.",
        b"event: tick \ndata: x\n\n",
        b"event: tick\ndata: x\n\n",
    ),
    Code(
        "leading-bom",
        "warning",
        "a byte order mark at the start",
        "a client drops it here, but would not when the stream is joined to another one",
        'write UTF-8 without a mark ("utf-8", not "utf-8-sig")',
        "The standard drops one byte order mark at the start. Hand-written clients often forget to, and lose the "
        "first field.",
        b"\xef\xbb\xbfdata: x\n\n",
        b"data: x\n\n",
    ),
    Code(
        "bare-cr",
        "warning",
        "a line that ends in CR alone",
        "a client of the standard ends the line here; many others do not, and wait for a LF",
        "write LF; if the CR is part of a payload, start a new data field after it",
        "A CR alone is a line end in an event stream. It is seldom meant: usually it came with a payload that was "
        "not cut into lines.",
        b"data: a\rdata: b\n\n",
        b"data: a\ndata: b\n\n",
    ),
    Code(
        "mixed-line-ends",
        "warning",
        "both LF and CRLF",
        "a client of the standard takes both; one that looks for two of the same finds no blank line",
        "write LF everywhere",
        "Some clients cut events at `\\n\\n` or at `\\r\\n\\r\\n`. They miss the end of an event that has one of each.",
        b"data: x\r\n\n",
        b"data: x\n\n",
    ),
    Code(
        "trailing-space",
        "warning",
        "white space at the end of a payload",
        'a client keeps it as part of the payload, and does not take "[DONE] " for "[DONE]"',
        "write nothing between a payload and the end of its line",
        "Reported once for a stream, and only where it can't be meant: after JSON and the like, or when every text "
        "of the stream has it.",
        b"data: [DONE] \n\n",
        b"data: [DONE]\n\n",
    ),
    Code(
        "missing-space",
        "warning",
        "a space after the colon in some texts, and none in others",
        "a client drops one space: if this one belongs to the text, it is lost",
        'write "data: " before every payload, so that a space at its start survives',
        "One space after the colon is not part of the value. A server that writes `data:` and then a token loses the "
        "space that most tokens start with.",
        b"data:Hello\n\ndata: world\n\n",
        b"data: Hello\n\ndata:  world\n\n",
    ),
    Code(
        "escaped-line-end",
        "warning",
        "a payload that ends in a backslash and n, twice",
        "a client takes them as text",
        "write real line ends: in a shell with printf, in a program in a string that is not raw",
        "The blank line was written as `\\n\\n` in a place that does not turn it into line ends.",
        b"data: x\\n\\n\n\n",
        b"data: x\n\n",
    ),
    Code(
        "repeated-field",
        "warning",
        "the same field with the same value twice in a block",
        "a client sets the same value again",
        "write it once",
        "Harmless, but often a sign that two layers each write the field, or that two blocks ran together.",
        b"id: 1\nid: 1\ndata: x\n\n",
        b"id: 1\ndata: x\n\n",
    ),
    Code(
        "empty-event",
        "warning",
        "an event type that is empty",
        'a client takes it for the default, "message"',
        "leave the field out",
        "An empty `event` field can't be told from none.",
        b"event:\ndata: x\n\n",
        b"data: x\n\n",
    ),
    Code(
        "unlikely-retry",
        "warning",
        "a reconnection time that is hardly meant",
        "a client that lost its connection waits for that long",
        "write milliseconds, usually a few thousand",
        "`retry` is in milliseconds. Below 100 it was probably meant in seconds. 0 makes a client reconnect over and "
        "over without a pause. From 2147483648 on, `setTimeout` of JavaScript fires at once, and from "
        "9007199254740993 on JavaScript can't hold every number.",
        b"retry: 3\n\n",
        b"retry: 3000\n\n",
    ),
    Code(
        "nan-in-json",
        "warning",
        "NaN or Infinity in JSON",
        "Python reads it; JSON.parse of JavaScript and most other parsers throw",
        "send null; Python's json.dumps raises instead of writing it with allow_nan=False",
        "JSON has no NaN and no Infinity. Python's `json.dumps` writes them all the same.",
        b'data: {"score": NaN}\n\n',
        b'data: {"score": null}\n\n',
    ),
    Code(
        "comment-in-block",
        "warning",
        "a comment in the block of an event",
        "a client of the standard drops the comment; one that takes whole blocks for comments drops the event",
        "put a blank line between a comment and an event",
        "A comment is a line, not a block. Some clients look only at a block's first character, and drop an event "
        "that has a comment before it.",
        b": ping\ndata: x\n\n",
        b": ping\n\ndata: x\n\n",
    ),
    Code(
        "large-event",
        "warning",
        "a line of 64 KiB, or a block of 256 KiB, or more",
        "a client of the standard takes it; many stop at some size",
        "send less in one event, or tell those who read it to raise their limits",
        "At a line of 64 KiB Go's `bufio.Scanner` and `readline` of asyncio stop; `readline` of aiohttp does at 128 "
        "KiB, or 512 KiB in aiohttp 3.14; Spring's `WebClient` stops at a block of 256 KiB. All have a setting for "
        "it.",
        b"data: " + b"x" * 65536 + b"\n\n",
        b"data: " + b"x" * 1000 + b"\n\n",
    ),
]

CODES: Mapping[str, Code] = MappingProxyType({code.name: code for code in _TABLE})
"""Every code of a finding by its name, errors first."""


def explain(name: str) -> str:
    """Return the long text on a code: what it means, what clients do, the fix, and an example.

    Raises:
        ValueError: `name` is not a code.

    >>> from sse_codec.lint import explain
    >>> print(explain("empty-event"))
    empty-event (warning): an event type that is empty
    <BLANKLINE>
    An empty `event` field can't be told from none.
    <BLANKLINE>
    Effect: a client takes it for the default, "message".
    Fix: leave the field out.
    <BLANKLINE>
    Example:
        event:
        data: x
        (blank line)
    <BLANKLINE>
    Better:
        data: x
        (blank line)
    """
    import textwrap

    code = CODES[checked(name)]

    def paragraph(text: str) -> str:
        return textwrap.fill(text, 80, break_on_hyphens=False, break_long_words=False)

    lines = [
        paragraph(f"{code.name} ({code.severity}): {code.title}"),
        "",
        paragraph(code.explanation),
        "",
        paragraph(f"Effect: {code.effect}."),
        paragraph(f"Fix: {code.fix}."),
        "",
        "Example:",
        *shown_stream(code.example),
        "",
        "Better:",
        *shown_stream(code.healthy),
    ]
    return "\n".join(lines)


def shown_stream(wire: bytes) -> list[str]:
    """Return an example's lines as they can be shown, indented; what does not print is escaped."""
    if not wire:
        return ["    (nothing)"]
    shown: list[str] = []
    for line in wire.splitlines(keepends=True):
        body = line.rstrip(b"\r\n")
        end = line[len(body) :]
        text = body.decode("utf-8", "backslashreplace")
        text = text if len(text) <= 100 else f"{text[:20]}... ({len(text)} characters)"
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        text = text or "(blank line)"
        if text.endswith(" "):
            text += "  (a space at the end)"
        note = {b"\n": "", b"": "  (no line end)", b"\r": "  (ends in CR)", b"\r\n": "  (ends in CRLF)"}[end]
        shown.append(f"    {text}{note}")
    return shown


def checked(name: str) -> str:
    """Return a code's name; raise a ValueError that suggests another if there is none like it."""
    if name in CODES:
        return name
    close = closest(name, CODES)
    raise ValueError(f"{show(name)} is not a code of a finding{f'; did you mean {close!r}?' if close else ''}")


def closest(name: str, known: Mapping[str, object] | tuple[str, ...]) -> str | None:
    """Return the known name that looks most like this one, if one does."""
    import difflib

    if len(name) > 2 * max(map(len, known)):
        return None  # as difflib would, too, but for 40 times the memory
    matches = difflib.get_close_matches(name, list(known), 1, 0.75)
    return matches[0] if matches else None
