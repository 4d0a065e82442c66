"""The command line, in this process where it can be and as a process of its own where it must."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

import sse_codec
from sse_codec import ServerSentEvent, encode
from sse_codec.__main__ import main
from tests.strategies import events

if TYPE_CHECKING:
    from pathlib import Path

RUN = [sys.executable, "-m", "sse_codec"]


class Streams:
    """Runs the command line in this process: bytes in, status, bytes out and the error text."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str, stdin: bytes | None = b"") -> tuple[int, bytes, str]:
        output, errors = io.TextIOWrapper(io.BytesIO()), io.StringIO()
        source = None if stdin is None else io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin)))
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", source)
            patch.setattr(sys, "stdout", output)
            patch.setattr(sys, "stderr", errors)
            status = main(argv)
        written = output.buffer.getvalue()
        return status, written, errors.getvalue()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Streams:
    return Streams(monkeypatch)


def test_decode_writes_a_JSON_object_a_line(run: Streams) -> None:
    wire = "id: 1\nevent: tick\nretry: 5\ndata: é\ndata: 2\n\n: ping\n\ndata: b\n\ndata: cut".encode()
    status, output, errors = run("decode", stdin=wire)
    assert (status, errors) == (0, "")
    assert [json.loads(line) for line in output.splitlines()] == [
        {"data": "é\n2", "event": "tick", "id": "1", "retry": 5, "last_event_id": "1"},
        {"data": "b", "event": "message", "id": None, "retry": None, "last_event_id": "1"},
    ]
    assert "é".encode() in output


def test_decode_data_writes_only_the_payloads(run: Streams) -> None:
    assert run("decode", "--data", stdin=b"data: a\ndata: b\n\nevent: x\ndata: c\r\n\r\n") == (0, b"a\nb\nc\n", "")


def test_decode_a_file(run: Streams, tmp_path: Path) -> None:
    (tmp_path / "stream").write_bytes(b"data: a\n\n")
    assert run("decode", "--data", str(tmp_path / "stream"), stdin=None) == (0, b"a\n", "")


def test_decode_on_eof(run: Streams) -> None:
    wire = b"data: a\n\r\nid: 1\rdata: b"
    assert run("decode", "--data", "--on-eof=discard", stdin=wire) == (0, b"a\n", "")
    assert run("decode", "--data", "--on-eof=dispatch", stdin=wire) == (0, b"a\nb\n", "")
    assert run("decode", "--data", "--on-eof=raise", stdin=wire) == (
        1,
        b"a\n",
        "sse-codec: standard input, line 4: the stream ended inside an event, after data of 1 characters: 'b'\n",
    )


@pytest.mark.parametrize("newline", [b"\n", b"\r", b"\r\n"])
def test_decode_names_the_line_of_a_too_large_event(run: Streams, newline: bytes, tmp_path: Path) -> None:
    lines = [b"data: a", b"", b"", b"data: 1", b"data: " + b"x" * 20, b"", b"data: b", b"", b""]
    path = tmp_path / "stream"
    path.write_bytes(newline.join(lines))
    status, output, errors = run("decode", "--data", "--max-event-size=20", str(path))
    assert (status, output) == (1, b"a\n")
    assert errors == f"sse-codec: {path}, line 5: an event of 34 bytes or more passed max_event_size, which is 20\n"


@pytest.mark.parametrize("size", ["0", "-1", "x", "1.5", "9" * 5000])
def test_decode_refuses_a_size_out_of_range(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["decode", f"--max-event-size={size}"])
    assert raised.value.code == 2
    assert "--max-event-size" in capsys.readouterr().err


