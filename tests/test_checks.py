"""The two checks of the fuzz kit: reports are small and name the rule, and each option does what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from sse_codec import (
    Comment,
    Decoder,
    EncodeError,
    LineDecoder,
    ReceivedEvent,
    ServerSentEvent,
    decode,
    encode,
)
from sse_codec._choices import CHOICES
from sse_codec.testing import NotConforming, check_consumer, check_producer
from sse_codec.testing._checks import search
from sse_codec.testing._consumer import _Law, _Options
from sse_codec.testing._report import section
from sse_codec.testing._rules import BLANK_LINE, CONSUMER_RULES, PRODUCER_RULES, PROMPTNESS, PROMPTNESS_CR, Stream
from sse_codec.testing._shape import Shape
from sse_codec.testing._worker import Worker
from tests import faulty_consumers, faulty_producers
from tests.correct import at_once, whole
from tests.test_laws import assemble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

#: Hypothesis's default number of examples. The profile for CI draws more.
DEFAULT = settings(max_examples=100)
#: For correct code, which other tests run often enough.
FEW = settings(max_examples=10)
#: The same without the fixed cases, which take the most time: for tests that need none of them.
DRAWN_ALONE = settings(max_examples=10, phases=[Phase.generate])
#: Draws until something fails, without the fixed cases: so many examples that no fault is missed by bad luck. Failures
#: are not shrunk, which would take most of the time.
DRAWN = settings(max_examples=10_000, phases=[Phase.generate])
#: The same with shrinking. How far it gets is a matter of luck.
SHRUNK = settings(DRAWN, phases=[Phase.generate, Phase.shrink])


def found_by(
    check: Callable[..., None], tested: Callable[..., Any], *, settings: settings, **options: Any
) -> NotConforming:
    """Return the failure that a check finds. With `DEFAULT`, it is in the fixed cases, and so the same every time."""
    with pytest.raises(NotConforming) as caught:
        check(tested, settings=settings, **options)
    assert bool(caught.value.examples) == (Phase.explicit not in settings.phases)
    return caught.value


def name(tested: type) -> str:
    return tested.__name__


#: Faults of each kind, one of nearly every rule.
SOME_CONSUMERS = [
    faulty_consumers.SplitsLikeStr,
    faulty_consumers.KeepsBOM,
    faulty_consumers.LosesCRLFBetweenChunks,
    faulty_consumers.FoldsCase,
    faulty_consumers.NeedsAColon,
    faulty_consumers.DispatchesWithoutData,
    faulty_consumers.TakesIdsWithNUL,
    faulty_consumers.JoinsDataWithoutNewlines,
    faulty_consumers.DispatchesAtTheEnd,
    faulty_consumers.IsOneEventLate,
    faulty_consumers.WaitsForTheLFOfACR,
]
SOME_PRODUCERS = [
    faulty_producers.KnowsOneLine,
    faulty_producers.KnowsNoLoneCR,
    faulty_producers.SplitsLikeStr,
    faulty_producers.LeavesEverySpaceOut,
    faulty_producers.SendsNoEmptyData,
    faulty_producers.EndsWithoutABlankLine,
    faulty_producers.InjectsThroughTheType,
    faulty_producers.InjectsThroughTheIdByCR,
    faulty_producers.SendsIdsWithNUL,
    faulty_producers.DropsRetryZero,
]


def small(failure: NotConforming) -> bool:
    return len(failure.wire) < 60 and len(failure.case) <= 12


@pytest.mark.parametrize("fault", SOME_CONSUMERS, ids=name)
def test_a_faulty_consumer_s_report_is_small_and_names_the_rule(fault: type[faulty_consumers.Correct]) -> None:
    failure = found_by(check_consumer, lambda chunks: fault().consume(chunks), settings=DEFAULT)
    assert failure.rule in faulty_consumers.FAULTS[fault]
    assert small(failure)
    assert failure.wire == b"".join(failure.case)
    assert failure.sentence in str(failure)
    assert "WHATWG HTML 9.2" in str(failure)


@pytest.mark.parametrize("fault", SOME_PRODUCERS, ids=name)
def test_a_faulty_producer_s_report_is_small_and_names_the_rule(fault: type[faulty_producers.Correct]) -> None:
    failure = found_by(check_producer, fault().produce, settings=DEFAULT)
    assert failure.rule in faulty_producers.FAULTS[fault]
    assert small(failure)
    assert failure.sentence in str(failure)


@pytest.mark.thorough
def test_reports_of_most_drawn_faults_are_small_and_name_the_rule() -> None:
    """Only most of them, because how far Hypothesis shrinks a failure depends on what it draws."""
    good = []
    for consumer in SOME_CONSUMERS:
        failure = found_by(check_consumer, lambda chunks, fault=consumer: fault().consume(chunks), settings=SHRUNK)
        good.append(small(failure) and failure.rule in faulty_consumers.FAULTS[consumer])
    for producer in SOME_PRODUCERS:
        failure = found_by(check_producer, producer().produce, settings=SHRUNK)
        good.append(small(failure) and failure.rule in faulty_producers.FAULTS[producer])
    assert sum(good) > len(good) / 2, good


# Correct code passes.


class Plain:
    """An event with all attributes that an event may have, and none of this package's classes."""

    def __init__(self, event: ReceivedEvent) -> None:
        self.type = event.event
        self.data = event.data
        self.id = event.id
        self.lastEventId = event.last_event_id
        self.retry = event.retry


