"""Our decoder and Chromium's EventSource read the same events in thousands of streams, and resume at the same id.

With SSE_CODEC_STREAMS=60000 in the environment, a run takes about ten minutes (`differential`).

They differ in one case, `as_chromium`: if a line end follows a byte order mark, Chromium takes it for text, so it sees
no blank line and loses the next line. The standard drops the mark before it looks for lines. Chromium does so too if
anything but a line end follows.

Two differences do not show in the events:

- An id that starts or ends with a space or a tab loses it in the `Last-Event-ID` header, because HTTP does not count
  white space around a header's value: `test_white_space_around_an_id_is_lost_in_the_header`.
- A `retry` field with an empty value resets Chromium to its own 3 seconds; the standard ignores the field. A page can't
  see the reconnection time, so only a clock could tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sse_codec import Decoder
from tests.vectors.decoding import BOM
from tests.world.engines import named_types

from .chromium import Chromium, Event, Reading
from .differential import FAULTS, Chunks, all_streams, differences, report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Chromium]:
    with Chromium(chromium_path) as running:
        yield running


@pytest.fixture(scope="module")
def streams(chromium: Chromium) -> Sequence[Chunks]:
    """Generate the streams, unless there is no browser to read them."""
    return all_streams()


@pytest.fixture(scope="module")
def answers(chromium: Chromium, streams: Sequence[Chunks]) -> list[list[Event]]:
    return [reading.events for reading in chromium.read(streams)]


def decode(chunks: Chunks) -> list[Event]:
    """Decode with our decoder; an event that the end of the stream cuts off is discarded."""
    decoder = Decoder()
    return [Event(e.event, e.data, e.last_event_id) for chunk in chunks for e in decoder.feed(chunk)]


def as_chromium(chunks: Chunks) -> Chunks:
    """Return chunks that our decoder reads as Chromium reads the given ones."""
    wire = b"".join(chunks)
    if wire.startswith((BOM + b"\n", BOM + b"\r")):
        return (BOM + b"x" + wire[len(BOM) + 1 :],)
    return chunks


def resume(chunks: Chunks) -> str:
    """Return the last event ID that our decoder would resume from."""
    decoder = Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
    return decoder.last_event_id


def test_every_event_is_the_same(
    chromium: Chromium, streams: Sequence[Chunks], answers: list[list[Event]], capsys: pytest.CaptureFixture[str]
) -> None:
    found = differences(streams, answers, lambda chunks: decode(as_chromium(chunks)))
    with capsys.disabled():
        print(f"\n{chromium.version}: {len(streams)} streams, {sum(map(len, answers))} events, {len(found)} differ")
    assert not found, report(found)


@pytest.mark.parametrize("fault", FAULTS.keys() - {"a CR is held back until the next chunk"})
def test_a_fault_in_our_decoder_would_be_seen(
    fault: str, streams: Sequence[Chunks], answers: list[list[Event]]
) -> None:
    found = differences(streams, answers, lambda chunks: decode(FAULTS[fault](as_chromium(chunks))))
    assert found
    assert repr(b"".join(found[0].chunks)) in report(found)


def test_events_of_type_open_and_error(chromium: Chromium) -> None:
    stream = (b"event: open\ndata: 1\n\nevent: error\ndata: 2\n\ndata: 3\n\n",)
    (reading,) = chromium.read([stream])
    assert reading.events == [Event("open", "1", ""), Event("error", "2", ""), Event("message", "3", "")]


def test_the_page_listens_to_every_type_that_a_stream_could_name() -> None:
    assert named_types(b"event: a\rx event:b\nevent:  c\r\n\r\nevent:\xff\ndata: event") == sorted(
        {"message", "a", " a", "b", " c", "  c", "c", "\ufffd", ""}
    )


def test_where_it_resumes(chromium: Chromium, streams: Sequence[Chunks]) -> None:
    """The last line makes it reconnect immediately, and does not affect the id because it is not a blank line."""
    chosen = [(*chunks, b"\nretry: 1\n") for chunks in streams if any(b"id" in chunk for chunk in chunks)][:500]
    for chunks, reading in zip(chosen, chromium.read(chosen, reconnect=True), strict=True):
        read = as_chromium(chunks)
        assert reading == Reading(decode(read), resume(read).strip(" \t")), chunks


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_the_line_after_a_byte_order_mark_and_a_line_end_is_still_lost(end: bytes, chromium: Chromium) -> None:
    streams = [(BOM + end + b"data\n\n",), (BOM + b"data\n\n",), (end + b"data\n\n",)]
    lost, *seen = [reading.events for reading in chromium.read(streams)]
    assert (lost, seen) == ([], [[Event("message", "", "")]] * 2)
    assert decode(streams[0]) == [Event("message", "", "")]


def test_white_space_around_an_id_is_lost_in_the_header(chromium: Chromium) -> None:
    stream = (b"retry: 1\nid: \t a\x0b \t\ndata\n\n",)
    (reading,) = chromium.read([stream], reconnect=True)
    assert reading == Reading([Event("message", "", "\t a\x0b \t")], "a\x0b")
    assert resume(stream) == "\t a\x0b \t"
