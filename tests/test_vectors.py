"""The published vectors: they are generated from the fuzz kit, they are right, and they alone find every seeded fault.

`python -m tests.vectors.publish` makes the files. interop/test_vectors.py runs the runners of docs/vectors.md.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import jsonschema
import pytest

from sse_codec import Block, BlockDecoder, Decoder, LineDecoder, ServerSentEvent, decode, encode
from sse_codec.__main__ import main
from sse_codec._event import Comment
from sse_codec.testing import load_vectors, reference_decode
from sse_codec.testing._rules import CONSUMER_RULES, PRODUCER_RULES
from sse_codec.testing._vectors import FOLDER
from tests import faulty_consumers, faulty_producers
from tests.vectors import publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sse_codec.testing._rules import Rule

COMMAND = "python -m tests.vectors.publish"
NAMES: tuple[Literal["decoding", "encoding", "surrogates"], ...] = ("decoding", "encoding", "surrogates")
DOCUMENTS: dict[str, Any] = {name: json.loads((FOLDER / f"{name}.json").read_text("ascii")) for name in NAMES}
DECODING: list[publish.Case] = DOCUMENTS["decoding"]["cases"]
ENCODING: list[publish.Case] = DOCUMENTS["encoding"]["cases"] + DOCUMENTS["surrogates"]["cases"]
ALL = DECODING + ENCODING
SCHEMAS = {
    "decoding": "decoding",
    "encoding": "encoding",
    "surrogates": "encoding",
}


# The files.


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return publish.files(publish.published())


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_as_generated(name: str, made: dict[str, str]) -> None:
    assert (FOLDER / f"{name}.json").read_text("ascii") == made[f"{name}.json"], f"{COMMAND} writes it"


def test_there_are_no_other_files() -> None:
    others = {"decoding.schema.json", "encoding.schema.json", "CHANGELOG.md", "README.md"}
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.json" for name in NAMES} | others


def test_the_files_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_700_000


@pytest.mark.parametrize("name", NAMES)
def test_they_match_their_schema(name: str) -> None:
    schema = json.loads((FOLDER / f"{SCHEMAS[name]}.schema.json").read_text("ascii"))
    assert DOCUMENTS[name]["$schema"] == f"./{SCHEMAS[name]}.schema.json"
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(DOCUMENTS[name])


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("decoding", lambda case: case.pop("rules")),
        ("decoding", lambda case: case.update(extra=1)),
        ("decoding", lambda case: case.pop("text")),
        ("decoding", lambda case: case.update(base64=[""])),
        ("decoding", lambda case: (case.pop("text"), case.update(base64=["data: a"]))),
        ("decoding", lambda case: case["events"][0].update(latest=None)),
        ("decoding", lambda case: case["events"][0].update(retry=-1)),
        ("decoding", lambda case: case.update(id="data/1")),
        ("encoding", lambda case: case["events"][0].pop("data")),
        ("encoding", lambda case: case.update(unsendable="event")),
        ("encoding", lambda case: case["arrives"][0].update(event="a")),
    ],
)
def test_the_schema_refuses_what_is_wrong(name: str, spoil: Callable[[publish.Case], object]) -> None:
    wanted = "events" if name == "decoding" else "arrives"
    case = next(case for case in DOCUMENTS[name]["cases"] if case.get(wanted))
    document = {**DOCUMENTS[name], "cases": [copy.deepcopy(case)]}
    validator = jsonschema.Draft202012Validator(json.loads((FOLDER / f"{name}.schema.json").read_text("ascii")))
    validator.validate(document)
    spoil(document["cases"][0])
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(document)


@pytest.mark.parametrize(("name", "rules"), [("decoding", CONSUMER_RULES), ("encoding", PRODUCER_RULES)])
def test_every_rule_has_cases(name: str, rules: Sequence[Rule[Any]]) -> None:
    cases = DECODING if name == "decoding" else ENCODING
    blamed = {case["rules"][0] for case in cases}
    assert blamed == {rule.name for rule in rules}
    for case in cases:
        document = DOCUMENTS["surrogates" if "surrogate" in case["rules"] else name]
        assert set(case["rules"]) <= set(document["rules"])
        assert set(case["free"]) <= set(document["free"])


def test_each_free_choice_is_in_a_case_and_explained() -> None:
    used = {name for case in ALL for name in case["free"]}
    assert used <= set(publish.FREE)
    assert {name for document in DOCUMENTS.values() for name in document["free"]} == used


def test_basic_cases_come_first() -> None:
    """So the first case that fails is due to its first rule: earlier cases have touched its other rules."""
    for name in NAMES:
        blamed = [case["rules"][0] for case in DOCUMENTS[name]["cases"]]
        assert blamed == sorted(blamed, key=list(DOCUMENTS[name]["rules"]).index, reverse=True)


# Their ids.


def test_no_two_cases_share_an_id() -> None:
    for cases in (DECODING, ENCODING):
        hashes = [case["id"].partition("/")[2] for case in cases]
        assert len(set(hashes)) == len(hashes), "the hash alone tells them apart"


def test_an_id_is_made_of_the_input_alone() -> None:
    for case in DECODING:
        assert case["id"] == f"{case['rules'][0]}/{publish.short_hash(publish.case_chunks(case))}"


def test_an_id_does_not_change_when_cases_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    some = DECODING[::7]
    more: list[tuple[list[bytes], bool]] = [
        ([b"data: more\n\n"], False),
        ([b": more\r", b"\ndata: a\n\n"], False),
        ([b": more\ndata: a\n\n"], True),
    ]
    again = [(publish.case_chunks(case), True) for case in some if len(case.get("text", ())) == 1]
    monkeypatch.setattr(publish, "_streams", lambda: iter([*more, *again[::-1]]))
    after = {case["id"]: json.loads(publish.dumped(case)) for case in publish.decoding_cases(some)}
    before = {case["id"]: case for case in some}
    assert {key: after.get(key) for key in before} == before
    added = [publish.case_chunks(after[key]) for key in after.keys() - before.keys()]
    assert sorted(added) == sorted(chunks for chunks, _ in more)


def test_cases_that_the_tour_no_longer_has_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "_streams", lambda: iter([]))
    monkeypatch.setattr(publish, "events_to_send", lambda: iter([]))
    monkeypatch.setattr(publish, "events_that_cannot_be_sent", lambda: iter([]))
    for make_cases, cases in ((publish.decoding_cases, DECODING[::7]), (publish.encoding_cases, ENCODING[::7])):
        remade = {case["id"]: json.loads(publish.dumped(case)) for case in make_cases(cases)}
        assert remade == {case["id"]: case for case in cases}


# Their expectations are right.


def expanded(case: publish.Case, value: Any) -> Any:
    """Return a part of a case with its marks replaced."""
    repeat = case.get("repeat", {"text": "", "times": 0})
    return publish._each(value, lambda text: text.replace(publish.MARK, repeat["text"] * repeat["times"]))


#: The members of an event that a case leaves out.
DEFAULTS = {"type": "message", "id": None, "lastEventId": "", "retry": None}


def as_seen(event: Any) -> publish.Case:
    """Return the members of an event as the vectors have them. A plain tuple has only type, data and its own id."""
    if type(event) is tuple:
        return dict(zip(("type", "data", "id"), event, strict=True))
    return {
        "type": event.event,
        "data": event.data,
        "id": event.id,
        "lastEventId": event.last_event_id,
        "retry": event.retry,
    }


def agree(got: publish.Case, expected: publish.Case) -> bool:
    """Tell whether an event is the expected one. No id and an empty one count as the same, as many parsers do."""
    return all(
        value == expected[name] or (name == "id" and not value and not expected[name]) for name, value in got.items()
    )


class Failed(AssertionError):
    """A consumer or producer fails a case. `rule` is the broken rule, if no earlier case failed."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def run_decoding(
    case: publish.Case,
    consume: Callable[[Iterable[bytes]], Iterator[Any]],
    *,
    strict: bool = False,
    dispatch: bool = False,
) -> None:
    """Check a consumer on a case.

    Args:
        case: the case.
        consume: the consumer; it yields events as it reads chunks.
        strict: whether an event must come with its chunk even where the consumer may wait.
        dispatch: whether the consumer dispatches a block that the end of the stream cuts off.
    """
    number = -1

    def source() -> Iterator[bytes]:
        nonlocal number
        chunks = publish.case_chunks(case)
        for number, chunk in enumerate(chunks):  # noqa: B007  # it is read outside
            yield chunk
        number = len(chunks)

    try:
        got = [(as_seen(event), number) for event in consume(source())]
    except Exception as error:
        raise Failed(case["rules"][0]) from error
    expected = [DEFAULTS | event for event in expanded(case, case["events"])]
    chunks = [event.pop("chunk", 0) for event in expected]
    latest = [event.pop("latest", chunk) for event, chunk in zip(expected, chunks, strict=True)]
    if dispatch and "unfinished" in case:
        expected.append(DEFAULTS | expanded(case, case["unfinished"]))
        chunks.append(number)
        latest.append(number)
    if len(got) != len(expected) or not all(
        agree(*pair) for pair in zip((event for event, _ in got), expected, strict=True)
    ):
        raise Failed(case["rules"][0])
    if any(came > at for (_, came), at in zip(got, latest, strict=True)):
        raise Failed("promptness")
    if strict and any(came > at for (_, came), at in zip(got, chunks, strict=True)):
        raise Failed("promptness-cr")


