"""findings: all rules that something breaks, and not only the first that a check finds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sse_codec.testing._report import OF_EVERYTHING, NotConforming


def findings(
    check: Callable[..., None], tested: Any, *, without: Collection[str] = (), **options: Any
) -> list[NotConforming]:
    r"""Return all that a check finds: one report for each rule that is broken, in the order in which they are found.

    The check runs again without each rule that it has found, until it finds nothing. What breaks the rule "data" breaks
    everything, so that one is the last. A report is left out if all that is wrong with its example is explained by
    another rule.

    Args:
        check: `check_consumer` or `check_producer`.
        tested: what it takes.
        without: rules that are left out from the start.
        options: the check's other options.

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
    # What else an example touches may be all that it takes, if that was found to be broken by itself, afterwards.
    rules = [*found]
    return [
        failure
        for at, (rule, failure) in enumerate(found.items())
        if rule.startswith("promptness") or not failure.touches & set(rules[at + 1 :]) - OF_EVERYTHING
    ]
