"""The command line, tested in this process where possible, and otherwise in a process of its own."""

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
from sse_codec import ServerSentEvent, encode
from sse_codec.__main__ import main
from sse_codec._command import _arguments, _decode, _terminal
from sse_codec.lint import CODES, Linter, explain, lint
from tests.strategies import events

if TYPE_CHECKING:
    from pathlib import Path

RUN = [sys.executable, "-m", "sse_codec"]
#: At exit, the interpreter tries again to write its buffers. An environment with PYTHONUNBUFFERED=1 would hide that.
BUFFERED = {**os.environ, "PYTHONUNBUFFERED": ""}


json_values = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def parse(*argv: str) -> Any:
    return _arguments.parser().parse_args(argv)


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


class TerminalErrors(io.StringIO):
    def isatty(self) -> bool:
        return True


#: The message of `decode` for a stream whose last event has no blank line.
CUT_OFF = "sse-codec: standard input: the stream ended inside the last event, which was dropped; --lenient keeps it\n"


class Streams:
    """Runs the command line in this process, and returns the exit status, the output bytes and the error text."""

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


def test_decode_writes_one_JSON_object_per_line(run: Streams) -> None:
    wire = "id: 1\nevent: tick\nretry: 5\ndata: é\ndata: 2\n\n: ping\n\ndata: b\n\ndata: cut".encode()
    status, output, errors = run("decode", stdin=wire)
    assert (status, errors) == (0, CUT_OFF)
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
    assert run("decode", "--data", "--on-eof=discard", stdin=wire) == (0, b"a\n", CUT_OFF)
    assert run("decode", "--data", "--on-eof=dispatch", stdin=wire) == (0, b"a\nb\n", "")
    assert run("decode", "--data", "--on-eof=raise", stdin=wire) == (
        1,
        b"a\n",
        "sse-codec: standard input, line 4: the stream ended inside an event, after data of 1 character: 'b'\n",
    )


@pytest.mark.parametrize("newline", [b"\n", b"\r", b"\r\n"])
def test_decode_names_the_line_of_a_too_large_event(run: Streams, newline: bytes, tmp_path: Path) -> None:
    lines = [b"data: a", b"", b"", b"data: 1", b"data: " + b"x" * 20, b"", b"data: b", b"", b""]
    path = tmp_path / "stream"
    path.write_bytes(newline.join(lines))
    status, output, errors = run("decode", "--data", "--max-event-size=20", str(path))
    assert (status, output) == (1, b"a\n")
    assert errors == f"sse-codec: {path}, line 5: a block of at least 34 bytes exceeds max_event_size, which is 20\n"


@pytest.mark.parametrize("size", ["0", "-1", "x", "1.5", "", "K", "0M", "1T", "9" * 5000])
def test_decode_refuses_a_size_out_of_range(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["decode", f"--max-event-size={size}"])
    assert raised.value.code == 2
    assert f"argument --max-event-size: {size[:40]!r} is not a size: write bytes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("64M", 64 << 20), ("2k", 2048), ("1GiB", 1 << 30), ("3MB", 3 << 20), ("10b", 10), ("none", None)],
)
@pytest.mark.parametrize("command", ["decode", "lint"])
def test_sizes(command: str, text: str, size: int | None) -> None:
    assert parse(command, f"--max-event-size={text}").max_event_size == size


