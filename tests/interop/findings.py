"""Finds what `check_producer` and `check_consumer` report about other libraries, and writes it down.

For each adapter of `strangers` it lists the rules that the library breaks, with the smallest example of each. A check
stops at the first fault, so it runs again without that rule until it finds nothing more. A run takes a minute or two.
With the same version of Hypothesis it finds the same each time, because nothing is drawn at random.

`python -m tests.interop.findings` finds everything again, and writes `expected_findings.json` and the part of
`README.md` that is made from it. A reason there (`why`) is written by hand, from the library's source, and stays with
its rule.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import settings

from sse_codec.testing import NotConforming, check_consumer, check_producer, findings
from sse_codec.testing._report import OF_EVERYTHING

from .strangers import DECODERS, ENCODERS, Stranger

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = "python -m tests.interop.findings"
FILE = Path(__file__).with_name("expected_findings.json")
README = Path(__file__).with_name("README.md")
START, END = "<!-- strangers -->\n", "<!-- /strangers -->\n"

_SHOWN = 120
_SETTINGS = settings(derandomize=True, deadline=None)


class Kind(NamedTuple):
    """A check, the libraries it runs on, and a title that says what its broken rules mean."""

    title: str
    check: Callable[..., None]
    strangers: list[Stranger]


KINDS = {
    "encoders": Kind(
        "Encoders: events that do not arrive as intended",
        partial(check_producer, settings=settings(_SETTINGS, max_examples=50)),
        ENCODERS,
    ),
    "refusals": Kind(
        "Encoders: unsendable events that they accept without an error",
        partial(check_producer, unsendable="refused", settings=settings(_SETTINGS, max_examples=50)),
        ENCODERS,
    ),
    "decoders": Kind(
        "Decoders: rules that they break",
        partial(check_consumer, settings=settings(_SETTINGS, max_examples=200)),
        DECODERS,
    ),
}


class Finding(NamedTuple):
    """A broken rule, and the smallest example found."""

    rule: str
    about: str
    example: str
    instead: str
    why: str = ""


class Findings(NamedTuple):
    """What one check found in one library."""

    version: str
    findings: list[Finding]

    @property
    def rules(self) -> set[str]:
        return {finding.rule for finding in self.findings}


Expected = dict[str, dict[str, Findings]]


def find(kind: Kind, stranger: Stranger) -> list[Finding]:
    """Return everything that a check finds, in the order found.

    Raises:
        NotConforming: a rule is broken that everything depends on. Then the adapter or the check is wrong.
    """
    failures = findings(kind.check, stranger.tested, **stranger.options)
    for failure in failures:
        if failure.rule in OF_EVERYTHING:
            raise failure
    return [Finding(failure.rule, failure.about, *_shown(failure)) for failure in failures]


def _shown(failure: NotConforming) -> tuple[str, str]:
    """Return the smallest example, and what the library made of it."""
    if not isinstance(failure.case[0], bytes):
        sent = f"raises {type(failure.__cause__).__name__}" if failure.__cause__ else ascii(failure.wire)
        return ", ".join(map(ascii, failure.case)), _short(sent)
    example = " + ".join(map(ascii, failure.case))
    if failure.__cause__:
        made = f"raises {type(failure.__cause__).__name__}"
    elif failure.rule.startswith("promptness"):
        made = str(failure).partition("\n")[0]
    else:
        made = "; ".join(map(str, failure.got or ())) or "nothing"
    return _short(example), _short(made)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def read() -> Expected:
    """Return the expected findings, by kind and by the name of the library."""
    kinds: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    return {
        kind: {
            name: Findings(entry["version"], [Finding(**finding) for finding in entry["findings"]])
            for name, entry in entries.items()
        }
        for kind, entries in kinds.items()
    }


def table(kind: str, expected: Expected) -> str:
    """Return a Markdown table: a row for each rule that some library breaks, a column for each library."""
    columns = {stranger.name: expected[kind][stranger.name] for stranger in KINDS[kind].strangers}
    about = {finding.rule: finding.about for column in columns.values() for finding in column.findings}
    rows = [
        ["rule", *(f"{name} {column.version}" for name, column in columns.items())],
        ["---", *(":-:" for _ in columns)],
        *(
            [f"`{rule}`: {about[rule]}", *("✗" if rule in column.rules else "" for column in columns.values())]
            for rule in sorted(about)
        ),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def examples(kind: str, expected: Expected) -> str:
    """Return the smallest example of each finding, by library."""
    text = ""
    for stranger in KINDS[kind].strangers:
        entry = expected[kind][stranger.name]
        if entry.findings:
            text += f"\n**{stranger.name} {entry.version}**\n\n"
        for finding in sorted(entry.findings):
            text += f"- `{finding.rule}`: `{finding.example}` → `{finding.instead}`\\\n  {finding.why}\n"
    return text


def markdown(expected: Expected) -> str:
    """Return the part of the README that is made from the expected findings."""
    parts = [f"### {kind.title}\n\n{table(name, expected)}{examples(name, expected)}\n" for name, kind in KINDS.items()]
    return f"{START}\n{''.join(parts)}{END}"


def shown() -> str:
    """Return this part as the README has it."""
    text = README.read_text("utf-8")
    return text[text.index(START) : text.index(END) + len(END)]


def write(expected: Expected) -> None:
    """Write the expected findings to their file and to the README."""
    plain = {
        kind: {
            name: {"version": entry.version, "findings": [finding._asdict() for finding in entry.findings]}
            for name, entry in entries.items()
        }
        for kind, entries in expected.items()
    }
    FILE.write_text(json.dumps(plain, indent=1) + "\n", "utf-8")
    README.write_text(README.read_text("utf-8").replace(shown(), markdown(expected)), "utf-8")


def main() -> None:
    """Find everything again, and write it; libraries that are not installed keep their findings."""
    expected = read()
    for name, kind in KINDS.items():
        entries = expected.setdefault(name, {})
        for stranger in kind.strangers:
            if stranger.version is None:
                print(f"{stranger.name} is not installed")
                continue
            known = entries.get(stranger.name, Findings("", []))
            why = {finding.rule: finding.why for finding in known.findings}
            start = process_time()
            found = [each._replace(why=why.get(each.rule, "")) for each in find(kind, stranger)]
            entries[stranger.name] = Findings(stranger.version, found)
            rules = ", ".join(each.rule for each in found) or "nothing"
            print(f"{name}: {stranger.name} {stranger.version}, {process_time() - start:.0f} s: {rules}", flush=True)
    write(expected)


if __name__ == "__main__":
    main()
