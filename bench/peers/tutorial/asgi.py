# ruff: noqa: E402
import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.peers.tutorial.settings"
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import re_path

from bench.peers.tutorial.consumers import ChatConsumer

_chat: Any = ChatConsumer.as_asgi()
_routes: list[Any] = [re_path(r"ws/chat/(?P<room_name>\w+)/$", _chat)]

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(_routes))),
    }
)
