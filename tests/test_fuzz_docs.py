"""docs/fuzz-protocol.md and docs/conformance-suite.md: the messages they show are valid, and their commands parse.

interop/test_fuzz.py runs their programs.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from sse_codec import decode
from sse_codec._choices import CHOICES
from sse_codec.testing._remote import _messages
from sse_codec.testing._remote._messages import Hello, Reading, Refused, parse_hello, parse_reading, parse_wire
from tests.test_main import parse

DOCS = Path(__file__).parent.parent / "docs"
PROTOCOL = (DOCS / "fuzz-protocol.md").read_text(encoding="utf-8")
SUITE = (DOCS / "conformance-suite.md").read_text(encoding="utf-8")

#: Each request on the page with its answer.
EXCHANGES = [
    (json.loads(ask), json.loads(answer))
    for ask, answer in re.findall(r"^    -> (.*)\n    <- (.*)$", PROTOCOL, re.MULTILINE)
]
#: The answers that the page shows alone.
ANSWERS = [json.loads(answer) for answer in re.findall(r"(?<!\n)\n\n    <- (.*)$", PROTOCOL, re.MULTILINE)]


def test_all_messages_of_the_page_are_found() -> None:
    assert len(EXCHANGES) == 8
    assert len(ANSWERS) == 2
    assert PROTOCOL.count("\n    <- ") == 10


@pytest.mark.parametrize(("ask", "answer"), EXCHANGES)
def test_each_exchange_is_valid(ask: dict[str, Any], answer: dict[str, Any]) -> None:
    if "hello" in ask:
        hello = parse_hello(answer, "consumer")
        assert (hello.title, hello.options["ids"]) == ("my-parser 2.3.0", "sticky")
        assert hello.without == {"retry"}
        return
    assert ask["n"] == answer["n"]
    if "event" in ask or "comment" in ask:
        try:
            wire = parse_wire(answer)
        except Refused:
            assert "\n" in ask["event"]["event"]
        else:
            expected = [] if "comment" in ask else [ask["event"]]
            got = [{key: getattr(event, key) for key in ("data", "event", "id", "retry")} for event in decode([wire])]
            assert got == expected
    elif "chunks" in ask:
        chunks = _messages.parse_case(json.dumps(ask["chunks"]), "consumer")
        assert [event.data for event in decode(chunks)] == [event["data"] for event in parse_reading(answer).events]
    else:
        assert parse_reading(answer).error == ""


def test_each_answer_is_parsed() -> None:
    event = {"data": "a", "event": "message", "id": None, "retry": None}
    assert list(map(parse_reading, ANSWERS)) == [Reading([], "invalid UTF-8 at byte 7"), Reading([event])]


def test_the_table_has_the_members_of_a_hello() -> None:
    section = PROTOCOL.partition("## Hello")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    choices = {name for options in CHOICES.values() for name in options}
    assert named == {*Hello._fields, *choices, "role", "max_retry", "text"} - {"options"}


@pytest.mark.parametrize("page", [PROTOCOL, SUITE])
def test_the_commands_parse(page: str) -> None:
    commands = re.findall(r"^(?:    )?(sse-codec fuzz .*?)(?:   .*)?$", page, re.MULTILINE)
    assert commands
    for command in commands:
        assert parse(*shlex.split(command)[1:]).role in command
