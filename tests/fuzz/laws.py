"""The laws that hold for every input, and the four targets that read an input and check them.

A target takes any bytes. It returns, or it raises an AssertionError that names the broken law and the input, or it
passes on an unexpected exception of the package. It needs nothing but the package, so that atheris, Hypothesis and a
plain test can all drive it. The judge is `reference_decode`. Only the size limit, which is not in the standard, has a
model here.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sse_codec import (
    BlankLine,
    Block,
    BlockDecoder,
    Comment,
    Decoder,
    EncodeError,
    EventTooLarge,
    Field,
    LineDecoder,
    ReceivedEvent,
    ServerSentEvent,
    encode,
    encode_block,
    encode_comment,
    encode_line,
)
from sse_codec.testing import reference_decode
from tests.fuzz.inputs import Parts, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sse_codec import Line
    from tests.fuzz.inputs import Call

    AnyDecoder = Decoder | BlockDecoder | LineDecoder

NEVER = sys.maxsize
#: After how many calls of a connection the decoder's state is checked. The reference starts anew for each check.
LOOKS = 24
BOM = b"\xef\xbb\xbf"


class WholeBlock(NamedTuple):
    """All attributes of a block."""

    data: str | None
    event: str | None
    id: str | None
    retry: int | None
    lines: tuple[Line, ...]
    last_event_id: str
    wire: bytes


Item: TypeAlias = ReceivedEvent | Field | Comment | BlankLine | Block | WholeBlock


class Step(NamedTuple):
    """What one call did to a decoder."""

    call: str
    start: int  # how many bytes of the connection had been fed before it
    end: int  # and after it
    returned: list[Item]
    raised: EventTooLarge | None
    last_event_id: str
    reconnection_time: int | None
    held: int


class Connection(NamedTuple):
    """What a decoder was fed up to a `close` or `reset`, and what it did."""

    limit: int
    last_event_id: str
    reconnection_time: int | None
    wire: bytes
    steps: list[Step]


class Expected(NamedTuple):
    """What a decoder must return for a connection.

    Attributes:
        items: the events, the blocks or the lines.
        ends: after how many bytes each is complete.
        unfinished: what `close` must return.
        too_large_at: the offset of the byte that passes the limit, or NEVER. Items that end after it never come.
    """

    items: list[Item]
    ends: list[int]
    unfinished: Item | None
    too_large_at: int


def whole(item: Item) -> Any:
    """Return all attributes of an event, a line or a block; `==` ignores some."""
    if isinstance(item, Block):
        return WholeBlock(item.data, item.event, item.id, item.retry, item.lines, item.last_event_id, item.wire)
    return item if isinstance(item, WholeBlock) else item.__reduce__()


def _whole(items: Iterable[Item]) -> list[Any]:
    return [whole(item) for item in items]


def _equal(got: object, expected: object, what: str) -> None:
    assert got == expected, f"{what}: {got!r} instead of {expected!r}"


# The decoders


def _connections(decoder: AnyDecoder, plan: Plan) -> list[Connection]:
    """Make the calls of a plan and record what they do. They may raise nothing but EventTooLarge."""
    limit = plan.limit or NEVER
    connections: list[Connection] = []
    fed = bytearray()
    steps: list[Step] = []
    before = _state(decoder)
    for call in plan.calls():
        start = len(fed)
        if call.name == "feed":
            fed += call.chunk
        try:
            returned, raised = _make(decoder, call), None
        except EventTooLarge as error:
            returned, raised = [], error
        steps.append(Step(call.name, start, len(fed), returned, raised, *_state(decoder), len(decoder._held)))
        if call.name == "reset" or (call.name == "close" and raised is None):
            connections.append(Connection(limit, *before, bytes(fed), steps))
            fed, steps, before = bytearray(), [], _state(decoder)
    if steps:
        connections.append(Connection(limit, *before, bytes(fed), steps))
    return connections


def _state(decoder: AnyDecoder) -> tuple[str, int | None]:
    return ("", None) if isinstance(decoder, LineDecoder) else (decoder.last_event_id, decoder.reconnection_time)


def _make(decoder: AnyDecoder, call: Call) -> list[Item]:
    if call.name == "feed":
        returned: list[Item] = [*decoder.feed(call.chunk)]
        if isinstance(call.chunk, (bytearray, memoryview)):
            call.chunk[:] = b"\n" * len(call.chunk)  # "the caller may reuse its buffer"
        return returned
    if call.name == "feed str":
        try:
            decoder.feed("data: a\n\n")  # type: ignore[arg-type]  # wrong on purpose
        except TypeError:
            return []
        raise AssertionError("feed took a str")
    if call.name == "close":
        unfinished = decoder.close()
        return [] if unfinished is None else [unfinished]
    decoder.reset()
    return []


def _raw_lines(wire: bytes) -> tuple[list[tuple[int, bytes, int]], tuple[int, bytes]]:
    """Return the complete lines, each as (start, line, end), and the unfinished rest, as (start, rest)."""
    start = len(BOM) if wire.startswith(BOM) else 0
    lines = []
    for match in re.compile(rb"([^\r\n]*)(\r\n?|\n)").finditer(wire, start):
        lines.append((match.start(), match[1], match.start(2) + 1))
        start = match.end()
    return lines, (start, wire[start:])


def retries(wire: bytes) -> list[tuple[int, int]]:
    """Return each valid `retry` of a stream, with the offset at which its line has ended."""
    found = [(end, re.fullmatch(rb"retry: ?([0-9]+)", line)) for _, line, end in _raw_lines(wire)[0]]
    digits = [(end, match[1].lstrip(b"0") or b"0") for end, match in found if match]
    return [(end, int(number)) for end, number in digits if len(number) <= 18]


def _noticed(wire: bytes, offset: int) -> int:
    """Return where a decoder can notice the byte at an offset: not while the wire may still begin with a BOM."""
    undecided = next(size for size in (2, 1, 0) if wire.startswith(BOM[:size]))
    at = max(offset, undecided)
    return at if at < len(wire) else NEVER


def passes_the_limit_at(wire: bytes, limit: int, *, comments: bool) -> int:
    """Return the offset of the byte with which a block passes the limit, or NEVER.

    "What counts is the block's lines joined by one byte each". Comments that have ended count only if they are kept.
    """
    lines, rest = _raw_lines(wire)
    held = 0
    for start, line in [*(line[:2] for line in lines), rest]:
        if line and held + len(line) > limit:
            return _noticed(wire, start + max(limit - held, 0))
        if not line:
            held = 0
        elif comments or not line.startswith(b":"):
            held += len(line) + 1
    return NEVER


def expected_events(connection: Connection) -> Expected:
    wire, limit = connection.wire, connection.limit
    reference = reference_decode(wire, last_event_id=connection.last_event_id)
    too_large_at = passes_the_limit_at(wire, limit, comments=False)
    return Expected([*reference.events], reference.ends, reference.unfinished, too_large_at)


def expected_blocks(connection: Connection) -> Expected:
    wire, limit = connection.wire, connection.limit
    raws, ends = list[bytes](), list[int]()
    lines, (_, rest) = _raw_lines(wire)
    block: list[bytes] = []
    for _, line, end in lines:
        if line:
            block.append(line)
        elif block:
            raws.append(b"\n".join(block))
            ends.append(end)
            block = []
    block += [rest] if rest else []
    # With a blank line, for the block that the end cuts off.
    whole = reference_decode(wire + b"\n\n", last_event_id=connection.last_event_id).blocks
    raws += [b"\n".join(block)] if block else []
    blocks: list[Item] = [
        # The first LF keeps a receiver from taking the first three bytes for a byte order mark.
        WholeBlock(*said, b"\n" * raw.startswith(BOM) + raw + b"\n\n")
        for said, raw in zip(whole, raws, strict=True)
    ]
    unfinished = blocks.pop() if block else None
    return Expected(blocks, ends, unfinished, passes_the_limit_at(wire, limit, comments=True))


def expected_lines(connection: Connection) -> Expected:
    wire, limit = connection.wire, connection.limit
    lines, rest = _raw_lines(wire)
    too_large_at = next(
        (_noticed(wire, start + limit) for start, line in [*(line[:2] for line in lines), rest] if len(line) > limit),
        NEVER,
    )
    unfinished = reference_decode(wire + b"\n").lines[-1] if rest[1] else None
    return Expected([*reference_decode(wire).lines], [line[2] for line in lines], unfinished, too_large_at)


def law_of_meaning(connection: Connection, expected: Expected) -> None:
    """A decoder returns what the standard says, in every attribute and in order, however the stream is cut."""
    got = [item for step in connection.steps if step.call == "feed" for item in step.returned]
    within = [item for item, end in zip(expected.items, expected.ends, strict=True) if end <= expected.too_large_at]
    _equal(_whole(got), _whole(within), "returned")


def law_of_promptness(connection: Connection, expected: Expected) -> None:
    """A decoder returns each item from the `feed` that gets its last byte."""
    for step in connection.steps:
        if step.call == "feed":
            due = sum(step.start < end <= min(step.end, expected.too_large_at) for end in expected.ends)
            _equal(len(step.returned), due, f"how many were returned at byte {step.end}")


def law_of_the_limit(connection: Connection, expected: Expected) -> None:
    """The same byte passes the limit for every cut; then calls raise until `reset`. The limit bounds the buffer too."""
    limit, at = connection.limit, expected.too_large_at
    for step in connection.steps:
        passed = at < step.start if step.returned else at < step.end
        must_raise = passed and step.call in {"feed", "close"}
        _equal(step.raised is not None, must_raise, f"whether {step.call} raised at byte {step.end}")
        if step.raised is not None:
            assert step.raised.limit == limit < step.raised.size <= step.end, f"sizes are wrong: {step.raised}"
        most = 0 if at < step.end else max(limit + 1, 2)  # the end of a line; two bytes that may begin a BOM
        assert step.held <= most, f"{step.held} bytes held at byte {step.end}"


def law_of_closing(connection: Connection, expected: Expected) -> None:
    """`close` returns the item that the missing end would have completed, `reset` drops it; both empty the buffer."""
    last = connection.steps[-1]
    if last.raised is None:
        unfinished = [] if expected.unfinished is None or last.call == "reset" else [expected.unfinished]
        _equal(_whole(last.returned), _whole(unfinished), last.call)
        _equal(last.held, 0, "held")


def law_of_state(connection: Connection, expected: Expected) -> None:
    """An id counts from its blank line on, `retry` from its line end. Nothing else changes state, not even `reset`."""
    for step in [*connection.steps[:LOOKS], connection.steps[-1]]:
        seen = connection.wire[: min(step.end, expected.too_large_at)]
        reference = reference_decode(seen, last_event_id=connection.last_event_id)
        time = connection.reconnection_time if reference.reconnection_time is None else reference.reconnection_time
        _equal(step.last_event_id, reference.last_event_id, f"last event ID at byte {step.end}, after {step.call}")
        _equal(step.reconnection_time, time, f"reconnection time at byte {step.end}, after {step.call}")


def law_of_the_relay(connection: Connection, expected: Expected) -> None:
    """What `BlockDecoder` reads and passes on is the same stream to the next reader, which may join at any block."""
    blocks = [item for step in connection.steps if step.call == "feed" for item in step.returned]
    wires = [block.wire for block in blocks if isinstance(block, Block)]
    said = [each[:5] for each in _whole(blocks)]
    events = [block.to_event() for block in blocks if isinstance(block, Block)]
    for start in {0, len(blocks) // 2, max(len(blocks) - 1, 0)}:
        relayed = b"".join(wires[start:])
        again = BlockDecoder().feed(relayed)
        _equal([each[:5] for each in _whole(again)], said[start:], f"blocks relayed from number {start} on")
        _equal([block.wire for block in again], wires[start:], f"bytes relayed from number {start} on")
        expected_events = [event for event in events[start:] if event is not None]
        _equal(reference_decode(relayed).events, expected_events, f"events relayed from number {start} on")


def law_of_the_proxy(connection: Connection, expected: Expected) -> None:
    """What `LineDecoder` reads and `encode_line` writes is the same stream to the next reader."""
    lines = [line for line in expected.items if isinstance(line, (Field, Comment, BlankLine))]
    relayed = b""
    kept = []
    for line in lines:
        # The one field that can't be passed on; every reader ignores it.
        if isinstance(line, Field) and line.name.startswith("\ufeff"):
            continue
        relayed += encode_line(line)
        kept.append(line)
    _equal(LineDecoder().feed(relayed), kept, "lines of the relayed stream")
    events = reference_decode(connection.wire).events
    _equal(_whole(reference_decode(relayed).events), _whole(events), "events of the relayed stream")


DECODER_LAWS = (law_of_meaning, law_of_promptness, law_of_the_limit, law_of_closing, law_of_state)
BLOCKS_LAWS = (*DECODER_LAWS, law_of_the_relay)
LINES_LAWS = (law_of_meaning, law_of_promptness, law_of_the_limit, law_of_closing, law_of_the_proxy)


def decoder(data: bytes) -> None:
    """Check the laws of `Decoder` on one input."""
    plan = Plan.read(data)
    options = {"max_event_size": plan.limit} if plan.limit else {}
    for connection in _connections(Decoder(last_event_id=plan.last_event_id, **options), plan):
        _hold(DECODER_LAWS, (connection, expected_events(connection)), plan)


def blocks(data: bytes) -> None:
    """Check the laws of `BlockDecoder` on one input."""
    plan = Plan.read(data)
    options = {"max_event_size": plan.limit} if plan.limit else {}
    for connection in _connections(BlockDecoder(last_event_id=plan.last_event_id, **options), plan):
        _hold(BLOCKS_LAWS, (connection, expected_blocks(connection)), plan)


def lines(data: bytes) -> None:
    """Check the laws of `LineDecoder` on one input."""
    plan = Plan.read(data)
    options = {"max_event_size": plan.limit} if plan.limit else {}
    for connection in _connections(LineDecoder(**options), plan):
        _hold(LINES_LAWS, (connection, expected_lines(connection)), plan)


# The encoder


def _lines(text: str) -> list[str]:
    return re.split("\r\n|\r|\n", text)


def _has(text: str, characters: str) -> bool:
    return any(character in characters or "\ud800" <= character <= "\udfff" for character in text)


def _sendable(parts: Parts) -> bool:
    """Tell whether each part can be sent."""
    return not (
        (parts.data is not None and _has(parts.data, ""))
        or (parts.comment is not None and _has(parts.comment, ""))
        or (parts.event is not None and (not parts.event or parts.data is None or _has(parts.event, "\r\n")))
        or (parts.id is not None and _has(parts.id, "\r\n\0"))
        or (parts.retry is not None and (isinstance(parts.retry, bool) or not 0 <= parts.retry < 10**18))
    )


def _sent(send: Callable[[], bytes], given: dict[str, object], *, sendable: bool) -> bytes | None:
    """Return what an encoder wrote, or None if it refused; check that it had to."""
    try:
        wire = send()
    except EncodeError as error:
        assert not sendable, f"refused what can be sent: {error}"
        value = given[error.field]
        assert error.value is value or error.value == value, f"another value than {error.field} has: {error.value!r}"
        if error.offset is not None:
            assert isinstance(value, str)
            assert _has(value[error.offset], "\r\n\0:\ufeff"), f"offset {error.offset} is not at fault: {value!r}"
        return None
    assert sendable, f"sent what can't be sent: {wire!r}"
    return wire


def _holds_block(wire: bytes, parts: Parts, *, named: bool) -> None:
    """Assert that a wire says what the parts say, in order, and does not affect the events before and after it."""
    stream = reference_decode(b"data: before\n\n" + wire + b"data: behind\n\n")
    id = parts.id or ""
    events = [ReceivedEvent("before"), ReceivedEvent("behind", last_event_id=id)]
    if parts.data is not None:
        event = ReceivedEvent("\n".join(_lines(parts.data)), parts.event, parts.id, parts.retry, id)
        events.insert(1, event)
    _equal(_whole(stream.events), _whole(events), "events")
    _equal(_whole(Decoder().feed(wire)), _whole(events[1:-1]), "events of Decoder")
    data = None if parts.data is None else "\n".join(_lines(parts.data))
    comments = () if parts.comment is None else tuple(_lines(parts.comment))
    written = (data, parts.event if named else None, parts.id, parts.retry, comments)
    blocks = BlockDecoder().feed(wire)
    said = [(block.data, block.event, block.id, block.retry, block.comments) for block in blocks]
    _equal(said, [] if wire == b"\n" else [written], "blocks")
    _equal(b"".join(block.wire for block in blocks) or b"\n", wire, "bytes of the blocks")
    _equal(stream.comments, [] if parts.comment is None else _lines(parts.comment), "comments")
    _equal((stream.last_event_id, stream.reconnection_time), (id, parts.retry), "state")
    names = [line.name for line in stream.lines if isinstance(line, Field)][1:-1]
    lines_of_data = [] if parts.data is None else ["data"] * len(_lines(parts.data))
    expected = [
        *["id"] * (parts.id is not None),
        *["event"] * named,
        *lines_of_data,
        *["retry"] * (parts.retry is not None),
    ]
    _equal(names, expected, "fields")


def law_of_encode(parts: Parts) -> None:
    """`encode` refuses an event with EncodeError, or its wire decodes to exactly that event."""
    parts = parts._replace(data=parts.data or "", event="message" if parts.event is None else parts.event, comment=None)
    event = ServerSentEvent(parts.data or "", parts.event or "", parts.id, parts.retry)
    wire = _sent(lambda: encode(event), parts._asdict(), sendable=_sendable(parts))
    if wire is not None:
        _holds_block(wire, parts, named=parts.event != "message")


def law_of_encode_block(parts: Parts) -> None:
    """`encode_block` refuses its parts with EncodeError, or its wire says exactly what they say."""
    given = parts._asdict()
    del given["function"]
    wire = _sent(lambda: encode_block(**given), given, sendable=_sendable(parts))
    if wire is not None:
        _holds_block(wire, parts, named=parts.event is not None)


def law_of_encode_comment(parts: Parts) -> None:
    """`encode_comment` refuses a text with EncodeError, or its wire is that comment and changes nothing else."""
    parts = Parts(parts.function, comment=parts.comment or "")
    text = parts.comment or ""
    wire = _sent(lambda: encode_comment(text), parts._asdict(), sendable=_sendable(parts))
    if wire is not None:
        _holds_block(wire, parts, named=False)


def law_of_encode_line(parts: Parts) -> None:
    """`encode_line` refuses a line with EncodeError, or its wire is read as that line, first in a stream or not."""
    name, value = parts.event, parts.data or ""
    line: Line
    if name is not None:
        line = Field(name, value)
        bad_name = not name or name.startswith("\ufeff") or _has(name, "\r\n:")
        given = {"name": name, "value": value}
        sendable = not bad_name and not _has(value, "\r\n")
    elif parts.data is not None:
        line = Comment(value)
        given = {"comment": value}
        sendable = not _has(value, "\r\n")
    else:
        line, given, sendable = BlankLine(), {}, True
    wire = _sent(lambda: encode_line(line), {**given}, sendable=sendable)
    if wire is not None:
        _equal(reference_decode(wire).lines, [line], "lines")
        _equal(
            LineDecoder().feed(b"a\n" + wire + b":b\n"), [Field("a", ""), line, Comment("b")], "lines of LineDecoder"
        )


ENCODER_LAWS = (law_of_encode, law_of_encode_block, law_of_encode_comment, law_of_encode_line)


def encoder(data: bytes) -> None:
    """Check the law of one function of the encoder on one input."""
    parts = Parts.read(data)
    _hold([ENCODER_LAWS[parts.function % len(ENCODER_LAWS)]], (parts,), parts)


def _hold(laws: Sequence[Callable[..., None]], arguments: tuple[Any, ...], given: Plan | Parts) -> None:
    for law in laws:
        try:
            law(*arguments)
        except AssertionError as error:
            raise AssertionError(f"{law.__name__}: {law.__doc__}\n{error}\nin {given!r}") from error


TARGETS: dict[str, Callable[[bytes], None]] = {
    "decoder": decoder,
    "blocks": blocks,
    "lines": lines,
    "encoder": encoder,
}
