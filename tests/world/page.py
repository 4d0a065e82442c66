"""The page of the table, `docs/world-table.html`, and its summary, `docs/world.md`, both made from the data."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .table import RULES, Entry, Finding, case

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sse_codec.testing._rules import Rule

DOCS = Path(__file__).parents[2] / "docs"
PAGE, SUMMARY = DOCS / "world-table.html", DOCS / "world.md"
STYLE = Path(__file__).with_name("page.css")
SCRIPT = Path(__file__).with_name("page.js")

#: What the standard leaves open, and why.
OPEN = {
    "promptness-cr": (
        "Free to choose. The event is complete, but its last byte is a CR, and the reader waits for one more byte to "
        "see whether it is an LF. The standard says where lines end, not when a reader must return an event."
    ),
}
BOUND = "Free to choose. The standard sets no limit, and a reader that fails at its own limit loses nothing silently."
#: Rules to which `BOUND` applies if the library fails instead of giving a wrong result.
BOUNDED = {"long", "many-lines", "many-events"}

#: Rules that do not apply either if a library has no ids, no reconnection times, or no types.
IMPLIED = {
    "id": ("line-end-in-id", "id-with-null", "empty-id"),
    "retry": ("invalid-retry", "negative-retry"),
    "event": ("line-end-in-event", "empty-event"),
}

TITLES = {"consumer": "Readers", "producer": "Writers"}
INTRODUCTIONS = {
    "consumer": (
        "Each reader got some thousands of event streams, cut in many ways, and had to read each of them as the "
        "standard says."
    ),
    "producer": (
        "Each writer got some thousands of events to send. A parser that follows the standard had to read the same "
        "events from its bytes. Some events can't be sent, such as one whose type has a line break. A writer may "
        "refuse or change those, but they must not inject anything."
    ),
}

MARKS = {
    "fault": ("✗", "broken"),
    "open": ("○", "differs, as the standard allows"),
    "none": ("–", "does not apply"),
    "fine": ("·", "nothing found"),
}


class Cell(NamedTuple):
    """One field of the table."""

    mark: str
    finding: Finding | None = None


def cell(entry: Entry, rule: str) -> Cell:
    """Return what the table shows for a library and a rule."""
    for finding in entry.findings:
        if finding.rule == rule:
            return Cell("open" if why_open(finding) else "fault", finding)
    does_not_apply = {*entry.without}.union(*(IMPLIED.get(name, ()) for name in entry.without))
    return Cell("none" if rule in does_not_apply else "fine")


def why_open(finding: Finding) -> str:
    """Return why the standard allows a difference; "" if it is a fault."""
    if finding.rule in BOUNDED and finding.raised:
        return BOUND
    return OPEN.get(finding.rule, "")


def faults(entry: Entry) -> list[Finding]:
    """Return the findings that are faults."""
    return [finding for finding in entry.findings if not why_open(finding)]


def rules_of(role: str) -> list[Rule[object]]:
    return list(RULES[role])


def anchor(entry: Entry, rule: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{entry.group} {entry.name} {entry.role} {rule}".lower()).strip("-")


def sections(report: str) -> tuple[str, list[tuple[str, list[str]]]]:
    """Split the report of a finding into its first sentence, and its parts with the lines of each."""
    first, _, rest = report.partition("\n\n")
    parts: list[tuple[str, list[str]]] = []
    for line in rest.splitlines():
        if line.startswith("    ") and parts:
            parts[-1][1].append(line.strip())
        elif line.endswith(":"):
            parts.append((line[:-1], []))
        elif line.strip():
            parts.append((line, []))
    return first, parts


def smallest(finding: Finding) -> str:
    """Return the smallest case on one line, for a summary."""
    shown = " + ".join(
        repr(item) if isinstance(item, bytes)
        else ", ".join(f"{name}={getattr(item, name)!a}" for name in ("data", "event", "id", "retry"))
        for item in case(finding)
    )  # fmt: skip
    return shown if len(shown) <= 90 else f"{shown[:90]}..."


def _detail(entry: Entry, finding: Finding, rule: Rule[object]) -> str:
    first, parts = sections(finding.report)
    why = why_open(finding)
    body = "".join(
        f"<h4>{escape(title)}</h4>" + (f"<pre>{escape(chr(10).join(lines))}</pre>" if lines else "")
        for title, lines in parts
    )
    return (
        f'<article id="{anchor(entry, finding.rule)}" class="{"open" if why else "fault"}">'
        f'<a class="close" href="#-" aria-label="close">×</a>'
        f"<h3>{escape(entry.name)} <small>{escape(entry.version)}</small></h3>"
        f"<p><b>{escape(rule.name)}</b>: {escape(rule.about)}</p><p>{escape(first[:1].upper() + first[1:])}.</p>"
        f"{body}<blockquote>{escape(rule.sentence)}</blockquote>"
        + (f"<p>{escape(why)}</p>" if why else "")
        + "</article>"
    )


def _meaning(entry: Entry) -> str:
    """Return in a few words what the library chose where the standard leaves it the choice."""
    options = entry.options
    said = []
    if "id" not in entry.without and entry.role == "consumer":
        said.append({"own": "the block's own id", "sticky": "the last event ID"}.get(str(options.get("ids")), ""))
    if options.get("comments", "dropped") != "dropped":
        said.append("reports comments")
    if options.get("max_retry"):
        said.append("numbers up to 2⁵³")
    if entry.note:
        said.append(entry.note)
    return "; ".join(filter(None, said))


def _row(entry: Entry, rules: list[Rule[object]]) -> str:
    count = len(faults(entry))
    cells = []
    for rule in rules:
        mark, finding = cell(entry, rule.name)
        sign, meaning = MARKS[mark]
        title = f"{entry.name}, {rule.name}: {meaning}"
        if finding is None:
            cells.append(f'<td class="{mark}" title="{escape(title)}">{sign}</td>')
        else:
            link = f'<a href="#{anchor(entry, rule.name)}" aria-label="{escape(title)}">{sign}</a>'
            cells.append(f'<td class="{mark}" title="{escape(title)}">{link}</td>')
    return (
        f'<tr data-name="{escape(entry.name.lower())}" data-group="{escape(entry.group)}" data-faults="{count}">'
        f'<th scope="row" title="{escape(_meaning(entry))}">{escape(entry.name)} <small>{escape(_short(entry.version))}'
        f'</small></th><td class="count">{count}</td>{"".join(cells)}</tr>'
    )


def _short(version: str) -> str:
    """Return a version that fits into a row. The rest of a browser's version tells readers nothing."""
    version = version.rpartition("~git")[2]
    return version if len(version) <= 12 else version[:12].rpartition(".")[0]


