"""Wire cases as data: what every decoder must return for a stream, taken from the standard and not from our decoders.

Each is named for the rule it tests. They run whole, byte by byte, at every two-way cut and with an event after them.
"""

from __future__ import annotations

from typing import NamedTuple

from sse_codec import ReceivedEvent as E


class Case(NamedTuple):
    name: str
    wire: bytes
    events: list[E]
    #: The decoder's state after the stream, and what `close()` returns.
    last_event_id: str = ""
    reconnection_time: int | None = None
    unfinished: E | None = None
    comments: tuple[str, ...] = ()


def _x(*datas: str) -> list[E]:
    return [E(data) for data in datas]


BOM = b"\xef\xbb\xbf"

CASES = [
    # The stream.
    Case("an empty stream has no events", b"", []),
    Case("blank lines alone dispatch nothing", b"\n\r\n\r\r\n\n", []),
    Case("one byte order mark is dropped", BOM + b"data: a\n\n", _x("a")),
    Case(
        "a second byte order mark is text, and makes an unknown field", BOM + BOM + b"data: a\n\ndata: b\n\n", _x("b")
    ),
    Case("a byte order mark after the first line is text", b"\n" + BOM + b"data: a\n\n", []),
    Case("a byte order mark after a CRLF is text", b"\r\n" + BOM + b"data: a\n\n", []),
    Case("a byte order mark in a value is text", b"data: " + BOM + b"\n\n", _x("\ufeff")),
    Case("a stream of a byte order mark alone", BOM, []),
    Case("two thirds of a byte order mark are an unknown field", BOM[:2] + b"\ndata: a\n\n", _x("a")),
    Case("two thirds of a byte order mark and then a field", BOM[:2] + b"data: a\n\ndata: b\n\n", _x("b")),
    Case("a byte order mark before a blank line", BOM + b"\n\ndata: a\n\n", _x("a")),
    Case("a byte order mark before a comment", BOM + b": hi\ndata: a\n\n", _x("a"), comments=("hi",)),
    # Line ends.
    Case("LF ends lines", b"data: a\n\ndata: b\n\n", _x("a", "b")),
    Case("CR ends lines", b"data: a\r\rdata: b\r\r", _x("a", "b")),
    Case("CRLF ends lines", b"data: a\r\n\r\ndata: b\r\n\r\n", _x("a", "b")),
    Case("line ends may be mixed", b"data: a\r\n\ndata: b\n\rdata: c\r\r\ndata: d\n\r\n", _x("a", "b", "c", "d")),
    Case(
        "a CR before a CRLF that ends a block", b"data: a\rdata: b\r\n\r\ndata: c\ndata: d\r\n\r\n", _x("a\nb", "c\nd")
    ),
    Case("an LF before a CRLF that ends a block", b"data: a\ndata: b\r\n\r\n", _x("a\nb")),
    Case("a CR in a block that a CRLF ends", b"data: a\rdata: b\r\n\r\n", _x("a\nb")),
    Case("CRLF is one line end, not two", b"data: a\r\ndata: b\r\n\r\n", _x("a\nb")),
    Case("LF CR is two line ends", b"data: a\n\rdata: b\n\n", _x("a", "b")),
    Case("CR CR LF is two line ends", b"data: a\r\r\ndata: b\n\n", _x("a", "b")),
    Case("a CR inside data ends the line", b"data: a\rdata: b\r\n\n", _x("a\nb")),
    Case(
        "nothing else ends a line",
        "data: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei\n\n".encode(),
        _x("a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei"),
    ),
    # UTF-8.
    Case("data is UTF-8", "data: é中🍊\n\n".encode(), _x("é中🍊")),
    Case("invalid UTF-8 becomes U+FFFD per maximal subpart: truncated", b"data: \xf0\x9f\x8d!\n\n", _x("\ufffd!")),
    Case("invalid UTF-8: truncated at the line's end", b"data: \xe2\x82\n\n", _x("\ufffd")),
    Case("invalid UTF-8: a surrogate is three errors", b"data: \xed\xa0\x80\n\n", _x("\ufffd" * 3)),
    Case("invalid UTF-8: overlong", b"data: \xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf\n\n", _x("\ufffd" * 9)),
    Case("invalid UTF-8: past U+10FFFF", b"data: \xf4\x90\x80\x80\xf5\xff\n\n", _x("\ufffd" * 6)),
    Case("invalid UTF-8: lone continuation bytes", b"data: \x80\xbf\n\n", _x("\ufffd\ufffd")),
    Case("invalid UTF-8 in the event type", b"event: \xff\ndata: a\n\n", [E("a", event="\ufffd")]),
    Case(
        "invalid UTF-8 in an id",
        b"id: \xff\ndata: a\n\n",
        [E("a", id="\ufffd", last_event_id="\ufffd")],
        last_event_id="\ufffd",
    ),
    Case("invalid UTF-8 in a field name makes it unknown", b"da\xffta: a\ndata: b\n\n", _x("b")),
    Case("U+0000 in data and event is kept", b"event: a\0b\ndata: c\0d\n\n", [E("c\0d", event="a\0b")]),
    # Fields.
    Case("the standard's first example", b"data: YHOO\ndata: +2\ndata: 10\n\n", _x("YHOO\n+2\n10")),
    Case(
        "the standard's second example",
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        [
            E("first event", id="1", last_event_id="1"),
            E("second event", id="", last_event_id=""),
            E(" third event"),
        ],
        comments=("test stream",),
    ),
    Case("the standard's third example", b"data\n\ndata\ndata\n\ndata:", _x("", "\n"), unfinished=E("")),
    Case("the standard's fourth example", b"data:test\n\ndata: test\n\n", _x("test", "test")),
    Case("one space after the colon is dropped, no more", b"data:  a\n\n", _x(" a")),
    Case("a tab after the colon is kept", b"data:\ta\n\n", _x("\ta")),
    Case("spaces at the end are kept", b"data: a  \n\n", _x("a  ")),
    Case("only the first colon counts", b"data: a: b\n\n", _x("a: b")),
    Case("only the first colon counts, with or without a space after it", b"data:a: b\ndata:c:d\n\n", _x("a: b\nc:d")),
    Case("a field without a colon has an empty value", b"data\n\n", _x("")),
    Case("data with an empty value is an event", b"data:\n\n", _x("")),
    Case("data with a space as its value is an event", b"data: \n\n", _x("")),
    Case("empty data lines are lines", b"data\ndata:\ndata: \n\n", _x("\n\n")),
    Case("an empty data line before another", b"data:\ndata: a\n\n", _x("\na")),
    Case(
        "the lines of one event, then those of another", b"data: a\ndata: b\n\ndata: c\ndata: d\n\n", _x("a\nb", "c\nd")
    ),
    Case("names are exact: case", b"DATA: a\nData: b\ndata: c\n\n", _x("c")),
    Case("names are exact: a space before", b" data: a\ndata: b\n\n", _x("b")),
    Case("names are exact: a space after", b"data : a\ndata: b\n\n", _x("b")),
    Case("unknown fields are ignored", b"error: {}\ndata: a\nfoo\n\n", _x("a")),
    Case("a block of unknown fields is not an event", b"foo: a\nevent: b\n\ndata: c\n\n", _x("c")),
    # Event types.
    Case("event names the type", b"event: tick\ndata: a\n\n", [E("a", event="tick")]),
    Case("the type applies only to its block", b"event: tick\ndata: a\n\ndata: b\n\n", [E("a", event="tick"), E("b")]),
    Case("the type of a block without data is dropped", b"event: tick\n\ndata: a\n\n", _x("a")),
    Case("an empty type is message", b"event: \ndata: a\n\nevent\ndata: b\n\n", _x("a", "b")),
    Case("the last type counts", b"event: a\nevent: b\ndata: c\n\n", [E("c", event="b")]),
    Case("the last type counts, empty or not", b"event: a\nevent:\ndata: c\n\n", _x("c")),
    Case("the type may follow the data", b"data: a\nevent: b\n\n", [E("a", event="b")]),
    Case("message may be written out", b"event: message\ndata: a\n\n", _x("a")),
    # Blocks of one shape, then one that differs.
    Case("alike, then two data lines", b"data: a\n\ndata: b\ndata: c\n\ndata: d\n\n", _x("a", "b\nc", "d")),
    Case("alike, then an extra blank line", b"data: a\n\n\ndata: b\n\n", _x("a", "b")),
    Case("alike, then a comment", b"data: a\n\n: b\n\ndata: c\n\n", _x("a", "c"), comments=("b",)),
    Case(
        "typed alike, then two data lines",
        b"event: a\ndata: b\n\nevent: c\ndata: d\ndata: e\n\n",
        [E("b", event="a"), E("d\ne", event="c")],
    ),
    Case(
        "typed alike, then an id between",
        b"event: a\ndata: b\n\nevent: c\nid: 1\ndata: d\n\n",
        [E("b", event="a"), E("d", event="c", id="1", last_event_id="1")],
        last_event_id="1",
    ),
    Case("typed alike, then no data", b"event: a\ndata: b\n\nevent: c\n\ndata: d\n\n", [E("b", event="a"), E("d")]),
    Case(
        "typed alike, then an id between, then typed alike",
        b"event: a\ndata: b\n\nevent: c\nid: 1\ndata: d\n\nevent: e\ndata: f\n\n",
        [
            E("b", event="a"),
            E("d", event="c", id="1", last_event_id="1"),
            E("f", event="e", last_event_id="1"),
        ],
        last_event_id="1",
    ),
    Case("alike, except for the case of data", b"data: a\n\nDATA: b\n\ndata: c\n\n", _x("a", "c")),
    Case("typed, except for the case of event", b"EVENT: a\ndata: b\n\n", _x("b")),
    Case("typed, except for the case of data", b"event: a\nDATA: b\n\n", []),
    Case(
        "typed alike, except for the case of event",
        b"event: a\ndata: b\n\nEVENT: c\ndata: d\n\n",
        [E("b", event="a"), E("d")],
    ),
    Case("data that quotes a block is data", b"data: \\n\\ndata: a\n\n", _x("\\n\\ndata: a")),
    # The last event ID.
    Case("id sets the last event ID", b"id: 1\ndata: a\n\n", [E("a", id="1", last_event_id="1")], last_event_id="1"),
    Case(
        "the last event ID sticks, the block's id does not",
        b"id: 1\ndata: a\n\ndata: b\n\n",
        [E("a", id="1", last_event_id="1"), E("b", last_event_id="1")],
        last_event_id="1",
    ),
    Case(
        "a block without data commits its id",
        b"id: 1\n\ndata: a\n\n",
        [E("a", last_event_id="1")],
        last_event_id="1",
    ),
    Case("an id is not committed before the blank line", b"id: 1\n", [], last_event_id=""),
    Case(
        "the last id of a block counts",
        b"id: 1\nid: 2\ndata: a\n\n",
        [E("a", id="2", last_event_id="2")],
        last_event_id="2",
    ),
    Case(
        "an empty id resets",
        b"id: 1\ndata: a\n\nid\ndata: b\n\ndata: c\n\n",
        [E("a", id="1", last_event_id="1"), E("b", id=""), E("c")],
    ),
    Case("an id with U+0000 is ignored", b"id: 1\0\ndata: a\n\n", _x("a")),
    Case("an id with U+0000 is ignored, with or without a space after the colon", b"id:1\0\ndata: a\n\n", _x("a")),
    Case(
        "an id with U+0000 leaves the block's earlier id",
        b"id: 1\nid: 2\0\ndata: a\n\n",
        [E("a", id="1", last_event_id="1")],
        last_event_id="1",
    ),
    Case(
        "an id keeps spaces and colons inside it",
        b"id: a: b \ndata: c\n\n",
        [E("c", id="a: b ", last_event_id="a: b ")],
        last_event_id="a: b ",
    ),
    # The reconnection time.
    Case("retry sets the reconnection time", b"retry: 10\ndata: a\n\n", [E("a", retry=10)], reconnection_time=10),
    Case("retry acts at its own line", b"retry: 10\n", [], reconnection_time=10),
    Case("retry acts at its own line, within a block", b"data: a\nretry: 10\n", [], "", 10, E("a", retry=10)),
    Case(
        "retry acts at its own line, however many are before it",
        b"data: a\ndata: b\nretry: 10\n",
        [],
        "",
        10,
        E("a\nb", retry=10),
    ),
    Case("a retry that has not ended does not act", b"retry: 10", []),
    Case("retry is ignored without digits", b"retry\nretry:\ndata: a\n\n", _x("a")),
    Case("retry of anything but ASCII digits is ignored", "retry: ٣\nretry: ²\ndata: a\n\n".encode(), _x("a")),
    Case(
        "retry with a sign, a dot or a space is ignored",
        b"retry: +1\nretry: -1\nretry: 1.5\nretry: 1 \nretry:  1\n",
        [],
    ),
    Case("retry with an underscore or a letter is ignored", b"retry: 1_0\nretry: 1000x\nretry: 0x1\n", []),
    Case("an invalid retry leaves the earlier one", b"retry: 3\nretry: x\ndata: a\n\n", [E("a", retry=3)], "", 3),
    Case("leading zeros are digits in base ten", b"retry: 03000\n\n", [], reconnection_time=3000),
    Case("zero is a reconnection time", b"retry: 0\ndata: a\n\nretry: 000\n", [E("a", retry=0)], "", 0),
    Case("many leading zeros", b"retry: " + b"0" * 40 + b"7\n", [], reconnection_time=7),
    Case("thousands of leading zeros", b"retry: " + b"0" * 5000 + b"7\n", [], reconnection_time=7),
    Case("the longest number that counts", b"retry: " + b"9" * 18 + b"\n", [], reconnection_time=10**18 - 1),
    Case("a longer number is ignored", b"retry: 7\nretry: 1" + b"0" * 18 + b"\n", [], reconnection_time=7),
    Case("an absurdly long number is ignored", b"retry: " + b"9" * 5000 + b"\n\n", []),
    Case("a field that only starts with retry", b"retryx: 1\nretry : 1\n\n", []),
    # Comments.
    Case("comments are not fields", b":data: a\n: event: b\n::\n\n", [], comments=("data: a", "event: b", ":")),
    Case("a comment inside a block", b"data: a\n: b\ndata: c\n\n", _x("a\nc"), comments=("b",)),
    Case(
        "a comment between an event's name and data", b"event: a\n:b\ndata: c\n\n", [E("c", event="a")], comments=("b",)
    ),
    Case("a comment loses one space", b":  a\n:\n: \n", [], comments=(" a", "", "")),
    # The mutation tests put XX around the code's strings; these cases detect a mutant that searches for such a string.
    Case("XX is text", b"data: aXX\n\ndata: XXbXX\n\nXXdata: c\n\n", _x("aXX", "XXbXX")),
    Case(
        "XX is text of a typed event",
        b"event: aXX\ndata: XXbXX\n\nevent: XXc\ndata: d\n\n",
        [E("XXbXX", event="aXX"), E("d", event="XXc")],
    ),
    Case("XX is text before and after a CR", b"data: aXX\rdata: XX\r\r", _x("aXX\nXX")),
    # The end of the stream.
    Case("an unfinished block is not an event", b"data: a\n\ndata: b\n", _x("a"), unfinished=E("b")),
    Case("an unfinished line is not a line", b"data: a\n\ndata: b", _x("a"), unfinished=E("b")),
    Case("an unfinished block with a complete line before", b"data: a\ndata: b", [], unfinished=E("a\nb")),
    Case("an unfinished block commits no id", b"id: 1\ndata: a\n", [], unfinished=E("a", id="1", last_event_id="1")),
    Case("an unfinished field name", b"dat", []),
    Case("an unfinished character", b"data: \xf0\x9f", [], unfinished=E("\ufffd")),
    Case("an unfinished block without data", b"event: a\nid: 1\n: b\n", [], comments=("b",)),
]
