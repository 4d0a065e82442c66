"""The checks find the expected faults in encoders and decoders of other libraries, and none in ours.

`findings` wrote down the expected faults and the versions that have them. Another version may have others; then the
test fails and lists them.
"""

from __future__ import annotations

import pytest

from sse_codec.testing import NotConforming

from . import findings
from .findings import COMMAND, KINDS
from .strangers import Stranger

pytestmark = pytest.mark.interop

EXPECTED = findings.read()

#: Rules that these also break, in streams so rare that the search does not always find one.
RARE = {"anthropic": {"cut-crlf", "promptness-cr"}, "sseclient-py": {"promptness-cr"}}


@pytest.mark.parametrize(
    ("kind", "stranger"),
    [
        pytest.param(name, stranger, id=f"{name}-{stranger.name}")
        for name, kind in KINDS.items()
        for stranger in kind.strangers
    ],
)
def test_the_expected_faults_are_found(kind: str, stranger: Stranger) -> None:
    if stranger.version is None:
        pytest.skip(f"{stranger.name} is not installed")
    expected = EXPECTED[kind][stranger.name]
    found = {finding.rule: finding for finding in findings.find(KINDS[kind], stranger)}
    assert expected.rules <= found.keys() <= expected.rules | RARE.get(stranger.name, set()), (
        f"{stranger.name} {stranger.version} (the expected findings are from {expected.version})\n"
        f"breaks unexpectedly: {[found[rule] for rule in sorted(found.keys() - expected.rules)]}\n"
        f"no longer breaks: {sorted(expected.rules - found.keys())}\n"
        f"If that is right, run {COMMAND}, and write the reason of each new finding into {findings.FILE.name}."
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


def test_the_readme_shows_the_expected_findings() -> None:
    assert findings.shown() == findings.markdown(EXPECTED), f"run {COMMAND} to write it"


def test_a_consumer_that_yields_nothing_is_not_a_finding() -> None:
    """If everything is broken, the adapter is at fault."""
    with pytest.raises(NotConforming) as raised:
        findings.find(KINDS["decoders"], Stranger("nobody", lambda chunks: []))
    assert raised.value.rule == "data"
