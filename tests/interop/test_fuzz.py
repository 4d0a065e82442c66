"""`sse-codec fuzz` with the programs of the guide, and with other people's clients, browser and test service."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec.testing._remote._listen import Listener
from sse_codec.testing._remote._service import Service

from . import devtools, node
from .servers import module

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs" / "conformance-suite.md").read_text(encoding="utf-8")
#: Longer than anything takes.
PATIENCE = 60.0
LIMITS = {"timeout": PATIENCE, "pause": 0.001, "grace": PATIENCE}


def block(name: str) -> str:
    [text] = re.findall(rf"<!-- adapter {name} -->\n```\w+\n(.*?)```", GUIDE, re.DOTALL)
    return str(text)


def fuzz(*arguments: str) -> dict[str, Any]:
    """Run the command over the fixed cases, and return what was found."""
    command = [sys.executable, "-m", "sse_codec", "fuzz", arguments[0], "--examples", "0", "--timeout", "60"]
    done = subprocess.run(
        [*command, "--format", "json", *arguments[1:]], capture_output=True, check=False, cwd=ROOT, timeout=600
    )
    assert done.returncode in {0, 1}, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rules(found: dict[str, Any]) -> set[str]:
    return {finding["rule"] for finding in found["findings"]}


def test_every_program_of_the_guide_is_run() -> None:
    assert re.findall(r"<!-- adapter (\w+) -->", GUIDE) == ["js", "go", "writer", "http"]
    assert GUIDE.count("<!-- ") == 5, "and the report"


def test_a_parser_on_Node(engine: node.Engine, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(engine.package.parent)
    (tmp_path / "adapter.mjs").write_text(block("js"), encoding="utf-8")
    found = fuzz("consumer", "--all", "--", engine.node, str(tmp_path / "adapter.mjs"))
    assert found["without"] == ["retry"]
    # It also drops the bytes of a byte order mark if each is a character; see test_node.py.
    [finding] = found["findings"]
    assert finding["rule"] == "unknown-field"
    assert "\\xc3\\xaf\\xc2\\xbb\\xc2\\xbf" in finding["report"]


def test_a_writer_on_Node(engine: node.Engine, tmp_path: Path) -> None:
    (tmp_path / "writer.mjs").write_text(block("writer"), encoding="utf-8")
    program = ["--", engine.node, str(tmp_path / "writer.mjs")]
    for rule in ("line-end-in-event", "cr-in-data"):
        assert rules(fuzz("producer", "--rule", rule, *program)) == {rule}
    assert fuzz("producer", "--rule", "newline", *program)["conforms"]


def test_a_parser_in_Go(tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed")
    (tmp_path / "main.go").write_text(block("go"), encoding="utf-8")
    program = str(tmp_path / "adapter")
    variables = os.environ | {"GOCACHE": str(tmp_path / "cache"), "GOFLAGS": "-mod=mod", "GO111MODULE": "off"}
    subprocess.run([go, "build", "-o", program, "main.go"], check=True, cwd=tmp_path, env=variables)
    assert rules(fuzz("consumer", "--rule", "data-lines", "--", program)) == {"data-lines"}
    [finding] = fuzz("consumer", "--rule", "bare-cr", "--", program)["findings"]
    [report] = re.findall(r"<!-- report -->\n```text\n(.*?)```", GUIDE, re.DOTALL)
    assert finding["report"].startswith(report)


def test_a_program_in_the_shell() -> None:
    """The smallest possible program: it finds no events, and the check notices."""
    script = (
        "read hello; echo '{\"hello\": 1}'; "
        'while read ask; do n=${ask#*: }; echo "{\\"n\\": ${n%%,*}, \\"events\\": []}"; done'
    )
    found = fuzz("consumer", "--", "sh", "-c", script)
    assert rules(found) == {"data"}


# Over HTTP.


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener("127.0.0.1", 0, **LIMITS)
    yield listener
    listener.close()


#: Streams of each kind, and what EventSource makes of them.
STREAMS: list[tuple[list[bytes], list[tuple[str, str, str]]]] = [
    ([b"data: a\n", b"\nid: 1\nevent: b\rdata: c\r\r"], [("message", "a", ""), ("b", "c", "1")]),
    ([b"\xef\xbb", b"\xbfdata: \xc3", b"\xa9\n\n", b"data: cut"], [("message", "é", "")]),
    ([b"event: error\ndata: x\n\nevent: open\ndata\n\n"], [("error", "x", ""), ("open", "", "")]),
    ([b": ping\n\n"], []),
]


def read_all(listener: Listener) -> list[list[dict[str, Any]]]:
    """Let the next client read the streams."""
    listener.wait_for_client()
    read = [listener.read(chunks).events for chunks, _ in STREAMS]
    listener.finish(conforms=True, report="as it should be")
    return read


def in_page(address: str, listener: Listener, question: str) -> list[list[dict[str, Any]]]:
    async def run() -> list[list[dict[str, Any]]]:
        async with devtools.page(address) as page:
            await page.open(f"{listener.url}/?{question}")
            read = await asyncio.to_thread(read_all, listener)
            await page.until('document.querySelector("#report").textContent', "as it should be")
            return read

    return asyncio.run(run())


def test_a_browser_reads_with_EventSource(browser: str, listener: Listener) -> None:
    read = in_page(browser, listener, "run&with=eventsource")
    seen = [[(event["event"], event["data"], event["last_event_id"]) for event in events] for events in read]
    assert seen == [events for _, events in STREAMS]
    assert [event["chunk"] for event in read[0]] == [1, 1], "each is reported as it comes"
    assert "Chrome" in listener.hello.name


PARSER = """
async function* read(chunks) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  for (const block of text.split(/\\r\\r|\\n\\n/).slice(0, -1)) {
    const fields = Object.fromEntries(block.split(/[\\r\\n]/).map((line) => line.split(/: ?/)));
    if ("data" in fields) yield { data: fields.data ?? "", event: fields.event, id: fields.id };
  }
}"""


def test_a_browser_reads_with_a_parser_of_the_page(browser: str, listener: Listener) -> None:
    from urllib.parse import quote

    read = in_page(browser, listener, f"run&with=fetch&parser={quote(PARSER)}")
    assert [[event["data"] for event in events] for events in read] == [
        [data for _, data, _ in events] for _, events in STREAMS
    ]
    assert read[0][1]["id"] == "1"


def test_a_client_in_Python(listener: Listener, tmp_path: Path) -> None:
    module("requests")
    script = tmp_path / "client.py"
    script.write_text(block("http"), encoding="utf-8")
    with subprocess.Popen([sys.executable, str(script), listener.url], stdout=subprocess.PIPE) as process:
        read = read_all(listener)
        assert process.stdout is not None
        assert process.stdout.read() == b"as it should be\n"
    assert [[event["data"] for event in events] for events in read] == [
        [data for _, data, _ in events] for _, events in STREAMS
    ]


# A test service.


def test_the_client_of_LaunchDarkly() -> None:
    module("ld_eventsource")
    command = [sys.executable, "-m", "tests.interop.launchdarkly"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().decode().strip()
            remote = Service(url, "127.0.0.1", 0, **LIMITS)
            for chunks, events in STREAMS[:1] + STREAMS[2:]:
                read = remote.read(chunks).events
                assert [(event["event"], event["data"], event["id"] or "") for event in read] == events
            remote.close()
            found = fuzz("consumer", "--rule", "leading-bom", "--grace", "100", "--service", url)
            assert rules(found) == {"leading-bom"}
        finally:
            process.kill()
