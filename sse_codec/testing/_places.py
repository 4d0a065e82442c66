r"""The places where codecs break: awkward texts, lines, numbers, sizes and bytes, for the tour and the strategies.

Each entry of these tables stands for something that real code does to it: a `strip`, a `parseInt`, an `html.unescape`,
a buffer of 4096 bytes. To make both checks try something new, add it to the table of its kind.
"""

# ruff: noqa: RUF001  # characters that look like others are the point of these tables

from __future__ import annotations

import re

from sse_codec import _text
from sse_codec._grammar import BOM

#: The characters that `str.splitlines` splits at but that do not end a line of an event stream.
SEPARATORS = "".join(_text.SEPARATORS)
#: The characters that at least one of `str.strip`, JavaScript's `trim`, Go's `TrimSpace` and `\s` of regular
#: expressions takes for white space, except CR, LF and those in `SEPARATORS`.
WHITE_SPACE = " \t\x1f\xa0\u1680\u2000\u2003\u2007\u200a\u202f\u205f\u3000"

_NUMBERS = [
    "0", "00", "007", "42", "-0", "-1", "+1", "1.0", "1.50", ".5", "1e3", "1E400", "0x10", "0b1", "0o7", "010",
    "1_000",
    "1,000", "1 000", "NaN", "Infinity", "2147483648", "4294967296", "9007199254740993", "9223372036854775808",
    "18446744073709551616", "100000000000000000000000000000",
]  # fmt: skip
_WORDS = [
    "null", "None", "nil", "undefined", "true", "false", "True", "False", "yes", "no", "on", "off", "NULL", "N/A",
    "[DONE]", "[done]", "DONE", "done", "[END]", "END", "end", "EOF", "STOP", "stop", "close", "complete", "ping",
    "keep-alive", "keepalive", "heartbeat", "open", "error", "connected", "[object Object]", "b'a'",
    "__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__class__", "then", "length",
    "data", "event", "id", "retry", "2026-01-01", "2026-01-01T00",
]  # fmt: skip
_JSON = ["{}", "[]", "[1, 2]", "[1,2]", "[ ]", '"a"', '"\\u00e9"', '["\\/"]', "[1.0]", "[1e2]"]
_ESCAPES = [
    # HTML and XML
    "<", ">", "&", "<b>a</b>", "&amp;", "&lt;", "&#39;", "&#x41;", "&nbsp;", "&eacute", "a & b", "<!--a-->", "<br>",
    "]]>",
    "<script>", "'", '"',
    # URLs and forms
    "%41", "%20", "%0A", "%0a", "%", "%zz", "+", "a+b", "a=b&c=d", "?a", "#a", "/a/../b", "a//b",
    # strings of programming languages
    "\\", "\\n", "\\r\\n", "\\\\n", "\\t", "\\0", "\\u0041", "\\x41", "\\'", '\\"', "a\\",
    # formats, templates, shells and query languages
    "%s", "%d", "%%", "%(a)s", "{", "{0}", "{a}", "{{a}}", "${a}", "$a", "$1", "$$", "#{a}", "<%= a %>", "`a`",
    "\\1", "~",
    "*a*", "|", ";", "a;b", ",", "a,b", "[a]", "(a)", "!", "?", "@a", "^", "=", "//", "/* a */", "''",
    "=?utf-8?q?a?=",
]  # fmt: skip
_BEYOND_ASCII = [
    "é", "中", "🍊", "\U0010ffff",
    # changed by NFC, NFD, NFKC and NFKD, each in its own way
    "e\u0301", "\u212b", "\u2126", "\u1100\u1161", "가", "\u0344", "\u0958", "q\u0307\u0323", "ﬁ", "²", "①", "Ａ",
    "ｱ", "…", "½", "𝒜",
    # changed or made longer by upper, lower, title and casefold
    "ß", "ẞ", "İ", "ı", "ſ", "ς", "É", "ǅ", "\u212a",
    # invisible: zero width, bidirectional, variation selectors, tags, joiners
    "\u200b", "a\u200bb", "\u200c", "\u200d", "👨\u200d👩", "\u2060", "\xad", "\u180e", "\u200e", "\u200f",
    "\u202a", "\u202e", "\u2066",
    "\u2069", "\u061c", "❤\ufe0f", "\u034f", "\U000e0041", "\U000e0001", "🇩🇪", "👍🏽",
    # code points that some refuse or replace
    "\ufffd", "\ufffe", "\uffff", "\ufdd0", "\U0001ffff", "\ue000", "\U00100000", "\ufff9", "\u0378", "\ud7ff",
    "\U00010000",
    # digits and spaces beyond ASCII, quotes, and text that looks wrongly decoded
    "٣", "१", "１", "a\xa0b", "a\u3000b", "“a”", "‘", "–", "Ã©", "â‚¬", "€", "ÿ", "ï»¿", "þÿ", "¿", "ж", "あ", "한",
    "ש", "ع",
]  # fmt: skip