def run_encoding(case: publish.Case, produce: Callable[[ServerSentEvent], bytes], *, strict: bool = False) -> None:
    """Check a producer on a case. If `strict`, it must refuse an event that can't be sent."""
    unsendable = case.get("unsendable")
    try:
        wire = b"".join(map(produce, publish.case_events(case)))
    except Exception as error:
        if not unsendable:
            raise Failed(case["rules"][0]) from error
        wire = b""
    if unsendable and not wire:
        return
    behind = DOCUMENTS["encoding"]["behind"]
    if (strict and unsendable) or any(text.encode() in wire for text in case.get("never", ())):
        raise Failed(case["rules"][0])
    got = [as_seen(event) for event in reference_decode(wire + behind["wire"].encode()).events]
    expected = [DEFAULTS | event for event in expanded(case, case.get("arrives", case["events"]))]
    is_plain = case["rules"][0] in {"data", "events"}
    if is_plain and len(got) < len(expected) + 1 and reference_decode(wire).unfinished is not None:
        raise Failed("missing-blank-line")
    if not got or got.pop()["data"] != behind["data"] or len(got) != len(expected):
        raise Failed(case["rules"][0])
    for event, should in zip(got, expected, strict=True):
        if any(event[member] != should[member] for member in {"type", "data", "id", "retry"} - {unsendable}):
            raise Failed(case["rules"][0])


