"""The ASGI application: Django's pages, and the chat's sockets beside them."""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings

from chat import assets, elsewhere, hub, routing, wire
from project.handlers import PageHandler, StaticHandler

# Every way of serving comes through here: the stylesheet is joined and the files are named by
# what they hold, before the middleware that serves them looks what there is.
assets.collect()

_pages, _static = PageHandler(), StaticHandler()


async def _http(scope: Any, receive: Any, send: Any) -> None:
    is_static = scope["path"].startswith(settings.STATIC_URL)
    await (_static if is_static else _pages)(scope, receive, send)


_protocols = ProtocolTypeRouter(
    {"http": _http, "websocket": URLRouter(routing.websocket_urlpatterns)}
)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serves one connection; the first one wakes the hub, so that this process hears the others.

    daphne is `serve`'s. Others say when they begin and end, and are told what it needs not be.
    """
    if scope["type"] == "lifespan":
        await elsewhere.live(receive, send)
        return
    if scope["type"] in {"http", "websocket"}:
        hub.current()
    # daphne takes the root path from a header of whoever asks; ours is the host's root, always.
    scope["root_path"] = ""  # in place: a copy would be kept for as long as each socket is open
    if wire.is_daphnes(send):
        await _protocols(scope, receive, send)
    elif scope["type"] == "websocket":
        await elsewhere.serve_socket(_protocols, scope, receive, send)
    else:
        await elsewhere.serve_request(_protocols, scope, receive, send)
