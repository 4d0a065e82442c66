"""The runners of docs/vectors.md pass with a correct library, and fail with a faulty one.

They run in a separate folder, on files that `sse-codec vectors` copied there, as in a user's repository. They test
other people's libraries (eventsource-parser, eventsource-encoder, httpx-sse, gin), this one, and for Go and Ruby the
small ones in `runners/`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from sse_codec.__main__ import main
from sse_codec.testing import load_vectors

pytestmark = pytest.mark.interop

Name = Literal["decoding", "encoding"]
PAGE = Path(__file__).parent.parent.parent / "docs" / "vectors.md"
RUNNERS = Path(__file__).parent / "runners"
BLOCKS = dict(re.findall(r"<!-- ([\w ]+) -->\n```\w+\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
COUNTS: dict[Name, int] = {
    "decoding": len(load_vectors("decoding")["cases"]),
    "encoding": len(load_vectors("encoding")["cases"]),
}

#: A change that a test makes to a library: a text in its source, and the replacement.
Fault = tuple[str, str]


class Outcome(NamedTuple):
    """What a runner found: how many cases it ran or skipped, the ids of those that failed, and what it printed."""

    cases: int
    failed: list[str]
    printed: str

    @property
    def rules(self) -> set[str]:
        return {name.partition("/")[0] for name in self.failed}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["vectors", str(tmp_path / "vectors")]) == 0
    return tmp_path


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(command: list[str], folder: Path, passed: str, failed: str, **variables: str) -> Outcome:
    """Run a runner. The patterns find the lines of cases that passed or failed, and the ids in them."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
        errors="replace",
        timeout=300,
    )
    failures = re.findall(failed, done.stdout, re.MULTILINE)
    assert (done.returncode != 0) == bool(failures), done.stdout[-5000:]
    return Outcome(len(re.findall(passed, done.stdout, re.MULTILINE)) + len(failures), failures, done.stdout)


def faulty(source: str, fault: Fault | None) -> str:
    if fault is None:
        return source
    assert source.count(fault[0]) == 1, "the library has changed"
    return source.replace(*fault)


# Python.

OURS = """
import sse_codec
from sse_codec import ServerSentEvent


class Event:
    def __init__(self, event):
        self.type, self.data, self.last_event_id = event.event, event.data, event.last_event_id
        self.id, self.retry = event.id, event.retry


def parse(chunks):
    return map(Event, sse_codec.decode(chunks))


def encode(data, type="message", id=None, retry=None):
    return sse_codec.encode(ServerSentEvent(data, type, id, retry))
"""

HTTPX_SSE = """
import httpx
import httpx_sse


class Event:
    def __init__(self, event):
        self.type, self.data, self.last_event_id = event.event, event.data, event.id


def parse(chunks):
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=chunks)
    return map(Event, httpx_sse.EventSource(response).iter_sse())
"""


def run_pytest(folder: Path, name: str, library: str, *options: str) -> Outcome:
    (folder / "my_library.py").write_text(library)
    (folder / f"test_{name}.py").write_text(BLOCKS[f"pytest {name}"])
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider -p no:hypothesispytest\n")
    command = [sys.executable, "-m", "pytest", "-rA", "-q", "--show-capture=no", *options, f"test_{name}.py"]
    pattern = rf"^(?:{{}}) test_{name}.py::test_{name}\[([^]]*)\]"
    return run(command, folder, pattern.format("PASSED"), pattern.format("FAILED|ERROR"))


@pytest.mark.parametrize("name", COUNTS)
def test_pytest(folder: Path, name: Name) -> None:
    outcome = run_pytest(folder, name, OURS)
    assert (outcome.cases, outcome.failed) == (COUNTS[name], [])


def test_pytest_on_lone_surrogates(folder: Path) -> None:
    (folder / "vectors" / "surrogates.json").replace(folder / "vectors" / "encoding.json")
    outcome = run_pytest(folder, "encoding", OURS)
    assert (outcome.cases, outcome.failed) == (len(load_vectors("surrogates")["cases"]), [])