def cut_after_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut chunks so that at most one line ends in each: then comments and events come in order."""
    for chunk in chunks:
        yield from re.split(rb"(?<=[\r\n])", chunk)


def as_objects(chunks: Iterable[bytes]) -> Iterator[Plain]:
    return map(Plain, decode(chunks))


def as_mappings(chunks: Iterable[bytes]) -> Iterator[dict[str, object]]:
    return (
        {"event": None, "data": e.data, "id": e.id} if e.event == "message" else vars(Plain(e)) for e in decode(chunks)
    )


def as_tuples(chunks: Iterable[bytes]) -> list[tuple[str, str]]:
    return [(event.event, event.data) for event in decode(chunks)]


def with_sticky_ids(chunks: Iterable[bytes]) -> Iterator[tuple[str, str, str]]:
    return ((event.event, event.data, event.last_event_id) for event in decode(chunks))


def by_lines(chunks: Iterable[bytes]) -> list[tuple[str, str, str | None]]:
    decoder = LineDecoder()
    lines = [line for chunk in chunks for line in decoder.feed(chunk)]
    return [(event.event, event.data, event.id) for event in assemble(lines)]


async def produce_in_pieces(event: ServerSentEvent) -> AsyncIterator[str]:
    for line in encode(event).decode().splitlines(keepends=True):
        yield line


@pytest.mark.parametrize(
    "produce",
    [
        encode,
        lambda event: encode(event).decode(),
        lambda event: bytearray(encode(event)),
        lambda event: [encode(event)[:3], encode(event)[3:].decode("latin-1").encode("latin-1")],
        lambda event: map(bytes, [encode(event)[:3], encode(event)[3:]]),  # an iterator that has no close
        lambda event: {encode(event): None}.keys(),  # an iterable, but not an iterator
        at_once,
        produce_in_pieces,
    ],
)
def test_a_producer_may_give_its_bytes_in_any_form(produce: Callable[[ServerSentEvent], Any]) -> None:
    check_producer(produce, unsendable="refused", settings=DRAWN_ALONE)


def test_a_producer_may_return_nothing_for_an_unsendable_event() -> None:
    def produce(event: ServerSentEvent) -> bytes | None:
        try:
            return encode(event)
        except EncodeError:
            return None

    check_producer(produce, cases=[[ServerSentEvent("a"), ServerSentEvent("b", event="b\nc")]])
    with pytest.raises(NotConforming):
        check_producer(
            lambda event: None if event.data else encode(event),
            cases=[[ServerSentEvent("")] * 2 + [ServerSentEvent("a")]],
        )


# The options.


@pytest.mark.parametrize(("role", "check"), [("consumer", check_consumer), ("producer", check_producer)])
def test_the_annotations_list_the_choices_of_each_option(role: str, check: Callable[..., None]) -> None:
    """Where the program is checked, they come from a table, which needs no Hypothesis."""
    hints = get_type_hints(check)
    assert {option: get_args(hints[option]) for option in CHOICES[role]} == CHOICES[role]


def test_ids_own_or_sticky() -> None:
    def own(chunks: Any) -> Iterator[tuple[str, str, str | None]]:
        return ((event.event, event.data, event.id) for event in decode(chunks))

    check_consumer(own, ids="own", settings=FEW)
    check_consumer(with_sticky_ids, ids="sticky", settings=FEW)
    for consume, ids in ((own, "sticky"), (with_sticky_ids, "own")):
        assert found_by(check_consumer, consume, ids=ids, settings=DEFAULT).rule in {
            "id",
            "events",
            "event-without-data",
        }


def test_retries_own_or_sticky() -> None:
    def sticky(chunks: Iterable[bytes]) -> Iterator[tuple[str, str, str | None, int | None]]:
        decoder = Decoder()
        for part in cut_after_lines(chunks):
            for event in decoder.feed(part):
                yield event.event, event.data, event.id, decoder.reconnection_time

    check_consumer(sticky, retries="sticky", settings=FEW)
    check_consumer(decode, retries="own", settings=FEW)
    assert found_by(check_consumer, sticky, retries="own", settings=DEFAULT).got is not None
    assert found_by(check_consumer, decode, retries="sticky", settings=DEFAULT).got is not None


def test_a_block_that_the_end_cuts_off_may_be_dispatched() -> None:
    def dispatching(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
        return decode(chunks, on_eof="dispatch")

    check_consumer(dispatching, on_eof="dispatch", settings=FEW)
    check_consumer(dispatching, without={"unfinished-block"}, settings=DRAWN_ALONE)
    assert found_by(check_consumer, decode, on_eof="dispatch", settings=DEFAULT).rule == "unfinished-block"


def test_comments_may_be_kept() -> None:
    def with_comments(chunks: Iterable[bytes]) -> Iterator[object]:
        lines = LineDecoder()
        decoder = Decoder()
        for part in cut_after_lines(chunks):
            yield from (line for line in lines.feed(part) if isinstance(line, Comment))
            yield from decoder.feed(part)

    def raw(chunks: Iterable[bytes]) -> Iterator[object]:
        for item in with_comments(chunks):
            yield {"comment": " " + item.text} if isinstance(item, Comment) else item

    check_consumer(with_comments, comments="kept", settings=FEW)
    check_consumer(raw, comments="kept raw", settings=DRAWN_ALONE)
    assert found_by(check_consumer, with_comments, settings=DEFAULT).rule == "comment"
    assert found_by(check_consumer, decode, comments="kept", settings=DEFAULT).rule == "comment"


def test_a_consumer_of_text() -> None:
    def consume(chunks: Iterable[str]) -> Iterator[ServerSentEvent]:
        return decode(chunk.encode() for chunk in chunks)

    check_consumer(consume, text=True, settings=FEW)
    failure = found_by(check_consumer, consume, settings=DEFAULT)
    assert isinstance(failure.__cause__, AttributeError)
    assert failure.got is None
    assert "(then it raised AttributeError" in str(failure)


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(rule.name, marks=[pytest.mark.thorough] if number % 6 else [])  # they take long
        for number, rule in enumerate(CONSUMER_RULES)
    ],
)
def test_no_stream_that_touches_an_excluded_rule_is_drawn(rule: str) -> None:
    touched_by = next(each.touched_by for each in CONSUMER_RULES if each.name == rule)

    def consume(chunks: Iterable[bytes]) -> list[ReceivedEvent]:
        taken = list(chunks)
        assert rule == "data" or not touched_by(Stream(taken))
        return whole(taken)

    check_consumer(consume, without={rule}, settings=DRAWN_ALONE)


@pytest.mark.parametrize("rule", [rule.name for rule in PRODUCER_RULES])
def test_no_event_that_touches_an_excluded_rule_is_drawn(rule: str) -> None:
    touched_by = next(each.touched_by for each in PRODUCER_RULES if each.name == rule)

    def produce(event: ServerSentEvent) -> bytes:
        assert rule == "data" or not touched_by([event])
        return encode(event)

    check_producer(produce, without={rule}, settings=DRAWN_ALONE)


def test_one_known_gap_does_not_hide_the_next() -> None:
    class Both(faulty_consumers.KeepsBOM, faulty_consumers.FoldsCase):
        pass

    def consume(chunks: Iterable[bytes]) -> Iterator[faulty_consumers.Event]:
        return Both().consume(chunks)

    rules = {
        found_by(check_consumer, consume, without={known}, settings=DEFAULT).rule
        for known in ("leading-bom", "unknown-field")
    }
    assert rules == {"leading-bom", "unknown-field"}
    check_consumer(consume, without={"leading-bom", "unknown-field"}, settings=FEW)


def test_promptness_can_be_left_out() -> None:
    late = faulty_consumers.FlushesAtTheEnd
    check_consumer(lambda chunks: late().consume(chunks), without={"promptness"}, settings=FEW)
    waiting = faulty_consumers.WaitsForTheLFOfACR
    check_consumer(lambda chunks: waiting().consume(chunks), without={"promptness-cr"}, settings=FEW)


def test_unsendable_events() -> None:
    stripping = faulty_producers.StripsLineEnds().produce
    check_producer(stripping, unsendable="contained", settings=FEW)
    failure = found_by(check_producer, stripping, unsendable="refused", settings=DEFAULT)
    assert failure.rule in {"line-end-in-event", "line-end-in-id", "id-with-null", "empty-event"}
    assert "should have refused" in str(failure)
    check_producer(faulty_producers.InjectsThroughTheId().produce, unsendable="untested", settings=DRAWN_ALONE)
    unsafe = {"line-end-in-event", "line-end-in-id", "id-with-null", "empty-event", "surrogate", "negative-retry"}
    check_producer(faulty_producers.InjectsThroughTheId().produce, without=unsafe, settings=FEW)


@pytest.mark.parametrize("check", [check_consumer, check_producer])
def test_options_are_checked(check: Callable[..., None]) -> None:
    with pytest.raises(ValueError, match=r"no rule is named 'boom'; the rules are .*\blong\b"):
        check(encode, without={"boom"})
    with pytest.raises(TypeError, match=re.escape("such as {'retry'}, not a str")):
        check(encode, without="retry")
    option = "ids" if check is check_consumer else "unsendable"
    with pytest.raises(ValueError, match=f"{option} must be one of .*, not 'x'"):
        check(encode, **{option: "x"})


def test_items_that_are_not_events_are_a_mistake_of_the_test() -> None:
    def consume(chunks: Iterable[bytes]) -> list[object]:
        return [object() for _ in decode(chunks)]

    with pytest.raises(TypeError, match="an event needs data and event, but this object has no data"):
        check_consumer(consume)


def test_a_producer_that_remembers_still_gets_a_report() -> None:
    class OnlyOnce:
        """Fails the first time that it sees a U+0085, and never again, so the failure can't be shrunk."""

        done = False

        def produce(self, event: ServerSentEvent) -> bytes:
            if "\x85" in event.data and not self.done:
                self.done = True
                return b""
            return encode(event)

    failure = found_by(check_producer, OnlyOnce().produce, settings=DEFAULT)
    assert any("\x85" in event.data for event in failure.case)


