"""Programs that speak the protocol: what they say and do, right or wrong, and that every run of one ends."""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import ServerSentEvent
from sse_codec.testing._remote import _program
from sse_codec.testing._remote._messages import (
    CannotGoOn,
    Reading,
    Refused,
    RemoteError,
    parse_event,
    parse_hello,
    parse_reading,
    parse_wire,
)
from sse_codec.testing._remote._program import NoAnswer, ProgramConsumer, ProgramEnded, ProgramProducer
from tests.remote import odd

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A timeout that is reached only if something is broken.
PATIENCE = 60.0
#: The timeout for programs that hang.
SHORT = 0.3
ROOT = os.path.dirname(os.path.dirname(__file__))


def program(*words: str) -> list[str]:
    return [sys.executable, "-m", *words]


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


# Messages.


def test_a_hello_describes_a_program() -> None:
    hello = parse_hello(
        {
            "hello": 1,
            "name": "a",
            "version": "2.0",
            "role": "consumer",
            "ids": "sticky",
            "comments": "kept raw",
            "without": ["retry"],
            "max_retry": 2**53 - 1,
            "text": True,
            "stepwise": True,
            "colour": "blue",
        },
        "consumer",
    )
    assert hello.title == "a 2.0"
    assert hello.options == {"ids": "sticky", "comments": "kept raw", "max_retry": 2**53 - 1, "text": True}
    assert hello.without == {"retry"}
    assert hello.stepwise
    assert parse_hello({"hello": 1}, "producer").options == {}
    assert parse_hello({"hello": 1, "unsendable": "refused", "text": True}, "producer").options == {
        "unsendable": "refused"
    }


def test_an_event_may_be_written_in_several_ways() -> None:
    assert parse_event({"data": "a"}) == {"data": "a", "event": None, "id": None, "retry": None}
    assert parse_event({"data": "a", "type": "b", "lastEventId": "1", "chunk": 2}) == {
        "data": "a",
        "event": "b",
        "retry": None,
        "last_event_id": "1",
        "chunk": 2,
    }
    assert parse_event({"data": "a", "id": None, "last_event_id": "1"})["id"] is None
    assert parse_event({"data_base64": "w6k=", "event_base64": "/w=="})["data"] == "é"
    assert parse_event({"data_base64": "w6k=", "event_base64": "/w=="})["event"] == "\udcff"
    assert parse_event({"comment": "ping"}) == {"comment": "ping"}
    assert parse_event({"data": "", "chunk": True}) == parse_event({"data": ""})


def test_the_answers_of_a_producer() -> None:
    assert parse_wire({"wire": "YQ=="}) == b"a"
    for refusal in ({"refused": "no"}, {"refused_base64": "bm8="}):
        with pytest.raises(Refused, match="no"):
            parse_wire(refusal)
    with pytest.raises(CannotGoOn, match="neither wire nor refused"):
        parse_wire({"wire": 7})


def test_the_answers_of_a_consumer() -> None:
    assert parse_reading({"error": "boom"}) == Reading([], "boom")
    assert parse_reading({"events": []}) == Reading([])
    assert parse_reading({"events": None}) == Reading([]), "Go writes a nil slice so"


# A program.


@pytest.fixture
def consumer(request: pytest.FixtureRequest) -> Iterator[ProgramConsumer]:
    consumer = ProgramConsumer(program("tests.remote.odd", request.param), PATIENCE)
    yield consumer
    consumer.close()


@pytest.mark.parametrize("consumer", ["reads"], indirect=True)
def test_a_program_reads_streams(consumer: ProgramConsumer) -> None:
    assert consumer.hello.title == "odd"
    for _ in range(2):
        reading = consumer.read([b"da", b"ta: a\n\n", b""])
        assert reading == Reading([{"data": "a", "event": "message", "id": None, "retry": None, "chunk": 1}])
    long = [b"data: " + b"y" * 200_000 + b"\n\n"]
    assert len(consumer.read(long).events[0]["data"]) == 200_000
    consumer.close()
    assert len(consumer.read([b"data\n\n"]).events) == 1, "it is started again"


@pytest.mark.parametrize(
    ("consumer", "how"),
    [
        ("dies", "it ended with status 3; on standard error:\n      it is dies"),
        ("is killed", "it was killed by SIGKILL; on standard error:\n      it is is killed"),
        ("leaves a child", "it ended with status 4; on standard error:\n      it is leaves a child"),
    ],
    indirect=["consumer"],
)
@pytest.mark.skipif(os.name != "posix", reason="has no such signals")
def test_a_program_that_ends_is_reported_and_started_again(consumer: ProgramConsumer, how: str) -> None:
    with pytest.raises(ProgramEnded) as raised:
        consumer.read([b"data: X\n\n"])
    assert str(raised.value) == how
    assert len(consumer.read([b"data: a\n\n"]).events) == 1


