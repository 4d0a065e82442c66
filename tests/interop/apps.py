"""The servers of `recipes` with the sources of `situations`. SSE_CODEC_APP names the one that `app` is."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from http.server import ThreadingHTTPServer
from typing import Any

from sse_codec.serving import astream, end_streams_on_signals, stream

from . import situations

with contextlib.suppress(ImportError):
    import sse_codec_source  # noqa: F401  # a test changes it to make the server reload

for function in (astream, stream):
    assert function.__kwdefaults__
    function.__kwdefaults__["keep_alive"] = situations.KEEP_ALIVE
situations.channel._keep_alive = situations.KEEP_ALIVE


def _django(name: str) -> Any:
    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application
    from django.urls import path

    from .recipes import server_django, server_django_wsgi

    settings.configure(
        ALLOWED_HOSTS=["*"],
        ASGI_APPLICATION="tests.interop.apps.django",
        DEBUG=True,
        INSTALLED_APPS=["daphne"] if name == "django_daphne" else [],
        ROOT_URLCONF="tests.interop.apps",
        SECRET_KEY="none",  # noqa: S106  # it protects nothing
        WSGI_APPLICATION="tests.interop.apps.django_wsgi",
    )
    django.setup()
    if name == "django_wsgi":
        globals()["urlpatterns"] = [path("events", server_django_wsgi.make_view(situations.sync_events))]
        return get_wsgi_application()
    globals()["urlpatterns"] = [path("events", server_django.make_view(situations.events))]
    return get_asgi_application()


def make(name: str) -> Any:
    """Return the application of a recipe."""
    if name.startswith("django"):
        return _django(name)
    recipe = importlib.import_module(f"tests.interop.recipes.server_{name}")
    if name == "redis":
        return recipe.make_app(os.environ["SSE_CODEC_REDIS"])
    return recipe.make_app(situations.sync_events if name == "flask" else situations.events)


def main(app: Any, server: str, port: int) -> None:
    """Run a server that has no command, as the guide says."""
    if server == "aiohttp":
        from aiohttp import web

        web.run_app(app, host="127.0.0.1", port=port, handler_cancellation=True)
    elif server == "flask":
        app.run(port=port, debug="--reload" in sys.argv)
    elif server == "waitress":
        import waitress

        waitress.serve(app, host="127.0.0.1", port=port, threads=100)
    elif server == "http":
        from .recipes import server_http

        end_streams_on_signals()
        ThreadingHTTPServer(("127.0.0.1", port), server_http.make_handler(situations.sync_events)).serve_forever()


app = make(os.environ["SSE_CODEC_APP"]) if os.environ.get("SSE_CODEC_APP") else None

if __name__ == "__main__":
    main(app, sys.argv[1], int(sys.argv[2]))
