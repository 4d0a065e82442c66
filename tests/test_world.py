"""The survey: its data is complete, its pages are generated from it, and it has every listed library."""

from __future__ import annotations

import sys
from html.parser import HTMLParser

import pytest

import sse_codec
from sse_codec import ServerSentEvent, encode
from sse_codec.testing._rules import Stream

from .world import page, table

ENTRIES = table.read()
FINDINGS = [
    pytest.param(entry, finding, id=f"{entry.group}-{entry.name}-{entry.role}-{finding.rule}")
    for entry in ENTRIES.values()
    for finding in entry.findings
]
#: Rules about when something arrives, or about what is written. No input touches them.
NOT_TOUCHED = {"promptness", "promptness-cr", "missing-blank-line"}


def test_the_pages_are_generated_from_the_data() -> None:
    """`python -m tests.world --page` writes them."""
    assert page.PAGE.read_text("utf-8") == page.html(ENTRIES.values())
    assert page.SUMMARY.read_text("utf-8") == page.markdown(ENTRIES.values())


def test_the_table_has_engines_first_and_many_others() -> None:
    groups = list(dict.fromkeys(entry.group for entry in ENTRIES.values()))
    assert groups[0] == "Engines"
    assert {"Chromium", "Firefox", "WebKit"} <= {entry.name for entry in ENTRIES.values() if entry.group == "Engines"}
    assert len({(entry.group, entry.name) for entry in ENTRIES.values()}) >= 40


def test_the_front_page_counts_them() -> None:
    everyone = {(entry.group, entry.name) for entry in ENTRIES.values()} - {("Python", "sse-codec")}
    browsers = {name for group, name in everyone if group == "Engines"}
    languages = {group for group, _ in everyone} - {"Engines", "Runtimes"}
    words = {3: "three", 5: "five"}
    readme = " ".join((page.DOCS.parent / "README.md").read_text("utf-8").split())
    assert (
        f"{words[len(browsers)]} browsers and {len(everyone) - len(browsers)} runtimes and libraries in "
        f"{words[len(languages)]} languages"
    ) in readme


def test_this_package_has_no_findings() -> None:
    ours = [entry for entry in ENTRIES.values() if entry.name == "sse-codec"]
    assert [(entry.role, entry.version) for entry in ours] == [
        (role, sse_codec.__version__) for role in ("consumer", "producer")
    ]
    assert not any(entry.findings for entry in ours)


def test_the_same_suite_checked_every_entry() -> None:
    assert len({entry.suite for entry in ENTRIES.values()}) == 1


if sys.version_info >= (3, 11):  # which has tomllib, as the list needs

    def test_the_table_has_all_libraries_of_the_list_as_pinned() -> None:
        from .world import libraries

        listed = {(each.name, each.group, role): each for each in libraries.read() for role in each.roles}
        assert ENTRIES.keys() == listed.keys()
        assert {key: entry.version for key, entry in ENTRIES.items()} == {
            key: each.version or ENTRIES[key].version for key, each in listed.items()
        }
        assert all(each.file(role).exists() for (_, _, role), each in listed.items())


@pytest.mark.parametrize(("entry", "finding"), FINDINGS)
def test_a_finding_has_a_case_that_touches_its_rule(entry: table.Entry, finding: table.Finding) -> None:
    (rule,) = [rule for rule in table.RULES[entry.role] if rule.name == finding.rule]
    case = table.case(finding)
    if finding.rule not in NOT_TOUCHED:
        assert rule.touched_by(Stream(case) if entry.role == "consumer" else case)
    assert page.sections(finding.report)[0]
    assert len(finding.report) < 6000


def test_cases_survive_a_round_trip() -> None:
    for case in ([b"data: a\n\n"], [b"data: " + b"xy" * 5000 + b"\n", b"", b"\n"], [b"\xff" * 100]):
        assert table.case(table.Finding("long", table.plain(case), "")) == case
    events = [ServerSentEvent("a" * 70_000 + "\n" + "ü" * 500, "t", "1", 7), ServerSentEvent("")]
    (long, _) = plain = table.plain(events)
    assert len(str(long)) < 200
    assert table.case(table.Finding("long", plain, "")) == events


class Page(HTMLParser):
    """The parts of a page that could be wrong: ids, links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "input", "br"}:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name in {"src", "srcset", "data"}:
                self.loaded.append((tag, value))
        assert tag != "link"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_valid_and_loads_nothing() -> None:
    text = page.html(ENTRIES.values())
    read = Page(text)
    assert read.open == ["html"] or not read.open
    assert not read.loaded
    assert "url(" not in text
    assert "@import" not in text
    assert len(read.ids) == len(set(read.ids))
    assert {link[1:] for link in read.links if link.startswith("#")} <= {*read.ids}
    details = [page.anchor(entry, finding.rule) for entry in ENTRIES.values() for finding in entry.findings]
    assert sorted(link[1:] for link in read.links if link.startswith("#") and link != "#-") == sorted(details)
    assert {*details} <= {*read.ids}


def test_differences_that_the_standard_allows_are_not_faults() -> None:
    late = table.Finding("promptness-cr", [], "late")
    bounded = table.Finding("long", [], "raised", raised=True)
    cut = table.Finding("long", [], "cut")
    entry = next(iter(ENTRIES.values()))._replace(findings=[late, cut], without=["retry"])
    assert page.faults(entry) == [cut]
    assert [page.cell(entry, rule).mark for rule in ("promptness-cr", "long", "retry", "crlf")] == [
        "open",
        "fault",
        "none",
        "fine",
    ]
    assert page.why_open(bounded)
    assert not page.why_open(cut)


def test_the_output_of_a_library_is_escaped() -> None:
    entry = next(iter(ENTRIES.values()))
    finding = table.Finding("data", [], "the consumer raised\n\nwhat came out:\n    <script>alert(1)</script>\n")
    text = page.html([entry._replace(role="consumer", findings=[finding])])
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_surrogate_pairs_that_json_joins_are_recognized() -> None:
    assert table.is_pair("a\ud83c\udf4a")
    assert not table.is_pair("\udf4a\ud83c")
    assert not table.is_pair(encode(ServerSentEvent("🍊")).decode())
