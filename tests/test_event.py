"""The value types."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given

from sse_codec import BlankLine, Comment, Decoder, Field, ReceivedEvent, ServerSentEvent
from tests.strategies import hostile_events

FULL = ServerSentEvent("d", "e", "i", 5, "l")
VALUES: list[Any] = [ServerSentEvent("d"), FULL, Field("a", "b"), Comment("c"), BlankLine()]
values = pytest.mark.parametrize("value", VALUES, ids=repr)


def test_defaults() -> None:
    event = ServerSentEvent("d")
    assert (event.data, event.event, event.id, event.retry, event.last_event_id) == ("d", "message", None, None, "")


def test_arguments_by_name_and_by_position() -> None:
    event = ReceivedEvent(data="d", event="e", id="i", retry=5, last_event_id="l")
    assert event == FULL
    assert event.last_event_id == FULL.last_event_id


@pytest.mark.parametrize(
    "other",
    [ServerSentEvent("x", "e", "i", 5), ServerSentEvent("d", "x", "i", 5), ServerSentEvent("d", "e", "x", 5),
     ServerSentEvent("d", "e", None, 5), ServerSentEvent("d", "e", "i", 6), ("d", "e", "i", 5), "d", None],
)  # fmt: skip
def test_equality_is_of_all_four_wire_fields(other: object) -> None:
    assert other != FULL
    assert other != FULL


def test_equality_leaves_the_last_event_id_out() -> None:
    assert ReceivedEvent("d", last_event_id="1") == ReceivedEvent("d", last_event_id="2")
    assert len({ReceivedEvent("d", last_event_id="1"), ReceivedEvent("d", last_event_id="2"), FULL}) == 2


def test_equality_lets_the_other_side_decide() -> None:
    class Anything:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]  # as Python itself does for a class with __eq__ alone

    for value in VALUES:
        assert value == Anything()


def test_a_decoded_event_is_as_any_other() -> None:
    wire = b"event: e\nid: l\nretry: 5\ndata: d\n\n"
    [decoded] = Decoder().feed(wire)
    built = ServerSentEvent("d", "e", "l", 5, "l")
    assert isinstance(decoded, ServerSentEvent)
    assert decoded == built
    assert hash(decoded) == hash(built)
    assert repr(decoded) == repr(built)
    assert str(type(decoded)) == str(ServerSentEvent) == "<class 'sse_codec.ServerSentEvent'>"
    assert type(decoded).__name__ == "ServerSentEvent"
    for other in (copy.copy(decoded), copy.deepcopy(decoded), pickle.loads(pickle.dumps(decoded))):
        assert type(other) is ServerSentEvent
        assert (other, other.last_event_id) == (built, "l")
    with pytest.raises(AttributeError):
        decoded.data = "x"  # type: ignore[misc]  # which is the point
    with pytest.raises(AttributeError):
        decoded.new = "x"  # type: ignore[attr-defined]  # which is the point


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
        with pytest.raises(AttributeError):
            delattr(value, name)


def test_a_pickle_is_the_same_in_every_build() -> None:
    """Pure or compiled, a decoder's or one's own: processes that have different ones may exchange events."""
    pickled = (
        b"csse_codec\nServerSentEvent\np0\n"  # its name, and after it what it is called with
        b"(Vx\np1\nVmessage\np2\nV1\np3\nNg3\ntp4\nRp5\n."
    )
    (decoded,) = Decoder().feed(b"id: 1\ndata: x\n\n")
    assert pickle.dumps(decoded, 0) == pickle.dumps(ReceivedEvent("x", id="1", last_event_id="1"), 0) == pickled


@values
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(value: Any, protocol: int) -> None:
    again = pickle.loads(pickle.dumps(value, protocol))
    assert type(again) is type(value)
    assert repr(again) == repr(value), "the last event ID too"


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


def test_repr_shows_what_is_not_the_default() -> None:
    assert repr(ServerSentEvent("d")) == "ServerSentEvent(data='d')"
    assert repr(FULL) == "ReceivedEvent(data='d', event='e', id='i', retry=5, last_event_id='l')"
    assert repr(ServerSentEvent("d", id="")) == "ServerSentEvent(data='d', id='')"


def test_match() -> None:
    match FULL:
        case ServerSentEvent("d", "e", "i", 5, "l"):
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


def test_is_no_sequence() -> None:
    with pytest.raises(TypeError):
        iter(FULL)  # type: ignore[call-overload]  # it can't be iterated over


def test_json() -> None:
    assert ServerSentEvent('{"a": [1, "é"]}').json() == {"a": [1, "é"]}
    with pytest.raises(json.JSONDecodeError):
        ServerSentEvent("[DONE]").json()


def test_a_subclass_keeps_its_type() -> None:
    assert repr(copy.copy(Sub("d"))) == "Sub(data='d')"
    assert type(pickle.loads(pickle.dumps(Sub("d")))) is Sub


class Sub(ServerSentEvent):
    """At the top level, to be pickled."""
