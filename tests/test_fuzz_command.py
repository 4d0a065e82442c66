"""`sse-codec fuzz`: from its arguments to its report and exit status, over each way to connect."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from sse_codec import ServerSentEvent, encode
from sse_codec.__main__ import main
from sse_codec._command import _fuzz
from sse_codec.testing._remote import _formats, _listen
from sse_codec.testing._remote._messages import RULES, Hello
from tests import faulty_consumers, faulty_producers
from tests.remote import client, server, service
from tests.test_main import Streams, TerminalErrors, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = os.path.dirname(os.path.dirname(__file__))
CONSUMER = [sys.executable, "-m", "tests.remote.consumer"]
PRODUCER = [sys.executable, "-m", "tests.remote.producer"]
#: The fixed cases alone, and a timeout that no answer reaches.
QUICK = ["--examples", "0", "--timeout", "60"]


@pytest.fixture
def fuzz(monkeypatch: pytest.MonkeyPatch) -> Streams:
    monkeypatch.chdir(ROOT)
    return Streams(monkeypatch)


#: Faults of several kinds. All others are found in the same way, and the tests of the checks have them.
SOME_CONSUMERS = [
    faulty_consumers.SplitsLikeStr,
    faulty_consumers.LosesCRLFBetweenChunks,
    faulty_consumers.WaitsForTheLFOfACR,
    faulty_consumers.DispatchesAtTheEnd,
]
SOME_PRODUCERS = [faulty_producers.KnowsOneLine, faulty_producers.InjectsThroughTheIdByCR]


@pytest.mark.parametrize("fault", SOME_CONSUMERS, ids=lambda fault: fault.__name__)
def test_a_faulty_consumer_is_found_by_its_rule(fuzz: Streams, fault: type) -> None:
    status, output, errors = fuzz("fuzz", "consumer", *QUICK, "--format=json", "--", *CONSUMER, fault.__name__)
    found = json.loads(output)
    assert (status, errors) == (1, "")
    assert (found["conforms"], found["name"], found["stopped"]) == (False, fault.__name__, None)
    [finding] = found["findings"]
    assert finding["rule"] in faulty_consumers.FAULTS[fault]
    assert finding["sentence"] in finding["report"]


@pytest.mark.parametrize("fault", SOME_PRODUCERS, ids=lambda fault: fault.__name__)
def test_a_faulty_producer_is_found_by_its_rule(fuzz: Streams, fault: type) -> None:
    status, output, errors = fuzz("fuzz", "producer", *QUICK, "--format=json", "--", *PRODUCER, fault.__name__)
    assert (status, errors) == (1, "")
    [finding] = json.loads(output)["findings"]
    assert finding["rule"] in faulty_producers.FAULTS[fault]


@pytest.mark.parametrize(("role", "program"), [("consumer", CONSUMER), ("producer", PRODUCER)])
def test_correct_programs_pass(fuzz: Streams, role: str, program: list[str]) -> None:
    hello = json.dumps({"name": "mine", "version": "1\n2", "without": ["long"]})
    arguments = ["--examples", "3", "--seed", "7", "--timeout", "60"]
    status, output, errors = fuzz("fuzz", role, *arguments, "--", *program, "Correct", hello)
    assert (status, errors) == (0, "")
    assert output.startswith(b"mine 1\\n2 conforms (")
    left_out = "long" if role == "consumer" else "line-end-in-comment, long"
    assert output.decode().endswith(f" s, seed 7); left out: {left_out}\n")


def test_a_report_has_the_command_that_shows_it_again(fuzz: Streams) -> None:
    arguments = ["fuzz", "consumer", *QUICK, "--ids", "own", "--", *CONSUMER, "KeepsBOM"]
    status, output, _ = fuzz(*arguments)
    report = output.decode()
    assert status == 1
    assert report.startswith("the consumer reads the stream wrongly\n\nthe stream, 12 bytes in chunks:\n")
    assert "without=" not in report, "that is for Python"
    command = shlex.split(report.partition("To see it again:\n")[2].splitlines()[0])
    assert command[:5] == ["sse-codec", "fuzz", "consumer", "--ids", "own"]
    assert command[-len(CONSUMER) - 2 :] == ["--", *CONSUMER, "KeepsBOM"]
    assert "\nTo skip this rule, add --skip leading-bom; to find all broken rules, add --all.\n" in report
    assert report.splitlines()[-1].startswith("KeepsBOM breaks 1 rule: leading-bom (")
    again = fuzz(*command[1:])
    assert again[0] == 1
    assert again[1].partition(b"\nKeepsBOM")[0] == output.partition(b"\nKeepsBOM")[0]
    assert b"(1 stream," in again[1]


@pytest.mark.parametrize("format", ["text", "json", "junit", "tap", "github"])
def test_each_format(fuzz: Streams, format: str) -> None:
    hello = json.dumps({"without": ["retry"], "name": "<&\x07>"})
    arguments = ["--skip", "long", "--case", '["77u/ZGF0YTogYQoK"]', f"--format={format}"]
    status, output, errors = fuzz("fuzz", "consumer", *arguments, "--", *CONSUMER, "KeepsBOM", hello)
    text = output.decode()
    assert (status, errors) == (1, "")
    if format == "json":
        assert json.loads(text)["without"] == ["long", "retry"]
        assert [finding["rule"] for finding in json.loads(text)["findings"]] == ["leading-bom"]
    elif format == "junit":
        [suite] = ET.fromstring(text)  # noqa: S314  # our own
        assert suite.get("name") == "<&\\x07>"
        assert (suite.get("failures"), suite.get("skipped"), suite.get("errors")) == ("1", "2", "0")
        assert suite.get("tests") == str(len(RULES["consumer"])) == str(len(suite))
        [failed] = [case for case in suite if case.find("failure") is not None]
        assert str(failed.get("name")).startswith("leading-bom: ")
    elif format == "tap":
        lines = text.splitlines()
        assert lines[:2] == ["TAP version 14", f"1..{len(RULES['consumer'])}"]
        points = [line for line in lines if line.startswith(("ok", "not ok"))]
        assert len(points) == len(RULES["consumer"])
        assert [point.split()[4] for point in points if point.startswith("not")] == ["leading-bom:"]
        assert sum("# SKIP left out" in point for point in points) == 2
    elif format == "github":
        assert text.startswith("::error title=sse-codec%3A leading-bom::the consumer reads")
    else:
        assert text.count("To see it again:") == 1


def test_all_broken_rules(fuzz: Streams) -> None:
    program = ["--", *CONSUMER, "KeepsBOM+FoldsCase"]
    status, output, errors = fuzz("fuzz", "consumer", *QUICK, "--all", "--rule=leading-bom,unknown-field", *program)
    assert (status, errors) == (1, "")
    assert b"KeepsBOM+FoldsCase breaks 2 rules: " in output
    assert output.count(b"To see it again:") == 2


def test_a_program_that_dies_is_a_finding(fuzz: Streams) -> None:
    script = (
        "import base64, json, sys, time\n"
        "for line in sys.stdin:\n"
        "    ask = json.loads(line)\n"
        "    chunks = b''.join(map(base64.b64decode, ask.get('chunks', ())))\n"
        "    if b'comment' in chunks or b':' in chunks[:1]: sys.exit('I take no comments')\n"
        "    print(json.dumps({'hello': 1} if 'hello' in ask else {'n': ask['n'], 'events': []}), flush=True)\n"
    )
    rule = ["--rule", "comment"]
    status, output, errors = fuzz("fuzz", "consumer", *QUICK, *rule, "--", sys.executable, "-c", script)
    assert (status, errors) == (1, "")
    assert b"it raised ProgramEnded: 'it ended with status 1; on standard error:" in output
    assert b"I take no comments" in output


def test_an_error_is_in_the_report(fuzz: Streams) -> None:
    program = [sys.executable, "-m", "tests.remote.odd", "an error"]
    status, output, _ = fuzz("fuzz", "consumer", "--case", '["ZGF0YTogWAoK"]', "--", *program)
    assert status == 1
    assert b"the consumer raised" in output
    assert b"boom" in output


def test_comments_of_a_producer(fuzz: Streams) -> None:
    program = ["--", *PRODUCER, "Correct", '{"comments": true}']
    status, output, _ = fuzz("fuzz", "producer", *QUICK, *program)
    assert status == 1
    assert b"line-end-in-comment" in output


def test_rules_may_be_chosen(fuzz: Streams) -> None:
    """A finding of another rule does not count, and hides no other finding."""
    both = ["--", *CONSUMER, "KeepsBOM+FoldsCase"]
    status, output, _ = fuzz("fuzz", "consumer", *QUICK, "--format=json", "--rule", "unknown-field,nul", *both)
    assert status == 1
    assert [finding["rule"] for finding in json.loads(output)["findings"]] == ["unknown-field"]
    status, output, _ = fuzz("fuzz", "consumer", *QUICK, "--format=tap", "--rule", "nul", *both)
    assert status == 0
    assert output.count(b"# SKIP left out") == len(RULES["consumer"]) - 1


def test_an_invalid_answer_stops_the_run_and_shows_the_case(fuzz: Streams) -> None:
    program = [sys.executable, "-c", "print('{\"hello\": 1}', flush=True); input(); input(); print('{}', flush=True)"]
    status, output, errors = fuzz("fuzz", "consumer", *QUICK, "--", *program)
    assert status == 2
    assert b"could not be checked (1 stream," in output
    pattern = r"sse-codec: its answer to request 1 must have n 1, but has None\nthe last case was --case '\[.*\]'\n"
    assert re.fullmatch(pattern, errors)
    for format in ("junit", "tap"):
        status, output, _ = fuzz("fuzz", "consumer", *QUICK, f"--format={format}", "--", *program)
        assert status == 2
        assert (b"<error message=" if format == "junit" else b"Bail out! its answer") in output
        assert b"not fully checked" in output


def test_programs_and_options_that_can_t_be_run(fuzz: Streams) -> None:
    assert fuzz("fuzz", "producer", "--", "./no-such-program") == (
        2,
        b"",
        "sse-codec: ./no-such-program: No such file or directory\n",
    )
    for arguments in (["consumer"], ["producer"], ["consumer", "--listen", ":1", "--", "a"]):
        status, output, errors = fuzz("fuzz", *arguments)
        assert (status, output) == (2, b"")
        assert f"sse-codec: fuzz {arguments[0]}: give " in errors


@pytest.mark.parametrize("role", ["consumer", "producer"])
def test_the_rules_are_listed(fuzz: Streams, role: str) -> None:
    status, output, errors = fuzz("fuzz", role, "--list-rules")
    assert (status, errors) == (0, "")
    assert [line.split()[0] for line in output.decode().splitlines()] == [rule.name for rule in RULES[role]]


def test_without_Hypothesis_the_rules_are_listed_and_nothing_else() -> None:
    script = (
        "import sys\n"
        "sys.modules['hypothesis'] = None\n"
        "from sse_codec.__main__ import main\n"
        "assert main(['fuzz', 'consumer', '--list-rules']) == 0\n"
        "sys.exit(main(['fuzz', 'consumer', '--', 'true']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert "leading-bom" in done.stdout
    assert done.stderr == "sse-codec: fuzz needs Hypothesis: python -m pip install 'sse-codec[testing]'\n"


def test_without_Hypothesis_it_says_what_to_install(fuzz: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sse_codec.testing._remote._run")
    monkeypatch.delattr("sse_codec.testing._remote._run")
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    status, output, errors = fuzz("fuzz", "consumer", "--", "true")
    assert (status, output) == (2, b"")
    assert "pip install 'sse-codec[testing]'" in errors


def test_without_another_module_nothing_is_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sse_codec.testing._remote._run")
    monkeypatch.delattr("sse_codec.testing._remote._run")
    monkeypatch.setitem(sys.modules, "sse_codec.testing._findings", None)
    with pytest.raises(ModuleNotFoundError, match="_findings"):
        main(["fuzz", "consumer", "--", "true"])


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--rule=boom", "no rule is named 'boom'; --list-rules shows all"),
        ("--skip=nul,boom", "no rule is named 'boom'"),
        ("--seed=-1", "'-1' is not a whole number of 0 or more"),
        ("--examples=x", "'x' is not a whole number of 0 or more"),
        ("--max-retry=1e3", "'1e3' is not a whole number of 0 or more"),
        ("--timeout=0", "'0' is not a number of seconds over 0 and up to 86400"),
        ("--timeout=nan", "'nan' is not a number of seconds"),
        ("--timeout=x", "'x' is not a number of seconds"),
        ("--pause=-1", "'-1' is not a number of milliseconds"),
        ("--listen=localhost", "'localhost' is not HOST:PORT"),
        ("--listen=:99999", "':99999' is not HOST:PORT"),
        ("--service=ftp://a", "'ftp://a' is not an http:// URL"),
        ("--case=x", "'x' is not a case"),
        ("--case=[7]", "'[7]' is not a case"),
        ("--ids=any", "invalid choice: 'any'"),
    ],
)
def test_arguments_are_checked(argument: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["fuzz", "consumer", argument, "--", "true"])
    assert raised.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "argument",
    [
        "--case=[]",
        "--case={}",
        '--case=[{"name": "a"}]',
        "--header=a",
        "-H:a",
        "-Ha: \n",
        "--publish=a:80",
        "--publish=http://a:x/",
        "--publish=http://a b",
    ],
)
def test_arguments_of_a_producer_are_checked(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["fuzz", "producer", argument, "--", "true"])
    assert raised.value.code == 2
    assert re.search("is not a case|is not a header|is not an http:// or https:// URL", capsys.readouterr().err)


def test_arguments() -> None:
    assert parse("fuzz", "consumer", "--listen", ":80").listen == ("127.0.0.1", 80)
    assert parse("fuzz", "consumer", "--listen", "[::1]:8080").listen == ("::1", 8080)
    options = parse("fuzz", "consumer", "--pause", "5", "--skip", "nul,id", "--skip", "long", "--", "a", "--all", "-x")
    assert (options.pause, options.skip, options.program) == (0.005, ["nul", "id", "long"], ["a", "--all", "-x"])
    assert not options.all


# Over HTTP.


@pytest.fixture
def running() -> Iterator[service.Service]:
    with service.Service(service.reading(faulty_consumers.JoinsDataWithoutNewlines)) as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.hang_up()


def test_a_client_with_a_test_service(fuzz: Streams, running: service.Service) -> None:
    status, output, errors = fuzz("fuzz", "consumer", *QUICK, "--service", running.url)
    assert (status, errors) == (1, "")
    assert b"breaks 1 rule: data-lines (" in output
    command = output.decode().partition("To see it again:\n")[2].splitlines()[0]
    assert command.endswith(f"--service {running.url}")
    assert fuzz(*shlex.split(command)[1:])[0] == 1


def test_a_client_that_connects(fuzz: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = []

    def come(self: _listen.Listener) -> None:
        def run() -> None:
            answers.append(client.run(self.url, client.reading(faulty_consumers.KeepsBOM), {"name": "it"}))

        threading.Thread(target=run, daemon=True).start()
        wait(self)

    wait = _listen.Listener.wait_for_client
    monkeypatch.setattr(_listen.Listener, "wait_for_client", come)
    arguments = ["--rule", "leading-bom", "--listen", "127.0.0.1:0", "--pause", "0.01"]
    status, output, errors = fuzz("fuzz", "consumer", *QUICK, *arguments)
    assert status == 1
    assert errors.startswith("open http://127.0.0.1:")
    [answer] = answers
    assert answer["done"]
    assert answer["conforms"] is False
    assert answer["report"] == output.decode()
    assert "it breaks 1 rule: leading-bom (" in answer["report"]


def test_a_case_that_is_too_long_for_a_command_is_found_again_by_its_seed(
    fuzz: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_formats, "_LONGEST_CASE", 1000)
    status, output, _ = fuzz("fuzz", "producer", *QUICK, "--", *PRODUCER, "CutsLongLines")
    assert status == 1
    command = output.decode().partition("To see it again:\n")[2].splitlines()[0]
    assert "--case" not in command
    assert "--examples=0 --rule long -- " in command


def test_an_interrupted_run_leaves_nothing_open(fuzz: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[object] = []

    class Remote:
        hello = Hello()
        fresh = bool

        def send(self, event: object, *, new: bool) -> bytes:
            raise KeyboardInterrupt

        def close(self) -> None:
            closed.append(self)

    monkeypatch.setattr(_fuzz, "_join", lambda _: Remote())
    status, output, errors = fuzz("fuzz", "producer", *QUICK, "--", "a")
    assert (status, errors) == (130, "")
    assert b"the producer could not be checked (1 event, " in output
    assert len(closed) == 1


@pytest.fixture
def endpoint() -> Iterator[server.Server]:
    with server.Server(faulty_producers.InjectsThroughTheType().produce) as endpoint:
        threading.Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield endpoint
        endpoint.hang_up()


RULE = ["--rule", "line-end-in-event"]


def test_a_server_with_an_address_to_publish(fuzz: Streams, endpoint: server.Server) -> None:
    where = [f"{endpoint.url}/events", "--publish", f"{endpoint.url}/publish", "-H", "Authorization: Bearer x"]
    status, output, errors = fuzz("fuzz", "producer", *QUICK, *RULE, *where)
    assert (status, errors) == (1, "")
    assert f"{endpoint.url}/events breaks 1 rule: line-end-in-event (".encode() in output
    command = output.decode().partition("To see it again:\n")[2].splitlines()[0]
    assert shlex.split(command)[-len(where) :] == where
    assert fuzz(*shlex.split(command)[1:])[0] == 1
    assert endpoint.authorizations == {"Bearer x"}


def test_a_server_with_a_command_to_publish(fuzz: Streams, endpoint: server.Server) -> None:
    case = '[{"data": "a", "event": "b\\ndata: injected"}]'
    script = "import sys, urllib.request as r; r.urlopen(sys.argv[1], sys.stdin.buffer.read()).close()"
    command = shlex.join([sys.executable, "-c", script, f"{endpoint.url}/publish"])
    where = [f"{endpoint.url}/events", "--publish-command", command]
    status, output, errors = fuzz("fuzz", "producer", "--case", case, *where)
    assert (status, errors) == (1, "")
    again = shlex.split(output.decode().partition("To see it again:\n")[2].splitlines()[0])
    assert again[-len(where) :] == where


def test_a_server_that_answers_with_the_stream(fuzz: Streams, endpoint: server.Server) -> None:
    status, output, errors = fuzz("fuzz", "producer", *QUICK, *RULE, f"{endpoint.url}/echo")
    assert (status, errors) == (1, "")
    assert b"line-end-in-event" in output


def test_a_server_that_answers_with_something_else(fuzz: Streams, endpoint: server.Server) -> None:
    where = [f"{endpoint.url}/page", "--publish", f"{endpoint.url}/publish"]
    status, output, errors = fuzz("fuzz", "producer", *QUICK, "--format=tap", *where)
    assert (status, errors) == (1, "")
    assert "not ok {} - content-type: ".format(len(RULES["producer"]) + 1) in output.decode()


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (["{}/events", "--publish", "{}/nowhere"], "{}/nowhere answered 503 to a plain event: b'"),
        (["{}/echo", "--publish-command", "./no-such-program"], "./no-such-program: No such file or directory"),
        (["{}/events", "--publish", "{}/refuse"], "{}/refuse answered 404 to a plain event: b'"),
        (["{}/events", "--publish", "{}/garbage"], "{}/garbage does not answer in HTTP: garbage"),
        (["{}/events", "--publish", "{}/broken"], "IncompleteRead("),
        (["{}/garbage", "--publish", "{}/publish"], "{}/garbage does not answer in HTTP: garbage"),
        (["{}/events", "--publish-command", "false"], "false ended with status 1"),
        (["{}/events", "--publish-command", "sleep 600"], "sleep did not publish an event within"),
        (
            ["{}/events", "--publish", "http://127.0.0.1:1/"],
            "nothing answers at http://127.0.0.1:1/: Connection refused",
        ),
        (
            ["http://127.0.0.1:1/", "--publish", "{}/publish"],
            "nothing answers at http://127.0.0.1:1/: Connection refused",
        ),
        (["{}/garbage"], "{}/garbage does not answer in HTTP: garbage\n"),
        (["http://127.0.0.1:1/"], "nothing answers at http://127.0.0.1:1/: Connection refused\n"),
        (["ftp://a/", "--publish", "{}/publish"], "'ftp://a/' is not an http:// or https:// URL"),
        (["ftp://a/"], "'ftp://a/' is not an http:// or https:// URL"),
    ],
)
def test_a_server_that_can_t_be_checked(fuzz: Streams, endpoint: server.Server, where: list[str], message: str) -> None:
    """No case is shown, because none was tried."""
    arguments = ["--examples", "0", "--timeout", "0.5" if "sleep 600" in where else "60"]
    status, _, errors = fuzz("fuzz", "producer", *arguments, *(word.format(endpoint.url) for word in where))
    assert errors.startswith(f"sse-codec: {message.format(endpoint.url)}")
    assert "case" not in errors
    assert "behind" not in errors
    assert status == 2


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/refuse", "answered 404 to a plain event: b'"),
        ("/nowhere", "answered 503 to a plain event: b'"),
        ("/publish", "answered with Content-Type 'text/plain' instead of an event stream: b'published'"),
        ("/endless", "did not end its response within 0.5 s"),
        ("/broken", "broke off: IncompleteRead("),
    ],
)
def test_a_server_without_a_way_to_publish(fuzz: Streams, endpoint: server.Server, path: str, message: str) -> None:
    url = f"{endpoint.url}{path}"
    status, output, errors = fuzz("fuzz", "producer", "--examples", "0", "--timeout", "0.5", url)
    assert (status, output) == (2, b"")
    assert errors.startswith(f"sse-codec: {url} {message}")
    assert errors.endswith(
        ". Without --publish or --publish-command, "
        f"each event is posted to {url}, and the response must be the stream\n"
    )


def test_a_server_that_stops_during_the_run(fuzz: Streams, endpoint: server.Server) -> None:
    """The case at which it stopped is shown, and not what the check sends in between."""

    def produce(event: ServerSentEvent) -> bytes:
        if event.event == "b":
            endpoint.socket.shutdown(socket.SHUT_RDWR)
        return encode(event)

    endpoint.produce = produce
    where = [f"{endpoint.url}/events", "--publish", f"{endpoint.url}/publish"]
    status, _, errors = fuzz("fuzz", "producer", *QUICK, *where)
    assert status == 2
    assert 'the last case was --case \'[{"data": "a", "event": "b",' in errors


def test_a_terminal_shows_the_progress(fuzz: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fuzz, "_SHOWN_EVERY", 1000)
    program = ["--", *CONSUMER, "Correct"]
    case = ["--case", '["ZGF0YTogYQoK"]']
    assert fuzz("fuzz", "consumer", *case, *program, stderr=TerminalErrors)[2] == "\r1 cases \r\x1b[K"
    assert fuzz("fuzz", "consumer", *case, *program)[2] == ""


def test_every_format_is_an_argument() -> None:
    for format in _formats.FORMATS:
        assert parse("fuzz", "consumer", "--format", format).format == format