def test_the_text_of_a_report() -> None:
    failure = found_by(
        check_consumer,
        lambda chunks: faulty_consumers.KeepsBOM().consume(chunks),
        without={"cut", "bare-cr", "crlf", "unfinished-block"},
        settings=DEFAULT,
    )
    assert str(failure) == (
        "the consumer reads the stream wrongly\n\n"
        "the stream, 12 bytes in chunks:\n"
        r"    b'\xef\xbb\xbfdata: a\n\n'"
        "\n\nwhat should come out:\n"
        "    event 'message', data 'a'\n"
        "\nwhat came out:\n"
        "    (none)\n"
        "\nrule: leading-bom (the stream starts with a byte order mark)\n"
        'WHATWG HTML 9.2.6: "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any."\n'
        "\n"
        'To skip this rule and look for others: without={"leading-bom"}\n'
        r"To try this case alone: cases=[[b'\xef\xbb\xbfdata: a\n\n']]"
    )


def came_out(consume: Callable[..., Any], stream: list[bytes], **options: Any) -> str:
    """Return the part of a report below its stream."""
    with pytest.raises(NotConforming) as caught:
        check_consumer(consume, cases=[stream], **options)
    return caught.value.report.partition("what should come out:\n")[2].partition("\nrule: ")[0]