@pytest.mark.parametrize("consumer", ["closes"], indirect=True)
def test_a_program_that_closes_its_output(consumer: ProgramConsumer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_program, "_GRACE", 0.1)
    with pytest.raises(ProgramEnded, match="it closed its standard output"):
        consumer.read([b"data: X\n\n"])


@pytest.mark.skipif(os.name != "posix", reason="has no such groups")
@pytest.mark.parametrize("consumer", ["leaves a child elsewhere"], indirect=True)
def test_a_process_that_a_program_leaves_behind_delays_nothing(
    consumer: ProgramConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_program, "_GRACE", 0.1)
    process = consumer._process
    assert process is not None
    with pytest.raises(ProgramEnded, match="it ended with status 5"):
        consumer.read([b"data: X\n\n"])
    process._reader.join(PATIENCE)  # ends with that child
    process._output.close()
    process._listener.join(PATIENCE)


@pytest.mark.parametrize("size", [1, 500_000])
def test_a_program_that_hangs_is_killed_and_started_again(size: int) -> None:
    consumer = ProgramConsumer(program("tests.remote.odd", "hangs"), PATIENCE)
    consumer._patience = SHORT
    with pytest.raises(NoAnswer, match=r"it did not answer within 0.3 s; on standard error:\n      it is hangs"):
        consumer.read([b"data: X\n\n", *[b"data: y\n" * size]])
    consumer.fresh()
    assert len(consumer.read([b"data: a\n\n"]).events) == 1
    consumer.close()


@pytest.mark.parametrize(
    ("consumer", "message"),
    [
        ("not json", "it wrote a line that is not JSON: hello? (if it is a log message, write it to standard error)"),
        ("not utf-8", 'it wrote a line that is not UTF-8: {"n": 1, "events"'),
        ("a list", "it wrote a line that is not a JSON object: [1]"),
        ("deep", "it wrote a line that is not JSON: [[["),
        ("another n", "its answer to request 1 must have n 1, but has 99"),
        ("nothing", 'its answer has neither events nor an error: {"n": 1}'),
        ("no data", 'an event needs data, but this one has none: {"event": "a"}'),
        ("no event", 'an event must be a JSON object, not "a"'),
        ("no list", "its events are not a list: 7"),
        ("not base64", 'this is not base64: "~", in {"data_base64": "~"}'),
        ("a number in base64", "this is not base64: 7"),
    ],
    indirect=["consumer"],
)
def test_an_invalid_answer_ends_the_run(consumer: ProgramConsumer, message: str) -> None:
    with pytest.raises(CannotGoOn) as raised:
        consumer.read([b"data: X\n\n"])
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("consumer", "reading"),
    [
        ("bad bytes", Reading([{"data": "\udcff", "event": None, "id": None, "retry": None}])),
        ("an error", Reading([{"data": "a", "event": None, "id": None, "retry": None}], "boom")),
        ("an error without a message", Reading([], "(it does not say why)")),
    ],
    indirect=["consumer"],
)
def test_unusual_answers_that_are_valid(consumer: ProgramConsumer, reading: Reading) -> None:
    assert consumer.read([b"data: X\n\n"]) == reading


@pytest.mark.parametrize("consumer", ["writes without end"], indirect=True)
def test_a_program_that_writes_without_end(consumer: ProgramConsumer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_program, "_LONGEST", 1 << 20)
    consumer.close()  # the reader of the next run has the new limit
    with pytest.raises(CannotGoOn, match="it wrote 1 MiB without a line end"):
        consumer.read([b"data: X\n\n"])


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("no hello", 'its hello must have "hello": 1, but it is {"hi": 1}'),
        ("another version", 'its hello must have "hello": 1, but it is {"hello": 2}'),
        ("another role", 'its hello has role "producer", not consumer; use sse-codec fuzz producer'),
        ("no role", 'its hello has role "a\\nb", not consumer'),
        ("another option", 'its hello has ids "any"; valid values: own, sticky, either'),
        ("another rule", 'no consumer rule is named "boom"; --list-rules shows all'),
        ("rules as text", 'its hello has without "retry"; it must be a list of rules'),
        ("a large retry", "its hello has max_retry 1.5; it must be a whole number"),
        ("dies at once", "when asked for a hello, it ended with status 1; on standard error:\n      no config"),
    ],
)
def test_programs_that_can_t_be_checked(mode: str, message: str) -> None:
    command = program("tests.remote.odd", mode)
    with pytest.raises(CannotGoOn) as raised:
        ProgramConsumer(command, PATIENCE)
    assert str(raised.value) == f"{sys.executable}: {message}"


def test_a_program_that_does_not_flush_is_told_to() -> None:
    with pytest.raises(
        CannotGoOn,
        match=r"it must answer the hello immediately and flush its output, but it did not answer within 0.3 s",
    ):
        ProgramConsumer(program("tests.remote.odd", "does not flush"), SHORT)


def test_every_oddity_is_tested() -> None:
    with open(__file__, encoding="utf-8") as file:
        source = file.read()
    for mode in (*odd.LINES, *odd.HELLOS):
        assert f'"{mode}"' in source, mode