def test_pytest_on_httpx_sse(folder: Path) -> None:
    """httpx decodes its text and keeps a byte order mark, and it takes any block that has a field for an event."""
    outcome = run_pytest(folder, "decoding", HTTPX_SSE, "--tb=no")
    assert {"leading-bom", "event-without-data"} <= outcome.rules
    assert not {"data", "events", "event", "data-lines"} & outcome.rules


@pytest.mark.parametrize(
    ("name", "fault", "rule"),
    [
        ("decoding", ("event.data, event.last", "event.data.strip(), event.last"), "padded-value"),
        (
            "encoding",
            (
                "sse_codec.encode(ServerSentEvent(data, type, id, retry))",
                "sse_codec.encode(ServerSentEvent(data, 'x', id, retry)).replace(b't: x', b't: ' + type.encode())",
            ),
            "line-end-in-event",
        ),
    ],
)
def test_pytest_on_a_faulty_library(folder: Path, name: Name, fault: Fault, rule: str) -> None:
    outcome = run_pytest(folder, name, faulty(OURS, fault), "-x")
    assert outcome.failed[0].startswith(f"{rule}/")
    assert load_vectors(name)["rules"][rule]["sentence"][:60] in outcome.printed


# JavaScript.


def run_node(folder: Path, name: str, fault: Fault | None = None) -> Outcome:
    node = program("node")
    modules = os.environ.get("SSE_CODEC_NODE_MODULES")
    if not modules or not Path(modules, "eventsource-encoder").exists():
        pytest.skip("SSE_CODEC_NODE_MODULES does not say where eventsource-parser and eventsource-encoder are")
    (folder / "node_modules").symlink_to(Path(modules).resolve(), target_is_directory=True)
    (folder / f"{name}.test.mjs").write_text(faulty(BLOCKS[f"node {name}"], fault))
    command = [node, "--test-reporter=tap", f"{name}.test.mjs"]
    return run(command, folder, r"^ok \d+ - (\S+/\S+)", r"^not ok \d+ - (\S+/\S+)")


def test_node_on_eventsource_parser(folder: Path) -> None:
    outcome = run_node(folder, "decoding")
    assert (outcome.cases, outcome.failed) == (COUNTS["decoding"], [])


def test_node_on_eventsource_encoder(folder: Path) -> None:
    outcome = run_node(folder, "encoding")
    assert (outcome.cases, outcome.rules) == (COUNTS["encoding"], {"id-with-null"})


def test_node_drops_a_byte_order_mark_twice(folder: Path) -> None:
    """As docs/vectors.md says."""
    outcome = run_node(folder, "decoding", (", {ignoreBOM: true})", ")"))
    assert outcome.failed
    marks = {case["id"]: case for case in load_vectors("decoding")["cases"]}
    assert all("\\ufeff\\ufeff" in marks[name]["about"] for name in outcome.failed)


@pytest.mark.parametrize(
    ("name", "fault", "rule"),
    [
        ("decoding", ("got.push({type: event, data,", "got.push({type: event, data: data.trim(),"), "padded-value"),
        ("encoding", ("encode(expanded(event))", "encode(expanded(event)).replaceAll('\\0', '')"), "nul"),
    ],
)
def test_node_on_a_faulty_library(folder: Path, name: str, fault: Fault, rule: str) -> None:
    outcome = run_node(folder, name, fault)
    assert outcome.failed[0].startswith(f"{rule}/")


# Go.

GIN = """
package sse

import (
	"strings"

	gin "github.com/gin-contrib/sse"
)

type Event struct{ Type, Data, LastEventID string }

type Parser struct{ body string }

func NewParser() *Parser { return &Parser{} }

// Feed has the whole stream only in its last call, which is the first one if the stream is one chunk.
func (p *Parser) Feed(chunk []byte) (events []Event) {
	p.body += string(chunk)
	got, _ := gin.Decode(strings.NewReader(p.body))
	for _, event := range got {
		events = append(events, Event{event.Event, event.Data.(string), event.Id})
	}
	return events
}
"""


