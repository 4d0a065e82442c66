"""README.md and the guides in docs/: every example runs exactly as shown, and the generated parts are up to date.

The client reads from the server through a real socket. Examples that need other libraries are files in interop/recipes,
and interop/test_recipes.py checks that the pages show them. Some pages have their own modules: docs/serving.md and
docs/gateway.md (test_serving_docs.py), docs/adopting.md (test_adopting.py), docs/migrating.md (test_migrating.py),
docs/lint.md and docs/command-line.md (test_lint_docs.py).
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import functools
import inspect
import os
import re
import subprocess
import sysconfig
import threading
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest
from hypothesis import Phase, given, settings

import sse_codec
from benchmarks import report
from sse_codec import Decoder, LineDecoder, ServerSentEvent, decode, resume
from sse_codec.clients import ConnectionFailed, events
from sse_codec.testing import NotConforming, check_consumer, check_producer, chunkings, streams
from tests.conftest import PROFILE
from tests.interop import findings
from tests.interop.scripted import Scripted, answer
from tests.interop.servers import PATIENCE
from tests.test_endpoints import Wsgi, served

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = {
    page: (ROOT / page).read_text(encoding="utf-8")
    for page in (
        "README.md",
        *(
            f"docs/{name}.md"
            for name in (
                "compatibility",
                "conformance",
                "disputed-cases",
                "performance",
                "proxies",
                "pyodide",
                "reading",
                "resuming",
                "security",
                "testing",
            )
        ),
    )
}
README = PAGES["README.md"]
#: The names of each page's blocks.
NAMES = {page: re.findall(r"<!-- ([\w ]+) -->\n```\w+\n", text) for page, text in PAGES.items()}
BLOCK = r"<!-- ([\w ]+) -->\n```\w+\n(.*?)```"
#: All blocks, by name.
BLOCKS = {name: block for text in PAGES.values() for name, block in re.findall(BLOCK, text, re.DOTALL)}
#: The blocks that show a user's tests, and the names of these tests.
EXAMPLES_OF_TESTS = {
    "fuzz async": ["test_endpoint"],
    "fuzz comment": ["test_keep_alive"],
    "fuzz per stream": ["test_encoder"],
    "fuzz asgi": ["test_app"],
    "fuzz wsgi": ["test_app"],
    "fuzz consumer": ["test_read"],
    "fuzz lines": ["test_parse"],
    "fuzz findings": ["test_all"],
    "fuzz property": ["test_no_event_is_lost", "test_an_event_is_one_block"],
}
#: The blocks that contain their own asserts.
ASSERTING = {
    "async",
    "block",
    "blocks",
    "event",
    "feed",
    "history",
    "limit",
    "lines",
    "on eof",
    "testing",
    "until",
    "write",
}


def run(name: str) -> dict[str, Any]:
    """Run a block. If it catches an error at the top level, the error must occur."""
    tree = ast.parse(BLOCKS[name])
    for node in tree.body:
        if isinstance(node, ast.Try) and node.handlers and not node.orelse:
            node.orelse = ast.parse("raise AssertionError('nothing was raised')").body
    names: dict[str, Any] = {}
    exec(compile(tree, f"the block {name!r}", "exec"), names)  # noqa: S102  # our own example
    return names


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    app = run("server")["app"]
    with make_server("127.0.0.1", 0, validator(app), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def few_examples() -> Iterator[None]:
    # These tests only check that the examples work.
    settings.register_profile("few", settings.get_profile(PROFILE), max_examples=25, derandomize=True, database=None)
    settings.register_profile("drawn alone", settings.get_profile("few"), max_examples=5, phases=[Phase.generate])
    settings.load_profile("few")
    yield
    settings.load_profile(PROFILE)


def test_every_example_is_run() -> None:
    here = {"client", "client errors", "failed", "lint", "main job", "proxy", "read", "report", "server", "ten seconds"}
    recipes = {  # files in tests/interop/recipes, run there; test_recipes.py compares the pages with them
        "front client",
        "front connect",
        "front server",
        *(f"client {name}" for name in ("answer async", "by hand", "connect", "resume", "resume async")),
        "llm",
        "llm page",
        "browser",
        "browser page",
    }
    fuzz = {"fuzz", "fuzz in an async test", "fuzz url", *EXAMPLES_OF_TESTS}
    assert set(BLOCKS) == here | {"tests"} | recipes | fuzz | ASSERTING
    all_blocks = {found for text in PAGES.values() for found in re.findall(BLOCK, text, re.DOTALL)}
    assert len(all_blocks) == len(BLOCKS), "each name stands for one block, even on several pages"
    for page, text in PAGES.items():
        assert text.count("```") == 2 * len(NAMES[page]), page


def test_each_name_stands_for_one_example() -> None:
    """If two pages show a block of the same name, the blocks are equal."""
    for text in PAGES.values():
        for name, block in re.findall(BLOCK, text, re.DOTALL):
            assert BLOCKS[name] == block, name


def test_the_front_page_is_short() -> None:
    assert len(README.splitlines()) <= 250


@pytest.mark.parametrize(
    ("name", "printed"),
    [("ten seconds", "token 1 Hi\n"), ("read", 'token 1 {"text": "Hi"}\nmessage None [DONE]\n')],
)
def test_what_an_example_prints(name: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(name)
    assert capsys.readouterr().out == printed


def test_server_and_client(url: str) -> None:
    client = run("client")
    decoder = client["decoder"]
    assert list(client["tokens"](url)) == ["Hello", ",", " world", "!"]
    assert decoder.last_event_id == "4"
    assert decoder.reconnection_time == 2000
    decoder.last_event_id = "2"
    assert list(client["tokens"](url)) == [" world", "!"], "the server resumes after the id in the header"
    for unknown in ("x", "0", "9" * 5000, "a b"):
        decoder.last_event_id = unknown
        assert list(client["tokens"](url)) == ["Hello", ",", " world", "!"]


def read(*answers: bytes) -> list[str]:
    """Read a server's answers with the client of docs/reading.md that reports errors."""
    answer = run("client errors")["answer"]
    texts: list[str] = []
    with Scripted(*answers).running() as server:
        for _ in answers:
            with contextlib.closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
                connection.request("POST", "/", b"{}")
                with connection.getresponse() as response:
                    texts += answer(response)
    return texts


