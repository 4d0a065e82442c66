"""The command line, in this process where it can be and as a process of its own where it must."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
import time
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sse_codec
from sse_codec import ServerSentEvent, _terminal, encode
from sse_codec.__main__ import _parser, main
from sse_codec.lint import CODES, lint
from tests.strategies import events

if TYPE_CHECKING:
    from pathlib import Path

RUN = [sys.executable, "-m", "sse_codec"]


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


class TerminalErrors(io.StringIO):
    def isatty(self) -> bool:
        return True


class Streams:
    """Runs the command line in this process: bytes in, status, bytes out and the error text."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(
        self, *argv: str, stdin: bytes | None = b"", stdout: type = io.TextIOWrapper, stderr: type = io.StringIO
    ) -> tuple[int, bytes, str]:
        output, errors = stdout(io.BytesIO()), stderr()
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
    assert errors == f"sse-codec: {path}, line 5: a block of 34 bytes or more passed max_event_size, which is 20\n"


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
    wire = "id: 1\nevent: tick\ndata: a\ndata: b\nretry: 5\n\ndata: é\n\n: ping\n\nid: 2\n\n".encode()
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
        (b'{"data": 5}', "data must be a str, not int: json.dumps(...) makes one"),
        (b'{"data": {"a": 1}}', "data must be a str, not dict: json.dumps(...) makes one"),
        (b'{"data": "a", "id": "1\\n2"}', "id can't hold a line end (offset 1): '1\\n2'"),
        (b'{"data": "\\ud800"}', "data can't hold a lone surrogate: it has no UTF-8 (offset 0): '\\ud800'"),
        (b'{"data": "a", "retry": -1}', "retry must be from 0 to 10**18 - 1 milliseconds: -1"),
        (b'{"data": "a", "retry": true}', "retry must be an int of milliseconds, not bool"),
        (
            b'{"event": "ping"}',
            "event needs data: without, receivers dispatch nothing; data=\"\" sends an empty event: 'ping'",
        ),
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


def test_decode_json(run: Streams) -> None:
    wire = b'data: {"a":\ndata: 1.10}\n\ndata: [DONE]\n\ndata: NaN\n\ndata: "s"\n\ndata: ' + b"9" * 5000 + b"\n\n"
    status, output, errors = run("decode", "--json", stdin=wire)
    assert (status, errors) == (0, "")
    assert [line.partition(b', "event"')[0] for line in output.splitlines()] == [
        b'{"data": {"a": 1.10}',
        b'{"data": "[DONE]"',
        b'{"data": "NaN"',
        b'{"data": "s"',
        b'{"data": ' + b"9" * 5000,
    ]
    assert json.loads(output.splitlines()[0])["data"] == {"a": 1.1}


def test_decode_comments(run: Streams) -> None:
    wire = "data: a\n: pïng\n\n:\n\ndata: b\n\n: cut".encode()
    status, output, errors = run("decode", "--comments", stdin=wire)
    assert (status, errors) == (0, "")
    shown = [json.loads(line) for line in output.splitlines()]
    assert [line.get("comment", line.get("data")) for line in shown] == ["pïng", "a", "", "b"]
    assert run("encode", stdin=output)[1] == ": pïng\n\ndata: a\n\n: \n\ndata: b\n\n".encode()


def test_decode_lenient(run: Streams) -> None:
    assert run("decode", "--data", "--lenient", stdin=b"data: a\n\ndata: b") == (0, b"a\nb\n", "")


@pytest.mark.parametrize("more", ["--json", "--comments"])
def test_decode_data_is_all_or_nothing(more: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["decode", "--data", more])
    assert raised.value.code == 2
    assert "--data writes payloads and nothing else" in capsys.readouterr().err


class Clock:
    """A clock that a test reads the time on: each reading is the next one given."""

    def __init__(self, *readings: float) -> None:
        self._readings = iter(readings)

    def __call__(self) -> float:
        return next(self._readings)


