"""How `check_consumer` runs a consumer: async, in threads, with a time limit; and which consumers are late."""

from __future__ import annotations

import asyncio
import inspect
import json
import queue
import sys
import threading
import types
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st

from sse_codec import Comment, Decoder, LineDecoder, ReceivedEvent, ServerSentEvent, adecode, decode, encode
from sse_codec.testing import NotConforming, check_consumer, check_producer
from sse_codec.testing._chunks import Chunks
from sse_codec.testing._worker import Stop, current_task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator

pytestmark = pytest.mark.usefixtures("no_thread_is_left")

#: A few drawn streams, without the fixed cases.
FEW = settings(max_examples=10, phases=[Phase.generate])
#: Streams that show everything that is tested here.
SOME = [
    [b"data: a\n\n"],
    [b"id: 1\nevent: b\ndata: a\n\n", b"retry: 7\ndata: b\n", b"\n", b"data: c\n\n"],
    [b"data: a\r", b"\n\r", b"\ndata: b\r\r", b"\ndata: c\n\n"],
    [b"data: a\n\n", b"data: b\n\n", b"data: c\n\n"],
    [b"data: a\n\ndata: cut"],
]


# Reading ahead.


def ahead_in_a_thread(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """Keeps reading while events wait in a queue."""
    events: queue.SimpleQueue[ServerSentEvent | None] = queue.SimpleQueue()

    def read() -> None:
        for event in decode(chunks):
            events.put(event)
        events.put(None)

    thread = threading.Thread(target=read)
    thread.start()
    while (event := events.get()) is not None:
        yield event
    thread.join()


async def ahead_in_a_task(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
    events: asyncio.Queue[ServerSentEvent | None] = asyncio.Queue()

    async def read() -> None:
        async for event in adecode(chunks):
            events.put_nowait(event)
        events.put_nowait(None)

    task = asyncio.ensure_future(read())
    while (event := await events.get()) is not None:
        yield event
    await task


async def ahead_of_decoding(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
    """Asks for the next chunk before it decodes this one."""
    decoder = Decoder()
    coming = asyncio.ensure_future(anext(chunks, None))
    while (chunk := await coming) is not None:
        coming = asyncio.ensure_future(anext(chunks, None))
        for event in decoder.feed(chunk):
            yield event


@pytest.mark.parametrize("consume", [ahead_in_a_thread, ahead_in_a_task, ahead_of_decoding])
def test_a_consumer_that_reads_ahead_is_not_late(consume: Any) -> None:
    check_consumer(consume, settings=FEW)
    check_consumer(consume, cases=SOME)
    check_consumer(consume, cases=SOME, without={"promptness-cr"})


def held_back(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each chunk only when the next has come."""
    held = b""
    for chunk in chunks:
        yield held
        held = chunk
    yield held


def late_in_a_thread(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    return ahead_in_a_thread(held_back(chunks))


async def late_in_a_task(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
    async def held_back() -> AsyncIterator[bytes]:
        held = b""
        async for chunk in chunks:
            yield held
            held = chunk
        yield held

    async for event in ahead_in_a_task(held_back()):
        yield event


@pytest.mark.parametrize("consume", [late_in_a_thread, late_in_a_task])
def test_a_late_consumer_is_found_in_a_thread_or_task_too(consume: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_codec.testing._consumer._MUCH_PATIENCE", 0.3)  # nothing comes, however long it waits
    with pytest.raises(NotConforming) as caught:
        check_consumer(consume, cases=SOME)
    assert caught.value.rule == "promptness"
    check_consumer(consume, cases=SOME, without={"promptness"})


def test_a_consumer_that_reads_all_first_is_never_late() -> None:
    def in_a_thread(chunks: Iterable[bytes]) -> list[ServerSentEvent]:
        return [*ahead_in_a_thread(chunks)]

    async def in_a_coroutine(chunks: AsyncIterator[bytes]) -> list[ServerSentEvent]:
        return [event async for event in ahead_in_a_task(chunks)]

    def on_a_loop_of_its_own(chunks: AsyncIterator[bytes]) -> list[ServerSentEvent]:
        return asyncio.run(in_a_coroutine(chunks))

    for consume in (in_a_thread, in_a_coroutine, on_a_loop_of_its_own):
        check_consumer(consume, cases=SOME)


def test_chunks_of_one_kind_of_iteration() -> None:
    """HTTP clients look at the methods of a body: `httpx.Response(content=...)` treats one with `__iter__` as sync."""

    def sync(chunks: Any) -> Iterator[ServerSentEvent]:
        assert not hasattr(iter(chunks), "__aiter__")
        return decode(iter(iter(chunks)))

    def asynchronous(chunks: Any) -> AsyncIterator[ServerSentEvent]:
        assert not hasattr(aiter(chunks), "__iter__")
        return adecode(aiter(aiter(chunks)))

    check_consumer(sync, cases=SOME)
    check_consumer(asynchronous, cases=SOME)


def test_chunks_one_by_one() -> None:
    def sync(chunks: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        decoder = Decoder()
        while (chunk := next(chunks, None)) is not None:
            yield from decoder.feed(chunk)

    check_consumer(sync, cases=SOME)


def test_a_late_consumer_is_tried_again_with_more_patience() -> None:
    """The machine may have been busy."""
    calls: list[object] = []

    def consume(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
        calls.append(chunks)
        return (late_in_a_thread if len(calls) == 1 else ahead_in_a_thread)(chunks)

    check_consumer(consume, cases=SOME[3:4])
    assert len(calls) == 2


def test_a_consumer_that_asks_after_the_check_is_stopped() -> None:
    chunks = Chunks([b"a", b"b"], [0, 1], patience=60)
    chunks.stop()
    with pytest.raises(Stop):
        next(chunks)
    with pytest.raises(Stop):
        asyncio.run(anext(aiter(chunks)))  # type: ignore[arg-type]  # any awaitable of an iterator is a coroutine here


def test_an_async_iterator_need_not_have_a_close() -> None:
    class Bare:
        def __init__(self, chunks: AsyncIterator[bytes]) -> None:
            self.events = adecode(chunks)

        def __aiter__(self) -> Bare:
            return self

        async def __anext__(self) -> ServerSentEvent:
            return await anext(self.events)

    check_consumer(Bare, cases=SOME)


# Consumers that do not end.


def let_the_check_end() -> None:
    """Wait for the thread of a check. It has been stopped, but may end late on a busy machine."""
    for thread in threading.enumerate():
        if thread.name == "sse-codec check":
            thread.join(10)


def test_a_consumer_that_hangs_is_reported() -> None:
    stopped: list[BaseException] = []
    over = threading.Event()

    def consume(chunks: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        yield from decode([next(chunks)])
        try:
            while not over.is_set():
                pass
        except BaseException as stop:
            stopped.append(stop)
            raise

    with pytest.raises(NotConforming, match=r"the consumer hangs: it stopped asking .* within 0\.3 seconds") as caught:
        check_consumer(consume, timeout=0.3, cases=SOME[1:])
    can_be_ended = sys.version_info >= (3, 12) or sys.gettrace() is None
    if can_be_ended:
        let_the_check_end()
    over.set()
    assert caught.value.got is not None
    assert len(stopped) == can_be_ended, "the check stopped it"


def test_an_async_consumer_that_hangs_is_cancelled() -> None:
    cancelled: list[bool] = []

    async def consume(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        try:
            async for event in adecode(chunks):
                yield event
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    with pytest.raises(NotConforming, match=r"did not stop at the end of the stream within 0\.3 seconds"):
        check_consumer(consume, timeout=0.3)
    let_the_check_end()
    assert cancelled == [True]


def test_a_consumer_that_asks_for_chunks_for_ever() -> None:
    def consume(chunks: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        while True:  # never looks for the end
            yield from decode([next(chunks, b"")])

    with pytest.raises(NotConforming, match="did not stop at the end of the stream, and kept asking for more chunks"):
        check_consumer(consume)


def test_a_consumer_of_endless_events() -> None:
    def consume(chunks: Iterable[bytes]) -> Iterator[tuple[str, str]]:
        for event in decode(chunks):
            while True:
                yield event.event, event.data

    async def aconsume(chunks: Iterable[bytes]) -> AsyncIterator[tuple[str, str]]:
        for item in consume(chunks):
            yield item

    for each in (consume, aconsume):
        with pytest.raises(NotConforming, match="returned more items than the stream has lines"):
            check_consumer(each)


def test_without_a_limit_it_runs_in_the_thread_of_the_caller() -> None:
    threads: set[int] = set()

    def consume(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
        threads.add(threading.get_ident())
        return decode(chunks)

    def produce(event: ServerSentEvent) -> bytes:
        threads.add(threading.get_ident())
        return encode(event)

    check_consumer(consume, timeout=None, cases=SOME)
    check_consumer(adecode, timeout=None, cases=SOME)
    check_producer(produce, timeout=None, cases=[[ServerSentEvent("a")]])
    assert threads == {threading.get_ident()}
    check_consumer(consume, cases=SOME)
    assert len(threads) == 2


def test_exceptions_that_are_not_findings_are_raised() -> None:
    def consume(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        check_consumer(consume)


# Inside an event loop.


def test_inside_an_event_loop() -> None:
    async def produce(event: ServerSentEvent) -> bytes:
        await asyncio.sleep(0)
        return encode(event)

    async def test() -> None:
        for timeout in (30.0, None):
            check_consumer(adecode, cases=SOME, timeout=timeout)
            check_consumer(decode, cases=SOME, timeout=timeout)
            check_producer(produce, cases=[[ServerSentEvent("a")]], timeout=timeout)
        await asyncio.sleep(0)

    asyncio.run(test())


def test_the_loop_lives_as_long_as_the_check() -> None:
    """A client that is made once, and its tasks, work for every stream; the check ends them when it ends."""
    loops: set[asyncio.AbstractEventLoop] = set()
    tasks: list[asyncio.Task[None]] = []

    async def consume(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        loops.add(asyncio.get_running_loop())
        if not tasks:
            tasks.append(asyncio.ensure_future(asyncio.sleep(1000)))
        assert not tasks[0].done()
        async for event in adecode(chunks):
            yield event

    check_consumer(consume, cases=SOME)
    assert len(loops) == 1
    assert tasks[0].cancelled()
    assert loops.pop().is_closed()


def test_another_way_to_run_async_code() -> None:
    def run(function: Any) -> Any:
        return asyncio.run(function())

    async def late(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        held: list[ReceivedEvent] = []
        async for chunk in chunks:
            for event in held:
                yield event
            held = Decoder().feed(chunk)
        for event in held:
            yield event

    async def produce(event: ServerSentEvent) -> AsyncIterator[bytes]:
        yield encode(event)

    check_consumer(adecode, run=run, cases=SOME)
    check_producer(produce, run=run, cases=[[ServerSentEvent("a")]])
    with pytest.raises(NotConforming) as caught:
        check_consumer(late, run=run, cases=SOME[3:])
    assert caught.value.rule == "promptness"


@types.coroutine
def turn(_: float = 0) -> Generator[None, None, None]:
    """Let the other tasks run once."""
    yield


class AnotherLoop:
    """An event loop other than asyncio's, with the functions of Trio that the checks use."""

    def __init__(self) -> None:
        self.current: Coroutine[Any, Any, Any] | None = None
        self.tasks: deque[Coroutine[Any, Any, Any]] = deque()
        self.slept: list[float] = []

    def run(self, function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        main = function()
        self.tasks.append(main)
        try:
            while True:
                self.current = self.tasks.popleft()
                try:
                    self.current.send(None)
                except StopIteration as end:
                    if self.current is main:
                        return end.value
                else:
                    self.tasks.append(self.current)
        finally:
            self.current = None
            while self.tasks:
                self.tasks.pop().close()

    def current_task(self) -> object:
        if self.current is None:
            raise RuntimeError("must be called from async context")
        return self.current

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await turn()


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> AnotherLoop:
    loop = AnotherLoop()
    lowlevel = types.SimpleNamespace(current_task=loop.current_task)
    monkeypatch.setitem(sys.modules, "trio", types.SimpleNamespace(lowlevel=lowlevel, sleep=loop.sleep))
    return loop


def test_a_loop_that_is_not_asyncio_s(another: AnotherLoop) -> None:
    async def ahead(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        events: deque[ServerSentEvent] = deque()

        async def read() -> None:
            async for event in adecode(chunks):
                events.append(event)

        reading = read()
        another.tasks.append(reading)
        while events or inspect.getcoroutinestate(reading) != inspect.CORO_CLOSED:
            if events:
                yield events.popleft()
            await turn()

    check_consumer(adecode, run=another.run, cases=SOME)
    assert not another.slept, "the task that asks for chunks also takes the events"
    check_consumer(ahead, run=another.run, cases=SOME)
    assert set(another.slept) == {0}, "it had to wait, but not for long"


def test_outside_a_loop_there_is_no_task(another: AnotherLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert current_task() is None
    another.run(turn)
    assert current_task() is None
    monkeypatch.delitem(sys.modules, "trio")
    assert current_task() is None


@pytest.mark.parametrize("endless", [False, True])
def test_a_producer_on_a_loop_that_is_not_asyncio_s(another: AnotherLoop, endless: bool) -> None:
    closed: list[str] = []

    async def produce(event: ServerSentEvent) -> AsyncIterator[bytes]:
        try:
            yield encode(event)
            while endless:
                yield b": ping\n\n"
        finally:
            await turn()
            closed.append(event.data)

    class Bare:
        """Not a generator, so it has no `aclose`."""

        def __init__(self, event: ServerSentEvent) -> None:
            self.pieces = [encode(event)]

        def __aiter__(self) -> Bare:
            return self

        async def __anext__(self) -> bytes:
            if not self.pieces:
                raise StopAsyncIteration
            return self.pieces.pop()

    cases = [[ServerSentEvent("a"), ServerSentEvent("b")]]
    for tested in (produce, Bare):
        check_producer(tested, run=another.run, endless=endless, cases=cases)
    assert closed == ["a", "b"]


# Lines.


@pytest.mark.parametrize("text", [False, True])
def test_a_consumer_of_lines(text: bool) -> None:
    def decode_lines(lines: Iterable[Any]) -> Iterator[tuple[str, str, str]]:
        data: list[str] = []
        event = last_id = ""
        for given in lines:
            assert type(given) is (str if text else bytes)
            line = str(given, "utf-8", "replace") if isinstance(given, bytes) else str(given)
            assert not line.endswith(("\r", "\n"))
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "event":
                event = value
            elif name == "id" and "\0" not in value:
                last_id = value
            elif not line:
                if data:
                    yield event, "\n".join(data), last_id
                data, event = [], ""

    def late(lines: Iterable[Any]) -> Iterator[tuple[str, str, str]]:
        held: list[tuple[str, str, str]] = []
        for event in decode_lines(lines):
            yield from held
            held = [event]
        yield from held

    check_consumer(decode_lines, lines=True, text=text, ids="sticky", settings=FEW)
    check_consumer(decode_lines, lines=True, text=text, ids="sticky", cases=[*SOME, [b"\xef\xbb\xbfdata: a\r\n\r\n"]])
    with pytest.raises(NotConforming) as caught:
        check_consumer(late, lines=True, text=text, ids="sticky")
    assert caught.value.rule == "promptness"
    assert "asked for the next line before returning it" in str(caught.value)
    with pytest.raises(NotConforming) as caught:
        check_consumer(lambda lines: [], lines=True, text=text)
    assert "bytes, as lines:" in str(caught.value)


# Shapes.


def test_a_consumer_of_json() -> None:
    def parsed(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        for event in decode(chunks):
            yield {
                "data": json.loads(event.data),
                "event": event.event,
                "id": event.id,
                "last_event_id": event.last_event_id,
            }

    check_consumer(parsed, data="json", settings=settings(max_examples=10))
    check_consumer(decode, data="json", settings=FEW)
    with pytest.raises(NotConforming, match="the consumer raised"):
        check_consumer(parsed, cases=SOME)

    def wrong(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        for item in parsed(chunks):
            yield {**item, "data": {**item["data"], "more": 1}}

    def no_json(chunks: Iterable[bytes]) -> Iterator[tuple[str, str]]:
        return ((event.event, event.data[1:]) for event in decode(chunks))

    for consume in (wrong, no_json):
        with pytest.raises(NotConforming):
            check_consumer(consume, data="json")


def test_a_consumer_of_a_few_types_with_an_id() -> None:
    def strict(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
        for event in decode(chunks):
            if event.event not in {"add", "drop"} or not event.id or event.retry is None:
                raise ValueError(event)
            yield event

    excluded = {"empty-id", "id-with-null", "unfinished-block", "invalid-retry", "overwritten-field"}
    options = {"types": {"add", "drop"}, "required": {"id", "retry"}, "without": excluded}
    check_consumer(strict, settings=settings(max_examples=10), **options)  # type: ignore[arg-type]  # of several
    with pytest.raises(NotConforming, match="the consumer raised"):
        check_consumer(strict, types={"add", "drop"}, cases=SOME)


def test_required_types() -> None:
    def typed(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
        for event in decode(chunks):
            assert event.event != "message"
            yield event

    check_consumer(typed, required={"event"}, settings=FEW)


def test_payloads_of_a_strategy() -> None:
    seen: set[str] = set()

    def only_numbers(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
        for event in decode(chunks):
            seen.add(event.data)
            assert event.data.isdigit()
            yield event

    def produce(event: ServerSentEvent) -> bytes:
        assert event.data.isdigit()
        return encode(event)

    numbers = st.integers(0, 10**6).map(str)
    check_consumer(only_numbers, data=numbers, settings=FEW)
    check_producer(produce, data=numbers, unsendable="untested", settings=FEW)
    assert len(seen) > 10


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"data": "xml"}, ValueError, "data must be one of 'text', 'json'"),
        ({"types": "add"}, TypeError, "types takes a collection of names, such as {'add'}"),
        ({"types": []}, ValueError, "types must be at least one name"),
        ({"types": ["a\nb"]}, ValueError, "types must be at least one name"),
        ({"required": "id"}, TypeError, "required takes a collection"),
        ({"required": {"data"}}, ValueError, "required must be one of 'id', 'event', 'retry'"),
        ({"timeout": 0}, ValueError, "timeout must be more than 0, or None"),
        ({"max_event_size": 0}, ValueError, "max_event_size must be more than 0, or None"),
        ({"max_retry": -1}, ValueError, "max_retry must be at least 0, or None"),
    ],
)
def test_options_of_both_are_checked(options: dict[str, Any], error: type[Exception], says: str) -> None:
    for check in (check_consumer, check_producer):
        with pytest.raises(error, match=says):
            check(encode, **options)


# Limits, ends, and items that a consumer adds.


def test_a_consumer_that_ends_at_a_sentinel() -> None:
    def stops(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
        return decode(chunks, until="[DONE]")

    def gives_it_too(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
        for event in decode(chunks):
            yield event
            if event.data == "[DONE]":
                return

    done = [[b"data: a\n\ndata: [DONE]\n\ndata: b\n\n"], [b"data: [DONE]\n\n"]]
    for consume in (stops, gives_it_too):
        check_consumer(consume, until="[DONE]", cases=[*SOME, *done])
        check_consumer(consume, until="[DONE]", settings=FEW)
    with pytest.raises(NotConforming):
        check_consumer(gives_it_too, cases=done)
    with pytest.raises(NotConforming):
        check_consumer(decode, until="[DONE]", cases=done)


def test_a_consumer_with_a_limit_on_blocks() -> None:
    def consume(chunks: Iterable[bytes]) -> Iterator[ReceivedEvent]:
        return decode(chunks, max_event_size=1000)

    check_consumer(consume, max_event_size=900, settings=settings(max_examples=5))
    with pytest.raises(NotConforming) as caught:
        check_consumer(consume)
    assert caught.value.rule == "long"


def test_items_that_a_consumer_adds_are_ignored() -> None:
    def consume(chunks: Iterable[bytes]) -> Iterator[object]:
        yield "open"
        yield from decode(chunks)
        yield "closed"

    check_consumer(consume, ignore=lambda item: isinstance(item, str), cases=SOME)
    with pytest.raises(TypeError, match=r"an event needs data and event, but this str has no data: 'open'"):
        check_consumer(consume, cases=SOME)


def test_a_consumer_without_types() -> None:
    """With `without={"event"}`, its events need no type."""
    for consume in (
        lambda chunks: ({"data": event.data, "id": event.id} for event in decode(chunks)),
        lambda chunks: (event.data for event in decode(chunks)),
    ):
        check_consumer(consume, without={"event"}, settings=FEW)
        with pytest.raises(TypeError, match="an event needs data and event"):
            check_consumer(consume)
    with pytest.raises(TypeError, match=r'has no event: .* If your events have no types, pass without={"event"}'):
        check_consumer(lambda chunks: [{"data": event.data} for event in decode(chunks)])


def without_ids(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    return (event.replace(id=None) for event in decode(chunks))


def test_a_consumer_without_ids() -> None:
    """With `without={"id"}`, its events may have any id."""
    ids = [[b"id: 1\ndata: a\n\n"]]
    with pytest.raises(NotConforming):
        check_consumer(without_ids, cases=ids)
    check_consumer(without_ids, without={"id"}, cases=ids)


# Mistakes of the test.


@pytest.mark.parametrize(
    ("consume", "says"),
    [
        (lambda chunks: None, "the consumer returned None instead of events"),
        (lambda chunks: 3, "the consumer returned 3 instead of events"),
        (lambda chunks: [("message", b"a")], r"an event's data must be str, but b'a' is bytes. Decode it as UTF-8"),
        (lambda chunks: [(b"message", "a")], r"an event's event must be str"),
        (lambda chunks: [("message",)], r"an event tuple is \(type, data\), .* or \(type, data, id, retry\), not"),
        (lambda chunks: [None], "this NoneType has no data"),
        (lambda: (), r"calls it with one argument, the chunks, but <lambda>\(\) does not accept that"),
        (7, "takes a callable, not int"),
    ],
)
def test_arguments_that_are_not_consumers(consume: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        check_consumer(consume)


async def returns_none(chunks: object) -> None:
    """Return None, as a coroutine function may."""


def test_a_coroutine_that_returns_None() -> None:
    with pytest.raises(TypeError, match="the consumer returned None"):
        check_consumer(returns_none)


@pytest.mark.parametrize(
    ("produce", "says"),
    [
        (lambda event: None, "the producer returned None instead of bytes, str or an iterable of either"),
        (lambda event: {"data": "a"}, "the producer gave {'data': 'a'} instead of bytes"),
        (lambda event: [1], "the producer gave 1 instead of bytes"),
        (lambda: b"", r"calls it with one argument, an event, but <lambda>\(\) does not accept that"),
        (b"data: a\n\n", "takes a callable, not bytes"),
    ],
)
def test_arguments_that_are_not_producers(produce: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        check_producer(produce)


def test_a_callable_without_a_signature_is_called() -> None:
    with pytest.raises(NotConforming):
        check_consumer(dict)


def test_a_comment_does_not_count_as_an_event() -> None:
    def consume(chunks: Iterable[bytes]) -> Iterator[object]:
        lines, decoder = LineDecoder(), Decoder()
        for chunk in chunks:
            yield from (line for line in lines.feed(chunk) if isinstance(line, Comment))
            yield from decoder.feed(chunk)

    check_consumer(consume, comments="kept", cases=[[b": a\n", b"data: a\n\n", b": b\n"]])