def test_no_limit(run: Streams) -> None:
    wire = b"data: " + b"x" * 100 + b"\n\n"
    assert run("decode", "--max-event-size=20", stdin=wire)[0] == 1
    assert run("decode", "--data", "--max-event-size=none", stdin=wire) == (0, b"x" * 100 + b"\n", "")
    assert run("lint", "--max-event-size=none", stdin=wire)[0] == 0


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
        (b"hello", "not JSON: Expecting value (column 1)"),
        *(
            (line, "this looks like an event stream, not JSON; did you mean `sse-codec decode`?")
            for line in (b"data: a", b"\xef\xbb\xbfid:1", b": ping", b"data")
        ),
        (b"\xff", "not UTF-8 (byte 1)"),
        (b"[1]", "not a JSON object: '[1]'"),
        (b'"' + b"x" * 100 + b'"', f"not a JSON object: '\"{'x' * 39}'..."),
        (b"null", "not a JSON object: 'null'"),
        (b'{"dta": "a"}', "unknown key 'dta'; known keys are data, event, id, retry, comment, json, last_event_id"),
        (b'{"event": 5}', 'event must be a string: write "5"'),
        (b'{"id": 1.50}', 'id must be a string: write "1.50"'),
        (b'{"data": "a", "id": true}', 'id must be a string: write "true"'),
        (b'{"comment": ["a"]}', "comment must be a string, not an array"),
        (b'{"data": "a", "retry": "5"}', "retry must be a whole number of milliseconds: write 5"),
        (b'{"data": "a", "retry": 5.0}', "retry must be a whole number of milliseconds, not 5.0"),
        (b'{"data": "a", "retry": "soon"}', 'retry must be a whole number of milliseconds, not "soon"'),
        (b'{"data": "a", "retry": {"a": 1}}', "retry must be a whole number of milliseconds, not an object"),
        (b"{}", "nothing to send: give at least one of data, event, id, retry, comment"),
        (
            b'{"data": null, "event": "message", "last_event_id": "1"}',
            "nothing to send: give at least one of data, event, id, retry, comment",
        ),
        (b'{"data": "a", "id": "1\\n2"}', "id can't contain a line end (offset 1): '1\\n2'"),
        (b'{"data": "\\ud800"}', "data can't contain a lone surrogate: UTF-8 can't encode it (offset 0): '\\ud800'"),
        (b'{"data": "a", "retry": -1}', "retry must be from 0 to 10**18 - 1 milliseconds: -1"),
        (b'{"data": "a", "retry": true}', "retry must be a whole number of milliseconds, not true"),
        (
            b'{"event": "ping"}',
            'event needs data: receivers dispatch nothing without it; "data": "" sends an empty event',
        ),
        (b"[" * 100_000, "JSON that is nested too deeply"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_encode_names_the_line_of_bad_input(run: Streams, line: bytes, reason: str) -> None:
    status, output, errors = run("encode", stdin=b'{"data": "a"}\n\n' + line + b'\n{"data": "b"}\n')
    assert (status, output) == (1, b"data: a\n\n")
    assert errors == f"sse-codec: standard input, line 3: {reason}\n"


def test_encode_survives_a_number_that_Python_does_not_parse(run: Streams) -> None:
    status, output, errors = run("encode", stdin=b'{"data": "a", "retry": ' + b"9" * 5000 + b"}")
    assert (status, output) == (1, b"")
    assert errors.startswith("sse-codec: standard input, line 1: retry must be from 0 to 10**18 - 1 milliseconds: ")
    assert errors.count("\n") == 1
    assert run("encode", stdin=b'{"data": ' + b"9" * 5000 + b"}") == (0, b"data: " + b"9" * 5000 + b"\n\n", "")


@pytest.mark.parametrize(
    ("line", "wire"),
    [
        (b'{"data": {"a": [1.10, "}"]}, "id": "1"}', b'id: 1\ndata: {"a": [1.10, "}"]}\n\n'),
        (b' { "id" : "1" , "data" : [ ] } ', b"id: 1\ndata: [ ]\n\n"),
        (b'{"data": 1, "data": true}', b"data: true\n\n"),
        (b'{"data": null, "id": "1"}', b"id: 1\n\n"),
        (b'{"data": null, "json": true}', b"data: null\n\n"),
        (b'{"data": "s", "json": true}', b'data: "s"\n\n'),
        (b'{"data": "s", "json": false}', b"data: s\n\n"),
    ],
)
def test_encode_sends_JSON(run: Streams, line: bytes, wire: bytes) -> None:
    assert run("encode", stdin=line) == (0, wire, "")


@given(st.lists(events | st.builds(lambda value: ServerSentEvent(json.dumps(value)), json_values), max_size=3))
def test_encode_is_the_reverse_of_decode_json(sent: list[ServerSentEvent]) -> None:
    """For payloads of one line; JSON on several lines comes back on one."""
    sent = [event for event in sent if "\n" not in event.data]
    wire = b"".join(map(encode, sent))
    with pytest.MonkeyPatch.context() as patch:
        run = Streams(patch)
        lines = run("decode", "--json", stdin=wire)[1]
        assert run("encode", stdin=lines) == (0, wire, "")


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
def test_decode_data_excludes_other_options(more: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["decode", "--data", more])
    assert raised.value.code == 2
    assert "--data can't be used with --json or --comments" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["decode", "--bogus"], "decode"),
        (["decode", "--data", "--json"], "decode"),
        (["decode", "a", "b"], "decode"),
        (["encode", "--json"], "encode"),
        (["lint", "--bogus"], "lint"),
        (["vectors", "a", "b"], "vectors"),
        (["fuzz", "consumer", "--bogus", "--", "a"], "fuzz consumer"),
        (["fuzz", "producer", "--seed=x", "--", "a"], "fuzz producer"),
        (["fuzz", "--bogus"], "fuzz"),
        (["--bogus", "decode"], "[-h]"),
    ],
)
def test_a_usage_error_shows_the_usage_of_its_command(
    argv: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(argv)
    assert raised.value.code == 2
    assert capsys.readouterr().err.startswith(f"usage: sse-codec {command} ")


class Clock:
    """A clock whose readings the test sets in advance."""

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
    assert run("decode", "--stats", stdin=b": c\n\n")[2] == (
        "sse-codec: standard input: no events: only comments\n"
        "events:         0\nbytes:          5\ncomments:       1 (keep-alives)\n"
    )


def test_decode_stats_of_a_stream_that_fails(run: Streams) -> None:
    status, _, errors = run("decode", "--stats", "--max-event-size=8", stdin=b"data: a\n\ndata: too long\n\n")
    assert status == 1
    assert errors.startswith("events:         1 (message 1)\n")
    assert errors.endswith(
        "sse-codec: standard input, line 3: a block of at least 14 bytes exceeds max_event_size, which is 8\n"
    )


def test_lint(run: Streams) -> None:
    status, output, errors = run("lint", stdin=b"Data: a\n\nretry: 0\n\n")
    assert status == 1
    findings = list(lint(b"Data: a\n\nretry: 0\n\n"))
    assert output.decode() == "".join(f"{finding}\n\n" for finding in findings)
    assert errors == "standard input: 1 error and 1 warning (0 events)\n"


def test_lint_of_a_clean_stream_says_nothing_but_that_it_has_no_events(run: Streams) -> None:
    for options in ([], ["--format=json"], ["--format=github"]):
        assert run("lint", *options, stdin=b": ping\n\n") == (
            0,
            b"",
            "standard input: 0 errors and 0 warnings (0 events)\n",
        )
    assert run("lint", stdin=b"data: a\n\n") == (0, b"", "")
    assert run("lint", stdin=b"data: a\n\n", stderr=TerminalErrors) == (
        0,
        b"",
        "standard input: 0 errors and 0 warnings (1 event)\n",
    )


def test_warnings_alone_are_not_a_failure(run: Streams) -> None:
    status, _, errors = run("lint", stdin=b"retry: 0\n\nretry: 0\n\n")
    assert (status, errors) == (0, "standard input: 0 errors and 2 warnings (0 events)\n")


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
    with path.open("rb") as stdin:  # so that it has no name
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


def test_lint_ignore(run: Streams, capsys: pytest.CaptureFixture[str]) -> None:
    wire = b"Data: a\n\nretry: 0\n\nretry: 1s\n\n"
    assert run("lint", "--ignore=unlikely-retry", "--ignore=unknown-field,invalid-retry", stdin=wire) == (
        0,
        b"",
        "standard input: 0 errors and 0 warnings (0 events)\n",
    )
    status, output, errors = run("lint", "--ignore=unknown-field", stdin=wire)
    assert (status, errors) == (1, "standard input: 1 error and 1 warning (0 events)\n")
    assert b"Data" not in output
    with pytest.raises(SystemExit) as raised:
        main(["lint", "--ignore=bare-cr,bar-cr"])
    assert raised.value.code == 2
    assert "argument --ignore: 'bar-cr' is not a code of a finding; did you mean 'bare-cr'?" in capsys.readouterr().err


def test_the_help_names_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["lint", "--help"])
    errors, warnings = capsys.readouterr().out.partition("codes of errors:")[2].split("codes of warnings:")
    assert errors.split() == [code.name for code in CODES.values() if code.severity == "error"]
    assert warnings.split() == [code.name for code in CODES.values() if code.severity == "warning"]