def test_a_report_shows_where_long_values_differ() -> None:
    """Both are cut off before that."""

    def change(chunks: Iterable[bytes]) -> Iterator[tuple[str, str, str]]:
        for event in whole(chunks):
            id = event.last_event_id
            yield event.event.removesuffix("x"), event.data.removesuffix("x").replace("\xe9", "y"), id and f"{id}2"

    long = b"x" * 2000
    blocks = [b"event: %b\ndata: z\ndata: %b\n\n" % (long, long), b"data: a\n\n", b"id: %b\ndata: %b\xc3\xa9\n\n"]
    report = came_out(change, [b"".join(blocks) % (long, long)])
    assert report.partition("where they differ:\n")[2].splitlines() == [
        "    event 1, event: 1,999 characters instead of 2,000; from 1,989 on 'xxxxxxxxxx' instead of 'xxxxxxxxxxx'",
        "    event 1, data: 2,001 characters instead of 2,002; from 1,991 on 'xxxxxxxxxx' instead of 'xxxxxxxxxxx'",
        "    event 3, data: 2,001 characters; from 1,990 on 'xxxxxxxxxxy' instead of 'xxxxxxxxxx\\xe9'",
        "    event 3, id: 2,001 characters instead of 2,000; from 1,990 on 'xxxxxxxxxx2' instead of 'xxxxxxxxxx'",
    ]
    comments = came_out(lambda _: [Comment("x" * 500)], [b": " + long + b"\n"], comments="kept")
    assert "    comment 1, data: 500 characters instead of 2,000; from 490 on" in comments
    assert "where" not in came_out(lambda _: [("message", "x")], [b"data: y\n\n"])
    assert "where" not in came_out(lambda _: [("message", 7)], [b"data: y\n\n"])
    wrong = ServerSentEvent("a" * 500 + "b")
    with pytest.raises(NotConforming) as caught:
        check_producer(lambda event: encode(event.replace(data=event.data[:-1])), cases=[[wrong]])
    assert caught.value.report.partition("where they differ:\n")[2].startswith(
        "    event 1, data: 500 characters instead of 501; from 490 on 'aaaaaaaaaa' instead of 'aaaaaaaaaab'\n"
    )


