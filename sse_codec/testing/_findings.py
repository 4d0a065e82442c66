"""findings: reports every rule that the tested code breaks, not only the first."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ._report import OF_EVERYTHING, NotConforming


def findings(
    check: Callable[..., None], tested: Any, *, without: Collection[str] = (), **options: Any
) -> list[NotConforming]:
    r"""Return everything that a check finds: one report for each broken rule, in the order found.

    The check runs again and again, each time without the rules that it has already found, until it finds nothing. It
    stops early at a rule that breaks everything, such as "data". Reports whose example is explained by another broken
    rule are dropped.

    Args:
        check: `check_consumer` or `check_producer`.
        tested: the consumer or producer to pass to the check.
        without: names of rules to leave out from the start.
        options: other options of the check.

    Raises:
        TypeError, ValueError, TimeoutError: as the check does.

    >>> from sse_codec.testing import check_producer, findings
    >>> def produce(event):
    ...     return f"event: {event.event}\ndata: {event.data}\n\n"
    >>> broken = findings(check_producer, produce, without={"id", "retry"})
    >>> sorted(report.rule for report in broken)
    ['cr-in-data', 'last-newline', 'line-end-in-event', 'newline']
    """
    found: dict[str, NotConforming] = {}
    while True:
        try:
            check(tested, without={*without, *found}, **options)
        except NotConforming as failure:
            if failure.rule in found:
                break
            found[failure.rule] = failure
            if failure.rule in OF_EVERYTHING:
                break
        else:
            break
    # An example may fail only because it also touches a rule that was found to be broken later.
    rules = [*found]
    return [
        failure
        for at, (rule, failure) in enumerate(found.items())
        if rule.startswith("promptness") or not failure.touches & set(rules[at + 1 :]) - OF_EVERYTHING
    ]
