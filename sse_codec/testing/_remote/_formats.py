"""Writes the outcome of a run, for people and for tools that collect test results.

Reports are already safe to print: they show values from the tested side as Python literals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sse_codec._event import ServerSentEvent
from sse_codec._text import counted, escape_command, printable
from sse_codec.testing._report import OF_EVERYTHING, NotConforming, event_members

from ._messages import RULES, in_base64
from ._run import Outcome

#: The longest case that fits on a command line, in characters.
_LONGEST_CASE = 3000

#: Returns the command that reproduces a finding.
Reproduce = Callable[[NotConforming], str]


def case_members(case: Sequence[Any]) -> list[Any]:
    """Return a case for JSON: chunks in base64, or events."""
    return [
        event_members(item) if isinstance(item, ServerSentEvent)
        else in_base64(item.encode() if isinstance(item, str) else item)
        for item in case
    ]  # fmt: skip


def case_text(case: Sequence[Any]) -> str:
    """Return a case as the value of --case."""
    return json.dumps(case_members(case))


def case_argument(finding: NotConforming) -> str | None:
    """Return the case of a finding as the value of --case; None if there is no case, or it is too long."""
    text = case_text(finding.case)
    return text if finding.case and len(text) <= _LONGEST_CASE else None


def _report(finding: NotConforming, reproduce: Reproduce) -> str:
    return f"{finding.report}\n\nTo see it again:\n    {reproduce(finding)}"


def as_text(outcome: Outcome, reproduce: Reproduce) -> str:
    """Return the reports and a summary as text."""
    parts = [f"{_report(finding, reproduce)}\n" for finding in outcome.findings]
    if len(parts) == 1 and outcome.ended_early and outcome.findings[0].rule not in OF_EVERYTHING:
        parts[0] += f"To skip this rule, add --skip {outcome.findings[0].rule}; to find all broken rules, add --all.\n"
    return "".join(f"{part}\n" for part in parts) + summary(outcome) + "\n"


def summary(outcome: Outcome) -> str:
    """Return the outcome in one line."""
    rules = ", ".join(finding.rule for finding in outcome.findings)
    verdict = (
        f"breaks {counted(len(outcome.findings), 'rule')}: {rules}" if rules
        else "could not be checked" if outcome.stopped
        else "conforms"
    )  # fmt: skip
    left_out = f"; left out: {', '.join(sorted(outcome.without))}" if outcome.without else ""
    unit = "stream" if outcome.role == "consumer" else "event"
    return (
        f"{printable(outcome.title) or f'the {outcome.role}'} {verdict} "
        f"({counted(outcome.cases, unit)}, {outcome.seconds:.1f} s, seed {outcome.seed}){left_out}"
    )


def as_json(outcome: Outcome, reproduce: Reproduce) -> str:
    """Return the outcome as one JSON object."""
    return (
        json.dumps(
            {
                "name": outcome.title,
                "role": outcome.role,
                "conforms": not outcome.findings and not outcome.stopped,
                "findings": [
                    {
                        "rule": finding.rule,
                        "about": finding.about,
                        "sentence": finding.sentence,
                        "case": case_members(finding.case),
                        "wire": in_base64(finding.wire),
                        "expected": [event_members(event) for event in finding.expected],
                        "report": finding.report,
                        "reproduce": reproduce(finding),
                    }
                    for finding in outcome.findings
                ],
                "without": sorted(outcome.without),
                "cases": outcome.cases,
                "seconds": round(outcome.seconds, 3),
                "seed": outcome.seed,
                "stopped": outcome.stopped or None,
            }
        )
        + "\n"
    )


def _verdicts(outcome: Outcome) -> Iterator[tuple[str, str, NotConforming | None, str]]:
    """Yield, for each rule, its name, its description, the finding, and why it was not (fully) checked."""
    found = {finding.rule: finding for finding in outcome.findings}
    known = {rule.name: rule.about for rule in RULES[outcome.role]}
    for name, about in {**known, **{finding.rule: finding.about for finding in outcome.findings}}.items():
        reason = ""
        if name in outcome.without or (outcome.rules and name not in outcome.rules):
            reason = "left out"
        elif outcome.ended_early and name not in found:
            reason = "not fully checked"
        yield name, about, found.get(name), reason


def as_junit(outcome: Outcome, reproduce: Reproduce) -> str:
    """Return a JUnit test suite, with a test case for each rule."""
    title = quoteattr(printable(outcome.title) or outcome.role)
    cases: list[str] = []
    skipped = 0
    for name, about, finding, reason in _verdicts(outcome):
        inner = ""
        if finding is not None:
            text = escape(f"{_report(finding, reproduce)}\n")
            inner = f"<failure message={quoteattr(str(finding.args[0]))}>{text}</failure>"
        elif reason:
            skipped += 1
            inner = f"<skipped message={quoteattr(reason)}/>"
        head = f"    <testcase classname={title} name={quoteattr(f'{name}: {about}')}"
        cases.append(f"{head}>{inner}</testcase>" if inner else f"{head}/>")
    if outcome.stopped:
        inner = f"<error message={quoteattr(printable(outcome.stopped))}/>"
        cases.append(f'    <testcase classname={title} name="the run completes">{inner}</testcase>')
    counts = (
        f'tests="{len(cases)}" failures="{len(outcome.findings)}" errors="{int(bool(outcome.stopped))}" '
        f'skipped="{skipped}" time="{outcome.seconds:.3f}"'
    )
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", f"  <testsuite name={title} {counts}>"]
    return "\n".join([*lines, *cases, "  </testsuite>", "</testsuites>", ""])


def as_tap(outcome: Outcome, reproduce: Reproduce) -> str:
    """Return the outcome in the Test Anything Protocol, version 14, with a test point for each rule."""
    verdicts = list(_verdicts(outcome))
    lines = ["TAP version 14", f"1..{len(verdicts)}", f"# {summary(outcome)}"]
    for number, (name, about, finding, reason) in enumerate(verdicts, 1):
        # An unescaped "#" would start a directive.
        point = f"{number} - {name}: {about}".replace("#", "\\#")
        if finding is None:
            lines.append(f"ok {point}{f' # SKIP {reason}' if reason else ''}")
        else:
            indented = [f"    {line}".rstrip() for line in _report(finding, reproduce).split("\n")]
            lines += [f"not ok {point}", "  ---", "  message: |", *indented, "  ..."]
    if outcome.stopped:
        lines.append(f"Bail out! {printable(outcome.stopped)}")
    return "\n".join([*lines, ""])


def as_github(outcome: Outcome, reproduce: Reproduce) -> str:
    """Return annotations for GitHub Actions, and the summary."""
    lines = [
        f"::error title={escape_command(f'sse-codec: {finding.rule}', ',:')}::"
        + escape_command(_report(finding, reproduce))
        for finding in outcome.findings
    ]
    return "\n".join([*lines, summary(outcome), ""])


FORMATS: dict[str, Callable[[Outcome, Reproduce], str]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "tap": as_tap,
    "github": as_github,
}

#: The formats with a result for every rule. They need a run that continues after a finding.
WHOLE = {"junit", "tap"}