def test_a_report_shows_only_the_fields_that_are_compared() -> None:
    stream = [b"id: 1\nretry: 7\ndata: a\n\ndata: b\n\n"]

    def wrong(*fields: object) -> Callable[..., Any]:
        return lambda chunks: [("message", "wrong", *fields) for _ in whole(chunks)]

    def expected(consume: Callable[..., Any], **options: Any) -> list[str]:
        report, _, got = came_out(consume, stream, **options).partition("\n\nwhat came out:\n")
        assert "None" not in got
        assert "''" not in got
        return [line.strip() for line in report.splitlines()]

    assert expected(wrong()) == ["event 'message', data 'a'", "event 'message', data 'b'"]
    assert expected(wrong(None, None)) == [
        "event 'message', data 'a', id '1' (last event ID '1'), retry 7",
        "event 'message', data 'b', id None (last event ID '1'), retry None (reconnection time 7)",
    ]
    assert expected(wrong("", None), ids="own", retries="own") == [
        "event 'message', data 'a', id '1', retry 7",
        "event 'message', data 'b'",
    ]
    assert expected(wrong("", None), ids="sticky", retries="sticky") == [
        "event 'message', data 'a', id '1', retry 7",
        "event 'message', data 'b', id '1', retry 7",
    ]
    assert expected(wrong(None, None), without={"id", "retry", "event"}) == ["data 'a'", "data 'b'"]
    both = {"data": "wrong", "event": "message", "id": None, "last_event_id": ""}
    assert expected(lambda _: [both], ids="own") == [
        "event 'message', data 'a', id '1', last_event_id '1'",
        "event 'message', data 'b', last_event_id '1'",
    ]
    assert expected(lambda _: [both]) == [
        "event 'message', data 'a', id '1' (last event ID '1')",
        "event 'message', data 'b', id None (last event ID '1')",
    ]
    nothing = came_out(lambda _: [], stream, ids="own").splitlines()
    assert nothing[0].strip() == "event 'message', data 'a', id '1', retry 7", "all that would be compared"


def test_a_report_says_that_the_stream_is_empty() -> None:
    with pytest.raises(NotConforming) as caught:
        check_consumer(lambda chunks: [("message", chunks.all()[0])], cases=[[]])
    assert caught.value.report.startswith(
        "the consumer raised (the stream is empty)\n\nthe stream, 0 bytes in chunks:\n"
    )
    assert "\nrule: data (a data field, or an empty stream)\n" in caught.value.report


