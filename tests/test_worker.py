"""Where tested code runs: for so long and no longer, and in few trips to another thread."""

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


@pytest.fixture(autouse=True)
def _waits_briefly_for_what_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_codec.testing._worker._TO_END", 0.1)


def seen_by(worker: Worker, cases: Iterable[int], does: Callable[[int], object]) -> list[tuple[int, bool]]:
    """Return for each case that was tried whether it was in another thread."""
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


def test_without_a_limit_all_is_in_one_thread() -> None:
    with Worker() as worker:
        assert seen_by(worker, range(3), lambda _: None) == [(0, False), (1, False), (2, False)]


@pytest.mark.parametrize("first", [0, 2])
def test_what_needs_an_event_loop_is_tried_one_by_one(first: int) -> None:
    """What it left behind on the loop of a thread can't be used in another one."""

    async def nothing() -> None:
        pass

    with Worker(10.0) as worker:
        seen = seen_by(worker, range(5), lambda case: worker.finish(nothing) if case == first else None)
    assert seen == [(case, 0 < case <= first) for case in range(5)]


def test_what_a_case_raises_is_raised() -> None:
    def does(case: int) -> None:
        if case == 3:
            raise LookupError(case)

    with Worker(10.0) as worker, pytest.raises(LookupError):
        seen_by(worker, range(5), does)


def test_a_case_that_hangs_among_others_is_tried_again_by_itself() -> None:
    tried: list[int] = []
    leave = threading.Event()
    mine = here()

    def law(case: int) -> None:
        tried.append(case)
        try:
            worker(lambda: case != 2 or leave.wait())
        except Hang:
            assert here() == mine
            tried.append(-case)

    with Worker(0.2) as worker:
        worker.each(range(5), law)
        leave.set()
    assert tried == [0, 1, 2, 2, -2, 3, 4]


@pytest.mark.parametrize("is_interrupted", [True, False])
def test_a_thread_that_was_left_does_nothing_more_when_it_wakes_up(
    is_interrupted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the check is about to do must not be done by two threads, and not every thread can be interrupted."""
    if not is_interrupted:
        monkeypatch.setattr("sse_codec.testing._worker._Thread.interrupt", lambda thread, loop: None)
    done: list[int] = []
    leave, woken = threading.Event(), threading.Event()

    def law(case: int) -> None:
        try:
            worker(lambda: case != 1 or leave.wait())
        except Stop:
            woken.set()
            raise
        except Hang:
            return
        done.append(case)

    with Worker(0.2) as worker:
        worker.each([0, 1], law)
        leave.set()
        assert woken.wait(10.0)
    assert done == [0]


def test_a_limit_counts_for_each_case_and_not_for_all() -> None:
    with Worker(1.0) as worker:
        seen = seen_by(worker, range(8), lambda _: threading.Event().wait(0.2))
    assert seen == [(0, False), *((case, True) for case in range(1, 8))]


def test_a_limit_does_not_count_what_lies_between() -> None:
    def law(case: int) -> None:
        worker(lambda: None)
        threading.Event().wait(0.6)
        tried.append((case, here() != mine))

    tried: list[tuple[int, bool]] = []
    mine = here()
    with Worker(0.2) as worker:
        worker.each(range(2), law)
    assert tried == [(0, False), (1, True)]


@pytest.mark.parametrize("limit", [0.3, None])
def test_a_consumer_that_hangs_at_one_of_many_streams(limit: float | None) -> None:
    """It waits where no exception reaches it, or in a loop of its own."""
    leave = threading.Event()

    def consume(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
        for event in decode(chunks):
            if event.data == "hang":
                while not leave.wait(limit):
                    pass
            yield event

    streams = [*([b"data: a\n\n"] for _ in range(5)), [b"data: hang\n\n"], [b"data: b\n\n"]]
    try:
        with pytest.raises(NotConforming, match=r"the consumer hangs.*0\.2 seconds have passed") as caught:
            check_consumer(consume, cases=streams, timeout=0.2)
    finally:
        leave.set()
    assert caught.value.wire == b"data: hang\n\n"


def test_inside_an_event_loop() -> None:
    async def check() -> list[tuple[int, bool]]:
        with Worker() as worker:
            return seen_by(worker, range(3), lambda _: asyncio.run(asyncio.sleep(0)))

    assert asyncio.run(check()) == [(0, False), (1, True), (2, True)]