def test_lint_counts_repeated_findings(run: Streams) -> None:
    wire = b"Data: a\n\n" * 30 + b"data: a\n\n"
    status, output, errors = run("lint", stdin=wire)
    assert (status, errors) == (1, "standard input: 30 errors and 0 warnings (1 event)\n")
    assert output.count(b"error[") == 2
    assert b"line 59, column 1 (byte 261): 'Data' is not a field of the standard (29 more times" in output
    assert run("lint", "--all", stdin=wire)[1].count(b"error[") == 30


def test_lint_strict(run: Streams) -> None:
    assert run("lint", "--strict", stdin=b"retry: 0\n\n")[0] == 1
    assert run("lint", "--strict", stdin=b"retry: 100\n\n")[0] == 0
    assert run("lint", "--strict", "--ignore=unlikely-retry", stdin=b"retry: 0\n\n")[0] == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.sse").write_bytes(b"data: a\n\ndata: b\n\n")
    (tmp_path / "sub" / "a.sse").write_bytes(b"Data: a\n\n")
    (tmp_path / "notes.txt").write_bytes(b"not a stream")
    return tmp_path


def test_lint_of_files_and_folders(run: Streams, folder: Path) -> None:
    inner = folder / "sub" / "a.sse"
    status, output, errors = run("lint", str(folder))
    assert status == 1
    assert output.startswith(f"error[unknown-field] {inner}, line 1, column 1 (byte 0): ".encode())
    assert output.count(b"[") == 1
    assert errors.splitlines() == [
        f"{folder / 'b.sse'}: 0 errors and 0 warnings (2 events)",
        f"{inner}: 1 error and 0 warnings (0 events)",
        "2 files: 1 error and 0 warnings",
    ]
    status, output, errors = run("lint", "--format=json", str(folder / "b.sse"), str(inner))
    assert (status, errors) == (1, "")
    assert json.loads(output)["file"] == str(inner)