ERROR = '{"error": {"message": "Incorrect API key provided: sk-...", "type": "invalid_request_error"}}'


def test_each_kind_of_failure() -> None:
    wire = b"data: Hi\n\ndata: [DONE]\n\n"
    assert read(answer(wire)) == ["Hi"]
    assert read(answer(ERROR.encode(), status="401 Unauthorized", content_type="application/json")) == [
        f"(refused with 401: {ERROR})"
    ]
    for cut in range(len(wire)):
        *came, why = read(answer(wire[:cut], cut=True))
        assert came == ["Hi"] * (cut >= len(b"data: Hi\n\n"))
        assert why.startswith("(cut: the stream was cut: http.IncompleteRead")
    assert read(answer(wire[:-9])) == ["Hi", "(ended too early, after ReceivedEvent(data='Hi'))"]
    assert read(answer(b"")) == ["(ended too early, after None)"]
    assert read(answer(b"<html>")) == ["(refused with 200: <html>)"]


def test_an_HTTPError_of_urllib_is_a_response_too() -> None:
    refused = answer(ERROR.encode(), status="401 Unauthorized", content_type="application/json")
    with Scripted(refused).running() as server, pytest.raises(HTTPError) as caught:
        urlopen(server.url, timeout=PATIENCE)  # noqa: S310  # our own server
    with pytest.raises(ConnectionFailed, match="Incorrect API key"):
        next(events(caught.value))


def test_the_error_is_as_shown() -> None:
    refused = answer(ERROR.encode(), status="401 Unauthorized", content_type="application/json")
    with Scripted(refused).running() as server, pytest.raises(ConnectionFailed) as caught:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        connection.request("GET", "/")
        with connection.getresponse() as response:
            next(events(response))
    assert str(caught.value) == " ".join(BLOCKS["failed"].split())


def test_proxy() -> None:
    relay = run("proxy")["relay"]
    upstream = b": ping\n\n:x\r\nid: 1\r\nfoo:bar\r\ndata: a\r\ndata: b\r\n\r\nevent: debug\ndata: x\n\n"
    upstream += b"data: \xff\n\ndata: cut"
    out = list(relay([upstream[:9], upstream[9:]], "eu"))
    assert out == [b": ping\n\n", b"id: eu:1\n:x\nfoo:bar\ndata: a\ndata: b\n\n", b"data: \xff\n\n"]
    assert next(decode(out)) == ServerSentEvent("a\nb", id="eu:1")


