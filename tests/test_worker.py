"""Where tested code runs: for a limited time, and with few switches to another thread."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from sse_codec import decode
from sse_codec.testing import NotConforming, check_consumer
from sse_codec.testing._worker import Hang, Stop, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sse_codec import ReceivedEvent

pytestmark = pytest.mark.usefixtures("no_thread_is_left")

here = threading.get_ident


class Clock:
    """The worker's clock. Only tested code sets it, so a busy machine does not matter."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("sse_codec.testing._worker.time", clock)
    monkeypatch.setattr("sse_codec.testing._worker._TO_ASK", 0.1)
    monkeypatch.setattr("sse_codec.testing._worker._TO_END", 0.1)
    return clock


def seen_by(worker: Worker, cases: Iterable[int], does: Callable[[int], object]) -> list[tuple[int, bool]]:
    """Return each case that was tried, and whether that was in another thread."""
    seen: list[tuple[int, bool]] = []
    mine = here()

    def law(case: int) -> None:
        seen.append((case, here() != mine))
        worker(lambda: does(case))

    worker.each(cases, law)
    return seen


def test_cases_after_the_first_are_tried_where_the_tested_code_runs() -> None:
    threads: list[int] = []
    with Worker(10.0) as worker:
        seen = seen_by(worker, range(4), lambda _: threads.append(here()))
        again = seen_by(worker, range(4, 6), lambda _: threads.append(here()))
    assert seen == [(0, False), (1, True), (2, True), (3, True)]
    assert again == [(4, True), (5, True)]
    assert len(set(threads)) == 1
    assert here() not in threads


def test_without_a_limit_everything_runs_in_one_thread() -> None:
    with Worker() as worker:
        assert seen_by(worker, range(3), lambda _: None) == [(0, False), (1, False), (2, False)]


@pytest.mark.parametrize("first", [0, 2])
def test_cases_that_need_an_event_loop_are_tried_one_by_one(first: int) -> None:
    """Objects that one case leaves on the loop of a thread can't be used in another thread."""

    async def nothing() -> None:
        pass

    with Worker(10.0) as worker:
        seen = seen_by(worker, range(5), lambda case: worker.finish(nothing) if case == first else None)
    assert seen == [(case, 0 < case <= first) for case in range(5)]


def test_an_exception_of_a_case_is_raised() -> None:
    def does(case: int) -> None:
        if case == 3:
            raise LookupError(case)

    with Worker(10.0) as worker, pytest.raises(LookupError):
        seen_by(worker, range(5), does)


class Hanging:
    """A function that runs longer than its limit, and ends when the test does."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.leave = threading.Event()

    def __call__(self) -> None:
        self.clock.now += 10
        self.leave.wait()


@pytest.fixture
def hanging(clock: Clock) -> Iterator[Hanging]:
    hanging = Hanging(clock)
    yield hanging
    hanging.leave.set()


def test_a_case_that_hangs_among_others_is_tried_again_alone(hanging: Hanging) -> None:
    """So are the cases after it, which may hang too."""
    tried: list[tuple[int, bool]] = []
    hung: list[int] = []
    mine = here()

    def law(case: int) -> None:
        tried.append((case, here() != mine))
        try:
            worker(lambda: hanging() if case == 2 else None)
        except Hang:
            hung.append(case)

    with Worker(5.0) as worker:
        worker.each(range(5), law)
    assert tried == [(0, False), (1, True), (2, True), (2, False), (3, False), (4, False)]
    assert hung == [2]


@pytest.mark.parametrize("is_interrupted", [True, False])
def test_a_thread_that_was_left_does_nothing_more_when_it_wakes_up(
    is_interrupted: bool, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads must not do the same work, and not every thread can be interrupted."""
    if not is_interrupted:
        monkeypatch.setattr("sse_codec.testing._worker._Thread.interrupt", lambda thread, loop: None)
    done: list[int] = []
    woken = threading.Event()

    def law(case: int) -> None:
        try:
            worker(lambda: hanging() if case == 1 else None)
        except Stop:
            woken.set()
            raise
        except Hang:
            return
        done.append(case)

    with Worker(5.0) as worker:
        worker.each([0, 1], law)
        hanging.leave.set()
        assert woken.wait(10.0)
    assert done == [0]


def test_the_limit_applies_to_each_call_and_nothing_else(clock: Clock) -> None:
    def takes_a_while() -> None:
        clock.now += 3
        threading.Event().wait(0.3)  # so that the worker looks at the clock

    def law(case: int) -> None:
        worker(takes_a_while)
        takes_a_while()
        takes_a_while()
        tried.append((case, here() != mine))

    tried: list[tuple[int, bool]] = []
    mine = here()
    with Worker(5.0) as worker:
        worker.each(range(3), law)
    assert tried == [(0, False), (1, True), (2, True)]


@pytest.mark.parametrize("is_blocked", [True, False])
def test_a_consumer_that_hangs_at_one_of_many_streams(is_blocked: bool, hanging: Hanging) -> None:
    """It waits either where no exception can reach it, or in a loop."""

    def consume(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
        for event in decode(chunks):
            if event.data == "hang":
                hanging.clock.now += 10
                while not hanging.leave.wait(None if is_blocked else 0.1):
                    pass
            yield event

    streams = [*([b"data: a\n\n"] for _ in range(5)), [b"data: hang\n\n"], [b"data: b\n\n"]]
    with pytest.raises(NotConforming, match=r"the consumer hangs.* within 5 seconds") as caught:
        check_consumer(consume, cases=streams, timeout=5.0)
    assert caught.value.wire == b"data: hang\n\n"


def test_inside_an_event_loop() -> None:
    async def check() -> list[tuple[int, bool]]:
        with Worker() as worker:
            return seen_by(worker, range(3), lambda _: asyncio.run(asyncio.sleep(0)))

    assert asyncio.run(check()) == [(0, False), (1, True), (2, True)]