def test_lint_goes_on_after_a_file_that_can_t_be_opened(run: Streams, folder: Path) -> None:
    missing = folder / "missing"
    status, output, errors = run("lint", str(missing), str(folder / "sub" / "a.sse"))
    assert status == 2
    assert b"unknown-field" in output
    assert errors.splitlines()[0] == f"sse-codec: {missing}: No such file or directory"


def test_lint_sarif(run: Streams, folder: Path) -> None:
    path = folder / "sub" / "a b.sse"
    path.write_bytes(b"\nretry: 0\n\n")
    status, output, errors = run("lint", "--format=sarif", str(folder))
    assert (status, errors) == (1, "")
    [document] = json.loads(output)["runs"]
    assert [rule["id"] for rule in document["tool"]["driver"]["rules"]] == list(CODES)
    first, second = sorted(document["results"], key=lambda result: result["ruleId"])
    assert (first["ruleId"], first["level"]) == ("unknown-field", "error")
    assert (second["ruleId"], second["level"]) == ("unlikely-retry", "warning")
    place = second["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("/sub/a%20b.sse")
    assert place["region"] == {"startLine": 2, "startColumn": 8, "byteOffset": 8}
    piped = json.loads(run("lint", "--format=sarif", stdin=b"foo\n")[1])["runs"][0]["results"]
    assert piped[0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "stdin"}
    assert json.loads(run("lint", "--format=sarif", stdin=b"data: x\n\n")[1])["runs"][0]["results"] == []


@pytest.mark.parametrize("code", CODES)
def test_explain(code: str) -> None:
    output = io.TextIOWrapper(io.BytesIO())
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as raised:
        patch.setattr(sys, "stdout", output)
        main(["lint", "--explain", code])
    assert raised.value.code == 0
    assert output.buffer.getvalue().decode() == explain(code) + "\n"


def test_explain_an_unknown_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["lint", "--explain", "bar-cr"])
    assert raised.value.code == 2
    assert "argument --explain: 'bar-cr' is not a code of a finding; did you mean 'bare-cr'?" in capsys.readouterr().err


