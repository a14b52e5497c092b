"""The ASGI application: Django's pages, and the chat's sockets beside them."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter

from chat import assets, hub, routing

# Every way of serving comes through here: the stylesheet is joined and the files are named
# by what they hold before the first page is rendered.
assets.collect()

_protocols = ProtocolTypeRouter(
    {"http": django_application, "websocket": URLRouter(routing.websocket_urlpatterns)}
)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serves one connection; the first one wakes the hub, so that this process hears the others."""
    if scope["type"] in {"http", "websocket"}:
        hub.current()
    await _protocols(scope, receive, send)
