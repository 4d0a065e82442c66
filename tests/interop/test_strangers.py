"""What the checks find in encoders and decoders of other libraries is what is expected, and in ours it is nothing.

Expected is what `findings` wrote down, with the versions in which it was found. Another version may have other
findings; then the test fails, and says which.
"""

from __future__ import annotations

import pytest

from sse_codec.testing import NotConforming

from . import findings
from .findings import COMMAND, KINDS
from .strangers import Stranger

pytestmark = pytest.mark.interop

EXPECTED = findings.read()

#: Rules that these break as well, in streams so rare that the search does not come to one every time.
RARE = {"anthropic": {"cut-crlf", "promptness-cr"}, "sseclient-py": {"promptness-cr"}}


@pytest.mark.parametrize(
    ("kind", "stranger"),
    [
        pytest.param(name, stranger, id=f"{name}-{stranger.name}")
        for name, kind in KINDS.items()
        for stranger in kind.strangers
    ],
)
def test_what_is_found(kind: str, stranger: Stranger) -> None:
    if stranger.version is None:
        pytest.skip(f"{stranger.name} is not installed")
    expected = EXPECTED[kind][stranger.name]
    found = {finding.rule: finding for finding in findings.find(KINDS[kind], stranger)}
    assert expected.rules <= found.keys() <= expected.rules | RARE.get(stranger.name, set()), (
        f"{stranger.name} {stranger.version} (expected was found in {expected.version})\n"
        f"breaks, unexpected: {[found[rule] for rule in sorted(found.keys() - expected.rules)]}\n"
        f"no longer breaks: {sorted(expected.rules - found.keys())}\n"
        f"If that is right, write it down with {COMMAND}, and the reason of what is new into {findings.FILE.name}."
    )


def test_nothing_is_found_in_ours() -> None:
    assert [EXPECTED[name][kind.strangers[0].name].findings for name, kind in KINDS.items()] == [[], [], []]


def test_each_finding_has_a_reason() -> None:
    assert not [
        (name, finding.rule)
        for entries in EXPECTED.values()
        for name, entry in entries.items()
        for finding in entry.findings
        if not finding.why
    ]


def test_readme_shows_what_is_expected() -> None:
    assert findings.shown() == findings.markdown(EXPECTED), f"{COMMAND} writes it"


def test_a_consumer_of_nothing_is_not_a_finding() -> None:
    """Who breaks everything has no findings: the adapter is broken."""
    with pytest.raises(NotConforming) as raised:
        findings.find(KINDS["decoders"], Stranger("nobody", lambda chunks: []))
    assert raised.value.rule == "data"