def test_a_mistake_is_raised_when_it_is_first_met() -> None:
    """It is not tried again, because that might take long or not raise."""

    class OnlyOnce:
        done = False

        def consume(self, chunks: Iterable[bytes]) -> list[object]:
            events: list[object] = [*whole(chunks)]
            if events and not self.done:
                self.done = True
                return [object()]
            return events

    with pytest.raises(TypeError, match="this object has no data"):
        check_consumer(OnlyOnce().consume, settings=DRAWN)


def test_an_event_does_not_count_as_a_comment() -> None:
    def consume(chunks: Iterable[bytes]) -> Iterator[tuple[str, str]]:
        """Yield each comment in its place, but as an event."""
        lines, decoder = LineDecoder(), Decoder()
        for part in cut_after_lines(chunks):
            yield from (("message", line.text) for line in lines.feed(part) if isinstance(line, Comment))
            yield from ((event.event, event.data) for event in decoder.feed(part))

    failure = found_by(check_consumer, consume, comments="kept", settings=DEFAULT)
    assert failure.rule == "comment"
    assert failure.got is not None
    assert [item.kind for item in failure.got] == ["event", "event"], "the right number of items, of a wrong kind"


def test_a_producer_that_sends_only_one_line_of_data() -> None:
    one_line = faulty_producers.KnowsOneLine().produce
    check_producer(one_line, without={"newline", "last-newline", "cr-in-data"}, settings=FEW)


def test_no_case_touches_the_rules_about_behaviour() -> None:
    assert not PROMPTNESS.touched_by(Stream([b"data: a\n\n"]))
    assert not PROMPTNESS_CR.touched_by(Stream([b"data: a\r\r"]))
    assert not BLANK_LINE.touched_by([ServerSentEvent("")])


