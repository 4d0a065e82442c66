"""Channel: tested against a model with a state machine, and case by case."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import threading
import typing
from contextlib import aclosing, closing
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from sse_codec import Block, Decoder, EncodeError, ServerSentEvent, encode
from sse_codec.resume import EventHistory
from sse_codec.serving import AsyncListener, Channel, Listener, _channel, end_streams
from tests.test_serving import PATIENCE, PING, SHORT, run, settle

HISTORY = 4
BACKLOG = 3


class Model:
    """What a listener should be sent."""

    def __init__(self, listener: Listener | AsyncListener, first: list[ServerSentEvent], id: str) -> None:
        self.listener = listener
        #: The events of its first chunk, until it has read that; and its last event ID afterwards.
        self.first: list[ServerSentEvent] | None = first
        self.first_id = id
        #: Events published since, which it has not read.
        self.behind: list[ServerSentEvent] = []
        #: Its stream has ended, or it has left.
        self.ended = False
        #: Whether the channel counts it: it came before the channel was closed.
        self.counts = True
        self.decoder = Decoder()
        #: The task that waits for its next chunk.
        self.waiting: asyncio.Task[bytes | None] | None = None


class ChannelMachine(RuleBasedStateMachine):
    """Sync and async listeners come, read, wait, leave, fall behind and come back."""

    listeners = Bundle("listeners")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.channel = Channel(history=EventHistory(max_events=HISTORY), backlog=BACKLOG, keep_alive=None)
        self.published: list[ServerSentEvent] = []
        self.models: list[Model] = []
        self.closed = False
        start = Decoder()
        with closing(self.channel.stream()) as listener:
            start.feed(next(listener))
        self.start = start.last_event_id

    def teardown(self) -> None:
        for model in self.models:
            if model.waiting is not None:
                model.waiting.cancel()
        self.loop.run_until_complete(settle())
        self.loop.close()

    @property
    def here(self) -> str:
        return self.published[-1].id or "" if self.published else self.start

    @rule(data=st.text(st.characters(codec="ascii", exclude_categories=["Cc"])), own=st.booleans())
    def publish(self, data: str, own: bool) -> None:
        event = ServerSentEvent(data, event="token", id=f"own {len(self.published)}" if own else None)
        if self.closed:
            with pytest.raises(RuntimeError, match="closed"):
                self.channel.publish(event)
            return
        id = self.channel.publish(event)
        assert (id == event.id) if own else id == f"{self.start[:-2]}-{len(self.published) + 1}"
        self.published.append(ServerSentEvent(data, event="token", id=id))
        for model in self.models:
            if not model.ended:
                model.behind.append(self.published[-1])
        self.loop.run_until_complete(settle())
        for model in self.models:
            if model.waiting is not None:
                self.takes(model, model.waiting.result())
                model.waiting = None

    @rule(
        target=listeners,
        back=st.one_of(st.none(), st.integers(0, HISTORY + 2), st.just("unknown")),
        asynchronous=st.booleans(),
    )
    def listen(self, back: int | str | None, asynchronous: bool) -> Model:
        """Start a listener with no id (None), with the id `back` events before the last one, or with an unknown id."""
        place = len(self.published) - back if isinstance(back, int) else 0
        if back is None:
            id, first = "", []
        elif back == "unknown" or place < 0:
            id, first = "unknown", [ServerSentEvent("", event="gap", id=self.here)]
        else:
            id = self.published[place - 1].id or "" if place else self.start
            first = self.published[place:]
            if len(first) > HISTORY:
                first = [ServerSentEvent("", event="gap", id=self.here)]
        listener = self.channel.astream(id) if asynchronous else self.channel.stream(id)
        model = Model(listener, first, first[-1].id or "" if first else id or self.here)
        model.counts = not self.closed
        self.models.append(model)
        return model

    @rule(model=listeners)
    def read(self, model: Model) -> None:
        if model.waiting is not None:
            return
        listener = model.listener
        nothing = not (model.ended or self.closed or model.first is not None or model.behind)
        if isinstance(listener, Listener):
            if nothing:
                with self.channel._changed:
                    assert listener._next() is None
            else:
                self.takes(model, next(listener, None))
            return

        async def take() -> bytes | None:
            return await anext(listener, None)

        waiting = self.loop.create_task(take())
        self.loop.run_until_complete(settle())
        if nothing:
            assert not waiting.done()
            model.waiting = waiting
        else:
            self.takes(model, waiting.result())

    def takes(self, model: Model, chunk: bytes | None) -> None:
        """Compare what a listener was sent with what the model expects."""
        if model.ended:
            assert chunk is None
        elif model.first is not None:
            assert chunk is not None
            assert model.decoder.feed(chunk) == model.first
            assert model.decoder.last_event_id == model.first_id
            model.first = None
        elif len(model.behind) > BACKLOG:
            assert chunk is None, "it is disconnected"
            model.ended = True
        elif model.behind:
            assert chunk is not None
            assert model.decoder.feed(chunk) == model.behind
            model.behind.clear()
        else:
            assert chunk is None
            assert self.closed
            model.ended = True

    @rule(model=listeners)
    def leave(self, model: Model) -> None:
        if isinstance(model.listener, Listener):
            model.listener.close()
        else:
            self.loop.run_until_complete(model.listener.aclose())
            self.loop.run_until_complete(settle())
        if model.waiting is not None:
            assert model.waiting.result() is None
            model.waiting = None
        model.ended = True

    @rule()
    def close(self) -> None:
        self.channel.close()
        self.closed = True
        self.loop.run_until_complete(settle())
        for model in self.models:
            if model.waiting is not None:
                self.takes(model, model.waiting.result())
                model.waiting = None

    @invariant()
    def the_number_of_listeners_is_right(self) -> None:
        assert self.channel.listeners == sum(model.counts and not model.ended for model in self.models)


TestChannel = ChannelMachine.TestCase
TestChannel.settings = settings(max_examples=100, stateful_step_count=30)


def event(number: int) -> ServerSentEvent:
    return ServerSentEvent(f"event {number}", id=str(number))


async def aread(listener: AsyncListener, count: int) -> list[ServerSentEvent]:
    decoder = Decoder()
    events: list[ServerSentEvent] = []
    while len(events) < count:
        events += decoder.feed(await anext(listener))
    return events


def test_each_event_is_encoded_once_and_its_bytes_are_shared() -> None:
    async def main() -> None:
        channel = Channel()
        listeners = [channel.astream() for _ in range(3)]
        for listener in listeners:
            await anext(listener)
        for events in ([event(1)], [event(2), event(3)]):
            for each in events:
                channel.publish(each)
            chunks = [await anext(listener) for listener in listeners]
            assert chunks[0] == b"".join(map(encode, events))
            assert chunks[0] is chunks[1] is chunks[2]
        assert channel.listeners == 3

    run(main())


def test_a_chunk_has_a_limit() -> None:
    channel = Channel()
    with closing(channel.stream()) as listener, closing(channel.stream()) as other:
        next(listener)
        next(other)
        for number in range(5):
            channel.publish(ServerSentEvent("x" * 30_000, id=str(number)))
        chunks = [next(listener) for _ in range(3)]
        assert [chunk.count(b"\n\n") for chunk in chunks] == [2, 2, 1]
        assert [next(other) for _ in range(3)] == chunks
    with closing(channel.stream("0")) as listener:
        assert [next(listener).count(b"\n\n") for _ in range(2)] == [3, 2], "the first one also has the position"


def test_the_backlog_has_a_limit_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_channel, "_BACKLOG_BYTES", 100)
    channel = Channel()
    with closing(channel.stream()) as slow, closing(channel.stream()) as quick:
        next(slow)
        next(quick)
        for number in range(3):
            channel.publish(ServerSentEvent("x" * 200, id=str(number)))
            assert next(quick)
        assert list(slow) == []


def test_a_wrong_keep_alive_is_named() -> None:
    with pytest.raises(ValueError, match="^keep_alive must be"):
        Channel(keep_alive=0)


def test_the_backlog_is_exactly_as_long_as_its_limit_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [ServerSentEvent("x", id=str(number)) for number in range(8)]
    monkeypatch.setattr(_channel, "_BACKLOG_BYTES", 3 * len(encode(sent[0])))
    channel = Channel()
    for event in sent:
        channel.publish(event)
    assert list(channel._log) == [encode(event) for event in sent[-3:]]


def test_publishing_from_several_threads() -> None:
    """Listeners on two event loops and in two threads all get every event, in the same order."""
    channel = Channel()
    started = threading.Barrier(5)
    received: list[list[ServerSentEvent]] = []

    def on_loop() -> None:
        async def main() -> None:
            async with aclosing(channel.astream()) as listener:
                await anext(listener)
                started.wait(PATIENCE)
                received.append(await aread(listener, 200))

        run(main())

    def in_thread() -> None:
        decoder = Decoder()
        events: list[ServerSentEvent] = []
        with closing(channel.stream()) as listener:
            next(listener)
            started.wait(PATIENCE)
            while len(events) < 200:
                events += decoder.feed(next(listener))
        received.append(events)

    threads = [threading.Thread(target=target) for target in (on_loop, on_loop, in_thread, in_thread)]
    for thread in threads:
        thread.start()
    started.wait(PATIENCE)
    publishers = [
        threading.Thread(target=lambda at=at: [channel.publish(event(number)) for number in range(at, at + 100)])
        for at in (0, 100)
    ]
    for thread in publishers:
        thread.start()
    for thread in [*publishers, *threads]:
        thread.join(PATIENCE)
    assert len(received) == 4
    assert all(events == received[0] for events in received)
    assert sorted(int(each.id or 0) for each in received[0]) == list(range(200))


def test_an_idle_channel_sends_keep_alives() -> None:
    async def main() -> None:
        channel = Channel(keep_alive=SHORT)
        async with aclosing(channel.astream()) as listener:
            await anext(listener)
            assert [await anext(listener), await anext(listener)] == [PING, PING]
            channel.publish(event(1))
            assert await anext(listener) == b"id: 1\ndata: event 1\n\n"
        with closing(channel.stream()) as waiting:
            next(waiting)
            assert [next(waiting), next(waiting)] == [PING, PING]
        async with aclosing(Channel(keep_alive=SHORT, ping=b": x\n").astream()) as listener:
            await anext(listener)
            assert await anext(listener) == b": x\n"

    run(main())


def test_a_listener_is_sent_the_reconnection_time() -> None:
    channel = Channel(retry=2000, gap=ServerSentEvent("all", event="reload", retry=1))
    with closing(channel.stream()) as listener:
        assert next(listener) == f"id: {channel._id(0)}\nretry: 2000\n\n".encode()
    with closing(channel.stream("unknown")) as listener:
        decoder = Decoder()
        assert decoder.feed(next(listener)) == [ServerSentEvent("all", event="reload", id=channel._id(0), retry=2000)]
    with closing(Channel(gap=ServerSentEvent("all", retry=1)).stream("unknown")) as listener:
        assert b"retry: 1\n" in next(listener)


def test_a_new_listener_may_be_sent_the_whole_history() -> None:
    channel = Channel(history=EventHistory(max_events=2), replay=True)
    with closing(channel.stream()) as listener:
        assert next(listener) == f"id: {channel._id(0)}\n\n".encode()
    for number in (1, 2):
        channel.publish(event(number))
    with closing(channel.stream()) as listener:
        assert Decoder().feed(next(listener)) == [event(1), event(2)]
    channel.publish(event(3))
    with closing(channel.stream()) as listener:
        assert Decoder().feed(next(listener)) == [ServerSentEvent("", event="gap", id="3")]


def test_a_history_that_already_has_events() -> None:
    """For example, one filled from a broker."""
    history = EventHistory()
    for number in (1, 2, 3):
        history.append(event(number))
    channel = Channel(history=history)
    with closing(channel.stream()) as listener:
        assert next(listener) == b"id: 3\n\n"
    with closing(channel.stream("1")) as listener:
        assert Decoder().feed(next(listener)) == [event(2), event(3)]


def test_an_event_that_cannot_be_sent_reaches_no_listener() -> None:
    channel = Channel(keep_alive=SHORT)
    with closing(channel.stream()) as listener:
        where = next(listener)
        with pytest.raises(EncodeError):
            channel.publish(ServerSentEvent("", event="a\nb"))
        with pytest.raises(TypeError, match="a channel sends ServerSentEvent, not str"):
            channel.publish(typing.cast("Any", "text"))
        with pytest.raises(TypeError, match=r"not Block: call its to_event\(\) first"):
            channel.publish(typing.cast("Any", Block(b"data: a\n\n")))
        assert next(listener) == PING
        assert channel.publish(ServerSentEvent("", id="")).endswith("-1"), "an empty id counts as no id"
    with closing(channel.stream()) as listener:
        assert next(listener) != where


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"history": []}, TypeError),
        ({"backlog": 0}, ValueError),
        ({"backlog": None}, TypeError),
        ({"keep_alive": 0}, ValueError),
        ({"ping": b"x"}, ValueError),
        ({"retry": -1}, EncodeError),
        ({"gap": ServerSentEvent("", event="a\nb")}, EncodeError),
        ({"gap": "gap"}, TypeError),
    ],
)
def test_wrong_options(options: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Channel(**options)


def test_a_wrong_last_event_id() -> None:
    channel = Channel()
    for listen in (channel.stream, channel.astream):
        with pytest.raises(TypeError, match="last_event_id must be a str, not bytes"):
            listen(typing.cast("Any", b"1"))


def test_a_closed_channel() -> None:
    async def main() -> None:
        channel = Channel()
        listener, other = channel.astream(), channel.stream()
        await anext(listener)
        next(other)
        waiting = asyncio.ensure_future(anext(listener, None))
        await settle()
        await asyncio.to_thread(end_streams)
        assert await waiting is None
        assert list(other) == []
        assert channel.listeners == 0
        with pytest.raises(RuntimeError, match="the channel is closed"):
            channel.publish(event(1))
        late = channel.astream()
        assert channel.listeners == 0
        assert [chunk async for chunk in late] == [b"id: " + channel._id(0).encode() + b"\n\n"]

    run(main())


def test_events_published_before_close_are_still_sent() -> None:
    channel = Channel()
    listener = channel.stream()
    channel.publish(ServerSentEvent("", event="bye", id="1"))
    channel.close()
    assert Decoder().feed(b"".join(listener)) == [ServerSentEvent("", event="bye", id="1")]


def test_a_garbage_collected_listener_is_no_longer_counted() -> None:
    async def main() -> None:
        channel = Channel()
        listener, other = channel.astream(), channel.stream()
        await anext(listener)
        assert channel.listeners == 2
        del listener, other
        gc.collect()
        assert channel.listeners == 0

    run(main())


def test_a_cancelled_listener_is_no_longer_counted() -> None:
    async def main() -> None:
        channel = Channel()
        listener = channel.astream()
        await anext(listener)
        waiting = asyncio.ensure_future(anext(listener))
        await settle()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert channel.listeners == 0
        assert not any(channel._waiting.values())
        channel.publish(event(1))

    run(main())


def test_a_listener_can_be_ended_from_another_thread() -> None:
    async def main() -> None:
        channel = Channel(keep_alive=None)
        listener = channel.astream()
        listener.end()
        assert await anext(listener, None) is None
        listener = channel.astream()
        await anext(listener)
        waiting = asyncio.ensure_future(anext(listener, None))
        await settle()
        await asyncio.to_thread(listener.end)
        assert await waiting is None
        other = channel.stream()
        next(other)
        timer = threading.Timer(0.01, other.end)
        timer.start()
        assert await asyncio.to_thread(list, other) == []
        timer.join()

    run(main())


def test_an_event_loop_that_has_ended_is_ignored() -> None:
    channel = Channel()

    async def main() -> AsyncListener:
        listener = channel.astream()
        await anext(listener)
        task = asyncio.ensure_future(anext(listener))
        await settle()
        loop = asyncio.get_running_loop()
        channel._waiting.setdefault(loop, set()).update({listener._bell} if listener._bell else ())
        task.cancel()
        await asyncio.wait({task})
        channel._waiting.setdefault(loop, set()).update({listener._bell} if listener._bell else ())
        return listener

    asyncio.run(main())
    assert any(channel._waiting.values())
    channel.publish(event(1))
    assert not channel._waiting


def test_the_error_without_asyncio() -> None:
    with pytest.raises(RuntimeError, match=r"Channel.astream\(\) needs a running asyncio event loop"):
        Channel().astream().__anext__().send(None)


def test_ids_of_another_process_are_unknown() -> None:
    """Such as after a restart, or on another worker."""
    old, new = Channel(), Channel()
    ids = [old.publish(ServerSentEvent("")) for _ in range(3)]
    for _ in range(3):
        new.publish(ServerSentEvent(""))
    with closing(new.stream(ids[0])) as listener:
        (gap,) = Decoder().feed(next(listener))
        assert gap.event == "gap"


def _publish(channel: Channel, ids: Any) -> None:
    ids.put([channel.publish(ServerSentEvent("")) for _ in range(2)])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_makes_ids_of_its_own() -> None:
    """With gunicorn's --preload, the channel is made before the workers are forked."""
    channel = Channel()
    first = channel.publish(ServerSentEvent(""))
    context = multiprocessing.get_context("fork")
    ids = context.SimpleQueue()
    child = context.Process(target=_publish, args=(channel, ids))
    child.start()
    theirs = ids.get()
    child.join(PATIENCE)
    ours = [channel.publish(ServerSentEvent("")) for _ in range(2)]
    assert not set(ours) & set(theirs)
    assert [id.rpartition("-")[0] for id in ours] == [first.rpartition("-")[0]] * 2
