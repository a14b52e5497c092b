"""Addresses of the sockets."""

from typing import Any

from django.urls import path, re_path

from chat.consumers import ChatConsumer, Nowhere

_chat: Any = ChatConsumer.as_asgi()
_nowhere: Any = Nowhere.as_asgi()

websocket_urlpatterns: list[Any] = [
    path("ws/chat/", _chat),
    path("ws/chat/<slug:slug>/", _chat),
    # Accepted and closed: a handshake that fails makes a page try again for ever.
    re_path(r"", _nowhere),
]
