"""The value types."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from sse_codec import BlankLine, Comment, Decoder, Field, ReceivedEvent, ServerSentEvent
from tests.strategies import hostile_events

if TYPE_CHECKING:
    from collections.abc import Callable

FULL = ReceivedEvent("d", "e", "i", 5, "l")
SENT = ServerSentEvent("d", "e", "i", 5)
VALUES: list[Any] = [ServerSentEvent("d"), SENT, ReceivedEvent("d"), FULL, Field("a", "b"), Comment("c"), BlankLine()]
values = pytest.mark.parametrize("value", VALUES, ids=repr)


@pytest.mark.parametrize("kind", [ServerSentEvent, ReceivedEvent])
def test_defaults(kind: type[ServerSentEvent]) -> None:
    for event in (kind("d"), kind("d", None), kind("d", event=None)):
        assert (event.data, event.event, event.id, event.retry) == ("d", "message", None, None)
    assert kind("d", "").event == "", "an empty type is kept; the encoder refuses it"
    assert ReceivedEvent("d").last_event_id == ""


def test_an_event_to_send_has_no_last_event_id() -> None:
    assert not hasattr(ServerSentEvent("d"), "last_event_id")
    with pytest.raises(TypeError):
        ServerSentEvent("d", last_event_id="1")  # type: ignore[call-arg]  # it has no such argument


def test_arguments_by_name_and_by_position() -> None:
    event = ReceivedEvent(data="d", event="e", id="i", retry=5, last_event_id="l")
    assert event == FULL
    assert event.last_event_id == FULL.last_event_id
    assert ServerSentEvent(data="d", event="e", id="i", retry=5) == SENT


@pytest.mark.parametrize("event", [SENT, FULL], ids=repr)
@pytest.mark.parametrize(
    "other",
    [ServerSentEvent("x", "e", "i", 5), ServerSentEvent("d", "x", "i", 5), ServerSentEvent("d", "e", "x", 5),
     ServerSentEvent("d", "e", None, 5), ServerSentEvent("d", "e", "i", 6), ("d", "e", "i", 5), "d", None],
)  # fmt: skip
def test_equality_compares_all_four_wire_fields(event: ServerSentEvent, other: object) -> None:
    assert event != other
    assert other != event


def test_a_received_event_equals_the_one_that_was_sent() -> None:
    assert FULL == SENT
    assert SENT == FULL
    assert hash(FULL) == hash(SENT)


def test_equality_ignores_the_last_event_id() -> None:
    assert ReceivedEvent("d", last_event_id="1") == ReceivedEvent("d", last_event_id="2")
    assert len({ReceivedEvent("d", last_event_id="1"), ReceivedEvent("d", last_event_id="2"), FULL}) == 2


def test_equality_lets_the_other_side_decide() -> None:
    class Anything:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]  # as Python itself does for a class with __eq__ alone

    for value in VALUES:
        assert value == Anything()


@pytest.mark.parametrize("wire", [b"event: e\nid: l\nretry: 5\ndata: d\n\n", b"data: d\n\n"])
def test_a_decoded_event_is_like_any_other(wire: bytes) -> None:
    """`Decoder` sets the slots itself, and the result must look like any other event."""
    [decoded] = Decoder().feed(wire)
    built = ReceivedEvent("d", "e", "l", 5, "l") if b"id" in wire else ReceivedEvent("d")
    assert type(decoded) is ReceivedEvent
    assert str(type(decoded)) == "<class 'sse_codec.ReceivedEvent'>"
    assert decoded == built
    assert hash(decoded) == hash(built)
    assert repr(decoded) == repr(built)
    again = [type(decoded)(*built.__reduce__()[1]), decoded.replace()]
    for other in [*again, copy.copy(decoded), copy.deepcopy(decoded), pickle.loads(pickle.dumps(decoded))]:
        assert type(other) is ReceivedEvent
        assert (other, other.last_event_id) == (built, built.last_event_id)
    assert {type(built): "found"}[type(decoded)] == "found", "as a key in a registry by type"
    with pytest.raises(AttributeError):
        decoded.data = "x"  # type: ignore[misc]  # refused
    with pytest.raises(AttributeError):
        decoded.new = "x"  # type: ignore[attr-defined]  # refused


def test_lines_are_equal_by_kind_and_value() -> None:
    assert Field("a", "b") == Field("a", "b") != Field("a", "c")
    assert Comment("a") == Comment("a") != Comment("b")
    assert BlankLine() == BlankLine() != Comment("")
    assert len({Field("a", "b"), Field("a", "b"), Comment("a"), BlankLine(), BlankLine()}) == 3


@values
def test_immutable(value: Any) -> None:
    for name in [*value.__match_args__, "new"]:
        with pytest.raises(AttributeError):
            setattr(value, name, "x")
        assert getattr(value, name, None) != "x"
        with pytest.raises(AttributeError):
            delattr(value, name)


def test_a_pickle_stays_the_same() -> None:
    """Pickles have the same bytes in all versions, because processes with different versions may exchange events."""
    pickled = (
        b"csse_codec\nReceivedEvent\np0\n"  # its name, followed by the arguments of the call
        b"(Vx\np1\nVmessage\np2\nV1\np3\nNg3\ntp4\nRp5\n."
    )
    (decoded,) = Decoder().feed(b"id: 1\ndata: x\n\n")
    assert pickle.dumps(decoded, 0) == pickle.dumps(ReceivedEvent("x", id="1", last_event_id="1"), 0) == pickled


@values
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(value: Any, protocol: int) -> None:
    again = pickle.loads(pickle.dumps(value, protocol))
    assert type(again) is type(value)
    assert repr(again) == repr(value), "including the last event ID"


@values
def test_copy(value: Any) -> None:
    for again in (copy.copy(value), copy.deepcopy(value)):
        assert type(again) is type(value)
        assert repr(again) == repr(value)


@values
def test_repr_of_the_values_evaluates(value: Any) -> None:
    again = eval(repr(value))  # noqa: S307  # our own
    assert again == value
    assert repr(again) == repr(value)


@given(hostile_events)
def test_repr_evaluates(event: ServerSentEvent) -> None:
    assert eval(repr(event)) == event  # noqa: S307  # our own


def test_repr_leaves_out_defaults() -> None:
    assert repr(ServerSentEvent("d")) == "ServerSentEvent(data='d')"
    assert repr(FULL) == "ReceivedEvent(data='d', event='e', id='i', retry=5, last_event_id='l')"
    assert repr(ServerSentEvent("d", id="")) == "ServerSentEvent(data='d', id='')"


def test_match() -> None:
    match FULL:
        case ServerSentEvent("d", "e", "i", 5):
            pass
        case _:
            pytest.fail("by position, as what was sent")
    match FULL:
        case ReceivedEvent("d", "e", "i", 5, last_event_id="l"):
            pass
        case _:
            pytest.fail("by position")
    match FULL:
        case ReceivedEvent(data="d", event="e", id="i", retry=5, last_event_id="l"):
            pass
        case _:
            pytest.fail("by name")
    match Field("a", "b"):
        case Field("a", value="b"):
            pass
        case _:
            pytest.fail("a field")


def test_an_event_is_not_a_sequence() -> None:
    with pytest.raises(TypeError):
        iter(FULL)  # type: ignore[call-overload]  # it can't be iterated over


def test_json() -> None:
    assert ServerSentEvent('{"a": [1, "é"]}').json() == {"a": [1, "é"]}
    with pytest.raises(json.JSONDecodeError):
        ServerSentEvent("[DONE]").json()


@pytest.mark.parametrize(
    ("data", "value"),
    [("null", None), ('{"a": [1]}', {"a": [1]}), ("0", 0), ('""', ""), ("false", False), ("[]", [])],
)
def test_json_with_a_default_that_is_not_needed(data: str, value: Any) -> None:
    got = ServerSentEvent(data).json(default="x")
    assert (type(got), got) == (type(value), value)


def test_json_of_empty_data_is_the_default_if_there_is_one() -> None:
    default = object()
    assert ServerSentEvent("").json(default=default) is default
    assert ServerSentEvent("").json(default=None) is None
    with pytest.raises(json.JSONDecodeError):
        ServerSentEvent("").json()


@pytest.mark.parametrize("data", ["[DONE]", "ping", " ", "\n", "{"])
def test_data_that_is_not_json_raises_even_with_a_default(data: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        ServerSentEvent(data).json(default=None)


@pytest.mark.parametrize(
    "replace",
    [
        pytest.param(lambda value, /, **changes: value.replace(**changes), id="the method"),
        pytest.param(
            # Older Pythons lack the `copy.replace` of Python 3.13.
            getattr(copy, "replace", lambda value, /, **changes: value.__replace__(**changes)),
            id="copy.replace",
        ),
    ],
)
class TestReplace:
    """`replace(**changes)` and `copy.replace`."""

    @pytest.mark.parametrize("event", [ServerSentEvent("d"), SENT, ReceivedEvent("d"), FULL], ids=repr)
    def test_changes_only_the_given_attributes(self, replace: Any, event: ServerSentEvent) -> None:
        assert repr(replace(event)) == repr(event)
        changes = {"data": "D", "event": "E", "id": "I", "retry": 7, "last_event_id": "L"}
        for name in event.__match_args__:
            changed = replace(event, **{name: changes[name]})
            assert type(changed) is type(event)
            for other in event.__match_args__:
                assert getattr(changed, other) == (changes[name] if other == name else getattr(event, other))

    def test_uses_the_default_type_for_None(self, replace: Any) -> None:
        assert replace(FULL, event=None).event == "message"

    def test_keeps_a_subclass(self, replace: Any) -> None:
        assert repr(replace(Sub("d"), id="1")) == "Sub(data='d', id='1')"

    @pytest.mark.parametrize("event", [SENT, FULL], ids=repr)
    def test_refuses_unknown_attributes(self, replace: Any, event: ServerSentEvent) -> None:
        with pytest.raises(TypeError):
            replace(event, name="x")

    def test_an_event_to_send_has_no_last_event_id(self, replace: Any) -> None:
        with pytest.raises(TypeError):
            replace(SENT, last_event_id="x")


def test_a_subclass_keeps_its_type() -> None:
    assert repr(copy.copy(Sub("d"))) == "Sub(data='d')"
    assert type(pickle.loads(pickle.dumps(Sub("d")))) is Sub


class Sub(ServerSentEvent):
    """At the top level, because pickle needs that."""


class Tagged(ReceivedEvent):
    """A user's subclass, with its own constructor and more attributes."""

    __slots__ = ("tag", "unset")

    def __init__(self, tag: str) -> None:
        super().__init__("data", id="1", last_event_id="1")
        self.tag = tag


class Noted(ServerSentEvent):
    """A subclass without slots, so any attribute can be set."""

    note = ""


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_subclass_is_copied_with_all_its_attributes(again: Callable[[Any], Any]) -> None:
    tagged = again(Tagged("a tag"))
    assert type(tagged) is Tagged
    assert (tagged.data, tagged.id, tagged.last_event_id, tagged.tag) == ("data", "1", "1", "a tag")
    noted = Noted("data")
    noted.note = "a note"
    assert (again(noted), again(noted).note) == (noted, "a note")
