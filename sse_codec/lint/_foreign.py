"""Recognize bytes that are not an event stream, and name their format.

`suspect` looks at one line that is not a known field. It names the format if the line shows it. Otherwise it may ask
for a `Trial`, which collects the next bytes, a few hundred or until the next line has ended, and then decides. Nothing
here reports findings or changes the linter's state; the linter does that.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ._names import is_white

_PROXY = "check the response's status and headers, and the proxy or server that wrote this page"
_HANDLER = "check the server that wrote this: it failed before or during the stream"
_ENCODE = "encode it, for example as base64"
_FRAME = (
    'if it is a payload, write "data: " before each of its lines and a blank line after it; if it is an error, check '
    "the server that wrote it"
)
_DECOMPRESS = "decompress it before you parse it, or ask for it uncompressed (Accept-Encoding: identity)"
_UNWRAP = "send the text itself as the body, not a JSON string or a repr of it"


class Kind(NamedTuple):
    """A format that is not an event stream.

    Args:
        name: the format, as the subject of a sentence.
        fix: what to do about it.
        ends: how far it reaches. "never": to the end of the stream. "field": until a known field. "text": until a known
            field that is plain text, because among random bytes a field's name means little. "blank": until a blank
            line or a known field. "chunks": to the end, mixed with the stream's own lines.
        effect: what a client does with it, if the effect of the code does not fit.
        may_be_payload: whether it may be a payload without its field name.
    """

    name: str
    fix: str
    ends: str = "field"
    effect: str | None = None
    may_be_payload: bool = False

    def ends_with(self, line: bytes) -> bool:
        """Tell whether a line whose name is a known field ends it."""
        return is_text(line) if self.ends == "text" else self.ends != "never"


PLAIN_TEXT = Kind("plain text", _PROXY)
BINARY = Kind(
    "binary data, perhaps compressed with Brotli or deflate",
    f"check the response's Content-Encoding; {_DECOMPRESS}",
    "text",
)
BINARY_REST = Kind("raw binary data, probably the rest of the payload before it", _ENCODE, "text")


class Trial:
    """A line that may start something foreign, and the bytes after it that decide.

    Args:
        wanted: what decides. "binary": the first bytes. "json": the next line that is not blank. "chunk": what follows
            after as many bytes as the line says. "text": the next field.
        raw: the line, with its end.
    """

    __slots__ = ("_decisive", "raw", "wanted")

    def __init__(self, wanted: str, raw: bytes) -> None:
        self.wanted = wanted
        self.raw = bytearray(raw)
        self._decisive = 0 if wanted in {"json", "text"} else _BINARY if wanted == "binary" else _chunk_end(raw)

    def take(self, data: bytes) -> bytes:
        """Take the bytes that are needed; return the rest."""
        room = max(self.size - len(self.raw), 0)
        self.raw += data[:room]
        if not self._decisive and (b"\n" in data or b"\r" in data or b":" in data):
            found = (_NEXT_FIELD if self.wanted == "text" else _SECOND_LINE).search(self.raw)
            self._decisive = found.end() if found else 0
        return data[room:]

    @property
    def decided(self) -> bool:
        """Whether enough bytes have come."""
        return len(self.raw) >= self.size

    @property
    def size(self) -> int:
        """How many bytes decide."""
        return self._decisive or LONGEST

    def verdict(self) -> Kind | None:
        """Return the format; None if it is not foreign. The result does not depend on how the stream was cut."""
        raw = bytes(self.raw[: self.size])
        verdicts = {"binary": _binary, "json": _json, "chunk": _chunked, "text": _text}
        return verdicts[self.wanted](raw)


#: The most bytes that a trial collects, and how many it needs for what is hardly text.
LONGEST = 4096
_BINARY = 256

#: The end of the second line that is not blank.
_SECOND_LINE = re.compile(rb"\A[^\r\n]+[\r\n]+[^\r\n]+[\r\n]")

#: A line with a known field.
_NEXT_FIELD = re.compile(rb"[\r\n](?:data|event|id|retry)[:\r\n]")

#: Bytes that text does not have.
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r") + b"\x7f"


def suspect(line: bytes, *, first: bool, starts_block: bool, ends_in_crlf: bool) -> Kind | str | None:
    """Look at a line that is not a known field.

    Args:
        line: its bytes.
        first: whether no field and no comment comes before it.
        starts_block: whether only comments come before it in its block.
        ends_in_crlf: whether it ends in CRLF.

    Returns:
        The format whose first line it is; or what a `Trial` should look for; or None.
    """
    text = line.decode("utf-8", "replace")
    if not is_text(line):
        return "binary"
    if is_chunk_size(line) and (ends_in_crlf or first):
        return "chunk"
    for pattern, anywhere, kind in _TEXTS:
        if (anywhere or starts_block) and pattern.match(text):
            return kind
    if starts_block and _encoded(line):
        return Kind("an event stream in base64", "decode it, or turn off base64 in the server that makes the response")
    return "json" if starts_block and text.lstrip()[:1] in {"{", "["} else None


def is_chunk_size(line: bytes) -> bool:
    """Tell whether a line may be the size of an HTTP chunk."""
    return _CHUNK_SIZE.fullmatch(line) is not None


def is_text(line: bytes) -> bool:
    """Tell whether bytes are text."""
    return "\ufffd" not in line.decode("utf-8", "replace") and line.translate(None, _CONTROLS) == line


_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}(?:;[^\r\n]*)?")
_HTTP_HEADERS = (
    "access-control-[a-z-]+|cache-control|connection|content-(?:encoding|length|type)|keep-alive|server|status|"
    "transfer-encoding|vary|x-[a-z-]+"
)

#: Patterns of first lines; whether they also count where they may continue a payload; and the format that they start.
_TEXTS = [
    (
        re.compile(r"HTTP/\d"),
        True,
        Kind(
            "an HTTP response with its head",
            "leave out the headers: record without curl's -i, and send headers with the server's own API",
            "blank",
        ),
    ),
    (
        re.compile(rf"(?:{_HTTP_HEADERS}):", re.IGNORECASE),
        False,
        Kind("a list of HTTP headers", "send headers as headers: these are in the body", "blank"),
    ),
    (re.compile(r"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE), True, Kind("HTML", _PROXY)),
    (re.compile(r"\s*<\?xml\b", re.IGNORECASE), True, Kind("XML", _PROXY)),
    (
        re.compile(r"< HTTP/\d|> [A-Z]+ /|\* +(?:Trying|Connected|Host|ALPN|TLS|SSL|Uses) "),
        False,
        Kind("the log of curl -v", "keep curl's log out of the stream: it goes to standard error"),
    ),
    (re.compile(r"--[\w'()+,./:=?-]+$"), False, Kind("a multipart body", "read it as its Content-Type says")),
    (
        re.compile(r"\s*\+? ?(?:Exception Group )?Traceback \(most recent call last\):"),
        True,
        Kind("a Python traceback", _HANDLER),
    ),
    (
        re.compile(r"\s*(?:<br ?/?>|(?:<b>|PHP )?(?:Warning|Notice|Deprecated|(?:Fatal|Parse) error)(?:</b>)?: )"),
        False,
        Kind("a PHP error message", "fix the error that it describes, and turn off display_errors in PHP"),
    ),
    (
        re.compile(r"\s*<[a-z!/]", re.IGNORECASE),
        False,
        Kind("HTML or XML", f"{_FRAME}, or the proxy", may_be_payload=True),
    ),
    (
        re.compile(r"panic: |goroutine \d+ \[|Exception in thread |[\w.]*(?:Error|Exception): |\s+at \S+ ?\("),
        False,
        Kind("an error message of a program", _HANDLER),
    ),
    (re.compile(r"\s*\[?\s*[\"'](?:data|event|id|retry|):"), False, Kind("an event stream inside a string", _UNWRAP)),
    (re.compile(r"b[\"'](?:data|event|id|retry|):"), False, Kind("an event stream as the repr of bytes", _UNWRAP)),
    (
        re.compile(r"[0-9a-z]:[\"{\[]"),
        False,
        Kind(
            'the data stream of the AI SDK (lines such as 0:"...")',
            "read it with the AI SDK, or have the server send its UI message stream, which is an event stream",
        ),
    ),
    (re.compile(r"%PDF-"), False, Kind("a PDF document", _PROXY)),
]


def _encoded(line: bytes) -> bool:
    """Tell whether a line is the start of an event stream in base64."""
    import binascii

    head = line[:12]
    return _BASE64.fullmatch(head) is not None and re.match(_FIELD, binascii.a2b_base64(head)) is not None


_BASE64 = re.compile(rb"[A-Za-z0-9+/]{12}")
_FIELD = rb"(?:data|event|id|retry):"


def starts_stream(data: bytes) -> bool:
    """Tell whether bytes start like an event stream."""
    return re.match(rb"(?:\xef\xbb\xbf)?\n*(?:%b|:)" % _FIELD, data) is not None


#: The first line of an event stream in a JSON string.
_STREAM_INSIDE = re.compile(r'"(?:data|event|id|retry|):(?:[^"\\]|\\[^n])*\\n')


def _json(raw: bytes) -> Kind:
    text = raw.decode("utf-8", "replace")
    if _STREAM_INSIDE.search(text):
        return Kind("an event stream inside JSON", _UNWRAP)
    lines = [line for line in raw.splitlines() if line.strip()]
    if len(lines) > 1 and _closed(lines[0]) and lines[1].lstrip()[:1] in {b"{", b"["}:
        return Kind(
            "JSON lines (NDJSON)", 'write "data: " before each line and a blank line after it, or read it as JSON lines'
        )
    return Kind("JSON", _FRAME, may_be_payload=True)


def _text(raw: bytes) -> Kind | None:
    """Name the format of a first line that looks like nothing; None if a field follows, or only white space does."""
    if _NEXT_FIELD.search(raw):
        return None
    lines = raw.splitlines(keepends=True)
    at = next((at for at, line in enumerate(lines) if not is_white(line)), None)
    if at is None:
        return None
    if not at:
        return PLAIN_TEXT
    suspicion = suspect(lines[at].rstrip(b"\r\n"), first=True, starts_block=True, ends_in_crlf=False)
    if isinstance(suspicion, str):
        trial = Trial(suspicion, lines[at])
        trial.take(b"".join(lines[at + 1 :]))
        suspicion = trial.verdict()
    return suspicion or PLAIN_TEXT


def _closed(line: bytes) -> bool:
    return line.rstrip()[-1:] in {b"}", b"]"}


def _chunk_end(line: bytes) -> int:
    """Return where a chunk ends, including its CRLF, given the line with its size."""
    return min(len(line) + int(line.split(b";")[0], 16) + 2, LONGEST)


def _chunked(raw: bytes) -> Kind | None:
    """Tell whether hexadecimal digits are the size of a chunk: that many bytes and a CRLF follow, or a field does."""
    line = raw.splitlines(keepends=True)[0]
    rest = raw[len(line) :]
    length = int(line.split(b";")[0], 16)
    proved = len(rest) == length + 2 and rest.endswith(b"\r\n")
    likely = starts_stream(rest) and (line.endswith(b"\r\n") or rest[:1] != b"\n")
    if not length or not (proved or likely):
        return None
    return Kind(
        "a body in HTTP chunks, with their sizes (Transfer-Encoding: chunked)",
        "read the response with an HTTP client, which decodes the chunks, and not from the socket",
        "chunks",
        "a client ignores the sizes as unknown fields; a size in the middle of a line breaks the line and its event",
    )


#: The first bytes of compressed data.
_COMPRESSED = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\xff\x06\0\0sNaPpY", "snappy"),
]

#: The first bytes of other formats that are not text.
_MAGIC = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF-", "a PDF document"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "a program"),
    (b"\0asm", "WebAssembly"),
    (b"OggS", "Ogg audio"),
    (b"ID3", "MP3 audio"),
]

_UTF_8 = "encode the stream as UTF-8, whatever the platform's default is"
_TEXT_CODECS = [
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
]


def _binary(raw: bytes) -> Kind | None:
    """Name the format of bytes that are hardly text; None if they may be text with a few bad bytes."""
    import zlib

    for magic, name in _TEXT_CODECS:
        if raw.startswith(magic):
            return Kind(f"{name} text", _UTF_8, "text")
    for magic, name in _COMPRESSED:
        if raw.startswith(magic):
            return _compressed(name, raw)
    for magic, name in _MAGIC:
        if raw.startswith(magic):
            return Kind(name, _PROXY, "text")
    if len(raw) >= 12 and zlib.crc32(raw[:8]) == int.from_bytes(raw[8:12], "big"):
        return Kind(
            "the binary format of AWS (application/vnd.amazon.eventstream)",
            "read it with an AWS SDK, or convert it to an event stream in a gateway",
            "text",
        )
    if len(raw) >= 4 and (name := _wide(raw)):
        return Kind(f"{name} text", _UTF_8, "text")
    if raw[3:5] == b"\4\0" and raw[5:9] == b"\0\0\0\0" and raw[:1] == b"\0":
        return Kind("raw HTTP/2", "read the response with a client that speaks HTTP/2", "text")
    if raw[:1] in {b"\x81", b"\x82"} and _is_framed(raw, raw[1:2], 2, {b"\x80", b"\x81", b"\x82", b"\x88", b"\x89"}):
        return Kind("WebSocket frames", "read them with a WebSocket client, or ask for the event stream's URL", "text")
    if raw[:1] in _GRPC_FLAGS and raw[1:2] == b"\0" and _is_framed(raw, raw[1:5], 5, _GRPC_FLAGS):
        return Kind(
            "a stream of gRPC or Connect messages, each after five bytes of flags and length",
            "call the method with a gRPC or Connect client, or make the server send an event stream",
            "text",
        )
    if raw[:1] == b"x" and raw[1:2] in {b"\x01", b"\x5e", b"\x9c", b"\xda"} and _inside(raw, 15) is not None:
        return _compressed("zlib (deflate)", raw)
    if _is_stored_brotli(raw):
        return Kind("compressed data (Brotli)", _DECOMPRESS, "never")
    inside = _inside(raw, -15)
    if inside and starts_stream(inside):
        return _compressed("deflate", raw)
    if _is_odd(raw):
        return BINARY
    return None


def binary_payload(value: bytes) -> tuple[str, str] | None:
    """Name the binary format of a payload that is not UTF-8, and say what to do; None if it may be text."""
    kind = _binary(value[:LONGEST])
    if kind is None or (kind is BINARY and value.translate(None, _CONTROLS) == value):
        return None  # without control characters, it may be text in another encoding
    if kind.fix == _UTF_8:
        return kind.name, _UTF_8
    return "raw binary data" if kind is BINARY else kind.name, _ENCODE


def _compressed(name: str, raw: bytes) -> Kind:
    """Describe compressed bytes, and say if an event stream is inside."""
    inside = [_inside(raw, bits) for bits in (31, 15, -15)]
    streams = any(data and starts_stream(data) for data in inside)
    what = f"compressed data ({name}){' with an event stream inside' if streams else ''}"
    return Kind(what, _DECOMPRESS, "text")


def _is_stored_brotli(raw: bytes) -> bool:
    """Tell whether bytes are a Brotli stream with uncompressed data, as short ones are (RFC 7932, section 9.2).

    Other Brotli streams have no mark to recognize them by.
    """
    if len(raw) < 4 or raw[0] & 0x7F != 0x0B or raw[2] < 0x80:  # a window of 4 MiB, and not the last block
        return False
    length = (raw[0] >> 7 | raw[1] << 1 | (raw[2] & 0x7F) << 9) + 1
    return raw[3 + length : 4 + length] in {b"", b"\x03"} and is_text(raw[3 : 3 + length])


def _inside(raw: bytes, bits: int) -> bytes | None:
    """Decompress the first bytes; None if they are not in the format that zlib's `bits` stands for."""
    import zlib

    try:
        return zlib.decompressobj(bits).decompress(raw, 64)
    except zlib.error:
        return None


def _wide(raw: bytes) -> str:
    """Name the encoding of ASCII text in which every other byte is NUL, or three of four are."""
    head = raw[:16]
    if not any(head[1::2]) and all(head[::2]):
        return "UTF-16"
    if not any(head[::2]) and all(head[1::2]):
        return "UTF-16"
    if len(raw) >= 8 and (head[:4].count(0), head[4:8].count(0)) == (3, 3) and (head[0] or head[3]):
        return "UTF-32"
    return ""


_GRPC_FLAGS = {b"\0", b"\1", b"\2", b"\3", b"\x80"}


def _is_framed(raw: bytes, size: bytes, head: int, starts: set[bytes]) -> bool:
    """Tell whether a message, whose head contains its size, is followed by another message or by nothing."""
    length = int.from_bytes(size, "big")
    return length > 0 and len(raw) > head and raw[head + length : head + length + 1] in {b"", *starts}


def _is_odd(raw: bytes) -> bool:
    """Tell whether bytes have many characters that do not occur in text."""
    text = raw.decode("utf-8", "replace")
    odd = text.count("\ufffd") + len(raw) - len(raw.translate(None, _CONTROLS))
    return odd >= 3 and odd >= len(text) * (0.1 if len(raw) >= 16 else 0.3)
