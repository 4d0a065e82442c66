"""Our decoder and eventsource-parser agree on every event, comment, id and reconnection time, chunk by chunk.

With SSE_CODEC_STREAMS=60000 in the environment, a run takes about ten minutes (`differential`).

`DEVIATIONS` lists all their differences. A difference counts as one of them only if eventsource-parser answers exactly
as our decoder would with that deviation (`deviate`).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from sse_codec import Comment, Decoder, Field, LineDecoder
from tests.vectors.decoding import BOM

from .differential import FAULTS, Chunks, Deviation, Difference, all_streams, differences, report
from .node import Engine, NodeEvent, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.interop

#: The bytes of a byte order mark, each read as a character.
MARK_AS_TEXT = "\u00ef\u00bb\u00bf".encode()


def retries(wire: bytes) -> list[int]:
    """Return the numbers in a stream's `retry` fields; of those that are too long, the first digits."""
    return [
        int(line.value.lstrip("0")[:400] or "0")
        for line in LineDecoder().feed(wire)
        if isinstance(line, Field) and is_retry(line)
    ]


def is_retry(field: Field) -> bool:
    return field.name == "retry" and field.value.isascii() and field.value.isdigit()


DEVIATIONS = [
    Deviation(
        "two byte order marks are dropped",
        "'The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any.' TextDecoder has stripped "
        "it, and eventsource-parser strips another.",
        BOM + BOM + b":\n",
        lambda wire: wire.startswith(BOM + BOM),
    ),
    Deviation(
        "the text U+00EF U+00BB U+00BF is taken for a byte order mark",
        "'stream = [ bom ] *event', where bom is U+FEFF. eventsource-parser also looks for its bytes, for streams that "
        "were decoded as something other than UTF-8.",
        MARK_AS_TEXT + b":\n",
        lambda wire: wire.removeprefix(BOM).startswith(MARK_AS_TEXT),
    ),
    Deviation(
        "a reconnection time past 2**53 is rounded",
        "'interpret the field value as an integer in base ten'. JavaScript's numbers are doubles.",
        b"retry:9007199254740993\n",
        lambda wire: any(2**53 < number < 10**18 and int(float(number)) != number for number in retries(wire)),
    ),
    Deviation(
        "ours: a reconnection time of 10**18 or more is ignored",
        "'interpret the field value as an integer in base ten', of any size. Ours is the one that deviates.",
        b"retry:1000000000000000000\n",
        lambda wire: any(number >= 10**18 for number in retries(wire)),
    ),
]


def decode(chunks: Chunks) -> list[Step]:
    """Decode with our decoder; an event that the end of the stream cuts off is discarded."""
    decoder, lines = Decoder(), LineDecoder()
    return [
        Step(
            [NodeEvent(event.event, event.data, event.last_event_id, event.id) for event in decoder.feed(chunk)],
            [line.text for line in lines.feed(chunk) if isinstance(line, Comment)],
            decoder.last_event_id,
            decoder.reconnection_time,
        )
        for chunk in (*chunks, b"")
    ]


def deviate(chunks: Chunks) -> list[Step]:
    """Answer as our decoder would with all of the deviations, each where it applies."""
    wire = b"".join(chunks)
    start = len(BOM) * wire.startswith(BOM)
    for mark in (BOM, MARK_AS_TEXT):
        if wire.startswith(mark, start):
            start += len(mark)
            break
    rest = []
    for chunk in chunks:
        rest.append(chunk[start:])
        start = max(0, start - len(chunk))
    _, *steps = decode((BOM, *rest))  # with the mark that may be dropped, so that no other is
    lines = LineDecoder()
    lines.feed(BOM)
    reconnection_time = None
    for index, chunk in enumerate(rest):
        for line in lines.feed(chunk):
            if isinstance(line, Field) and is_retry(line):
                reconnection_time = float(line.value)
        steps[index] = steps[index]._replace(reconnection_time=reconnection_time)
    steps[-1] = steps[-1]._replace(reconnection_time=reconnection_time)
    return steps


def explanations(difference: Difference) -> list[str]:
    """Return the names of the deviations that explain a difference; none if they do not explain all of it."""
    if deviate(difference.chunks) != difference.theirs:
        return []
    wire = b"".join(difference.chunks)
    return [deviation.name for deviation in DEVIATIONS if deviation.concerns(wire)]


@pytest.fixture(scope="module")
def streams(engine: Engine) -> Sequence[Chunks]:
    """Generate the streams, unless there is no engine to read them."""
    return all_streams()


@pytest.fixture(scope="module")
def answers(engine: Engine, streams: Sequence[Chunks]) -> list[list[Step]]:
    return engine.read(streams)


def test_every_step_is_the_same(
    engine: Engine, streams: Sequence[Chunks], answers: list[list[Step]], capsys: pytest.CaptureFixture[str]
) -> None:
    found = differences(streams, answers, decode)
    unexplained = [difference for difference in found if not explanations(difference)]
    explained = Counter(name for difference in found for name in explanations(difference))
    events = sum(len(step.events) for steps in answers for step in steps)
    with capsys.disabled():
        print(f"\n{engine.version}: {len(streams)} streams, {events} events, {len(unexplained)} differ, not counting:")
        for name, count in sorted(explained.items()):
            print(f"  {count} streams: {name}")
    assert not unexplained, report(unexplained)


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda deviation: deviation.name)
def test_a_deviation_is_still_there(engine: Engine, deviation: Deviation) -> None:
    """Its smallest stream shows only this deviation; with any one byte less there is no difference."""
    smallest = deviation.smallest
    (steps,) = engine.read([(smallest,)])
    assert steps != decode((smallest,))
    assert steps == deviate((smallest,))
    assert [other.name for other in DEVIATIONS if other.concerns(smallest)] == [deviation.name]
    smaller: list[Chunks] = [(smallest[:place] + smallest[place + 1 :],) for place in range(len(smallest))]
    found = differences(smaller, engine.read(smaller), decode)
    assert not found, report(found)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_our_decoder_would_be_seen(fault: str, streams: Sequence[Chunks], answers: list[list[Step]]) -> None:
    def faulty(chunks: Chunks) -> Sequence[Step]:
        return decode(FAULTS[fault](chunks))

    found = [
        difference
        for difference in differences(streams, answers, faulty)
        if difference.theirs == decode(difference.chunks)
    ]
    assert found
    assert repr(b"".join(found[0].chunks)) in report(found)