#: What the rule "magic-value" means: these, and all numbers except the plain ones that tests count with.
MAGIC_VALUES = re.compile(
    "|".join(map(re.escape, [*_WORDS, *_JSON]))
    + r"|[+-]?[0-9][0-9_, ]+|0|[+-]?[0-9]*\.[0-9]+|[+-][0-9]+|[0-9.]+[eE][0-9]+|0[xbo][0-9a-f]+|NaN|Infinity"
)
#: What the rule "special-character" means.
SPECIAL_CHARACTERS = re.compile(r"""[]<>&'"%+\\{}$#`*~|;,[()!?@^=/]""")

#: Texts of one line, by the rule that they touch. All lists are drawn equally often.
TEXTS: dict[str, list[str]] = {
    "": ["a", "b", "A", "a b", "a  b", "aB", "a.b", "a-b", "a_b", "abc", "ABC", "-", "--", "_a_", "message",
    "Message"],
    "padded-value": [
        *(" ", "  ", "  a", " token", "token ", "\t", " a ", "a  ", " \t", "\ta\t"),
        *(f"{space}a" for space in WHITE_SPACE[1:]),
        *(f"a{space}" for space in WHITE_SPACE[1:]),
        *WHITE_SPACE[2:],
    ],
    "colon": [":", "::", "a: b", "a:", ":a", "a:b", "data: a", "data:a", '{"a":1}', '{"a": 1}', "http://a/b",
    "12:30", ": a"],
    "late-bom": ["\ufeff", "\ufeffa", "a\ufeff", "a\ufeffb", "\ufeff\ufeff", "\ufeffdata: a"],
    "line-separator": [*SEPARATORS, *(f"a{separator}b" for separator in SEPARATORS)],
    "nul": ["\0", "a\0b", "\0a", "a\0"],
    "control-character": [
        *"\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x7f\x80\x81\x8d\x90\x9b\x9f",
        *("a\tb", "\x1b[31ma", "a\x08", "a\x01b", "a\x7fb", "a\x1fb"),
    ],
    "special-character": _ESCAPES,
    "magic-value": [*_NUMBERS, *_WORDS, *_JSON],
    "non-ascii": _BEYOND_ASCII,
}  # fmt: skip

#: Reconnection times at the limits of the field, of printing, and of the integers of other languages.
RETRIES = [
    0, 1, 7, 10, 100, 999, 1000, 1001, 3000, 3001, 65535, 65536, 86_400_001, 1_000_000, 123_456_789, 2**31 - 1, 2**31,
    2**32, 10**15 + 1, 10**16, 2**53 - 1, 2**53 + 1, 10**18 - 1,
]  # fmt: skip
#: The same as written in a field, and numbers with leading zeros.
SPELT_RETRIES = [*(b"%d" % retry for retry in RETRIES), b"00", b"007", b"010", b"0" * 30 + b"7", b"09", b"08"]
BAD_RETRIES = [
    b"-1", b"+1", b"1.5", b" 5", b"5 ", b"1_0", b"5s", b"a", b"0x10", b"1e3", b"", b"-0", b"+", b"-", b"--1", b"1.",
    b".5",
    b"1.0", b"0b1", b"0o7", b"1,000", b"1 000", b"5ms", b"5;", b"a5", b"5a", b"5:5", b"5\t", b"\t5", b"NaN",
    b"Infinity",
    b"inf", b"null", b"true", b"None", b"5\0", b"\x005", b"5\v", b"5\x1f", b"1e", b"0x", b"5-", b"5+5", b"#5", b'"5"',
    b"1E3", b"ff", b"5L", b"5n", b"5.",
]  # fmt: skip
#: Invalid reconnection times with digits and spaces beyond ASCII.
BAD_RETRIES_BEYOND_ASCII = [
    text.encode()
    for text in (
        "٣", "²", "१", "１", "1٣", "①", "½", "5\xa0", "\xa05", "5\u3000", "\ufeff5", "5\u200b", "5\x85", "5\u2028", "Ⅴ",
    )
]  # fmt: skip

