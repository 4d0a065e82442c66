"""The fuzz kit's verdicts: it finds every seeded fault, names the right rule, and passes all correct code."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings

from sse_codec._grammar import BOM
from sse_codec.testing import check_consumer, check_producer
from sse_codec.testing._tour import events_that_cannot_be_sent, small_events_to_send, streams_in_chunks
from tests import correct, faulty_consumers, faulty_producers
from tests.test_checks import DEFAULT, DRAWN, FEW, found_by, name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: The fixed cases alone. All seeded faults show there, so nothing is drawn.
FOUND = settings(DEFAULT, phases=[Phase.explicit, Phase.shrink])


def seeded(faults: Iterable[type]) -> list[Any]:
    """Return faults as parameters. Most are marked `thorough`; every run tests the rest.

    Faults that only large cases show take long, so all of them are `thorough`.
    """
    large = re.compile(
        "64KiB|128KiB|131072|65535|1048576|4096(Data)?Lines|1024Events|TypesAfter256|AThousand|AtMost|ChunksAt"
    )
    return [
        pytest.param(
            fault,
            marks=[pytest.mark.thorough] if number % 10 or large.search(fault.__name__) else [],
            id=fault.__name__,
        )
        for number, fault in enumerate(faults)
    ]


def consumer(fault: type[faulty_consumers.Correct]) -> Callable[[Iterable[bytes]], Iterator[Any]]:
    """Return a function that reads each stream with a new consumer."""
    return lambda chunks: fault().consume(chunks)


@pytest.mark.parametrize("fault", seeded(faulty_consumers.FAULTS))
def test_every_faulty_consumer_is_found(fault: type[faulty_consumers.Correct]) -> None:
    failure = found_by(check_consumer, consumer(fault), settings=FOUND)
    assert failure.rule in faulty_consumers.FAULTS[fault]
    assert failure.sentence in str(failure)


@pytest.mark.parametrize("fault", seeded(faulty_producers.FAULTS))
def test_every_faulty_producer_is_found(fault: type[faulty_producers.Correct]) -> None:
    failure = found_by(check_producer, fault().produce, settings=FOUND)
    assert failure.rule in faulty_producers.FAULTS[fault]
    assert failure.sentence in str(failure)


def test_there_are_many_faults() -> None:
    """Not counting those that the strategies find too."""
    assert len(faulty_consumers.FAULTS) > len(faulty_consumers.DRAWABLE) + 200
    assert len(faulty_producers.FAULTS) > len(faulty_producers.DRAWABLE) + 150


@pytest.mark.thorough
@pytest.mark.parametrize("fault", faulty_consumers.DRAWABLE, ids=name)
def test_the_strategies_find_every_faulty_consumer(fault: type[faulty_consumers.Correct]) -> None:
    found_by(check_consumer, consumer(fault), settings=DRAWN)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", faulty_producers.DRAWABLE, ids=name)
def test_the_strategies_find_every_faulty_producer(fault: type[faulty_producers.Correct]) -> None:
    found_by(check_producer, fault().produce, settings=DRAWN)


# Correct code passes: each on a tenth of the fixed cases, and on all of them in the thorough tests.


@lru_cache
def fixed_streams() -> list[list[bytes]]:
    return [chunks for chunks in streams_in_chunks() if sum(map(len, chunks)) < 10_000]


@lru_cache
def fixed_events() -> list[Any]:
    return [*small_events_to_send(), *([event] for event, _ in events_that_cannot_be_sent())]


@pytest.mark.parametrize(("number", "way"), [*enumerate(correct.CONSUMERS)])
def test_no_correct_consumer_is_blamed(number: int, way: str) -> None:
    consume, options = correct.CONSUMERS[way]
    # `cases` are tried regardless of the options, and text no longer has its byte order mark.
    is_text = options.get("text", False)
    streams = [each for each in fixed_streams() if not (is_text and b"".join(each).startswith(BOM))]
    check_consumer(consume, cases=streams[number % 10 :: 10], **options)


@pytest.mark.parametrize(("number", "way"), [*enumerate(correct.PRODUCERS)])
def test_no_correct_producer_is_blamed(number: int, way: str) -> None:
    check_producer(correct.PRODUCERS[way], cases=fixed_events()[number % 10 :: 10])


@pytest.mark.thorough
@pytest.mark.parametrize("way", correct.CONSUMERS)
def test_no_correct_consumer_is_blamed_for_anything(way: str) -> None:
    consume, options = correct.CONSUMERS[way]
    check_consumer(consume, **options, settings=FEW)


@pytest.mark.thorough
@pytest.mark.parametrize("way", correct.PRODUCERS)
def test_no_correct_producer_is_blamed_for_anything(way: str) -> None:
    check_producer(correct.PRODUCERS[way], settings=FEW)
