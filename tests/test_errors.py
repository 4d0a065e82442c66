"""The error classes: messages, attributes and hierarchy."""

from __future__ import annotations

import copy
import pickle

import pytest

from sse_codec import (
    Block,
    EncodeError,
    EncodeTypeError,
    EventTooLarge,
    IncompleteEvent,
    MissingSentinel,
    ReceivedEvent,
    SSEError,
)

ERRORS: list[SSEError] = [
    EncodeError("event", "a\nb", 1, "can't contain a line end"),
    EncodeTypeError("data", 5, None, "must be a str, not int"),
    EventTooLarge(10, 11),
    EventTooLarge(10, 11, "line"),
    IncompleteEvent(ReceivedEvent("half", id="1")),
    MissingSentinel("[DONE]"),
    MissingSentinel("\x1b", ReceivedEvent("last"), ReceivedEvent("half")),
    MissingSentinel(None, Block(b"id: 1"), Block(b": cut")),
]


def test_the_hierarchy() -> None:
    assert all(isinstance(error, SSEError) for error in ERRORS)
    assert issubclass(EncodeError, ValueError)
    assert issubclass(EncodeTypeError, (EncodeError, TypeError))
    assert not issubclass(EventTooLarge, ValueError)
    assert not issubclass(MissingSentinel, ValueError)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_pickle_and_copy(error: SSEError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


def test_a_pickle_of_a_missing_sentinel_leaves_out_its_function() -> None:
    error = MissingSentinel(lambda event: event.data == "[DONE]", ReceivedEvent("last"))
    vars(error)["note"] = "kept"
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert vars(again) == {**vars(error), "until": None}
        assert str(again) == str(error)


def test_messages() -> None:
    assert [str(error) for error in ERRORS] == [
        "event can't contain a line end (offset 1): 'a\\nb'",
        "data must be a str, not int",
        "a block of at least 11 bytes exceeds max_event_size, which is 10",
        "a line of at least 11 bytes exceeds max_event_size, which is 10",
        "the stream ended inside an event, after data of 4 characters: 'half'",
        "the stream ended without '[DONE]'; no event came",
        (
            "the stream ended without '\\x1b'; the last event has data of 4 characters: 'last'; "
            "the end cut off an event with data of 4 characters: 'half'"
        ),
        (
            "the stream ended without the event that `until` waits for; the last event has no data; "
            "the end cut off an event with no data"
        ),
    ]


@pytest.mark.parametrize("value", ["x" * 41, "\0" * 41, "🍊" * 100_000])
def test_at_most_40_characters_are_shown_and_escaped(value: str) -> None:
    for message in (str(EncodeError("data", value, None, "is bad")), str(IncompleteEvent(ReceivedEvent(value)))):
        assert message.endswith(ascii(value[:40]) + "...")
        assert message.isprintable()
        assert message.isascii()
    assert str(EncodeError("data", "x" * 40, None, "is bad")) == f"data is bad: '{'x' * 40}'"


def test_the_offset_is_given_if_the_value_is_shortened() -> None:
    message = str(EncodeError("id", "x" * 1000 + "\n" + "y" * 1000, 1000, "can't contain a line end"))
    assert message == f"id can't contain a line end (offset 1000): '{'x' * 40}'..."


def test_other_values_are_shortened_too() -> None:
    assert str(EncodeError("retry", 10**100, None, "is bad")) == f"retry is bad: 1{'0' * 39}..."
    assert str(EncodeError("retry", -1, None, "is bad")) == "retry is bad: -1"


def test_an_int_too_long_to_print_can_still_be_shown() -> None:
    assert str(EncodeError("retry", 10**5000, None, "is bad")) == "retry is bad: an int of 16610 bits"