class Interrupted(io.BytesIO):
    """Input that ends with Ctrl-C."""

    def read1(self, size: int | None = -1) -> bytes:
        if data := super().read1(size):
            return data
        raise KeyboardInterrupt


def interrupted(wire: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Interrupted(wire)))
    assert main(["lint", *argv]) == 130
    return capsys.readouterr()


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        (
            b"data: a\n\ndata: b\ndata",
            (
                "in line 4, after 21 bytes and 1 event; 0 errors and 0 warnings so far; "
                "the event of line 3 is open, with 1 data line"
            ),
        ),
        (
            b"data: {}\n" * 5,
            (
                "in line 6, after 45 bytes and 0 events; 0 errors and 0 warnings so far; "
                "5 data lines and no blank line yet: a client has received no event"
            ),
        ),
        (b"data: a\n\n", "in line 3, after 9 bytes and 1 event; 0 errors and 0 warnings so far"),
        (
            b"id: 1\n",
            "in line 2, after 6 bytes and 0 events; 0 errors and 0 warnings so far; a block without data is open",
        ),
        (b'{"error": 1}\n', "in line 2, after 13 bytes and 0 events; 1 error and 0 warnings so far"),
        (b"", "in line 1, after 0 bytes and 0 events; 0 errors and 0 warnings so far"),
        (b"Data: a\n\n" * 3, "in line 7, after 27 bytes and 0 events; 3 errors and 0 warnings so far"),
    ],
)
def test_ctrl_c_prints_how_far_lint_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wire: bytes, said: str
) -> None:
    assert interrupted(wire, monkeypatch, capsys).err == f"standard input: interrupted {said}\n"


def test_ctrl_c_in_a_file(run: Streams, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "stream").write_bytes(b"data: a\n\n" * 10)
    fed: list[bytes] = []

    def feed(self: Linter, chunk: bytes) -> list[Any]:
        fed.append(chunk)
        raise KeyboardInterrupt

    monkeypatch.setattr(Linter, "feed", feed)
    status, output, errors = run("lint", "--format=sarif", str(tmp_path / "stream"))
    assert (status, len(fed)) == (130, 1)
    assert json.loads(output)["runs"][0]["results"] == []
    assert "after 90 bytes (100 % of the file) and 0 events" in errors


