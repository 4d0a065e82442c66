"""The table of all codes. The findings, `--explain`, SARIF and docs/lint.md are made from it.

To add a code, add a row here, a call of `Report.add` where it is found, and a case in tests/test_lint.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from sse_codec._errors import show
from sse_codec._text import printable


@dataclass(frozen=True, slots=True)
class Code:
    """Describes one kind of finding.

    Args:
        name: as in `Finding.code`, `ignore=` and `--explain`.
        severity: "error" if a conforming client loses something; "warning" if other clients may lose something, or if
            it is probably a mistake.
        title: what is wrong, in a few words.
        effect: what clients do with it. A finding may have a more specific text.
        fix: what to do about it. A finding may have a more specific text.
        explanation: a longer text: where it comes from, and which clients it affects.
        example: the smallest stream that has it.
        healthy: the same stream without it.
        options: the options of `Linter` that are needed to find it.
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
        "the stream starts with another format",
        "a client ignores every line that is not a field; if no fields follow, it gets no events and no error",
        "check the response's status and headers: it may be an error page, come from a proxy, or have another format",
        "The first lines are in another format: HTML, JSON, plain text, a traceback, HTTP headers, compressed data or "
        "other binary data. A browser reports nothing: it ignores the lines and waits for fields. The finding names "
        "the format. There is one finding for the whole document.",
        b'{"error": "overloaded"}\n',
        b'event: failed\ndata: {"error": "overloaded"}\n\n',
    ),
    Code(
        "foreign-document",
        "error",
        "another document inside the stream",
        "a client keeps the events before it and ignores these lines, so nobody sees what they say",
        "find out what wrote them: often a proxy or an error handler that does not know that a stream has started",
        "An error page, a JSON error, a traceback or compressed data starts in the middle of the stream. The program "
        "that wrote it did not know that a stream was already open. There is one finding for the whole document.",
        b'data: {"token": "Hel"}\n\n{"error": {"code": 503}}\n',
        b'data: {"token": "Hel"}\n\nevent: failed\ndata: {"error": {"code": 503}}\n\n',
    ),
    Code(
        "unknown-field",
        "error",
        "a field name that is not in the standard",
        "a client ignores the line",
        'if it is a payload, write "data: " before each of its lines; if it is a comment, start it with a colon',
        "The name of a field is everything before the first colon, or the whole line. It must match exactly: `Data`, "
        "` data` and `data ` are not `data`. Usual causes are a missing colon, wrong case, and a payload of several "
        "lines of which only the first got its `data: `.",
        b"Data: hello\n\n",
        b"data: hello\n\n",
    ),
    Code(
        "late-bom",
        "error",
        "a byte order mark that is not at the start of the stream",
        "a client reads it as part of the field's name, and ignores the unknown field",
        "write no byte order mark; if you join streams, remove the mark of each",
        "Clients drop only one byte order mark, at the very start of the stream. Any other is an ordinary character, "
        "U+FEFF. At the start of a line it turns the field's name into an unknown one.",
        b"data: a\n\n\xef\xbb\xbfdata: b\n\n",
        b"data: a\n\ndata: b\n\n",
    ),
    Code(
        "invalid-utf-8",
        "error",
        "bytes that are not UTF-8",
        "a client replaces them with U+FFFD",
        "encode the stream as UTF-8, and never cut encoded text in the middle of a character",
        "An event stream is always UTF-8, even if a `charset` says otherwise. Usual causes are Latin-1 text, and "
        "characters that were cut in two before they were sent.",
        b"data: caf\xe9\n\n",
        b"data: caf\xc3\xa9\n\n",
    ),
    Code(
        "id-with-null",
        "error",
        "an id with U+0000 in it",
        "a client ignores the field, and later resumes after an earlier event",
        "send an id without U+0000",
        "The standard ignores an `id` that contains U+0000. The event arrives, but a client that reconnects resumes "
        "after the previous id, and gets this event twice.",
        b"id: 1\0\ndata: x\n\n",
        b"id: 1\ndata: x\n\n",
    ),
    Code(
        "invalid-retry",
        "error",
        "a reconnection time that is not a number",
        "a client ignores the field",
        "write milliseconds, as ASCII digits only",
        "`retry` is a whole number of milliseconds. A sign, a decimal point, a unit or a space makes the field "
        "invalid.",
        b"retry: 3s\n\n",
        b"retry: 3000\n\n",
    ),
    Code(
        "overwritten-field",
        "error",
        "a field that a later one in the same block overwrites",
        "a client keeps the later value, and this one is lost",
        "write the field once in a block; if these are two events, end the first with a blank line",
        "If a block has several `event`, `id` or `retry` fields, the last one wins. Two different values usually mean "
        "that the blank line between two events is missing.",
        b"event: start\nevent: stop\ndata: x\n\n",
        b"event: start\ndata: x\n\nevent: stop\ndata: x\n\n",
    ),
    Code(
        "event-without-data",
        "error",
        "an event type in a block without data",
        "a client dispatches no event, and the type is lost",
        'add a data field to the block; an empty one, "data:", is enough',
        "A block without a `data` field dispatches no event. Its id and its reconnection time still count, so only the "
        "`event` field is lost.",
        b"event: ping\n\n",
        b"event: ping\ndata:\n\n",
    ),
    Code(
        "unfinished-block",
        "error",
        "the stream ends inside a block",
        "a client discards the block",
        "end every block with a blank line, including the last",
        "Only a blank line dispatches an event. Clients discard what follows the last blank line. Either the server "
        "forgot the blank line after its last event, or the connection was cut.",
        b"data: a\n\ndata: [DONE]\n",
        b"data: a\n\ndata: [DONE]\n\n",
    ),
    Code(
        "event-too-large",
        "error",
        "a block that is larger than the size limit",
        "a client with this limit fails here, and gets nothing more",
        "send smaller events, or raise the limit in the linter and in the clients",
        "The block is larger than `max_event_size`, which is 64 MiB by default. A decoder with this limit raises "
        "`EventTooLarge`.",
        b"data: 12345\n\n",
        b"data: 1234\n\n",
        {"max_event_size": 10},
    ),
    Code(
        "invalid-json",
        "error",
        "a payload that is not JSON",
        "a client passes it to JSON.parse, which throws",
        "send JSON",
        "Reported only with the option `json`, which says that every payload is JSON. Empty data is allowed, because "
        "it is a common keep-alive. So is the sentinel, if you name one.",
        b"data: {'a': 1}\n\n",
        b'data: {"a": 1}\n\n',
        {"json": True},
    ),
    Code(
        "missing-id",
        "error",
        "an event without an id",
        "a client that reconnects after this event resumes after an earlier one",
        "give every event an id",
        "Reported only with the option `require_ids`. A client can't resume after an event that has no id.",
        b"data: x\n\n",
        b"id: 1\ndata: x\n\n",
        {"require_ids": True},
    ),
    Code(
        "duplicate-id",
        "error",
        "an id that was used before",
        "when a client reconnects, the server can't tell which of the two events it received last",
        "give every event a unique id",
        "Reported only with the option `unique_ids`. An id says where to resume, so it must name one place.",
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
        "Reported only with the option `sentinel`, which is the data that the last event must have, such as `[DONE]`.",
        b"data: a\n\ndata: DONE\n\n",
        b"data: a\n\ndata: [DONE]\n\n",
        {"sentinel": "[DONE]"},
    ),
    Code(
        "empty-stream",
        "warning",
        "the stream is empty",
        "a client gets no event and no error: it looks like success",
        "check the response's status and the server's log: the server often failed before its first byte",
        "If a request fails upstream, the response can be 200 with an empty body, and every layer treats that as "
        "success.",
        b"",
        b"data: x\n\n",
    ),
    Code(
        "broken-framing",
        "warning",
        "a payload that was framed twice, joined to the next one, or printed instead of encoded",
        "a client passes the payload on unchanged, and parsing it fails",
        "write the field's name once, and a blank line between two events",
        "`data: data: {...}` means that two layers each add the field name. `{...}data: [DONE]` and `{...}{...}` mean "
        "that the line ends between two events were lost. `b'...'` means that Python bytes were formatted into a "
        "string. `[object Object]` means that JavaScript did that with an object.",
        b'data: data: {"a": 1}\n\n',
        b'data: {"a": 1}\n\n',
    ),
    Code(
        "missing-blank-line",
        "warning",
        "two events in one block",
        "a client reads both as one event, whose payload is not JSON",
        "end every event with a blank line",
        "A second JSON document starts on a `data` line, and the first is already complete, or was cut off. The blank "
        "line between the two events is missing.",
        b'data: {"a": 1}\ndata: {"a": 2}\n\n',
        b'data: {"a": 1}\n\ndata: {"a": 2}\n\n',
    ),
    Code(
        "line-separator",
        "warning",
        "a character that some clients treat as a line end",
        "a conforming client keeps it; clients that use str.splitlines or httpx's iter_lines cut the line in two here",
        'escape it, as JSON can ("\\u2028"); Python\'s json.dumps does so by default',
        "Only CR, LF and CRLF end a line of an event stream. Python's `str.splitlines` also splits at U+2028, U+2029, "
        "U+0085, VT, FF and U+001C to U+001E. Many clients read lines with it, such as httpx's `iter_lines` and the "
        "SDKs that are built on it.",
        "data: a\u2028b\n\n".encode(),
        b'data: "a\\u2028b"\n\n',
    ),
    Code(
        "replacement-character",
        "warning",
        "U+FFFD, the replacement character, in the stream",
        "a client shows it; the text was damaged before it was sent",
        "find the program that decodes the chunks one by one, and use an incremental decoder there",
        "U+FFFD replaces bytes that could not be decoded. Here it is in the stream itself, so the damage happened "
        "earlier: usually a gateway decoded chunks one by one, and cut a character in two.",
        "data: caf\ufffd\ufffd\n\n".encode(),
        "data: café\n\n".encode(),
    ),
    Code(
        "reserved-event",
        "warning",
        "an event type that EventSource uses itself",
        "in a browser the listener also gets EventSource's own events of that name, which have no data",
        'use another type, such as "failed"',
        "`EventSource` dispatches its own `error` and `open` events when the connection fails or opens. A listener for "
        "`error` gets both kinds, and fails at `JSON.parse(undefined)` for those of `EventSource`.",
        b"event: error\ndata: {}\n\n",
        b"event: failed\ndata: {}\n\n",
    ),
    Code(
        "unsendable-id",
        "warning",
        "an id that a Last-Event-ID header can't carry",
        "a client that reconnects sends it as a header, which fails",
        "use a short id of printable ASCII characters",
        "A client sends the id back in the `Last-Event-ID` header. Clients and servers refuse control characters, "
        "often on every attempt to reconnect. Clients disagree about the encoding of characters beyond ASCII. "
        "Servers refuse headers of more than about 8,000 bytes.",
        b"id: a\x0bb\ndata: x\n\n",
        b"id: ab\ndata: x\n\n",
    ),
    Code(
        "padded-value",
        "warning",
        "white space around an event type or an id",
        "a client keeps it as part of the value",
        "write the value after the colon and one space, and nothing after it",
        "A client drops one space after the colon, and no other white space. A listener for `tick` is not called for "
        "`tick `. An id loses its spaces when it is sent back, because HTTP drops those around a header's value.",
        b"event: tick \ndata: x\n\n",
        b"event: tick\ndata: x\n\n",
    ),
    Code(
        "leading-bom",
        "warning",
        "a byte order mark at the start of the stream",
        "a client drops it here, but not if the stream is appended to another one",
        'write UTF-8 without a mark ("utf-8", not "utf-8-sig")',
        "The standard drops one byte order mark at the start. Hand-written clients often don't, and lose the first "
        "field.",
        b"\xef\xbb\xbfdata: x\n\n",
        b"data: x\n\n",
    ),
    Code(
        "bare-cr",
        "warning",
        "a line that ends in CR alone",
        "a conforming client ends the line here; many others don't, and wait for an LF",
        "write LF; if the CR is part of a payload, start a new data field after it",
        "In an event stream, a CR alone ends a line. It is seldom intended: usually it is part of a payload that was "
        "not split into lines.",
        b"data: a\rdata: b\n\n",
        b"data: a\ndata: b\n\n",
    ),
    Code(
        "mixed-line-ends",
        "warning",
        "both LF and CRLF as line ends",
        "a conforming client accepts both; one that looks for two equal line ends finds no blank line",
        "write LF everywhere",
        "Some clients split events at `\\n\\n` or at `\\r\\n\\r\\n`. They miss the end of an event that has one of "
        "each.",
        b"data: x\r\n\n",
        b"data: x\n\n",
    ),
    Code(
        "trailing-space",
        "warning",
        "white space at the end of a payload",
        'a client keeps it as part of the payload: "[DONE] " is not "[DONE]"',
        "write the line end right after the payload",
        "Reported once for a stream, and only where it can't be intended: after JSON or a sentinel such as `[DONE]`, "
        "or if every text of the stream has it.",
        b"data: [DONE] \n\n",
        b"data: [DONE]\n\n",
    ),
    Code(
        "missing-space",
        "warning",
        "a space after the colon before some texts, and none before others",
        "a client drops one space: if this one belongs to the text, it is lost",
        'write "data: " before every payload, so that a space at its start survives',
        "A client drops one space after the colon. A server that writes `data:` and then a token loses the space that "
        "most tokens start with.",
        b"data:Hello\n\ndata: world\n\n",
        b"data: Hello\n\ndata:  world\n\n",
    ),
    Code(
        "escaped-line-end",
        "warning",
        "a payload that ends in escaped line ends",
        "a client reads them as text, not as line ends",
        "write real line ends: use printf in a shell, and a string that is not raw in a program",
        "The blank line was written as `\\n\\n` where escapes are not turned into line ends.",
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
        'a client uses the default type, "message"',
        "leave the field out",
        "An empty `event` field means the same as none.",
        b"event:\ndata: x\n\n",
        b"data: x\n\n",
    ),
    Code(
        "unlikely-retry",
        "warning",
        "a reconnection time that is probably a mistake",
        "a client that lost its connection waits for that long",
        "write milliseconds, usually a few thousand",
        "`retry` is in milliseconds. A value below 100 was probably meant in seconds. 0 makes a client reconnect over "
        "and over without a pause. From 2147483648 on, JavaScript's `setTimeout` fires immediately. From "
        "9007199254740993 on, JavaScript can't represent every number.",
        b"retry: 3\n\n",
        b"retry: 3000\n\n",
    ),
    Code(
        "nan-in-json",
        "warning",
        "NaN or Infinity in JSON",
        "Python reads it, but JavaScript's JSON.parse and most other parsers reject it",
        "send null; with allow_nan=False, Python's json.dumps raises an error instead of writing it",
        "JSON has no NaN and no Infinity, but Python's `json.dumps` writes them.",
        b'data: {"score": NaN}\n\n',
        b'data: {"score": null}\n\n',
    ),
    Code(
        "comment-in-block",
        "warning",
        "a comment in the block of an event",
        "a conforming client drops only the comment; some others drop the whole event",
        "put a blank line between a comment and an event",
        "A comment is a line, not a block. Some clients look only at a block's first character, and drop an event "
        "that has a comment before it.",
        b": ping\ndata: x\n\n",
        b": ping\n\ndata: x\n\n",
    ),
    Code(
        "large-event",
        "warning",
        "a line of at least 64 KiB, or a block of at least 256 KiB",
        "a conforming client accepts it, but many others have a limit",
        "send smaller events, or raise the limits of the clients",
        "Go's `bufio.Scanner` and asyncio's `readline` stop at a line of 64 KiB. aiohttp's `readline` stops at 128 "
        "KiB, or at 512 KiB in aiohttp 3.14. Spring's `WebClient` stops at a block of 256 KiB. Each has a setting for "
        "its limit.",
        b"data: " + b"x" * 65536 + b"\n\n",
        b"data: " + b"x" * 1000 + b"\n\n",
    ),
]