def feeding(decoder: Decoder | BlockDecoder, chunks: Iterable[bytes]) -> Iterator[Any]:
    for chunk in chunks:
        for item in decoder.feed(chunk):
            event = item.to_event() if isinstance(item, Block) else item
            if event is not None:
                yield event


@pytest.mark.parametrize("decoder", [Decoder, BlockDecoder])
def test_our_decoders_pass(decoder: type[Decoder | BlockDecoder]) -> None:
    for case in DECODING:
        tested = decoder()
        run_decoding(case, partial(feeding, tested), strict=True)
        assert tested.last_event_id == expanded(case, case.get("lastEventId", ""))
        if isinstance(tested, Decoder):
            assert tested.reconnection_time == case.get("reconnectionTime")


def test_the_comments_are_right() -> None:
    for case in DECODING:
        lines = LineDecoder()
        got = [
            line.text for chunk in publish.case_chunks(case) for line in lines.feed(chunk) if isinstance(line, Comment)
        ]
        assert got == expanded(case, case.get("comments", []))


def test_cases_that_need_bytes_are_not_given_as_text() -> None:
    for case in DECODING:
        by_bytes = {"invalid-utf-8", "leading-bom", "cut-utf-8"} & set(case["rules"])
        assert ("base64" in case) == bool(by_bytes), case["id"]


def test_our_encoder_passes() -> None:
    for case in ENCODING:
        run_encoding(case, encode, strict=True)


# They find every fault, and pass correct code.


def first_failed(cases: Sequence[publish.Case], run: Callable[[publish.Case], None]) -> tuple[publish.Case, str] | None:
    """Return the first case that fails, and the broken rule; None if none fails."""
    for case in cases:
        try:
            run(case)
        except Failed as failed:
            return case, failed.rule
    return None