@pytest.mark.parametrize(
    ("wire", "options", "said"),
    [
        (b"data: a\n\ndata: b", [], "the stream ended inside the last event, which was dropped; --lenient keeps it"),
        (b"", [], "the stream is empty"),
        (b"", ["--lenient"], "the stream is empty"),
        (
            b'{"error": 1}',
            [],
            "no events: this is JSON, not an event stream; run `sse-codec lint` for details",
        ),
        (
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + bytes(range(128, 160)),
            ["--data"],
            "no events: this is compressed data (gzip), not an event stream; run `sse-codec lint` for details",
        ),
        (b"Data: a\n\n", [], "no events: 'Data' is not a field of the standard; run `sse-codec lint` for details"),
        (b": ping\n\n", [], "no events: only comments"),
        (b": ping\n\n", ["--data", "--lenient"], "no events: only comments"),
        (b": ping\n\n", ["--comments"], ""),
        (b"\n\r\n\r", [], "no events: only blank lines"),
        (b"\n", ["--comments"], "no events: only blank lines"),
        (b"\xef\xbb\xbf", [], "no events: only a byte order mark"),
        (b"id: 1\n\n", [], "no events: the stream has no data field"),
        (b": a\n\nid: 1 event: tick data: 1\n\n", [], "no events: the stream has no data field"),
        (b"retry: 5\n\n", [], "no events: the stream has no data field; run `sse-codec lint` for details"),
        (b": a\n" * 20_000 + b"id: 1\n\n", [], "no events: the stream has no data field"),
        (b"id: 1\n\n" * 9362 + b"event: a\n\n", [], "no events: the stream has no data field"),
        (b"data: a\n\nid: 1\n", [], ""),
        (b"data: a\n\ndata: b", ["--lenient"], ""),
        (b"data: a\n\n<html>", [], ""),
    ],
)
def test_decode_reports_what_is_missing(run: Streams, wire: bytes, options: list[str], said: str) -> None:
    status, _, errors = run("decode", *options, stdin=wire)
    assert (status, errors) == (0, f"sse-codec: standard input: {said}\n" if said else "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize(
    "argv",
    [["--help"], ["--version"], ["lint", "--explain", "bare-cr"], ["decode", "-h"], ["decode"], ["encode"], ["lint"]],
)
def test_output_that_can_t_be_written(argv: list[str]) -> None:
    """The error names standard output, also if it is closed."""
    wire = b'{"data": "a"}\n' if argv == ["encode"] else b"data: a\n\nx\n"
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*RUN, *argv], input=wire, stdout=full, stderr=subprocess.PIPE, check=False, env=BUFFERED)
    assert (done.returncode, done.stderr) == (1, b"sse-codec: standard output: No space left on device\n")
    shell = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *RUN, *argv]
    closed = subprocess.run(shell, input=wire, capture_output=True, check=False)
    assert (closed.returncode, closed.stderr) == (2, b"sse-codec: standard output is closed\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_messages_that_can_t_be_written_change_nothing() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*RUN, "decode", "--data", "--stats"],
            input=b"data: a\n\n",
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
            env=BUFFERED,
        )
    assert (done.returncode, done.stdout) == (0, b"a\n")


@pytest.mark.parametrize("argv", [["--help"], ["lint", "--help"], ["decode"], ["lint"]])
def test_a_locale_without_UTF_8(argv: list[str]) -> None:
    environment = os.environ | {
        "PYTHONIOENCODING": "ascii",
        "PYTHONUTF8": "0",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
    }
    done = subprocess.run(
        [*RUN, *argv], input="Foo: é\ndata: é🍊\n\n".encode(), capture_output=True, check=False, env=environment
    )
    assert done.stderr.decode("ascii") in {"", "standard input: 1 error and 0 warnings (1 event)\n"}
    assert done.returncode == (argv == ["lint"])
    assert argv[-1] == "--help" or "é" in done.stdout.decode()


