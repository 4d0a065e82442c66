"""The encoder: what it does with each kind of input."""

from __future__ import annotations

import enum
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import given

from sse_codec import (
    BlankLine,
    Comment,
    EncodeError,
    EncodeTypeError,
    Field,
    ReceivedEvent,
    ServerSentEvent,
    encode,
    encode_block,
    encode_comment,
    encode_line,
)
from sse_codec.testing import reference_decode
from tests.strategies import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.mark.parametrize(
    ("event", "wire"),
    [
        (ServerSentEvent("a"), b"data: a\n\n"),
        (ServerSentEvent(""), b"data: \n\n"),
        (ServerSentEvent(" a"), b"data:  a\n\n"),
        (ServerSentEvent("a\nb"), b"data: a\ndata: b\n\n"),
        (ServerSentEvent("a\r\nb\rc\n\rd"), b"data: a\ndata: b\ndata: c\ndata: \ndata: d\n\n"),
        (ServerSentEvent("a\rb"), b"data: a\ndata: b\n\n"),
        (ServerSentEvent("a\n"), b"data: a\ndata: \n\n"),
        (ServerSentEvent("\n"), b"data: \ndata: \n\n"),
        (ServerSentEvent("a\u2028b\x85c\x0bd\0"), "data: a\u2028b\x85c\x0bd\0\n\n".encode()),
        (ServerSentEvent("a", event="message"), b"data: a\n\n"),
        (ServerSentEvent("a", event="Message"), b"event: Message\ndata: a\n\n"),
        (ServerSentEvent("a", event="\0"), b"event: \0\ndata: a\n\n"),
        (ServerSentEvent("a", id=""), b"id: \ndata: a\n\n"),
        (ServerSentEvent("a", id="1"), b"id: 1\ndata: a\n\n"),
        (ServerSentEvent("a", retry=0), b"data: a\nretry: 0\n\n"),
        (ServerSentEvent("a", retry=10**18 - 1), b"data: a\nretry: 999999999999999999\n\n"),
        (ReceivedEvent("é🍊", "b", "c", 1, "ignored"), "id: c\nevent: b\ndata: é🍊\nretry: 1\n\n".encode()),
    ],
)
def test_encode(event: ServerSentEvent, wire: bytes) -> None:
    assert encode(event) == wire


@pytest.mark.parametrize(
    ("parts", "wire"),
    [
        ({}, b"\n"),
        ({"data": "a"}, b"data: a\n\n"),
        ({"id": "1"}, b"id: 1\n\n"),
        ({"retry": 5}, b"retry: 5\n\n"),
        ({"event": "a", "data": ""}, b"event: a\ndata: \n\n"),
        ({"event": "message", "data": "a"}, b"event: message\ndata: a\n\n"),
        ({"data": "a\nb", "event": "message", "id": ""}, b"id: \nevent: message\ndata: a\ndata: b\n\n"),
        ({"comment": "a"}, b": a\n\n"),
        ({"comment": "a\rb\r\nc\n"}, b": a\n: b\n: c\n: \n\n"),
        (
            {"data": "d", "event": "e", "id": "i", "retry": 1, "comment": "c"},
            b": c\nid: i\nevent: e\ndata: d\nretry: 1\n\n",
        ),
    ],
)
def test_encode_block(parts: dict[str, Any], wire: bytes) -> None:
    assert encode_block(**parts) == wire


def test_encode_comment() -> None:
    assert encode_comment() == b": \n\n"
    assert encode_comment("a\nb") == b": a\n: b\n\n"


@given(texts)
def test_a_comment_dispatches_nothing(text: str) -> None:
    try:
        wire = encode_comment(text)
    except EncodeError:
        return
    stream = reference_decode(wire)
    assert (stream.events, stream.last_event_id, stream.reconnection_time) == ([], "", None)
    assert "\n".join(stream.comments) == text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("field", ["event", "id"])
@pytest.mark.parametrize("separator", ["\n", "\r", "\r\n"])
def test_a_line_end_in_event_or_id_is_refused(field: str, separator: str) -> None:
    for value, offset in ((f"ab{separator}data: x", 2), (separator, 0), (f"a{separator}", 1)):
        with pytest.raises(EncodeError, match=rf"^{field} can't contain a line end \(offset {offset}\): ") as raised:
            encode(ServerSentEvent("a", **{field: value}))  # type: ignore[arg-type]  # wrong on purpose
        assert (raised.value.field, raised.value.value, raised.value.offset) == (field, value, offset)


def test_the_error_names_the_first_line_end() -> None:
    for value in ("a\rb\nc", "a\nb\rc", "a\nb\nc", "a\rb\rc"):
        with pytest.raises(EncodeError) as raised:
            encode_block(id=value)
        assert raised.value.offset == 1