def test_a_consumer_may_stop_before_the_end() -> None:
    def consume(chunks: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        taken = list(chunks)
        return iter(whole(taken))

    def nothing(chunks: Iterable[bytes]) -> list[ServerSentEvent]:
        return []

    check_consumer(consume, settings=DRAWN_ALONE)
    assert found_by(check_consumer, nothing, settings=DEFAULT).rule == "data"


def test_half_a_character_after_a_CR_does_not_end_the_wait_for_LF() -> None:
    """A consumer that waits for the LF of a CR, and decodes first, has not seen the next character yet."""
    options = _Options(frozenset({"promptness-cr"}), "either", "either", "discard", "dropped", text=False)
    waiting = _Law(lambda chunks: faulty_consumers.WaitsForTheLFOfACR().consume(chunks), options)
    waiting([b"data: a\r\r\xef", b"\xbb\xbfdata: a\r"])
    late = _Law(lambda chunks: faulty_consumers.FlushesAtTheEnd().consume(chunks), options)
    with pytest.raises(NotConforming) as caught:
        late([b"data: a\r\ra", b"b"])
    assert caught.value.rule == "promptness"


def test_a_report_does_not_advise_to_exclude_a_rule_that_can_not_be() -> None:
    failure = found_by(check_producer, faulty_producers.EndsWithoutABlankLine().produce, settings=DEFAULT)
    assert failure.rule == "missing-blank-line"
    assert "without=" not in str(failure)


EACH = Worker().each


def no_case_conforms(case: int) -> None:
    raise NotConforming(CONSUMER_RULES[0], str(case), "", case=[case], wire=b"", expected=[], got=[])


def unshrunk(case: int, failure: NotConforming, law: Callable[[int], None]) -> NotConforming:
    return failure


def test_a_failure_says_how_many_examples_were_drawn() -> None:
    """Every case that can be drawn fails, so nothing depends on luck."""

    with pytest.raises(NotConforming) as caught:
        search([], st.just([7]), no_case_conforms, settings(DRAWN, max_examples=5), each=EACH, shrink=unshrunk)
    assert (caught.value.case, caught.value.examples) == ([7], 1)


def test_an_error_that_is_raised_only_once_is_flaky() -> None:
    raised: list[int] = []

    def law(case: int) -> None:
        if not raised:
            raised.append(case)
            raise LookupError(case)

    with pytest.raises(Flaky):
        search([], st.just([7]), law, settings(DRAWN, max_examples=5), each=EACH, shrink=unshrunk)
    assert raised == [7]


def test_a_failure_is_shrunk_unless_that_phase_is_left_out() -> None:
    def shrink(case: int, failure: NotConforming, law: Callable[[int], None]) -> NotConforming:
        with pytest.raises(NotConforming) as smaller:
            law(case - 1)
        return smaller.value

    for phases, found in (([Phase.explicit], 7), ([Phase.explicit, Phase.shrink], 6)):
        with pytest.raises(NotConforming) as caught:
            search([7], st.just([8]), no_case_conforms, settings(phases=phases), each=EACH, shrink=shrink)
        assert (caught.value.case, caught.value.examples) == ([found], 0)
    # Nothing is known or drawn.
    search([], st.just([8]), no_case_conforms, settings(phases=[Phase.explicit]), each=EACH, shrink=shrink)


def test_a_long_section_of_a_report_is_cut() -> None:
    lines = section("a title", [str(number) for number in range(20)]).split("\n")
    assert (lines[0], lines[1], len(lines)) == ("a title:", "    0", 15)
    assert lines[-2] == "    ... and 8 more"


def test_a_consumer_that_takes_all_chunks_together() -> None:
    """Consumers in other processes do so: each event says with which chunk it came."""

    def whole_at_once(chunks: Any) -> Iterator[dict[str, object]]:
        decoder = Decoder()
        for number, chunk in enumerate(chunks.all()):
            for event in decoder.feed(chunk):
                yield {"data": event.data, "event": event.event, "id": event.id, "chunk": number}

    def late(chunks: Any) -> Iterator[dict[str, object]]:
        for item in whole_at_once(chunks):
            yield {**item, "chunk": len(chunks.all())}

    def silent(chunks: Any) -> Iterator[dict[str, object]]:
        for item in late(chunks):
            yield {**item, "chunk": None}

    check_consumer(whole_at_once, settings=FEW)
    check_consumer(silent, settings=DRAWN_ALONE)
    assert found_by(check_consumer, late, settings=DEFAULT).rule == "promptness"


def test_a_consumer_may_have_a_largest_reconnection_time() -> None:
    def consume(chunks: Iterable[bytes]) -> Iterator[tuple[str, str, str | None, int | None]]:
        for event in decode(chunks):
            yield event.event, event.data, event.id, None if event.retry is None else min(event.retry, 2**53 - 1)

    check_consumer(consume, max_retry=2**53 - 1, settings=FEW)
    options = _Options(frozenset(), "own", "own", "discard", "dropped", text=False)
    too_long = [f"retry: {2**53}\ndata: a\n\n".encode()]
    _Law(consume, options._replace(max_retry=2**53 - 1))(too_long)
    with pytest.raises(NotConforming):
        _Law(consume, options)(too_long)


def test_a_producer_may_have_a_largest_reconnection_time() -> None:
    def produce(event: ServerSentEvent) -> bytes:
        return encode(event.replace(retry=event.retry and event.retry % 2**31))

    check_producer(produce, max_retry=2**31 - 1, settings=FEW)
    assert found_by(check_producer, produce, settings=DEFAULT).rule == "retry"


@pytest.mark.parametrize("check", [check_consumer, check_producer])
def test_a_seed_draws_the_same(check: Callable[..., None]) -> None:
    def drawn(seed: int) -> list[object]:
        seen: list[object] = []

        def consume(chunks: Any) -> Iterator[ReceivedEvent]:
            seen.append(chunks.all())
            return decode(chunks)

        def produce(event: ServerSentEvent) -> bytes:
            seen.append(event)
            return encode(event)

        settings_ = settings(max_examples=5, phases=[Phase.generate])
        check(consume if check is check_consumer else produce, seed=seed, settings=settings_)
        return seen

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_a_shape_adds_no_cut_that_is_excluded() -> None:
    seen: list[list[str]] = []

    def consume(chunks: Any) -> Iterator[ReceivedEvent]:
        seen.append([chunk.decode() for chunk in chunks.all()])
        return decode(chunks)

    options = _Options(frozenset({"cut-utf-8"}), "either", "either", "discard", "dropped", text=False)
    law = _Law(consume, options._replace(shape=Shape(json=True)))
    text = "data: aaaaaaaaaaaa" + "é" * 20 + "\n\n"
    cuts = range(1, len(text))
    for cut in cuts:
        law([text[:cut].encode(), text[cut:].encode()])
    assert 0 < len(seen) < len(cuts), "the other cuts would be inside a character"
