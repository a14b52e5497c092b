"""Addresses of the sockets."""

from django.urls import path, re_path

from chat.consumers import ChatConsumer, Nowhere

websocket_urlpatterns = [
    path("ws/chat/", ChatConsumer.as_asgi()),
    path("ws/chat/<slug:slug>/", ChatConsumer.as_asgi()),
    # Accepted and closed: a handshake that fails makes a page try again for ever.
    re_path(r"", Nowhere.as_asgi()),
]