CODES: Mapping[str, Code] = MappingProxyType({code.name: code for code in _TABLE})
"""Every code of a finding by its name, errors first."""


def explain(name: str) -> str:
    """Return the full description of a code: what it means, what clients do, the fix, and an example.

    Raises:
        ValueError: `name` is not a code.

    >>> from sse_codec.lint import explain
    >>> print(explain("empty-event"))
    empty-event (warning): an event type that is empty
    <BLANKLINE>
    An empty `event` field means the same as none.
    <BLANKLINE>
    Effect: a client uses the default type, "message".
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
    """Return the lines of an example for display, indented, with unprintable characters escaped."""
    if not wire:
        return ["    (nothing)"]
    shown: list[str] = []
    for line in wire.splitlines(keepends=True):
        body = line.rstrip(b"\r\n")
        end = line[len(body) :]
        text = body.decode("utf-8", "backslashreplace")
        text = text if len(text) <= 100 else f"{text[:20]}... ({len(text)} characters)"
        text = printable(text) or "(blank line)"
        if text.endswith(" "):
            text += "  (a space at the end)"
        note = {b"\n": "", b"": "  (no line end)", b"\r": "  (ends in CR)", b"\r\n": "  (ends in CRLF)"}[end]
        shown.append(f"    {text}{note}")
    return shown


def checked(name: str) -> str:
    """Return the name of a code; if it is unknown, raise a ValueError that suggests a similar one."""
    if name in CODES:
        return name
    close = closest(name, CODES)
    raise ValueError(f"{show(name)} is not a code of a finding{f'; did you mean {close!r}?' if close else ''}")


def closest(name: str, known: Mapping[str, object] | tuple[str, ...]) -> str | None:
    """Return the known name that is most similar to this one, if any is similar."""
    import difflib

    if len(name) > 2 * max(map(len, known)):
        return None  # difflib would return the same, with 40 times the memory
    matches = difflib.get_close_matches(name, list(known), 1, 0.75)
    return matches[0] if matches else None