def test_U_0000_in_an_id_is_refused() -> None:
    for value in ("12\0", "12\0\0"):
        with pytest.raises(EncodeError, match=r"^id can't contain U\+0000") as raised:
            encode(ServerSentEvent("a", id=value))
        assert (raised.value.value, raised.value.offset) == (value, 2)


def test_an_empty_event_is_refused() -> None:
    with pytest.raises(EncodeError, match=r"^event can't be empty"):
        encode(ServerSentEvent("a", event=""))
    with pytest.raises(EncodeError, match=r"^event can't be empty") as raised:
        encode_block("a", event="")
    assert raised.value.value == ""


@pytest.mark.parametrize("retry", [-1, 10**18, pytest.param(10**5000, id="huge"), True, False, 1.0, "1", b"1"])
def test_retry_out_of_range_is_refused(retry: Any) -> None:
    with pytest.raises(EncodeError, match="^retry must be ") as raised:
        encode(ServerSentEvent("a", retry=retry))
    assert raised.value.value is retry


@pytest.mark.parametrize(("retry", "hint"), [(True, ""), (1.0, ""), ("1", r": use int\(\.\.\.\)"), (b"1", "")])
def test_retry_of_a_wrong_type_is_a_TypeError_too(retry: Any, hint: str) -> None:
    with pytest.raises(TypeError, match=f"^retry must be an int of milliseconds, not {type(retry).__name__}{hint}$"):
        encode_block(retry=retry)


@pytest.mark.parametrize("field", ["data", "event", "id", "comment"])
@pytest.mark.parametrize("surrogate", ["\ud800", "\udfff"])
def test_a_lone_surrogate_is_refused(field: str, surrogate: str) -> None:
    parts: dict[str, Any] = {
        "data": "🍊",
        "event": "🍊",
        "id": "🍊",
        "comment": "🍊",
        field: f"🍊\ud7ff\ue000{surrogate}",
    }
    with pytest.raises(EncodeError, match=f"^{field} can't contain a lone surrogate: UTF-8 can't encode it ") as raised:
        encode_block(**parts)
    assert (raised.value.field, raised.value.value, raised.value.offset) == (field, parts[field], 3)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("field", ["data", "event", "id"])
def test_a_lone_surrogate_in_an_event_is_refused(field: str) -> None:
    parts: Any = {"data": "a", "event": "b", "id": "c", field: "🍊\ud800"}
    with pytest.raises(EncodeError, match=f"^{field} can't contain a lone surrogate: UTF-8 can't encode it ") as raised:
        encode(ServerSentEvent(**parts))
    assert (raised.value.field, raised.value.value, raised.value.offset) == (field, parts[field], 1)


def test_a_lone_surrogate_is_found_after_omitted_fields() -> None:
    with pytest.raises(EncodeError, match=r"^data can't contain a lone surrogate: UTF-8 can't encode it \(offset 1\)"):
        encode(ServerSentEvent("a\ud800"))


JSON = ": use json.dumps(...)"
STR = ": use str(...)"
DECODED = ": call its decode() first"


