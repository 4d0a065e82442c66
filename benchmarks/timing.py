"""Timing and statistics. Everything is timed in turn, round after round, with the garbage collector off.

Machines are noisy and drift. So two things are compared by the ratio of their times within one round, and the result is
the median of these ratios, shown with the quartiles. The times are processor time of this process, so other processes
don't count.
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

#: Calls that take less, in seconds, are timed several at a time.
_SHORTEST = 0.002

#: Times one pass and returns its seconds.
Timer = Callable[[], float]


class Spread(NamedTuple):
    """The median of measured values, between the two quartiles."""

    low: float
    median: float
    high: float


def spread(values: list[float]) -> Spread:
    """Sum up at least one measured value."""
    return Spread(*quantiles(values, n=4, method="inclusive")) if len(values) > 1 else Spread(*values * 3)


class TooSlow(BaseException):
    """A call has used up its time. Not an Exception, so that libraries don't catch it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop the body with TooSlow after so many seconds. Without the signal (on Windows), there is no limit."""
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
    """Return the seconds per call, over `number` in a row, with the garbage collector off as in timeit."""
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
    """Return a timer of a call. A short call is repeated until the clock is exact enough."""
    number = max(1, round(_SHORTEST / max(timed(call), 1e-9)))
    return lambda: timed(call, number)


def take_turns(timers: Mapping[str, Timer], rounds: int) -> dict[str, list[float]]:
    """Run all timers in turn, and start each round with a different one; return the seconds of each round."""
    times: dict[str, list[float]] = {name: [] for name in timers}
    names = list(timers)
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            times[name].append(timers[name]())
    return times


def ratio(times: list[float], base: list[float]) -> Spread:
    """Return the ratios of the times to the base, taken round by round."""
    return spread([time / other for time, other in zip(times, base, strict=True)])