BAD_UTF_8 = [
    b"\xff", b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x8d", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80",
    b"\xe2\x82a", b"\xf0\x9fa", b"a\xc3", b"\xc1\xbf", b"\xf5\x80\x80\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80",
    b"\xbf\xbf", b"\xfe", b"\xed\xb0\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xc3\xc3", b"\xe2\xe2\x82\xac",
    b"\xf8\x88\x80\x80\x80",
    b"caf\xe9 b", b"\x93a\x94", b"\xc0\x80", b"\xef\xbb", b"a\xef\xbbb", b"\xe0\x9f\xbf", b"\xf4\x8f\xbf",
    b"\x9f\x92\xa9",
]  # fmt: skip

COMMENTS = [
    b": ", b":data: a", b":id: 9", b":event: a", b":", b"::", b": ping", b":  a", b":retry: 9", b": data: a", b":a",
    b":\t",
    b": :", b":: data: a", b": \0", ": é".encode(), ":\u2028data: a".encode(), b":\x0bdata: a", b": data: [DONE]",
    b":ok",
]  # fmt: skip
UNKNOWN = [
    b"x: 1", b"error: {}", b"x", b"retry-after: 3", b"topic: a", b"type: a", b"name: a", b"message: a",
    b"comment: a", b"x:",
    b"lastEventId: 9", b"last-event-id: 9", b"Last-Event-ID: 9", b"time: 1", b"__proto__: a", b"constructor: a",
    b"toString: a", b"hasOwnProperty", b"__class__: a", b"self: a", b"0: a", b"x: data: a", b"length: 9",
    b"HTTP/1.1 200 OK",
    b'{"data": 1}', b"<data>", b"a=b", b"[DONE]",
]  # fmt: skip
#: Field names that are nearly right, grouped by what is wrong with them.
NEAR_MISSES = [
    [
        b"Data: a", b"DATA: a", b"dAtA: a", b"Event: a", b"EVENT: a", b"ID: 9", b"Id: 9", b"Retry: 9", b"RETRY: 9",
        b"DATA", b"ID",
    ],
    [
        b" data: a", b"data : a", b" id: 9", b"event : a", b"\tdata: a", b"retry : 9", b"data\t: a", b"id : 9",
        b" event: a",
        b" retry: 9", b"data ", b" data", b"id\t: 9", b"  data: a", b"\x1fdata: a", b"data\x1f: a", b" : a", b" :",
    ],
    [
        b"datax: a", b"dat: a", b"data;a", b"-data: a", b"data\0: a", b"events: a", b"idx: 9", b"da", b"d: a",
        b"data=a",
        b"data a", b"data;: a", b"data,: a", b"data.: a", b'"data": a', b"'data': a", b"#data: a", b"//data: a",
        b"data[]: a",
        b"data\\: a", b"data%3A a", b"\0data: a", b"da\0ta: a", b"data-: a", b"_data: a", b"id_: 9", b"i: 9",
        b"even: a",
        b"eventt: a", b"event-type: a", b"retr: 9", b"retryy: 9", b"data\x01: a", b"\x7fdata: a", b"data1: a",
        b"1data: a",
        b"data/: a", b"(data): a", b"idid: 9", b"xdata: a", b"my-data: a", b"metadata: a", b"myevent: a", b"uuid: 9",
    ],
    [
        name.encode()
        for name in (
            "dаta: a", "ｄａｔａ: a", "data：a", "ıd: 9", "İd: 9", "ID：9", "data\u200b: a", "\u200bdata: a",
            "data\xa0: a",
            "\xa0data: a", "\u3000data: a", "data\u3000: a", "ï»¿data: a", "dáta: a", "da\u0301ta: a", "é: a",
            "🍊: a", "é",
        )
    ],
]  # fmt: skip
#: Field names with a character at which some code splits or strips.
SEPARATED_NAMES = [
    *(f"{separator}data: a".encode() for separator in SEPARATORS),
    *(f"data{separator}: a".encode() for separator in SEPARATORS),
]
#: Lines that look blank but are not.
WHITE_LINES = [
    *(space.encode() for space in WHITE_SPACE), b"  ", b" \t", b"   ", b"\t\t", "\u200b".encode(), "\u2800".encode(),
    *(separator.encode() for separator in SEPARATORS), b"\0", b"\x1b", "\u180e".encode(), BOM,
]  # fmt: skip