@pytest.mark.parametrize(
    ("value", "for_data", "for_others"),
    [
        (b"a", DECODED, DECODED),
        (bytearray(b"a"), DECODED, DECODED),
        (memoryview(b"a"), "", ""),
        (1, JSON, STR),
        (1.5, JSON, STR),
        (True, JSON, ""),
        (["a"], JSON, ""),
        (("a",), JSON, ""),
        ({}, JSON, ""),
        (OrderedDict(), JSON, ""),
        (object(), "", ""),
        (mock.ANY, "", ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_wrong_type_is_a_TypeError_that_says_what_to_use(value: Any, for_data: str, for_others: str) -> None:
    for field in ("data", "event", "id", "comment"):
        hint = for_data if field == "data" else for_others
        with pytest.raises(TypeError) as raised:
            encode_block(**{"data": "", field: value})
        assert isinstance(raised.value, EncodeTypeError)
        assert str(raised.value) == f"{field} must be a str, not {type(value).__name__}{hint}"
        assert (raised.value.field, raised.value.offset) == (field, None)
        assert raised.value.value is value


def test_an_event_needs_data() -> None:
    with pytest.raises(TypeError) as raised:
        encode(ServerSentEvent(None))  # type: ignore[arg-type]  # wrong on purpose
    assert str(raised.value) == f"data must be a str, not NoneType{JSON}"


@pytest.mark.parametrize("event", ["ping", "message"])
def test_a_type_without_data_is_refused(event: str) -> None:
    """WHATWG HTML 9.2.6: with an empty data buffer, "set ... the event type buffer to the empty string and return"."""
    with pytest.raises(EncodeError) as raised:
        encode_block(event=event, id="1")
    assert (raised.value.field, raised.value.value, raised.value.offset) == ("event", event, None)
    assert str(raised.value) == (
        f"event needs data: receivers dispatch nothing without it; data=\"\" sends an empty event: '{event}'"
    )


def test_a_comment_is_a_str() -> None:
    with pytest.raises(TypeError, match="^comment must be a str, not NoneType$"):
        encode_comment(None)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("bad", ["a", None, {"data": "a"}, ("a", "message", None, None)])
def test_encode_takes_events_only(bad: Any) -> None:
    with pytest.raises(TypeError, match=rf"^encode\(\) takes a ServerSentEvent, not {type(bad).__name__}"):
        encode(bad)


class Markup(str):
    """A str as HTML template engines return it, which escapes any str that it is joined with."""

    __slots__ = ()

    def __radd__(self, other: str) -> str:
        return "escaped " + str(other) + str(self)

    def replace(self, *_: Any) -> str:
        raise AssertionError

    def __str__(self) -> str:
        return "not the value"


class Kind(str, enum.Enum):
    TICK = "tick"


class Delay(enum.IntEnum):
    SHORT = 50


def test_subclasses_are_sent_as_their_value() -> None:
    assert encode(ServerSentEvent(Markup("<b>\n</b>"), event=Kind.TICK, id=Markup("1"), retry=Delay.SHORT)) == (
        b"id: 1\nevent: tick\ndata: <b>\ndata: </b>\nretry: 50\n\n"
    )
    assert encode(ServerSentEvent(Markup("a"), event=Markup("b"))) == b"event: b\ndata: a\n\n"
    assert encode(ServerSentEvent("a", id=Markup("1"))) == b"id: 1\ndata: a\n\n"


class Liar(str):
    """A str whose methods all answer as if it were valid and harmless."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __contains__(self, other: object) -> bool:
        return False

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __getitem__(self, key: object) -> str:
        return ""

    def __format__(self, spec: str) -> str:
        return "formatted"

    def __str__(self) -> str:
        return "shown"

    def encode(self, *_: object) -> bytes:
        return b"encoded"

    def find(self, *_: object) -> int:
        return -1

    def replace(self, *_: object) -> str:
        return "replaced"


class Number(int):
    """An int whose comparisons are all true."""

    def __le__(self, other: object) -> bool:
        return True

    __lt__ = __ge__ = __gt__ = __eq__ = __le__
    __hash__ = int.__hash__

    def __index__(self) -> int:
        return 7

    __int__ = __index__

    def __str__(self) -> str:
        return "5\ndata: injected"

    __repr__ = __str__


class Posing:
    """An object whose class claims to be str, and int."""

    @property
    def __class__(self) -> Any:
        return type("Both", (str,), {})

    @__class__.setter
    def __class__(self, _: Any) -> None: ...


def test_a_lying_str_is_sent_as_its_real_value() -> None:
    block = encode_block(Liar("a\nb"), event=Liar("tick"), id=Liar("1"), comment=Liar("c\rd"))
    assert block == b": c\n: d\nid: 1\nevent: tick\ndata: a\ndata: b\n\n"
    assert encode(ServerSentEvent(Liar("a\nb"), event=Liar("tick"), id=Liar("1"))) == (
        b"id: 1\nevent: tick\ndata: a\ndata: b\n\n"
    )
    assert encode(ServerSentEvent("a", event=Liar("message"))) == b"data: a\n\n"
    assert encode_line(Field(Liar("data"), Liar("a"))) == b"data: a\n"
    assert encode_comment(Liar("a\nb")) == b": a\n: b\n\n"


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\ud800"])
@pytest.mark.parametrize("field", ["event", "id"])
def test_a_lying_str_is_refused_for_its_real_value(field: str, bad: str) -> None:
    parts: dict[str, Any] = {"data": "", field: Liar(bad)}
    sends: list[Callable[[], bytes]] = [lambda: encode_block(**parts), lambda: encode(ServerSentEvent(**parts))]
    for send in sends:
        with pytest.raises(EncodeError, match=f"^{field} can't contain ") as raised:
            send()
        assert (type(raised.value.value), raised.value.value, raised.value.offset) == (str, bad, 1)


@pytest.mark.parametrize("field", ["data", "comment"])
def test_a_lone_surrogate_in_a_lying_str_is_found(field: str) -> None:
    parts: dict[str, Any] = {field: Liar("a\ud800")}
    with pytest.raises(EncodeError, match=f"^{field} can't contain a lone surrogate") as raised:
        encode_block(**parts)
    assert (raised.value.value, raised.value.offset) == ("a\ud800", 1)


def test_an_empty_lying_str_is_refused_as_a_type() -> None:
    class Full(str):
        __slots__ = ()

        def __bool__(self) -> bool:
            return True

        def __len__(self) -> int:
            return 1

    with pytest.raises(EncodeError, match="^event can't be empty"):
        encode_block("a", event=Full())


def test_U_0000_in_a_lying_id_is_found() -> None:
    with pytest.raises(EncodeError, match=r"^id can't contain U\+0000"):
        encode_block("a", id=Liar("\0"))


def test_a_lying_int_is_sent_as_its_real_value() -> None:
    assert encode_block(retry=Number(50)) == b"retry: 50\n\n"
    for bad in (-5, 10**18):
        with pytest.raises(EncodeError, match=rf"^retry must be from 0 to 10\*\*18 - 1 milliseconds: {bad}$") as raised:
            encode_block(retry=Number(bad))
        assert type(raised.value.value) is int


@pytest.mark.parametrize("field", ["data", "event", "id", "comment", "retry"])
def test_objects_that_only_claim_to_be_a_str_are_refused(field: str) -> None:
    posing: list[Any] = [Posing(), mock.Mock(spec=str), mock.Mock(spec=int), mock.ANY]
    assert isinstance(posing[0], str), "isinstance() is fooled"
    for bad in posing:
        with pytest.raises(EncodeTypeError, match=f"^{field} must be "):
            encode_block(**{"data": "", field: bad})


class Array:
    """Like a numpy array: the result of a comparison has no truth value."""

    def __eq__(self, other: object) -> Any:
        raise ValueError("the truth value of an array is ambiguous")

    __ne__ = __eq__
    __hash__ = None  # type: ignore[assignment]  # as Python itself does for a class with __eq__ alone


@pytest.mark.parametrize("field", ["data", "event", "id", "comment", "retry"])
def test_an_object_that_cannot_be_compared_is_a_wrong_type_like_any_other(field: str) -> None:
    with pytest.raises(EncodeTypeError, match=f"^{field} must be .*, not Array$"):
        encode_block(**{"data": "", field: Array()})  # type: ignore[arg-type]  # wrong on purpose
    if field != "comment":
        with pytest.raises(EncodeTypeError, match=f"^{field} must be .*, not Array$"):
            encode(ServerSentEvent(**{"data": "", field: Array()}))  # type: ignore[arg-type]  # wrong on purpose


def test_encode_line() -> None:
    assert encode_line(Field("foo", " a")) == b"foo:  a\n"
    assert encode_line(Field("id", "\0🍊")) == "id: \0🍊\n".encode()
    assert encode_line(Field("data", "")) == b"data: \n"
    assert encode_line(Comment("a")) == b": a\n"
    assert encode_line(BlankLine()) == b"\n"


@pytest.mark.parametrize(
    ("line", "field", "offset"),
    [
        (Field("", "a"), "name", None),
        (Field("a:b", "a"), "name", 1),
        (Field("a:b:", "a"), "name", 1),
        (Field("a\nb", "a"), "name", 1),
        (Field("a\rb", "a"), "name", 1),
        (Field("\ufeffdata", "a"), "name", 0),
        (Field("a\ud800", "b"), "name", 1),
        (Field("a", "b\nc"), "value", 1),
        (Field("a", "b\rc"), "value", 1),
        (Field("a", "b\udc00"), "value", 1),
        (Comment("a\nb"), "comment", 1),
        (Comment("a\ud800"), "comment", 1),
    ],
)
def test_encode_line_refuses_parts_that_would_make_another_line(
    line: Field | Comment, field: str, offset: int | None
) -> None:
    with pytest.raises(EncodeError, match=f"^{field} can't ") as raised:
        encode_line(line)
    assert (raised.value.field, raised.value.offset) == (field, offset)
    assert raised.value.value == (line.text if isinstance(line, Comment) else getattr(line, field))


def test_encode_line_says_why_a_name_is_refused() -> None:
    reasons = []
    for name in ("", "a:b", "\ufeffdata"):
        with pytest.raises(EncodeError) as raised:
            encode_line(Field(name, "a"))
        reasons.append(raised.value.reason)
    assert reasons == [
        "can't be empty: the line would be a comment",
        "can't contain a colon: the name would end there",
        "can't start with U+FEFF: it could be taken for a byte order mark",
    ]


def test_encode_line_refuses_other_types() -> None:
    with pytest.raises(TypeError, match="takes a Field, Comment or BlankLine, not str"):
        encode_line("data: a")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match=r"^name must be a str, not bytes: call its decode\(\) first$"):
        encode_line(Field(b"data", "a"))  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match="^value must be a str, not NoneType$"):
        encode_line(Field("data", None))  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match=r"^comment must be a str, not int: use str\(\.\.\.\)$"):
        encode_line(Comment(1))  # type: ignore[arg-type]  # wrong on purpose


@given(texts, texts)
def test_encode_line_never_makes_another_line(name: str, value: str) -> None:
    for line in (Field(name, value), Comment(value)):
        try:
            wire = encode_line(line)
        except EncodeError:
            continue
        assert reference_decode(wire).lines == [line]