@functools.cache
def blamed(fault: Any) -> str | None:
    """Return the rule that the first failing case names for a fault, or None if no case fails."""
    if issubclass(fault, faulty_consumers.Correct):
        run = partial(run_decoding, consume=lambda chunks: fault().consume(chunks), strict=True)
        failed = first_failed(DECODING, run)
    else:
        failed = first_failed(ENCODING, lambda case: run_encoding(case, fault().produce))
    return None if failed is None else failed[1]


#: The thorough tests take all faults, the others every tenth.
FAULTS = [
    pytest.param(fault, id=fault.__name__, marks=[pytest.mark.thorough] if number % 10 else [])
    for number, fault in enumerate([*faulty_consumers.FAULTS, *faulty_producers.FAULTS])
]


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_found(fault: type) -> None:
    assert blamed(fault) is not None


@pytest.mark.thorough
@pytest.mark.parametrize("faults", [faulty_consumers.FAULTS, faulty_producers.FAULTS], ids=["consumers", "producers"])
def test_the_first_case_that_fails_names_the_rule(faults: dict[type, set[str]]) -> None:
    """Nearly always: nothing is shrunk here, and some faults show in two places."""
    wrong = [(fault.__name__, blamed(fault)) for fault, rules in faults.items() if blamed(fault) not in rules]
    assert len(wrong) < len(faults) / 20, wrong


@pytest.mark.parametrize("producer", faulty_producers.CORRECT, ids=lambda producer: producer.__name__)
def test_no_correct_producer_fails(producer: type[faulty_producers.Correct]) -> None:
    produce = producer().produce
    assert first_failed(ENCODING, lambda case: run_encoding(case, produce)) is None


def test_no_correct_consumer_fails() -> None:
    assert (
        first_failed(DECODING, lambda case: run_decoding(case, faulty_consumers.Correct().consume, strict=True)) is None
    )


def test_waiting_for_the_LF_of_a_CR_is_late_only_where_that_is_allowed() -> None:
    waiting = faulty_consumers.WaitsForTheLFOfACR
    assert first_failed(DECODING, lambda case: run_decoding(case, waiting().consume)) is None
    failed = first_failed(DECODING, lambda case: run_decoding(case, waiting().consume, strict=True))
    assert failed is not None
    assert failed[1] in failed[0]["free"] == ["promptness-cr"]


def test_dispatching_at_the_end_gives_the_unfinished_event_of_a_case() -> None:
    dispatching = partial(decode, on_eof="dispatch")
    assert first_failed(DECODING, lambda case: run_decoding(case, dispatching, dispatch=True)) is None
    failed = first_failed(DECODING, lambda case: run_decoding(case, dispatching))
    assert failed is not None
    assert "unfinished-block" in failed[0]["free"]


# How to get them.


def test_loading_them() -> None:
    for name in NAMES:
        assert load_vectors(name) == DOCUMENTS[name]
    with pytest.raises(ValueError, match="must be 'decoding', 'encoding' or 'surrogates', not 'no'"):
        load_vectors("no")  # type: ignore[arg-type]  # wrong on purpose


def test_copying_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "tests" / "vectors"
    for _ in range(2):  # the second time they are replaced
        assert main(["vectors", str(folder)]) == 0
        written = capsys.readouterr().out.splitlines()
        assert written == [str(folder / path.name) for path in sorted(FOLDER.iterdir())]
        for path in FOLDER.iterdir():
            assert (folder / path.name).read_bytes() == path.read_bytes()
            (folder / path.name).write_bytes(b"old")


def test_printing_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vectors"]) == 0
    assert capsys.readouterr().out == f"{FOLDER}\n"


def test_copying_them_where_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["vectors", str(tmp_path / "file" / "folder")]) == 1
    assert capsys.readouterr().err.startswith(f"sse-codec: {tmp_path / 'file'}")


# How they are made.