@pytest.mark.parametrize("argv", [["--help"], ["decode", "--help"], ["encode", "--help"], ["lint", "--help"]])
@pytest.mark.parametrize("columns", ["80", "200"])
def test_the_help_fits_80_columns(
    argv: list[str], columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit):
        main(argv)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 10
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("option", "environment", "terminal", "coloured"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_when_colours_are_used(  # noqa: PLR0917  # a table
    run: Streams,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    environment: dict[str, str],
    terminal: bool,
    coloured: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stdout = Terminal if terminal else io.TextIOWrapper
    assert (b"\x1b[" in run("lint", f"--color={option}", stdin=b"foo\n", stdout=stdout)[1]) == coloured


def test_colours_in_a_pipe_use_the_layout_of_a_terminal(run: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = b"id: 1\ndata: a\n\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run("decode", stdin=wire)[1].startswith(b'{"data"'), "it may be set for a whole CI run"
    assert run("decode", "--color=always", stdin=wire)[1] == b"\x1b[2mmessage\x1b[0m  \x1b[2mid 1\x1b[0m\n  a\n"
    assert run("decode", "--color=never", stdin=wire)[1].startswith(b'{"data"')


def test_encode_escapes_control_characters_on_a_terminal(run: Streams) -> None:
    line = b'{"data": "\\u001b]0;x\\u0007\\na", "comment": "\\u001b[2J"}\n'
    output = b": \\x1b[2J\ndata: \\x1b]0;x\\x07\ndata: a\n\n"
    assert run("encode", stdin=line, stdout=Terminal)[1] == output
    assert b"\x1b" in run("encode", stdin=line)[1]


def test_a_large_event_is_printed_in_pieces_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_terminal, "_PIECE", 10)
    event = ServerSentEvent("a" * 25 + "\n\x1b" + "b" * 25)
    pieces = list(_terminal.payload_block(event))
    assert max(map(len, pieces)) <= 15
    assert "".join(pieces) == "a" * 25 + "\n\\x1b" + "b" * 25 + "\n"
    whole = "".join(_terminal.event_block(event, _terminal.Paint(io.StringIO())))
    assert whole == "message\n  " + "a" * 25 + "\n  \\x1b" + "b" * 25 + "\n"


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"data: b"]), max_size=20), st.data())
def test_line_numbers(pieces: list[bytes], data: st.DataObject) -> None:
    wire = b"".join(pieces)
    lines = _decode._Lines()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=4)))
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        lines.add(wire[start:end])
        lines.passed()
    assert lines.number == max(len(wire.splitlines()), wire == b"")


def test_a_too_large_event_is_found_across_chunks() -> None:
    lines = _decode._Lines()
    for chunk in (b"a\r", b"\n\r\nb\r", b"\ndata: 1\r\n\r", b"\ndata: ", b"x" * 20):
        lines.add(chunk)
        if chunk[:1] != b"x":
            lines.passed()
    assert lines.find(12) == 6


def test_lint_is_live() -> None:
    with start("lint", "--all", "--format=json") as process:
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
def test_JSON_has_the_same_layout_as_json_dumps(value: Any) -> None:
    assert "".join(_terminal._tree(json.dumps(value))) == json.dumps(value, indent=2)


def test_the_indentation_of_deeply_nested_JSON_is_bounded() -> None:
    assert sum(map(len, _terminal._tree("[" * 1000 + "]" * 1000))) < 2000 * 100


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
    assert errors.rpartition("\r\x1b[K")[2] in {"", f"{large}: 0 errors and 0 warnings (200 events)\n"}