@given(streams().flatmap(chunkings))
def test_the_proxy_changes_only_ids(chunks: list[bytes]) -> None:
    relayed = decode(run("proxy")["relay"](chunks, "eu"))
    expected = [event.replace(id=f"eu:{event.id}" if event.id else event.id) for event in decode(chunks)]
    assert list(relayed) == [event for event in expected if event.event != "debug"]


@pytest.mark.parametrize("wire", [b"id\nid: 1\n\xef\xbb\xbfdata: a\ndata: b\n\n", b"id: 1\n\nid\ndata: b\n\n"])
def test_the_proxy_on_rare_streams(wire: bytes) -> None:
    """A field name that starts with U+FEFF, and an empty id."""
    relayed = list(decode(run("proxy")["relay"]([wire], "eu")))
    expected = list(decode(wire))
    assert [event.data for event in relayed] == [event.data for event in expected] == ["b"]
    assert relayed[0].last_event_id == (expected[0].last_event_id and "eu:1")


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_the_command_line() -> None:
    """Each command prints the output shown below it."""
    path = sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"]
    examples = BLOCKS["lint"].split("$ ")[1:]
    assert examples
    for example in examples:
        command, _, expected = example.partition("\n")
        shell = ["sh", "-c", f"({command}) 2>&1"]
        done = subprocess.run(shell, capture_output=True, check=False, cwd=ROOT, env=os.environ | {"PATH": path})
        assert done.stdout.decode() == expected, command


@pytest.mark.parametrize("name", sorted(ASSERTING))
def test_an_example_that_asserts(name: str) -> None:
    assert "assert" in BLOCKS[name]
    run(name)


@pytest.mark.usefixtures("few_examples")
def test_a_producer_with_a_fault_is_reported_as_shown() -> None:
    with pytest.raises(NotConforming) as caught:
        run("fuzz")["test_block"]()
    assert f"{caught.value}\n" == BLOCKS["report"]


@pytest.mark.usefixtures("few_examples")
@pytest.mark.parametrize("name", EXAMPLES_OF_TESTS)
def test_an_example_that_is_a_test(name: str) -> None:
    names = run(name)
    if name != "fuzz findings":  # the others pass; skip the fixed cases, which take the most time
        settings.load_profile("drawn alone")
    assert [each for each in names if each.startswith("test_")] == EXAMPLES_OF_TESTS[name]
    for each in EXAMPLES_OF_TESTS[name]:
        names[each]()


@pytest.mark.usefixtures("few_examples")
def test_a_check_in_an_async_test() -> None:
    asyncio.run(run("fuzz in an async test")["test_read"]())


@pytest.mark.usefixtures("few_examples")
def test_a_check_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    names = run("fuzz url")
    cases = [[ServerSentEvent("a", id="1")], [ServerSentEvent("a", event="b\nc")]]  # each takes its own request
    monkeypatch.setitem(names, "check_producer", functools.partial(check_producer, cases=cases))
    with served(Wsgi()) as url:
        names["test_server"](url)


def test_the_table_of_options_is_complete() -> None:
    options = {name for check in (check_producer, check_consumer) for name in check.__kwdefaults__ or ()}
    rows = re.findall(r"^\| (`.*`) \| (?:both|producer|consumer) \|", PAGES["docs/testing.md"], re.MULTILINE)
    assert {option for row in rows for option in re.findall(r"\w+", row)} == options


def test_the_table_is_true() -> None:
    """Tests the rows that have no test case elsewhere."""
    assert "64 MiB" in PAGES["docs/disputed-cases.md"]
    defaults = {
        decoder: {name: parameter.default for name, parameter in inspect.signature(decoder).parameters.items()}
        for decoder in (Decoder, LineDecoder)
    }
    assert defaults[Decoder] == {"last_event_id": "", "max_event_size": 64 << 20}
    assert defaults[LineDecoder] == {"max_event_size": 64 << 20}
    assert Decoder().feed(b"retry: 1000000000000000000\ndata\n\n")[0].retry is None


def test_the_compatibility_promise_names_every_public_name() -> None:
    text = PAGES["docs/compatibility.md"]
    [names] = re.findall(r"^- In `sse_codec.resume`: (.*)\.$", text, re.MULTILINE)
    own = {
        name
        for name, value in vars(resume).items()
        if not name.startswith("_") and getattr(value, "__module__", resume.__name__) == resume.__name__
    }
    own = {name for name in own if name.isidentifier() and name != "annotations"}  # pytest adds others
    assert set(re.findall(r"`(\w+)`", names)) == own - set(sse_codec.__all__)
    for module in re.findall(
        r"`(sse_codec[.\w]*)`", re.findall(r"^- Every name in `__all__` of .*$", text, re.MULTILINE)[0]
    ):
        assert __import__(module, fromlist=["__all__"]).__all__