def test_new_and_gone_cases_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def publish_streams(*streams: bytes, anew: bool = False) -> None:
        monkeypatch.setattr(publish, "_streams", lambda: (([stream], False) for stream in streams))
        publish.main(["--anew"] * anew)

    monkeypatch.setattr(publish, "FOLDER", tmp_path)
    monkeypatch.setattr(publish, "PAGE", tmp_path / "page.md")
    (tmp_path / "page.md").write_text("1 event streams with the events that they mean, and 2 lists")
    monkeypatch.setattr(publish, "events_to_send", lambda: iter([[ServerSentEvent("a")]]))
    monkeypatch.setattr(publish, "events_that_cannot_be_sent", lambda: iter([]))
    publish_streams(b"data: a\n\n", b"data: b\n\n")
    publish_streams(b"data: a\n\n", b"data: new\n\n")
    publish_streams(b"data: a\n\n", b"data: new\n\n", anew=True)
    printed = capsys.readouterr()
    counts = re.findall("decoding.json: (.*) cases, .* bytes; (.*) new, (.*) gone, (.*) changed", printed.out)
    assert counts == [("2", "2", "0", "0"), ("3", "1", "0", "0"), ("2", "0", "1", "0")]
    assert printed.err == "  gone: data/63320133\n"
    assert (tmp_path / "page.md").read_text() == "2 event streams with the events that they mean, and 1 lists"


@pytest.mark.parametrize(
    ("chunks", "repeat"),
    [
        ([b"data: " + b"x" * 100_000 + b"\n\n"], {"text": "x", "times": 100_000}),
        ([b"data: ", b"x" * 4096, b"x" * 4096, b"xyz\n\n"], {"text": "x", "times": 4096}),
        ([b"data: " + b"x" * 300 + b"\xff\n\n"], {"text": "x", "times": 300}),
        ([b"data: " + "é🍊".encode() * 300 + b"\n\n"], {"text": "é🍊", "times": 300}),
        ([b"data: " + b"x" * 127 + b"\n\n"], None),
        ([b"data: " + b"x" * 300 + b"\x1a\n\n"], {"text": publish.MARK, "times": 1}),
        ([b"data: " + "é".encode() * 300 + b"\xff\n\n"], None),
    ],
)
def test_long_runs_are_written_short(chunks: list[bytes], repeat: object) -> None:
    whole = publish.decoding_case(chunks)
    case = json.loads(publish.dumped(publish.shortened(whole)))
    assert case.get("repeat") == repeat
    assert publish.case_chunks(case) == chunks
    assert expanded(case, case["events"]) == whole["events"]
    assert repeat is None or len(json.dumps(case)) < 1000


# Their page.

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "vectors.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- ([\w ]+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


def test_every_block_of_the_page_is_tested() -> None:
    """interop/test_vectors.py runs the runners."""
    runners = {f"{runner} {name}" for runner in ("pytest", "node", "go", "ruby") for name in ("decoding", "encoding")}
    assert set(BLOCKS) == {"copy", "load", "case"} | runners
    assert PAGE.count("```") == 2 * len(BLOCKS)


def test_the_page_loads_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(BLOCKS["load"], "docs/vectors.md", "exec"), {})  # noqa: S102  # our own
    assert capsys.readouterr().out.splitlines() == [f"{case['id']} {case['about']}" for case in DECODING[:3]]


def test_the_page_copies_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, _, command = BLOCKS["copy"].strip().partition("--spec sse-codec sse-codec ")
    assert main(command.split()) == 0
    assert (tmp_path / "tests" / "vectors" / "decoding.json").exists()


def test_what_the_page_says_about_the_cases_is_generated() -> None:
    assert publish.page(PAGE, publish.published()) == PAGE, f"{COMMAND} writes it"
    assert f"{len(DECODING):,} event streams" in PAGE
    assert json.loads(BLOCKS["case"]) in DECODING
    assert all(f"| `{name}` | {about} |" in PAGE for name, about in publish.FREE.items())


@pytest.mark.parametrize("name", ["decoding", "encoding"])
def test_every_member_is_on_the_page(name: str) -> None:
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text("ascii"))
    members = {*schema["properties"], *schema["$defs"]["case"]["properties"]} - {"$schema"}
    members |= set(schema["$defs"].get("receivedEvent", schema["$defs"]["event"])["properties"])
    for member in members:
        assert f"`{member}`" in PAGE, member


def test_the_version_is_in_the_changelog() -> None:
    changelog = (FOLDER / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## ([0-9.]+)", changelog, re.MULTILINE)[0] == publish.VERSION
    assert {document["version"] for document in DOCUMENTS.values()} == {publish.VERSION}