def test_progress_of_encoding(run: Streams, large: str, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_bytes(run("decode", large)[1])
    errors = run("encode", str(lines), stderr=TerminalErrors)[2]
    assert re.findall(r"\r *(\d+) %", errors)[-1] == "100"


def test_progress_is_erased_before_findings(run: Streams, large: str) -> None:
    with open(large, "ab") as file:
        file.write(b"foo\n" + b"data: y\n\n" * 20_000)
    _, output, errors = run("lint", large, stdout=Terminal, stderr=TerminalErrors)
    assert output
    assert errors.count("\r\x1b[K") == 2
    assert "% of 0 MiB\r\x1b[K\r" in errors


def test_no_progress(run: Streams, large: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No progress for a pipe, for events on a terminal, or for a small file."""
    assert run("decode", large)[2] == ""
    assert run("decode", large, stdout=Terminal, stderr=TerminalErrors)[2] == ""
    monkeypatch.setattr(_terminal, "_SHOW_PROGRESS_FROM", 10**6)
    assert run("decode", large, stderr=TerminalErrors)[2] == ""


def on_a_terminal(*argv: str, stdin: bytes, both: bool = True) -> bytes:
    """Run the command line in a new pseudo-terminal; return its output."""
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
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
        except OSError:  # Linux reports a closed other side this way
            pass
        os.close(master)
    return shown


def test_a_real_terminal() -> None:
    shown = on_a_terminal("decode", stdin=b"event: tick\ndata: \x1b]0;title\x07\n\n")
    assert shown == b"\x1b[36mtick\x1b[0m\r\n  \\x1b]0;title\\x07\r\n"
    shown = on_a_terminal("lint", stdin=b"data: a\n")
    assert b"\x1b[1;31merror[unfinished-block]\x1b[0m line 1" in shown
    assert shown.endswith(b"standard input: 1 error and 0 warnings (0 events)\r\n")


def test_progress_on_a_real_terminal(tmp_path: Path) -> None:
    (tmp_path / "stream").write_bytes((b"data: " + b"x" * (1 << 20) + b"\n\n") * 17)
    shown = on_a_terminal("decode", str(tmp_path / "stream"), stdin=b"", both=False)
    assert shown.startswith(b"\r  0 % of 17 MiB\r  1 % of 17 MiB")
    assert shown.endswith(b"\r100 % of 17 MiB\r\x1b[K")


def test_the_script_calls_main() -> None:
    [script] = [entry for entry in entry_points(group="console_scripts") if entry.name == "sse-codec"]
    assert script.load() is main


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["lint", "--help"], ["lint"], ["nonsense"]])
def test_the_script_does_the_same_as_the_module(argv: list[str]) -> None:
    script = os.path.join(sysconfig.get_path("scripts"), "sse-codec")
    runs = [subprocess.run([*each, *argv], input=b"x", capture_output=True, check=False) for each in ([script], RUN)]
    assert len({(run.returncode, run.stdout, run.stderr) for run in runs}) == 1


def test_a_closed_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages for standard error must not go to standard output instead."""
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
    reason = "no *.sse file in this folder" if command == "lint" else "Is a directory"
    assert run(command, str(tmp_path)) == (2, b"", f"sse-codec: {tmp_path}: {reason}\n")
    hint = f"curl -N 'https://x/y' | sse-codec {command}"
    said = f"sse-codec: https://x/y is a URL, but sse-codec reads only files and pipes: {hint}\n"
    assert run(command, "https://x/y") == (2, b"", said)


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"foo\n"))))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Full()))
    assert main(["lint", "-", "-"]) == 1
    assert capsys.readouterr().err == "sse-codec: standard output: No space left on device\n"


def test_closed_standard_streams(
    run: Streams, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("decode", stdin=None) == (2, b"", "sse-codec: standard input is closed\n")
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["decode"]) == 2
    assert capsys.readouterr().err == "sse-codec: standard output is closed\n"


def test_a_file_that_fails_while_it_is_read(run: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert "--max-event-size SIZE" in output
    assert output.count("examples:\n") == 4


def test_the_examples_of_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The parser accepts each command under `examples:`."""
    commands: list[str] = []
    for argv in (["--help"], ["decode", "--help"], ["encode", "--help"], ["lint", "--help"]):
        with pytest.raises(SystemExit):
            main(argv)
        examples = capsys.readouterr().out.partition("examples:\n")[2]
        commands += re.findall(r"\bsse-codec ((?:decode|encode|lint)\b.*?)(?=  | \||>|\n)", examples)
    assert len(commands) >= 15
    for command in commands:
        if "--explain" not in command:
            parse(*shlex.split(command))


def start(*argv: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*RUN, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_is_live() -> None:
    """As with `curl -N`, each event is written before the next one arrives."""
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
    # Tests that run in the background may ignore SIGINT, and the process that they start would inherit that.
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
