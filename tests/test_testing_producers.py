"""Which producers `check_producer` passes and which it fails, and what the reports of both checks say."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sse_codec import EncodeError, ReceivedEvent, ServerSentEvent, decode, encode
from sse_codec.testing import NotConforming, check_consumer, check_producer, events, findings, per_stream
from sse_codec.testing._report import python_bytes, python_chunks, python_event, python_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

FEW = settings(max_examples=10, phases=[Phase.generate])
#: Enough examples to draw every fault of these tests.
DRAWN = settings(max_examples=2000, phases=[Phase.generate])


def found(check: Callable[..., None], tested: Any, **options: Any) -> NotConforming:
    with pytest.raises(NotConforming) as caught:
        check(tested, **options)
    return caught.value


# Events that can't be sent: producers may do anything with them that does not affect other fields or events.


def dropping(event: ServerSentEvent) -> bytes:
    try:
        return encode(event)
    except EncodeError:
        return b""


def an_error_in_its_place(event: ServerSentEvent) -> bytes:
    try:
        return encode(event)
    except EncodeError as error:
        return encode(ServerSentEvent(str(error), event="error"))


def a_comment_in_its_place(event: ServerSentEvent) -> bytes:
    return dropping(event) or b": left out\n\n"


def stripping(event: ServerSentEvent) -> bytes:
    def clean(text: str, bad: str = "[\r\n\ud800-\udfff]") -> str:
        return re.sub(bad, "", text)

    retry = None if event.retry is None else max(event.retry, 0)
    id = None if event.id is None else clean(event.id, "[\r\n\0\ud800-\udfff]")
    data = re.sub("[\ud800-\udfff]", "", event.data)
    return encode(ServerSentEvent(data, clean(event.event) or "message", id, retry))


def raising_in_the_middle(event: ServerSentEvent) -> Iterator[bytes]:
    yield b": next\n"
    yield encode(event)


@pytest.mark.parametrize(
    "produce", [dropping, an_error_in_its_place, a_comment_in_its_place, stripping, raising_in_the_middle]
)
def test_how_unsendable_events_are_treated_is_free_to_choose(produce: Any) -> None:
    check_producer(produce, settings=settings(max_examples=30))


def splitting(event: ServerSentEvent) -> bytes:
    """Write values unchecked, so that a line end in one makes the rest of it fields, or ends the block."""
    lines = "".join(f"data: {line}\n" for line in re.split("\r\n|\r|\n", event.data))
    id = "" if event.id is None else f"id: {event.id}\n"
    return f"event: {event.event}\n{id}{lines}\n".encode(errors="replace")


def data_first(event: ServerSentEvent) -> bytes:
    lines = "".join(f"data: {line}\n" for line in re.split("\r\n|\r|\n", event.data))
    return f"{lines}event: {event.event}\n\n".encode(errors="replace")


@pytest.mark.parametrize(
    "event",
    [
        ServerSentEvent("a", "b\ndata: injected"),
        ServerSentEvent("a", "b\nid: 9"),
        ServerSentEvent("a", "b\n\ndata: injected\n\n"),
        ServerSentEvent("a", "b\r\rdata: injected\r\r"),
        ServerSentEvent("a", "b", "1\ndata: injected"),
        ServerSentEvent("a", "b", "1\nevent: c"),
        ServerSentEvent("a", "b", "1\n"),
        ServerSentEvent("a", "b\nretry: 0"),
        ServerSentEvent("", "b\ndata: injected"),
    ],
)
def test_a_value_that_breaks_out_of_its_field_is_found(event: ServerSentEvent) -> None:
    for produce in (splitting, data_first) if event.id is None else (splitting,):
        failure = found(
            check_producer, produce, cases=[[event]], without={"retry"} if "retry" not in event.event else ()
        )
        assert failure.rule in {"line-end-in-event", "line-end-in-id"}
        assert "let a value break out of its field" in str(failure)


def test_harm_to_another_event_is_found() -> None:
    def leaving_it_open(event: ServerSentEvent) -> bytes:
        return dropping(event) or b"event: left open\n"

    failure = found(check_producer, leaving_it_open, cases=[[ServerSentEvent("a", "b\nc")]])
    assert "an event that can't be sent damages other events" in str(failure)


def test_an_id_that_is_ignored_may_stand_before_the_real_one() -> None:
    """An id with NUL has no effect."""
    check_producer(lambda event: b"id: x\0\n" + encode(event), unsendable="untested", settings=FEW)


@pytest.mark.parametrize(
    "event",
    [
        ServerSentEvent("a", id="1\0"),
        ServerSentEvent("a", retry=-1),
        ServerSentEvent("\ud800"),
        ServerSentEvent("a", event="\ud800"),
        ServerSentEvent("a", event=""),
    ],
)
def test_cases_that_can_not_be_sent(event: ServerSentEvent) -> None:
    """A check tells whether `cases` can be sent, as it does for drawn ones."""
    check_producer(encode, cases=[[event], [ServerSentEvent("b"), event]], unsendable="refused")
    assert "should have refused" in str(found(check_producer, dropping, cases=[[event]], unsendable="refused"))


# Ids.


class OnChange:
    """Sends an id only when it changes."""

    def __init__(self, encode: Callable[[ServerSentEvent], bytes] = encode) -> None:
        self.encode = encode
        self.last: str | None = None

    def produce(self, event: ServerSentEvent) -> bytes:
        same = event.id is not None and event.id == self.last
        self.last = self.last if event.id is None else event.id
        return self.encode(event.replace(id=None) if same else event)


class Repeating(OnChange):
    """Sends the last id with each event."""

    def produce(self, event: ServerSentEvent) -> bytes:
        self.last = self.last if event.id is None else event.id
        return self.encode(event.replace(id=self.last))


@pytest.mark.parametrize("kind", [OnChange, Repeating])
def test_sticky_ids_of_a_producer(kind: type[OnChange]) -> None:
    check_producer(
        per_stream(lambda: kind().produce), ids="sticky", unsendable="untested", settings=settings(max_examples=30)
    )
    failure = found(check_producer, per_stream(lambda: kind().produce), settings=DRAWN, unsendable="untested")
    assert 'The lastEventId of an EventSource is still right. ids="sticky" accepts that.' in str(failure)


def test_a_producer_that_loses_an_id_is_found_with_sticky_ids_too() -> None:
    failure = found(check_producer, lambda event: encode(event.replace(id=None)), ids="sticky", unsendable="untested")
    assert failure.rule == "id"


# Events that a producer adds, and its limits.


def test_events_that_a_producer_adds_are_ignored() -> None:
    def hello(event: ServerSentEvent) -> bytes:
        return b"event: hello\ndata: you\n\n" + encode(event)

    def done(event: ServerSentEvent) -> bytes:
        return encode(event) + b"data: [DONE]\n\n"

    def is_hello(event: ReceivedEvent) -> bool:
        return event.event == "hello"

    check_producer(hello, ignore=is_hello, settings=settings(max_examples=30))
    check_producer(done, until="[DONE]", settings=settings(max_examples=30))
    assert found(check_producer, hello, unsendable="untested").rule == "data"
    assert found(check_producer, done, unsendable="untested").rule == "data"


def test_a_producer_with_a_limit_on_events() -> None:
    def produce(event: ServerSentEvent) -> bytes:
        assert len(event.data) + len(event.event) <= 1000
        return encode(event)

    check_producer(produce, max_event_size=1000, settings=FEW)
    check_producer(produce, max_event_size=1000)
    assert "what it raised:\n    AssertionError" in str(found(check_producer, produce))


# Lateness.


class Late:
    held = b""

    def produce(self, event: ServerSentEvent) -> bytes:
        now, self.held = self.held, encode(event)
        return now


class LosesTheLastLineEnd:
    """Writes the blank line of an event only before the next event."""

    has_sent = False

    def produce(self, event: ServerSentEvent) -> bytes:
        before, self.has_sent = b"\n" * self.has_sent, True
        return before + encode(event)[:-1]


@pytest.mark.parametrize("kind", [Late, LosesTheLastLineEnd])
def test_an_event_that_comes_only_with_the_next_is_late(kind: Any) -> None:
    failure = found(check_producer, per_stream(lambda: kind().produce), unsendable="untested")
    assert failure.rule == "promptness"
    assert failure.case == [ServerSentEvent("a")]
    assert "event 1 is complete only when more is sent after it" in str(failure)
    check_producer(per_stream(lambda: kind().produce), without={"promptness"}, cases=[[ServerSentEvent("a")] * 2])
    without = {"promptness"}
    check_producer(per_stream(lambda: kind().produce), unsendable="untested", without=without, settings=FEW)


def test_a_missing_blank_line_is_found() -> None:
    failure = found(check_producer, lambda event: encode(event)[:-1], unsendable="untested")
    assert failure.rule in {"promptness", "missing-blank-line"}


# A producer that remembers.


def test_a_producer_that_skips_repeated_events() -> None:
    class SkipsDoublets:
        last: ServerSentEvent | None = None

        def produce(self, event: ServerSentEvent) -> bytes:
            if event == self.last:
                return b""
            self.last = event
            return encode(event)

    failure = found(check_producer, SkipsDoublets().produce)
    assert "They fail only after the others, because the producer remembers what it sent before" in str(failure)
    found(check_producer, per_stream(lambda: SkipsDoublets().produce), cases=[failure.case])
    doublet = [ServerSentEvent("a"), ServerSentEvent("a")]
    assert found(check_producer, per_stream(lambda: SkipsDoublets().produce), cases=[doublet]).case == doublet


# Comments.


def test_comments() -> None:
    def bad(text: str) -> str:
        return f": {text}\n\n"

    def refusing(text: str) -> bytes:
        if "\n" in text or "\r" in text:
            raise ValueError(text)
        return f": {text}\n".encode()

    def raising(text: str) -> bytes:
        raise ValueError(text)

    def one_line(text: str) -> bytes:
        return b": " + re.sub("[\r\n]", " ", text).encode() + b"\n\n"

    check_producer(encode, comment=refusing, settings=FEW)
    check_producer(encode, comment=one_line, settings=FEW)
    check_producer(encode, comment=bad, without={"line-end-in-comment"}, settings=FEW)
    failure = found(check_producer, encode, comment=bad)
    assert (failure.rule, failure.case) == ("line-end-in-comment", [])
    assert r"'a\ndata: injected'" in str(failure)
    failure = found(check_producer, encode, comment=raising)
    assert "what it raised:\n    ValueError: 'a'" in str(failure)
    with pytest.raises(TypeError, match="the producer gave 1 instead of bytes"):
        check_producer(encode, comment=lambda text: 1)


# Reports.


def pasted(failure: NotConforming) -> Any:
    [line] = re.findall(r"^To try this case alone: cases=(.*)$", str(failure), re.MULTILINE)
    return eval(line, {"ServerSentEvent": ServerSentEvent})  # noqa: S307  # as a reader would paste it


def loses_long_data(event: ServerSentEvent) -> bytes:
    return encode(event.replace(data=event.data[:30_000]))


def loses_long_values(chunks: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    return ((event.event, event.data[:30_000]) for event in decode(chunks))


def needs_few_chunks(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
    given = list(chunks)
    return decode(given[:20])


@pytest.mark.parametrize(
    ("check", "tested"),
    [(check_producer, loses_long_data), (check_consumer, loses_long_values), (check_consumer, needs_few_chunks)],
)
def test_the_last_line_of_a_report_reproduces_it(check: Callable[..., None], tested: Any) -> None:
    failure = found(check, tested)
    assert len(str(failure)) < 5000
    again = found(check, tested, cases=pasted(failure))
    assert str(again) == str(failure)


#: Hypothesis draws the same examples each time if the environment variable CI is set.
RANDOM = settings(DRAWN, derandomize=False)


def test_a_seed_reproduces_what_was_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # the seed of this test run

    def produce(event: ServerSentEvent) -> bytes:
        return b"" if event.data == "" else encode(event)

    failure = found(check_producer, produce, settings=RANDOM)
    [seed] = re.findall(r"^To repeat the search: seed=(\d+)$", str(failure), re.MULTILINE)
    assert int(seed) == failure.seed
    assert str(found(check_producer, produce, settings=RANDOM, seed=int(seed))) == str(failure)
    random.seed(0)
    other = found(check_producer, produce, settings=RANDOM)
    random.seed(0)
    assert found(check_producer, produce, settings=RANDOM).seed != other.seed, "whatever seed the random module has"


def test_the_seed_of_pytest_s_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", 7)
    failure = found(check_producer, lambda event: b"", settings=RANDOM)
    assert "To repeat the search: seed=7" in str(failure)


def test_a_derandomized_search_has_no_seed() -> None:
    failure = found(check_producer, lambda event: b"", settings=settings(DRAWN, derandomize=True))
    assert failure.examples
    assert failure.seed is None
    assert "seed=" not in str(failure)
    assert "seed=" not in str(found(check_producer, lambda event: b"")), "found before anything is drawn"


@given(
    st.text()
    | st.builds(lambda unit, count, rest: rest + unit * count + rest, st.text(), st.integers(0, 300), st.text())
)
def test_text_to_paste(text: str) -> None:
    assert eval(python_text(text)) == text  # noqa: S307  # as a reader would paste it
    data = text.encode("utf-8", "surrogatepass")
    assert eval(python_bytes(data)) == data  # noqa: S307  # the same


@given(st.lists(st.binary(max_size=3)))
def test_chunks_to_paste(chunks: list[bytes]) -> None:
    assert eval(python_chunks(chunks)) == chunks  # noqa: S307  # the same
    single = [bytes([byte]) for byte in b"".join(chunks)]
    assert eval(python_chunks(single)) == single  # noqa: S307  # the same


@given(events())
def test_events_to_paste(event: ServerSentEvent) -> None:
    assert eval(python_event(event), {"ServerSentEvent": ServerSentEvent}) == event  # noqa: S307  # the same


def test_long_values_are_short_to_paste() -> None:
    assert python_bytes(b"data: " + b"x" * 65537 + b"\n\n") == r"b'data: ' + b'x' * 65537 + b'\n\n'"
    assert python_text("data: x\n" * 1000) == r"'data: x\n' * 1000"


def test_pytest_shows_the_report_and_nothing_of_the_kit(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from sse_codec.testing import check_consumer, check_producer\n"
        "def test_producer():\n    check_producer(lambda event: b'')\n"
        "def test_consumer():\n    check_consumer(lambda chunks: [])\n"
        "def test_raising():\n    check_consumer(lambda chunks: 1 / 0)\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path)]
    env = {name: value for name, value in os.environ.items() if name != "CI"}  # with CI, pytest reports failures twice
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, check=False, text=True, env=env)
    assert "3 failed" in done.stdout
    assert done.stdout.count("To try this case alone: cases=[[") == 3
    assert "ZeroDivisionError" in done.stdout
    assert not re.findall(
        r"^\S*sse_codec/testing/\S+\.py:\d+: (?!ZeroDivision|NotConforming).*$", done.stdout, re.MULTILINE
    )
    assert "def check_producer" not in done.stdout
    assert "def search" not in done.stdout


# Findings.


def test_findings_of_several_rules() -> None:
    def produce(event: ServerSentEvent) -> bytes:
        lines = event.data.splitlines() or [""]
        return "".join([f"event: {event.event}\n", *(f"data: {line}\n" for line in lines), "\n"]).encode()

    reports = findings(check_producer, produce, without={"id", "retry", "surrogate"})
    rules = {report.rule for report in reports}
    assert {"line-separator", "last-newline", "line-end-in-event"} <= rules
    for report in reports:
        found(check_producer, produce, cases=[report.case], without={"id", "retry"})
    assert not findings(check_producer, encode, settings=FEW)


def test_findings_end_with_what_breaks_everything() -> None:
    [report] = findings(check_consumer, lambda chunks: [])
    assert report.rule == "data"
    [report] = findings(check_producer, lambda event: encode(event)[:-2], unsendable="untested")
    assert report.rule == "missing-blank-line"
