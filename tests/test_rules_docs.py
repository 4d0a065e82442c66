"""docs/rules.md: its tables are made from the fuzz kit's rules, and the case of each rule touches that rule first.

`python -m tests.test_rules_docs` writes the tables.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec.lint import CODES
from sse_codec.testing._rules import (
    BLANK_LINE,
    COMMENT_END,
    CONSUMER_RULES,
    PRODUCER_PROMPTNESS,
    PRODUCER_RULES,
    PROMPTNESS,
    PROMPTNESS_CR,
    RESPONSE,
    Rule,
    Stream,
)

if TYPE_CHECKING:
    from sse_codec import ServerSentEvent

RULES = Path(__file__).parent.parent / "docs" / "rules.md"
MADE = re.compile("(?<=<!-- rules -->\n).*?(?=<!-- /rules -->\n)", re.DOTALL)
COMMAND = "python -m tests.test_rules_docs"
CONSUMERS: list[Rule[Any]] = [*CONSUMER_RULES, PROMPTNESS, PROMPTNESS_CR]
PRODUCERS: list[Rule[Any]] = [*PRODUCER_RULES, BLANK_LINE, PRODUCER_PROMPTNESS, COMMENT_END, RESPONSE]


def made() -> str:
    """Return the generated part of docs/rules.md."""
    return _table("Consumers", "consumer", CONSUMERS) + _table("Producers", "producer", PRODUCERS)


def _table(title: str, side: str, rules: list[Rule[Any]]) -> str:
    rows = ["| rule | what touches it | a small case | WHATWG HTML |", "| --- | --- | --- | --- |"]
    for rule in rules:
        name = f"[`{rule.name}`](lint.md#{rule.name})" if rule.name in CODES else f"`{rule.name}`"
        anchor = f'<a id="{side}-{rule.name}"></a>'
        rows.append(f"| {anchor}{name} | {_cell(rule.about)} | {_case(rule)} | {_cell(rule.sentence)} |")
    return f"\n## {title}\n\n" + "\n".join(rows) + "\n\n"


def _case(rule: Rule[Any]) -> str:
    return "<br>".join(f"`` {_shown(part)} ``" for part in rule.example[:3]) + " ..." * (len(rule.example) > 3)


def _shown(part: bytes | ServerSentEvent) -> str:
    text = ascii(part).removeprefix("b") if isinstance(part, bytes) else ascii(part).replace("ServerSentEvent", "")
    text = text if len(text) <= 60 else f"{text[:40]}...{text[-12:]}"
    return text.replace("|", "\\|")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def test_the_tables_match_the_rules() -> None:
    assert MADE.findall(RULES.read_text(encoding="utf-8")) == [made()], f"{COMMAND} writes it"


@pytest.mark.parametrize("rule", CONSUMER_RULES, ids=lambda rule: rule.name)
def test_the_case_of_a_consumer_s_rule_is_put_down_to_it(rule: Rule[Stream]) -> None:
    stream = Stream(rule.example)
    assert next(each for each in CONSUMER_RULES if each.touched_by(stream)) is rule


@pytest.mark.parametrize("rule", PRODUCER_RULES, ids=lambda rule: rule.name)
def test_the_case_of_a_producer_s_rule_is_put_down_to_it(rule: Rule[Any]) -> None:
    assert next(each for each in PRODUCER_RULES if each.touched_by(rule.example)) is rule


def test_no_two_rules_have_one_name() -> None:
    for rules in (CONSUMERS, PRODUCERS):
        assert len({rule.name for rule in rules}) == len(rules)


def main() -> None:
    """Write the tables."""
    text = RULES.read_text(encoding="utf-8")
    RULES.write_text(MADE.sub(lambda _: made(), text), encoding="utf-8")


if __name__ == "__main__":
    main()