def run_go(folder: Path, name: str, library: str, **variables: str) -> Outcome:
    go = program("go")
    (folder / "library.go").write_text(library)
    (folder / f"{name}_test.go").write_text(BLOCKS[f"go {name}"])
    if not variables:
        (folder / "go.mod").write_text("module example.org/sse\n\ngo 1.19\n")
    pattern = rf"^    --- {{}}: Test{name.capitalize()}/(\S+/\S+) "
    cache = str(folder.parent / "go-cache")  # the standard library is compiled once
    passed, failed = pattern.format("(?:PASS|SKIP)"), pattern.format("FAIL")
    return run([go, "test", "-v"], folder, passed, failed, GOFLAGS="", GOCACHE=cache, **variables)


@pytest.mark.parametrize("name", COUNTS)
def test_go(folder: Path, name: Name) -> None:
    outcome = run_go(folder, name, (RUNNERS / "library.go").read_text(encoding="utf-8"))
    assert (outcome.cases, outcome.failed) == (COUNTS[name], [])


@pytest.mark.parametrize(
    ("name", "fault", "rule"),
    [
        ("decoding", ('!strings.Contains(value, "\\x00")', "true"), "id-with-null"),
        ("decoding", ("character == utf8.RuneError && size == 1", "false"), "invalid-utf-8"),
        ("encoding", (', "\\r", "\\n")', ")"), "cr-in-data"),
        ("encoding", ('strings.ContainsAny(*event.ID, "\\r\\n\\x00")', "false"), "id-with-null"),
    ],
)
def test_go_on_a_faulty_library(folder: Path, name: str, fault: Fault, rule: str) -> None:
    outcome = run_go(folder, name, faulty((RUNNERS / "library.go").read_text(encoding="utf-8"), fault))
    assert outcome.failed[0].startswith(f"{rule}/")


def test_go_on_gin(folder: Path) -> None:
    """gin-contrib/sse as Debian packages it takes `retry: 7` for an id, and has many other faults."""
    packages = Path("/usr/share/gocode")
    if not (packages / "src/github.com/gin-contrib/sse").exists():
        pytest.skip("golang-github-gin-contrib-sse-dev is not installed")
    outcome = run_go(folder, "decoding", GIN, GOPATH=str(packages), GO111MODULE="off")
    assert {"retry", "event-without-data", "leading-bom", "bare-cr", "id-with-null", "cut"} <= outcome.rules
    assert not {"data", "events", "event", "magic-value"} & outcome.rules


# Ruby.


def run_ruby(folder: Path, name: str, fault: Fault | None = None) -> Outcome:
    ruby = program("ruby")
    (folder / "library.rb").write_text(faulty((RUNNERS / "library.rb").read_text(encoding="utf-8"), fault))
    (folder / f"{name}_test.rb").write_text(BLOCKS[f"ruby {name}"])
    command = [ruby, "-w", f"{name}_test.rb", "--verbose", "--seed", "1"]
    pattern = rf"^{name.capitalize()}Test#test_(\S+/\S+) = \S+ s = {{}}$"
    return run(command, folder, pattern.format("[.S]"), pattern.format("[FE]"))


@pytest.mark.parametrize("name", COUNTS)
def test_ruby(folder: Path, name: Name) -> None:
    outcome = run_ruby(folder, name)
    assert (outcome.cases, outcome.failed) == (COUNTS[name], [])


@pytest.mark.parametrize(
    ("name", "fault", "rules"),
    [
        ("decoding", ('unless value.include?("\\0")', ""), {"id-with-null"}),
        ("encoding", ("/[\\r\\n\\0]/", "/[\\n\\0]/"), {"line-end-in-id"}),
    ],
)
def test_ruby_on_a_faulty_library(folder: Path, name: str, fault: Fault, rules: set[str]) -> None:
    assert rules & run_ruby(folder, name, fault).rules
