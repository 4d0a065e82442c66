"""Python's writers of event streams: each function writes an event as its library does."""

from __future__ import annotations

from protocol import main, producer


def text(value):
    """Return a type for libraries whose default is None."""
    return None if value == "message" else value


@producer("sse-codec", unsendable="refused")
def sse_codec(event):
    import sse_codec

    return sse_codec.encode(sse_codec.ServerSentEvent(event.data, event.event, event.id, event.retry))


@producer("sse-starlette")
def sse_starlette(event):
    from sse_starlette import ServerSentEvent

    return ServerSentEvent(event.data, event=text(event.event), id=event.id, retry=event.retry).encode()


@producer("fastapi")
def fastapi(event):
    """Write an event as its routing does when a path operation yields one."""
    from fastapi import sse

    item = sse.ServerSentEvent(raw_data=event.data, event=text(event.event), id=event.id, retry=event.retry)
    return sse.format_sse_event(data_str=item.raw_data, event=item.event, id=item.id, retry=item.retry)


@producer("litestar")
def litestar(event):
    from litestar.response.sse import ServerSentEventMessage

    return ServerSentEventMessage(data=event.data, event=text(event.event), id=event.id, retry=event.retry).encode()


@producer("aiohttp-sse")
async def aiohttp_sse(event):
    from aiohttp_sse import EventSourceResponse

    sent = bytearray()

    class Response(EventSourceResponse):
        async def write(self, data):
            sent.extend(data)

    await Response().send(event.data, id=event.id, event=text(event.event), retry=event.retry)
    return sent


@producer("falcon")
def falcon(event):
    from falcon.asgi import SSEvent

    name = text(event.event)
    return SSEvent(text=event.data, event=name, event_id=event.id, retry=event.retry).serialize()


@producer("robyn")
def robyn(event):
    from robyn.responses import SSEMessage

    return SSEMessage(event.data, event=text(event.event), id=event.id, retry=event.retry)


@producer("datastar-py", without=["event", "empty-data"])
def datastar_py(event):
    """Write a patch. Its types are fixed, and each of its lines starts with "elements ", which is removed here."""
    from datastar_py.sse import ServerSentEventGenerator

    sent = ServerSentEventGenerator.patch_elements(event.data, event_id=event.id, retry_duration=event.retry)
    return sent.replace("data: elements ", "data: ")


@producer("blacksheep")
def blacksheep(event):
    from blacksheep.scribe import write_sse
    from blacksheep.server.sse import TextServerSentEvent

    return write_sse(TextServerSentEvent(event.data, text(event.event), event.id, event.retry or -1))


@producer("flask-sse")
def flask_sse(event):
    from flask_sse import Message

    return str(Message(event.data, type=text(event.event), id=event.id, retry=event.retry))


@producer("python-fasthtml", without=["id", "retry"])
def python_fasthtml(event):
    from fasthtml.common import Safe, sse_message

    return sse_message(Safe(event.data), event=event.event)


@producer("django-eventstream", without=["retry"])
def django_eventstream(event):
    from django.conf import settings

    if not settings.configured:
        settings.configure()
    from django_eventstream.utils import sse_encode_event

    return sse_encode_event(event.event, event.data, event_id=event.id)


@producer("assel")
def assel(event):
    import assel

    return assel.send(assel.Event(event.data, event.event, event.id, event.retry))


@producer("larzsse")
def larzsse(event):
    from larzsse import format_event

    return format_event(event.data, event=text(event.event), id=event.id, retry=event.retry)


@producer("aiosseclient")
def aiosseclient(event):
    from aiosseclient import Event

    return Event(event.data, event.event, event.id, event.retry).encode()


@producer("sseclient")
def sseclient(event):
    from sseclient import Event

    return Event(event.data, event.event, event.id, event.retry).dump()


@producer("microdot", without=["retry"])
async def microdot(event):
    """Write without `retry`, which it takes in seconds, so that not every number of milliseconds can be given."""
    from microdot.sse import SSE

    sse = SSE()
    await sse.send(event.data, event=text(event.event), event_id=event.id)
    return b"".join(sse.queue)


if __name__ == "__main__":
    main()
