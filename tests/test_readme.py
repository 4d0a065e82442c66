"""The README's examples, run as they stand there: the client reads from the server through a real socket."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sysconfig
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest
from hypothesis import settings

from sse_codec import Decoder, LineDecoder, ServerSentEvent, decode
from sse_codec.testing import NotConforming, check_consumer, check_producer
from tests.conftest import PROFILE
from tests.interop import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- ([\w ]+) -->\n```\w+\n(.*?)```", README, re.DOTALL))


def run(name: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[name], f"README.md, {name}", "exec"), names)  # noqa: S102  # our own
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
    # The examples are tested here, not what they test.
    settings.register_profile("few", settings.get_profile(PROFILE), max_examples=25, derandomize=True, database=None)
    settings.load_profile("few")
    yield
    settings.load_profile(PROFILE)


def test_every_example_is_run() -> None:
    plain = {
        "ten seconds",
        "command line",
        "main job",
        "tests",
        "server",
        "client",
        "proxy",
        "lint",
        "testing",
        "channel",
        "report",
        "payloads",
    }
    recipes = {  # tests/interop/recipes, where they are run; test_recipes.py holds these to them
        "server fastapi",
        *(f"client {name}" for name in ("httpx", "httpx async", "aiohttp", "requests", "urllib3", "urllib", "resume")),
        "llm",
        "llm page",
    }
    fuzz = {"fuzz", "fuzz async", "fuzz asgi", "fuzz consumer", "fuzz property"}
    assert set(BLOCKS) == plain | fuzz | recipes
    assert README.count("```") == 2 * len(BLOCKS)


def test_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    run("ten seconds")
    assert capsys.readouterr().out == "token 1 Hi\n"


def test_server_and_client(url: str) -> None:
    client = run("client")
    assert list(client["connect"](url)) == ["Hello", ",", " world", "!"]
    assert client["decoder"].last_event_id == "4"
    assert client["decoder"].reconnection_time == 2000
    client["decoder"].last_event_id = "2"
    assert list(client["connect"](url)) == [" world", "!"], "the server resumes where the header says"
    for unknown in ("x", "0", "9" * 5000, "a b"):
        client["decoder"].last_event_id = unknown
        assert list(client["connect"](url)) == ["Hello", ",", " world", "!"]


def test_the_client_refuses_what_is_no_event_stream(url: str) -> None:
    def app(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"data: a\n\n"]

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(RuntimeError, match="not an event stream"):
            list(run("client")["connect"](f"http://127.0.0.1:{server.server_port}/"))
        thread.join()


def test_proxy() -> None:
    relay = run("proxy")["relay"]
    upstream = b": ping\n\nid: 1\nfoo: bar\ndata: a\r\ndata: b\r\n\r\n"
    out = b"".join(relay([upstream[:9], upstream[9:]], "eu"))
    assert out == b"\nid: eu:1\nfoo: bar\ndata: a\ndata: b\n\n"
    assert list(decode(out)) == [ServerSentEvent("a\nb", id="eu:1")]
    assert b"".join(relay(["data: a\n\ufeffdata: b\n\n".encode()], "eu")) == b"data: a\n\n"


@pytest.mark.skipif(os.name != "posix", reason="has no such shell")
def test_the_command_line() -> None:
    """Each command prints what stands below it."""
    path = sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"]
    for example in BLOCKS["command line"].split("$ ")[1:]:
        command, _, expected = example.partition("\n")
        shell = ["sh", "-c", f"({command}) 2>&1"]
        done = subprocess.run(shell, capture_output=True, check=False, cwd=ROOT, env=os.environ | {"PATH": path})
        assert done.stdout.decode() == expected, command


@pytest.mark.parametrize("name", ["lint", "testing", "payloads", "channel"])
def test_an_example_that_asserts(name: str) -> None:
    run(name)


@pytest.mark.usefixtures("few_examples")
def test_a_producer_with_a_fault_is_reported_as_shown() -> None:
    with pytest.raises(NotConforming) as caught:
        run("fuzz")["test_block"]()
    assert f"{caught.value}\n" == BLOCKS["report"]


@pytest.mark.usefixtures("few_examples")
@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("fuzz async", ["test_endpoint"]),
        ("fuzz asgi", ["test_app"]),
        ("fuzz consumer", ["test_read"]),
        ("fuzz property", ["test_no_event_is_lost", "test_an_event_is_one_block"]),
    ],
)
def test_an_example_that_is_a_test(name: str, tests: list[str]) -> None:
    names = run(name)
    assert [each for each in names if each.startswith("test_")] == tests
    for each in tests:
        names[each]()


def test_the_table_of_options_is_complete() -> None:
    options = {name for check in (check_producer, check_consumer) for name in check.__kwdefaults__ or ()}
    rows = re.findall(r"^\| (`.*`) \| (?:both|producer|consumer) \|", README, re.MULTILINE)
    assert {option for row in rows for option in re.findall(r"\w+", row)} == options


def test_the_table_is_true() -> None:
    """The rows that can be checked in a line; the others are the names of test cases."""
    assert "64 MiB" in README
    defaults = {
        decoder: {name: parameter.default for name, parameter in inspect.signature(decoder).parameters.items()}
        for decoder in (Decoder, LineDecoder)
    }
    assert defaults[Decoder] == {"last_event_id": "", "max_event_size": 64 << 20}
    assert defaults[LineDecoder] == {"max_event_size": 64 << 20}
    assert Decoder().feed(b"retry: 1000000000000000000\ndata\n\n")[0].retry is None


# What is made, and not written: the comparison with other libraries.

PEERS = re.compile("(?<=<!-- peers -->\n).*?(?=<!-- /peers -->\n)", re.DOTALL)
PEERS_COMMAND = "python -m tests.test_readme"


def peers() -> str:
    """Return the tables of what the checks find in other libraries, from the file that the interop tests compare."""
    expected = findings.read()
    tables = {
        "Decoders: what is not read as the standard says": findings.table("decoders", expected),
        "Encoders: what the format can't hold, and is sent in some way without an error": findings.table(
            "refusals", expected
        ),
    }
    return "".join(f"\n**{title}**\n\n{table}" for title, table in tables.items()) + "\n"


def test_the_comparison_is_what_was_found() -> None:
    assert PEERS.findall(README) == [peers()], f"{PEERS_COMMAND} writes it"


def test_each_other_decoder_reads_some_streams_otherwise() -> None:
    ours, *others = findings.read()["decoders"].values()
    assert not ours.rules
    assert others
    assert all(other.rules for other in others)


def test_what_the_comparison_leaves_out() -> None:
    """A rule that an encoder breaks with what can be sent is also among those of what it should refuse."""
    expected = findings.read()
    for name, found in expected["encoders"].items():
        assert found.rules <= expected["refusals"][name].rules


def test_links_lead_somewhere() -> None:
    """To a file of the repository, or to a heading of this one or that."""
    links = re.findall(r"\]\(([^)\s]+)\)", README)
    assert links
    for link in links:
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            text = (ROOT / path).read_text(encoding="utf-8") if path else README
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert not anchor or anchor in anchors, link


def main() -> None:
    """Write the comparison into the README."""
    (ROOT / "README.md").write_text(PEERS.sub(lambda _: peers(), README), encoding="utf-8")


if __name__ == "__main__":
    main()