def test_encode_reads_JSON_lines(run: Streams) -> None:
    lines = b"""{"data": "a\\nb", "event": "tick", "id": "1", "retry": 5, "last_event_id": "9"}

    {"data": "\\u00e9", "event": "message", "id": null, "retry": null}
{"comment": "ping"}
{"id": "2"}"""
    wire = "event: tick\nid: 1\nretry: 5\ndata: a\ndata: b\n\ndata: é\n\n: ping\n\nid: 2\n\n".encode()
    assert run("encode", stdin=lines) == (0, wire, "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON: Expecting property name enclosed in double quotes (column 2)"),
        (b"data: a", "not JSON: Expecting value (column 1)"),
        (b"\xff", "not UTF-8 (byte 1)"),
        (b"[1]", "not a JSON object: '[1]'"),
        (b'"' + b"x" * 100 + b'"', f"not a JSON object: '\"{'x' * 39}'..."),
        (b"null", "not a JSON object: 'null'"),
        (b'{"dta": "a"}', "unknown key 'dta'; known are data, event, id, retry, comment, last_event_id"),
        (b'{"data": 5}', "data must be a str, not int"),
        (b'{"data": {"a": 1}}', "data must be a str, not dict"),
        (b'{"data": "a", "id": "1\\n2"}', "id can't hold a line end (offset 1): '1\\n2'"),
        (b'{"data": "\\ud800"}', "data can't hold a lone surrogate: it has no UTF-8 (offset 0): '\\ud800'"),
        (b'{"data": "a", "retry": -1}', "retry must be from 0 to 10**18 - 1 milliseconds: -1"),
        (b'{"data": "a", "retry": true}', "retry must be an int, not bool"),
        (b"[" * 100_000, "JSON that is nested too deeply"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_encode_names_the_line_of_bad_input(run: Streams, line: bytes, reason: str) -> None:
    status, output, errors = run("encode", stdin=b'{"data": "a"}\n\n' + line + b'\n{"data": "b"}\n')
    assert (status, output) == (1, b"data: a\n\n")
    assert errors == f"sse-codec: standard input, line 3: {reason}\n"


def test_encode_survives_a_number_that_Python_does_not_read(run: Streams) -> None:
    status, output, errors = run("encode", stdin=b'{"data": "a", "retry": ' + b"9" * 5000 + b"}")
    assert (status, output) == (1, b"")
    assert errors.startswith("sse-codec: standard input, line 1: ")
    assert errors.count("\n") == 1


@given(events)
def test_encode_is_the_reverse_of_decode(event: ServerSentEvent) -> None:
    with pytest.MonkeyPatch.context() as patch:
        run = Streams(patch)
        lines = run("decode", stdin=encode(event))[1]
        assert run("encode", stdin=lines) == (0, encode(event), "")


@pytest.mark.parametrize("command", ["decode", "encode"])
def test_a_file_that_can_t_be_opened(run: Streams, command: str, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert run(command, str(missing)) == (2, b"", f"sse-codec: {missing}: No such file or directory\n")
    assert run(command, str(tmp_path)) == (2, b"", f"sse-codec: {tmp_path}: Is a directory\n")


def test_closed_standard_streams(
    run: Streams, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("decode", stdin=None) == (2, b"", "sse-codec: standard input is closed\n")
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["decode"]) == 2
    assert capsys.readouterr().err == "sse-codec: standard output is closed\n"


def test_a_file_that_can_t_be_read_on(run: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr("builtins.open", lambda *_: Failing())
    assert run("decode", "stream") == (1, b"", "sse-codec: stream: Input/output error\n")


def test_a_closed_pipe_ends_quietly_in_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.TextIOWrapper(open(writing, "wb")) as output:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"data: a\n\n"))))
        monkeypatch.setattr(sys, "stdout", output)
        assert main(["decode"]) == 141
    assert capsys.readouterr().err == ""


def test_ctrl_c_ends_quietly_in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Interrupted(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Interrupted()))
    assert main(["decode"]) == 130
    assert capsys.readouterr().err == ""


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for argv, status in (([], 2), (["--version"], 0), (["--help"], 0), (["nonsense"], 2), (["decode", "--help"], 0)):
        with pytest.raises(SystemExit) as raised:
            main(argv)
        assert raised.value.code == status
    output = capsys.readouterr().out
    assert f"sse-codec {sse_codec.__version__}\n" in output
    assert "--max-event-size BYTES" in output


def start(*argv: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*RUN, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_is_live() -> None:
    """As behind `curl -N`: each event is written before the next one comes."""
    with start("decode", "--data") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for data in (b"a", b"b", b"c"):
            process.stdin.write(b"data: " + data + b"\r\r")
            process.stdin.flush()
            assert process.stdout.readline() == data + b"\n"
        assert process.communicate() == (b"", b"")
    assert process.returncode == 0


def test_encode_is_live() -> None:
    with start("encode") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"data": "a"}\n')
        process.stdin.flush()
        assert process.stdout.readline() == b"data: a\n"
        process.communicate()


def test_a_closed_pipe_ends_quietly() -> None:
    with start("decode") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        with pytest.raises(BrokenPipeError):
            while True:
                process.stdin.write(b"data: a\n\n")
                process.stdin.flush()
        assert process.stderr.read() == b""
        with pytest.raises(BrokenPipeError):
            process.stdin.close()
        assert process.wait(30) == 141


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_ends_quietly() -> None:
    with start("decode", "--data") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"data: a\n\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"a\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == (b"", b"")
    assert process.returncode == 130