def test_decode_stats_of_a_live_stream(run: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", Clock(10, 10.5, 12.5, 13.0))
    wire = b": ping\n\ndata: a\n\ndata: b\n\nevent: x\x07\ndata: c\n\n"
    status, output, errors = run("decode", "--stats", "--data", stdin=wire)
    assert (status, output) == (0, b"a\nb\nc\n")
    assert errors == (
        "events:         3 (message 2, x\\x07 1)\n"
        f"bytes:          {len(wire)}\n"
        "comments:       1 (keep-alives)\n"
        "first event:    after 0.500 s\n"
        "between events: 1.250 s on average, 2.000 s at most\n"
    )


def test_decode_stats_of_one_event(run: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", Clock(10, 10.5))
    errors = run("decode", "--stats", stdin=b"data: a\n\n")[2]
    assert (
        errors == "events:         1 (message 1)\nbytes:          9\ncomments:       0\nfirst event:    after 0.500 s\n"
    )


def test_decode_stats_of_a_file(run: Streams, tmp_path: Path) -> None:
    (tmp_path / "stream").write_bytes(b"".join(b"event: %d\ndata\n\n" % number for number in [*range(1233), 0]))
    errors = run("decode", "--stats", str(tmp_path / "stream"))[2]
    assert "first event" not in errors
    assert errors.startswith("events:         1,234 ((others) 1,183, 0 2, 1 1,")
    assert run("decode", "--stats", stdin=b"")[2] == "events:         0\nbytes:          0\ncomments:       0\n"


def test_decode_stats_of_a_stream_that_fails(run: Streams) -> None:
    status, _, errors = run("decode", "--stats", "--max-event-size=8", stdin=b"data: a\n\ndata: too long\n\n")
    assert status == 1
    assert errors.startswith("events:         1 (message 1)\n")
    assert errors.endswith(
        "sse-codec: standard input, line 3: a line of 14 bytes or more passed max_event_size, which is 8\n"
    )


def test_lint(run: Streams) -> None:
    status, output, errors = run("lint", stdin=b"Data: a\n\nretry: 0\n\n")
    assert status == 1
    findings = list(lint(b"Data: a\n\nretry: 0\n\n"))
    assert output.decode() == "".join(f"{finding}\n\n" for finding in findings)
    assert errors == "standard input: 1 error and 1 warning\n"


def test_lint_of_a_clean_stream_says_nothing(run: Streams) -> None:
    assert run("lint", stdin=b"data: a\n\n") == (0, b"", "")
    assert run("lint", stdin=b"data: a\n\n", stderr=TerminalErrors) == (
        0,
        b"",
        "standard input: 0 errors and 0 warnings\n",
    )


def test_warnings_alone_are_no_failure(run: Streams) -> None:
    status, _, errors = run("lint", stdin=b"retry: 0\n\nretry: 0\n\n")
    assert (status, errors) == (0, "standard input: 0 errors and 2 warnings\n")


def test_lint_json(run: Streams) -> None:
    status, output, errors = run("lint", "--format=json", stdin=b"Data: a\n\nretry: 0\n\n")
    assert (status, errors) == (1, "")
    keys = [json.loads(line) for line in output.splitlines()]
    assert [(line["code"], line["severity"], line["line"]) for line in keys] == [
        ("unknown-field", "error", 1),
        ("unlikely-retry", "warning", 3),
    ]


def test_lint_github(run: Streams, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"a,\xff.sse")
    path.write_bytes(b"data: a\n\nData: a\n\n")
    status, output, errors = run("lint", "--format=github", str(path))
    assert (status, errors) == (1, "")
    place = os.fsencode(tmp_path) + b"/a%2C\xff.sse,line=3,col=1,title=unknown-field::"
    assert output.startswith(b"::error file=" + place)
    with path.open("rb") as stdin:  # it has no name then
        redirected = subprocess.run([*RUN, "lint", "--format=github"], stdin=stdin, capture_output=True, check=False)
    assert redirected.stdout.startswith(b"::error line=3,col=1,title=unknown-field::")


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("--json", "invalid-json"),
        ("--require-ids", "missing-id"),
        ("--unique-ids", "duplicate-id"),
        ("--sentinel=[DONE]", "missing-sentinel"),
        ("--max-event-size=5", "event-too-large"),
    ],
)
def test_lint_options(run: Streams, option: str, code: str) -> None:
    wire = b"id: 1\n\nid: 1\n\ndata: x\n\n"
    assert run("lint", stdin=wire)[0] == 0
    status, output, _ = run("lint", option, stdin=wire)
    assert status == 1
    assert f"error[{code}]".encode() in output


def test_lint_ignores_what_it_is_told_to(run: Streams, capsys: pytest.CaptureFixture[str]) -> None:
    wire = b"Data: a\n\nretry: 0\n\nretry: 1s\n\n"
    assert run("lint", "--ignore=unlikely-retry", "--ignore=unknown-field,invalid-retry", stdin=wire) == (0, b"", "")
    status, output, errors = run("lint", "--ignore=unknown-field", stdin=wire)
    assert (status, errors) == (1, "standard input: 1 error and 1 warning\n")
    assert b"Data" not in output
    with pytest.raises(SystemExit) as raised:
        main(["lint", "--ignore=bare-cr,bar-cr"])
    assert raised.value.code == 2
    assert "argument --ignore: 'bar-cr' is no code of a finding; did you mean 'bare-cr'?" in capsys.readouterr().err