def test_a_program_that_does_not_exist() -> None:
    with pytest.raises(CannotGoOn, match="no-such-program: No such file or directory"):
        ProgramConsumer(["./no-such-program"], PATIENCE)


@pytest.mark.skipif(os.name != "posix", reason="has no such shell")
def test_a_program_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_program, "_GRACE", 0.1)
    script = "read line; echo '{\"hello\": 1}'; trap '' TERM; sleep 600"
    consumer = ProgramConsumer(["sh", "-c", script], PATIENCE)
    process = consumer._process
    assert process is not None
    consumer.close()
    assert process._process.returncode == -9
    consumer.close()  # once more does nothing


def test_an_interrupted_run_leaves_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = ProgramConsumer(program("tests.remote.odd", "reads"), PATIENCE)
    process = consumer._process
    assert process is not None

    def interrupt(*_: Any) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "ask", interrupt)
    with pytest.raises(KeyboardInterrupt):
        consumer.read([b"data: a\n\n"])
    assert process._process.returncode is not None


STEPWISE = """
import base64, json, sys
from sse_codec import Decoder
for line in sys.stdin:
    ask = json.loads(line)
    if "hello" in ask:
        number, reply = 0, {"hello": 1, "stepwise": True, "text": TEXT}
    else:
        if ask["n"] != number:
            number, decoder = ask["n"], Decoder()
        chunk = ask["text"].encode() if "text" in ask else base64.b64decode(ask.get("chunk", ""))
        events = [{"data": event.data} for event in decoder.feed(chunk)]
        reply = {"n": number, "events": events}
        if b"X" in chunk:
            reply["error"] = "X!"
        if "end" in ask:
            reply["events"].append({"data": "the end"})
    print(json.dumps(reply), flush=True)
"""


@pytest.mark.parametrize("text", [False, True])
def test_chunk_by_chunk(text: bool) -> None:
    consumer = ProgramConsumer([sys.executable, "-c", STEPWISE.replace("TEXT", str(text))], PATIENCE)
    chunks: list[Any] = ["data: a\n", "\ndata: b\n\n", ""] if text else [b"data: a\n", b"\ndata: b\n\n", b""]
    for _ in range(2):
        reading = consumer.read(chunks)
        assert [(event["data"], event["chunk"]) for event in reading.events] == [("a", 1), ("b", 1), ("the end", 3)]
    reading = consumer.read(["X", "data: c\n\n"] if text else [b"X", b"data: c\n\n"])
    assert reading == Reading([], "X!")
    consumer.close()


TEXT = """
import json, sys
for line in sys.stdin:
    ask = json.loads(line)
    reply = {"hello": 1, "text": True}
    if "n" in ask:
        reply = {"n": ask["n"], "events": [{"data": "|".join(ask["text"])}]}
    print(json.dumps(reply), flush=True)
"""


def test_a_program_that_reads_text() -> None:
    consumer = ProgramConsumer([sys.executable, "-c", TEXT], PATIENCE)
    assert consumer.read(["é", "b"]).events[0]["data"] == "é|b"
    assert consumer.read([]).events[0]["data"] == ""
    consumer.close()


def test_a_program_sends_events() -> None:
    producer = ProgramProducer(program("tests.remote.producer", "Correct"), PATIENCE)
    assert (
        producer.send(ServerSentEvent("a\nb", "c", "1", 7), new=True)
        == b"event: c\nid: 1\nretry: 7\ndata: a\ndata: b\n\n"
    )
    with pytest.raises(Refused, match="ValueError"):
        producer.send(ServerSentEvent("a", id="\0"), new=False)
    assert producer.send(ServerSentEvent("é"), new=True) == "data: é\n\n".encode()
    producer.close()


def test_the_form_of_a_request(tmp_path: Any) -> None:
    """It looks as docs/fuzz-protocol.md says."""
    log = tmp_path / "log"
    script = f"""
import sys
with open({str(log)!r}, "w") as log:
    for number, line in enumerate(sys.stdin):
        log.write(line)
        print('{{"hello": 1}}' if not number else '{{"n": %d, "wire": ""}}' % number, flush=True)
"""
    producer = ProgramProducer([sys.executable, "-c", script], PATIENCE)
    producer.send(ServerSentEvent("é\ud800"), new=True)
    producer.close()
    hello, request = log.read_text(encoding="ascii").splitlines()
    assert hello == '{"hello": 1}'
    assert "\\u00e9\\ud800" in request
    event = {"data": "é\ud800", "event": "message", "id": None, "retry": None}
    assert json.loads(request) == {"n": 1, "new": True, "event": event}
    assert base64.b64encode(b"data: a").decode() == "ZGF0YTogYQ=="


def test_everything_that_goes_wrong_with_a_program_is_a_remote_error() -> None:
    assert issubclass(ProgramEnded, RemoteError)
    assert issubclass(NoAnswer, RemoteError)
    assert not issubclass(CannotGoOn, Exception), "a check would report it as a finding"
