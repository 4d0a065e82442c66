"""How anything here is timed: in turn, round after round, with the garbage collector off; and what is made of it.

Machines are noisy, and drift: two things are compared by the ratio of their times within one round, and of those ratios
the median counts. The quartiles are shown beside it. What is timed is what the processor did for this process: what it
did for others in the meantime is not counted.
"""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import quantiles
from types import FrameType
from typing import NamedTuple

clock = time.process_time

#: Calls that take less are timed several at a time.
_SHORTEST = 0.002

#: Times one pass: returns its seconds.
Timer = Callable[[], float]


class Spread(NamedTuple):
    """The median of what was measured, and the quartiles on both sides of it."""

    low: float
    median: float
    high: float


def spread(values: list[float]) -> Spread:
    """Sum up what was measured, at least once."""
    return Spread(*quantiles(values, n=4, method="inclusive")) if len(values) > 1 else Spread(*values * 3)


class TooSlow(BaseException):
    """The time that a call had is over; no Exception, so that no library takes it for one of its own."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop the body with TooSlow after so many seconds; where there is no such signal (Windows), let it go on."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def timed(call: Callable[[], object], number: int = 1) -> float:
    """Return the seconds that one call takes, of so many in a row, with the garbage collector off as in timeit."""
    gc.collect()
    gc.disable()
    try:
        start = clock()
        for _ in range(number):
            call()
        return (clock() - start) / number
    finally:
        gc.enable()


def timer(call: Callable[[], object]) -> Timer:
    """Return a timer of a call; a short one is repeated so often that the clock is exact enough."""
    number = max(1, round(_SHORTEST / max(timed(call), 1e-9)))
    return lambda: timed(call, number)


def take_turns(timers: Mapping[str, Timer], rounds: int) -> dict[str, list[float]]:
    """Run all timers in turn, each round from another one on; return the seconds of each round."""
    times: dict[str, list[float]] = {name: [] for name in timers}
    names = list(timers)
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            times[name].append(timers[name]())
    return times


def ratio(times: list[float], base: list[float]) -> Spread:
    """Return how many times as long as the base it took, round by round."""
    return spread([time / other for time, other in zip(times, base, strict=True)])