def _table(role: str, entries: list[Entry]) -> str:
    rules = rules_of(role)
    heads = "".join(
        f'<th scope="col" title="{escape(rule.about)}"><span>{escape(rule.name)}</span></th>' for rule in rules
    )
    broken = Counter(finding.rule for entry in entries for finding in faults(entry))
    counts = "".join(f"<td>{broken[rule.name] or ''}</td>" for rule in rules)
    groups = dict.fromkeys(entry.group for entry in entries)
    bodies = "".join(
        f'<tbody><tr class="group"><th colspan="{len(rules) + 2}">{escape(group)}</th></tr>'
        + "".join(_row(entry, rules) for entry in entries if entry.group == group)
        + "</tbody>"
        for group in groups
    )
    return (
        f'<section id="{role}s"><h2>{TITLES[role]} of event streams</h2><p>{escape(INTRODUCTIONS[role])}</p>'
        f'<div class="scroll"><table><thead><tr><th class="corner">library</th>'
        f'<th scope="col" class="count"><span>faults</span></th>{heads}</tr></thead>{bodies}'
        f'<tfoot><tr><th scope="row">break it</th><td></td>{counts}</tr></tfoot></table></div></section>'
    )


def html(entries: Iterable[Entry]) -> str:
    """Return the page."""
    by_role = {role: [entry for entry in entries if entry.role == role] for role in TITLES}
    everyone = [entry for of_role in by_role.values() for entry in of_role]
    names = {(entry.name, entry.group) for entry in everyone} - {("sse-codec", "Python")}
    found = [finding for entry in everyone for finding in faults(entry)]
    rules = {rule.name for role in TITLES for rule in rules_of(role)}
    details = "".join(
        _detail(entry, finding, next(rule for rule in rules_of(entry.role) if rule.name == finding.rule))
        for entry in everyone
        for finding in entry.findings
    )
    legend = "".join(
        f'<span class="{mark}"><b>{sign}</b> {escape(meaning)}</span>' for mark, (sign, meaning) in MARKS.items()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who speaks Server-Sent Events, and how well</title>
<style>
{STYLE.read_text("utf-8").strip()}
</style>
</head>
<body>
<header>
<h1>Who speaks Server-Sent Events, and how well</h1>
<p>The event stream format takes one page of the HTML standard
(<a href="https://html.spec.whatwg.org/multipage/server-sent-events.html">WHATWG HTML 9.2</a>). These tables show
{len(names)} browsers, runtimes and libraries, and the {len(rules)} rules that they can break. {len(found)} faults were
found. Open one to see the smallest stream or event that shows it, and the sentence of the standard that it breaks.</p>
<p class="legend">{legend}</p>
<p class="tools" hidden>
<label>Find <input type="search" placeholder="a library or language"></label>
<span>Order: <button data-order="group" aria-pressed="true">by language</button>
<button data-order="faults">by faults</button> <button data-order="name">by name</button></span>
</p>
</header>
<span id="-"></span>
<main>
{"".join(_table(role, of_role) for role, of_role in by_role.items() if of_role)}
<section id="about"><h2>How to read it</h2>
<ul>
<li>✗ is a fault: a stream that is not read as the standard says, or an event that does not arrive as it was to be
sent. It does not always mean lost data: a reader that drops an event's id still returns its data.</li>
<li>A rule is named after what is unusual in the smallest case. One cause can break several rules.</li>
<li>○ is a difference that the standard allows. It does not count as a fault.</li>
<li>– means that the rule does not apply, because the library lacks the feature. A reader that does not report
reconnection times is not checked for them.</li>
<li>An event may have the id of its own block or the last event ID of the stream. Neither is a fault. Hover over the
name of a library to see its choice.</li>
<li>A dot means that nothing was found, which is not a proof.</li>
<li>Bun is missing because it has no EventSource. Libraries that Python or JavaScript SDKs share appear once for each
SDK that ships its own copy.</li>
</ul>
<h2>How it was made</h2>
<p>Each library runs in a short program that passes it the bytes of a response, or an event to send, and reports the
result. The checks of sse-codec try a fixed list of cases, draw more, and shrink what fails. Browsers read over HTTP,
in the same chunks. In a clone, <code>python -m tests.world</code> makes this page again; <code>tests/world</code> has
the programs and the list of all versions. To check your own library, write such a program, and run
<code>sse-codec fuzz consumer -- PROGRAM</code>.</p>
</section>
</main>
{details}
<script>
{SCRIPT.read_text("utf-8").strip()}
</script>
</body>
</html>
"""


_LEAD = """[The table](world-table.html) shows, rule by rule, what the checks of `sse_codec.testing` find in browsers,
runtimes and libraries. Open a ✗ to see the smallest stream or event that shows the fault, and the sentence of the
standard. This page is a summary of the table. `python -m tests.world` makes both;
[tests/world/README.md](../tests/world/README.md) says how, and how to add a library.

The survey counts only what the standard forbids, so its figures can be lower than those of [How other libraries
compare](conformance.md). A decoder may wait for the byte after a CR, for example, and an encoder may send an event that
the format can't represent in another form, as long as that does no harm. Nor does the survey count what a library does
not claim to support.
"""


def _listed(names: list[str]) -> str:
    """Join names into a phrase."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def markdown(entries: Iterable[Entry]) -> str:
    """Return the summary."""
    entries = list(entries)
    parts = [
        "# The survey\n",
        _LEAD,
    ]
    for role, title in TITLES.items():
        of_role = [entry for entry in entries if entry.role == role]
        broken = Counter(finding.rule for entry in of_role for finding in faults(entry))
        conforming = [entry.name for entry in of_role if not faults(entry)]
        parts.append(f"## {title}\n")
        parts.append(
            f"{len(of_role)} {title.lower()} were checked, and {sum(broken.values())} faults were found. "
            f"{_listed(conforming)} had none.\n"
        )
        most = "".join(f"| `{rule}` | {count} |\n" for rule, count in broken.most_common(8))
        parts.append(f"| rules broken most often | {title.lower()} |\n| --- | --: |\n{most}")
        rows = "".join(
            f"| {entry.group} | {entry.name} | {entry.version} | {len(faults(entry))} | "
            f"{', '.join(f'`{finding.rule}`' for finding in faults(entry)) or 'none'} |\n"
            for entry in of_role
        )
        parts.append(f"| | {title.lower()[:-1]} | version | faults | rules |\n| --- | --- | --- | --: | --- |\n{rows}")
    return "\n".join(parts)


def write(entries: dict[tuple[str, str, str], Entry]) -> None:
    """Write both pages."""
    PAGE.write_text(html(entries.values()), "utf-8")
    SUMMARY.write_text(markdown(entries.values()), "utf-8")