def test_the_help_names_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["lint", "--help"])
    errors, warnings = capsys.readouterr().out.partition("codes of errors:")[2].split("codes of warnings:")
    assert errors.split() == [code for code in CODES if CODES[code] == "error"]
    assert warnings.split() == [code for code in CODES if CODES[code] == "warning"]


def test_lint_is_live() -> None:
    with start("lint", "--format=json") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            process.stdin.write(b"Data: a\n\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["code"] == "unknown-field"
        process.communicate()
    assert process.returncode == 1


def test_events_on_a_terminal(run: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    wire = b": ping\x07\n\nevent: tick\nid: 5\nretry: 100\ndata: a\ndata: \x1b[31mred\n\ndata: b\n\n"
    assert run("decode", "--comments", stdin=wire, stdout=Terminal)[1].decode() == (
        "\x1b[2m: ping\\x07\x1b[0m\n"
        "\x1b[36mtick\x1b[0m  \x1b[2mid 5\x1b[0m  \x1b[2mretry 100 ms\x1b[0m\n  a\n  \\x1b[31mred\n"
        "\x1b[2mmessage\x1b[0m\n  b\n"
    )
    assert run("decode", "--data", stdin=wire, stdout=Terminal)[1] == b"a\n\\x1b[31mred\nb\n"


def test_JSON_on_a_terminal(run: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    wire = b'data: {"a": [1.10, {}], "b\\"]": "[\xc2\x9b\\u00e9]", "c": [[]]}\n\ndata: [DONE]\n\n'
    assert run("decode", "--json", stdin=wire, stdout=Terminal)[1].decode() == (
        "message\n"
        "  {\n"
        '    "a": [\n'
        "      1.10,\n"
        "      {}\n"
        "    ],\n"
        '    "b\\"]": "[\\x9b\\u00e9]",\n'
        '    "c": [\n'
        "      []\n"
        "    ]\n"
        "  }\n"
        "message\n"
        "  [DONE]\n"
    )


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_JSON_is_laid_out_as_Python_does(value: Any) -> None:
    assert _terminal._tree(json.dumps(value)) == json.dumps(value, indent=2)


def test_JSON_that_nests_without_end_takes_no_square_of_space() -> None:
    assert len(_terminal._tree("[" * 1000 + "]" * 1000)) < 2000 * 100


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_no_colours(run: Streams, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert b"\x1b[" in run("lint", stdin=b"foo\n", stdout=Terminal)[1]
    monkeypatch.setenv(variable, "dumb")
    assert run("decode", stdin=b"id: 1\ndata: a\n\n", stdout=Terminal)[1] == b"message  id 1\n  a\n"
    assert b"\x1b" not in run("lint", stdin=b"foo\n", stdout=Terminal)[1]


def test_findings_on_a_terminal(run: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    output = run("lint", stdin=b"foo: \x1b\nretry: 0\n", stdout=Terminal)[1].decode()
    assert output.startswith("\x1b[1;31merror[unknown-field]\x1b[0m line 1, column 1")
    assert "\n    foo: \\x1b\n" in output
    assert "\x1b[1;33mwarning[unlikely-retry]\x1b[0m line 2" in output
    plain = re.sub("\x1b\\[[0-9;]*m", "", output)
    assert plain == "".join(f"{finding}\n\n" for finding in lint(b"foo: \x1b\nretry: 0\n"))


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(_terminal, "_SHOW_PROGRESS_FROM", 200_000)
    (tmp_path / "stream").write_bytes((b"data: " + b"x" * 999 + b"\n\n") * 200)
    return str(tmp_path / "stream")


@pytest.mark.parametrize("command", ["decode", "lint"])
def test_progress(run: Streams, large: str, command: str) -> None:
    errors = run(command, large, stderr=TerminalErrors)[2]
    shown = [int(percent) for percent in re.findall(r"\r *(\d+) % of 0 MiB", errors)]
    assert shown == [32, 65, 97, 100]
    assert "\r\x1b[K" in errors
    assert errors.rpartition("\r\x1b[K")[2] in {"", f"{large}: 0 errors and 0 warnings\n"}


def test_progress_of_encoding(run: Streams, large: str, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_bytes(run("decode", large)[1])
    errors = run("encode", str(lines), stderr=TerminalErrors)[2]
    assert re.findall(r"\r *(\d+) %", errors)[-1] == "100"


def test_findings_take_the_progress_away(run: Streams, large: str) -> None:
    with open(large, "ab") as file:
        file.write(b"foo\n" + b"data: y\n\n" * 20_000)
    _, output, errors = run("lint", large, stdout=Terminal, stderr=TerminalErrors)
    assert output
    assert errors.count("\r\x1b[K") == 2
    assert "% of 0 MiB\r\x1b[K\r" in errors


def test_no_progress(run: Streams, large: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for a pipe, nor where events scroll by, nor for what is read in a moment."""
    assert run("decode", large)[2] == ""
    assert run("decode", large, stdout=Terminal, stderr=TerminalErrors)[2] == ""
    monkeypatch.setattr(_terminal, "_SHOW_PROGRESS_FROM", 10**6)
    assert run("decode", large, stderr=TerminalErrors)[2] == ""


def on_a_terminal(*argv: str, stdin: bytes, both: bool = True) -> bytes:
    """Run the command line in a pseudo-terminal of its own; return what it wrote there."""
    pty = pytest.importorskip("pty", reason="has no pseudo-terminals")
    master, slave = pty.openpty()
    output = slave if both else subprocess.DEVNULL
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    with subprocess.Popen(
        [*RUN, *argv], stdin=subprocess.PIPE, stdout=output, stderr=slave, env=environment
    ) as process:
        os.close(slave)
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        shown = b""
        try:
            while part := os.read(master, 1 << 16):
                shown += part
        except OSError:  # how Linux reports that the other side is closed
            pass
        os.close(master)
    return shown


def test_a_real_terminal() -> None:
    shown = on_a_terminal("decode", stdin=b"event: tick\ndata: \x1b]0;title\x07\n\n")
    assert shown == b"\x1b[36mtick\x1b[0m\r\n  \\x1b]0;title\\x07\r\n"
    shown = on_a_terminal("lint", stdin=b"data: a\n")
    assert b"\x1b[1;31merror[unfinished-block]\x1b[0m line 2" in shown
    assert shown.endswith(b"standard input: 1 error and 0 warnings\r\n")


def test_progress_on_a_real_terminal(tmp_path: Path) -> None:
    (tmp_path / "stream").write_bytes((b"data: " + b"x" * (1 << 20) + b"\n\n") * 17)
    shown = on_a_terminal("decode", str(tmp_path / "stream"), stdin=b"", both=False)
    assert shown.startswith(b"\r  0 % of 17 MiB\r  1 % of 17 MiB")
    assert shown.endswith(b"\r100 % of 17 MiB\r\x1b[K")


def test_the_script_is_the_module() -> None:
    [script] = [entry for entry in entry_points(group="console_scripts") if entry.name == "sse-codec"]
    assert script.load() is main


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["lint", "--help"], ["lint"], ["nonsense"]])
def test_the_script_does_what_the_module_does(argv: list[str]) -> None:
    script = os.path.join(sysconfig.get_path("scripts"), "sse-codec")
    runs = [subprocess.run([*each, *argv], input=b"x", capture_output=True, check=False) for each in ([script], RUN)]
    assert len({(run.returncode, run.stdout, run.stderr) for run in runs}) == 1


def test_a_closed_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What belongs there does not go to standard output in its place."""
    output = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"data: a\n\n"))))
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["decode", "--data", "--stats"]) == 0
    output.flush()
    assert output.buffer.getvalue() == b"a\n"


@pytest.mark.parametrize("command", ["decode", "encode", "lint"])
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
    for argv, status in (
        ([], 2),
        (["--version"], 0),
        (["--help"], 0),
        (["nonsense"], 2),
        (["decode", "--help"], 0),
        (["encode", "--help"], 0),
        (["lint", "--help"], 0),
    ):
        with pytest.raises(SystemExit) as raised:
            main(argv)
        assert raised.value.code == status
    output = capsys.readouterr().out
    assert f"sse-codec {sse_codec.__version__}\n" in output
    assert "--max-event-size BYTES" in output
    assert output.count("examples:\n") == 4


def test_the_examples_of_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command of each `examples:` is one that the parser takes."""
    commands: list[str] = []
    for argv in (["--help"], ["decode", "--help"], ["encode", "--help"], ["lint", "--help"]):
        with pytest.raises(SystemExit):
            main(argv)
        examples = capsys.readouterr().out.partition("examples:\n")[2]
        commands += re.findall(r"\bsse-codec ((?:decode|encode|lint)\b.*?)(?=  | \||>|\n)", examples)
    assert len(commands) >= 15
    for command in commands:
        _parser().parse_args(shlex.split(command))


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
    # Who runs the tests in the background may have them ignore SIGINT, and a process that they start would do so, too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = start("decode", "--data")
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"data: a\n\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"a\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == (b"", b"")
    assert process.returncode == 130