#: Sizes of buffers, windows, columns and counters. A fault at such a size shows at the size itself, at one more, or if
#: the field name before the value and the line end after it count too.
SIZES = [16, 32, 36, 64, 80, 100, 128, 200, 255, 256, 500, 512, 1000, 1024, 2048, 4096, 8192]
LARGE_SIZES = [
    10_000,
    16_384,
    32_768,
    65_535,
    65_536,
    100_000,
    131_072,
    262_144,
    500_000,
    524_288,
    1_000_000,
    1_048_576,
]
#: Lengths near those of common buffers, for the strategies.
LENGTHS = [1100, 4097, 8193, 1025, 2049, 257, 65537]

#: Lines that touch a rule only together: the rule, the other rules that they touch, and the lines. b"" is a blank line.
PHRASES: list[tuple[str, set[str], list[bytes]]] = [
    ("overwritten-field", {"id", "empty-id"}, [b"id: 1", b"id: ", b"data: a"]),
    ("event-without-data", {"id", "event"}, [b"event: a", b"id: 1", b"", b"data: a"]),
    ("empty-data", {"event"}, [b"event: a", b"data: "]),
    ("empty-data", {"id"}, [b"id: 1", b"data: ", b"", b"data: a"]),
    ("retry", {"id"}, [b"retry: 7", b"id: 1", b"data: a"]),
    ("event-without-data", {"id"}, [b"id: 2", b"", b"data: a"]),
    ("event-without-data", {"event"}, [b"event: a", b"", b"data: a"]),
    ("event-without-data", {"retry"}, [b"retry: 7", b"", b"data: a"]),
    ("overwritten-field", {"event"}, [b"event: a", b"event: b", b"data: a"]),
    ("overwritten-field", {"event", "empty-event"}, [b"event: a", b"event: ", b"data: a"]),
    ("overwritten-field", {"id"}, [b"id: 1", b"id: 2", b"data: a"]),
    ("id-with-null", {"id", "overwritten-field"}, [b"id: 1", b"id: 2\0", b"data: a"]),
    ("id-with-null", {"id", "overwritten-field"}, [b"id: 3", b"data: a", b"id: \0"]),
    ("id-with-null", {"id", "overwritten-field"}, [b"id: 4", b"id: 5\0", b"data: a"]),
    ("empty-id", {"id"}, [b"id: 1", b"data: a", b"", b"id: ", b"data: a"]),
    ("id", {"events"}, [b"id: 1", b"data: a", b"", b"data: b"]),
    ("event", {"events"}, [b"event: a", b"data: a", b"", b"data: b"]),
    ("retry", set(), [b"retry: 007", b"data: a"]),
    ("invalid-retry", set(), [b"retry: 5s", b"data: a"]),
    ("invalid-retry", {"non-ascii"}, ["retry: ٣".encode(), b"data: a"]),
    ("invalid-retry", {"retry", "overwritten-field"}, [b"retry: 7", b"retry: x", b"data: a"]),
    ("data-lines", {"empty-data"}, [b"data: a", b"data: ", b"data: "]),
    ("data-lines", {"empty-data"}, [b"data: ", b"data: a"]),
    ("comment", set(), [b"data: a", b": ping", b"data: b"]),
    ("comment", {"colon"}, [b":data: a", b""]),
    ("comment", {"colon"}, [b":data: b", b""]),
    ("comment", {"colon"}, [b"data: a", b":data: b", b""]),
    ("blank-lines", set(), [b"data: a", b"", b""]),
]