# Generated text: the comparison with other libraries. (benchmarks/report.py writes the figures.)

MADE = {
    "docs/conformance.md": re.compile("(?<=<!-- peers -->\n).*?(?=<!-- /peers -->\n)", re.DOTALL),
    "README.md": re.compile("(?<=<!-- findings -->\n).*?(?=<!-- /findings -->\n)", re.DOTALL),
}
COMMAND = "python -m tests.test_readme"


def peers() -> str:
    """Return the tables of findings in other libraries, from the file that the interop tests check."""
    expected = findings.read()
    tables = {
        "Decoders: rules that they break": findings.table("decoders", expected),
        "Encoders: unsendable events that they accept without an error": findings.table("refusals", expected),
    }
    return "".join(f"\n## {title}\n\n{table}" for title, table in tables.items()) + "\n"


def summary() -> str:
    """Return the table of the front page, with a row for each library and the rules that it breaks."""
    expected = findings.read()
    text = "\n| library | part | rules that it breaks |\n| --- | --- | --- |\n"
    ours = "sse-codec"
    for kind, part in (("decoders", "decoder"), ("refusals", "encoder")):
        found = expected[kind]
        for name in [ours, *sorted(found.keys() - {ours})]:
            rules = ", ".join(f"`{rule}`" for rule in sorted(found[name].rules)) or "none"
            label = f"**{name}**" if name == ours else f"{name} {found[name].version}"
            text += f"| {label} | {part} | {rules} |\n"
    return f"{text}\n"


def made() -> dict[str, str]:
    return {"docs/conformance.md": peers(), "README.md": summary()}


@pytest.mark.parametrize("page", MADE)
def test_the_comparison_is_up_to_date(page: str) -> None:
    assert MADE[page].findall(PAGES[page]) == [made()[page]], f"{COMMAND} writes it"


def test_every_other_decoder_breaks_a_rule() -> None:
    ours, *others = findings.read()["decoders"].values()
    assert not ours.rules
    assert others
    assert all(other.rules for other in others)


def test_findings_with_valid_events_are_part_of_the_comparison() -> None:
    """The page only shows refusals: a rule broken with valid events is also broken with events to refuse."""
    expected = findings.read()
    for name, found in expected["encoders"].items():
        assert found.rules <= expected["refusals"][name].rules


def test_the_figures_are_up_to_date() -> None:
    """Tests docs/performance.md, where `python benchmarks/report.py` writes them."""
    text = PAGES["docs/performance.md"]
    shown = text[text.index(report.FRONT_START) : text.index(report.FRONT_END)].removeprefix(report.FRONT_START)
    assert shown.strip() == report.front(report.read()), "python benchmarks/report.py writes it"


def links(text: str) -> set[str]:
    """Return the targets of a page's links and pictures, including those defined at its end."""
    return {*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r"^\[[\w-]+\]: (\S+)$", text, re.MULTILINE)}


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "benchmarks/README.md",
        "tests/README.md",
    ],
)
def test_every_link_has_a_target(page: str) -> None:
    """Each points to a file of the repository, or to a heading of a page."""
    for link in links((ROOT / page).read_text(encoding="utf-8")):
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            where = ROOT / page if not path else (ROOT / page).parent / path
            assert where.exists(), link
            if anchor:
                headings = re.findall(r"^#+ (.*)$", where.read_text(encoding="utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in anchors, link


def test_the_links_of_the_front_page_are_defined_at_its_end() -> None:
    """PyPI's page needs an address in front of them. All defined links are used, and all used links are defined."""
    body, _, end = README.rpartition("-->\n")
    defined = re.findall(r"^\[([\w-]+)\]: \S+$", end, re.MULTILINE)
    assert len(end.strip().splitlines()) == len(defined), "there are only definitions"
    assert set(re.findall(r"\]\[([\w-]+)\]", body)) == set(defined)
    assert all(link.startswith("#") for link in re.findall(r"\]\(([^)\s]+)\)", body))


def test_every_guide_is_linked_from_the_front_page() -> None:
    guides = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    assert guides <= links(README)


def main() -> None:
    """Write the comparisons into their pages."""
    for page, text in made().items():
        before, after = MADE[page].split(PAGES[page])
        (ROOT / page).write_text(f"{before}{text}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
