"""Sockets: who is it, which room, and then frames in and fragments or objects out."""

from typing import Any

from channels.consumer import AsyncConsumer

from chat.consumers.base import COME_BACK, ComeBack
from chat.consumers.pages import Page
from chat.consumers.programs import PROTOCOL, Program

__all__ = ["COME_BACK", "ChatConsumer", "ComeBack", "Nowhere"]


class ChatConsumer(AsyncConsumer):
    """A socket of `/ws/chat/` or `/ws/chat/<slug>/`: HTML for pages, JSON for who offers to
    speak it.

    Channels' own loop waits for a channel of each consumer and hops through a thread for each
    message; here the hub writes to the socket directly, so the loop is the socket's alone.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        speaks_json = PROTOCOL in scope.get("subprotocols", ())
        consumer = Program() if speaks_json else Page()
        await consumer(scope, receive, send)


class Nowhere(AsyncConsumer):
    """Any other address."""

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4404})
