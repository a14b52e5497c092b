"""The server: daphne with our limits. What one connection may take is in chat.connections."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server, twisted_loop
from django.conf import settings

from chat import garbage, hub
from chat.arrivals import Arrivals
from chat.connections import Factory, Request, allow_many
from chat.consumers import COME_BACK
from chat.sockets import Socket

PING_SECONDS = 20
PING_TIMEOUT_SECONDS = 15
BACKLOG = 2048
LAST_SECONDS = 2
# How long a socket may wait to be let in: after a restart a thousand others may come before it.
ADMISSION_SECONDS = 40


class BoundedServer(Server):
    """daphne, on whose connections nobody takes more than their share.

    daphne makes its factories while it starts: what it assigns is replaced, or told of ours.
    """

    @property
    def http_factory(self) -> Factory:
        return self._http_factory

    @http_factory.setter
    def http_factory(self, _stock: Any) -> None:
        self._http_factory = Factory(self)

    @property
    def ws_factory(self) -> Any:
        return self._ws_factory

    @ws_factory.setter
    def ws_factory(self, stock: Any) -> None:
        stock.protocol = Socket
        self._ws_factory = stock

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """As daphne's, with less than a Queue for a socket, which stays for hours."""
        if not isinstance(protocol, Socket):
            return super().create_application(protocol, scope)
        arrivals = Arrivals()
        application = self.application(
            scope={**scope, "asgi": {"version": "3.0"}},
            receive=arrivals.get,
            send=partial(self.handle_reply, protocol),
        )
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(application)
        return arrivals

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Returns when the connection has room for more: who writes an answer waits for it."""
        await super().handle_reply(protocol, message)
        if isinstance(protocol, Request):
            await protocol.drain()


def make_server(application: Any, host: str, port: int, on_ready: Callable[[], None]) -> Server:
    """A server that calls `on_ready` right before it begins to serve.

    No `websocket_timeout`: it would end every page after a day with a code that htmx takes for
    good. No `http_timeout`: it would end streams. No server name in the answers.
    """

    def begin() -> None:
        server.ws_factory.protocol = Socket.with_options(server.ws_factory)
        on_ready()

    allow_many()
    logging.getLogger("daphne.server").addFilter(_is_no_return)
    listen = build_endpoint_description_strings(host=host.strip("[]"), port=port)
    server = BoundedServer(
        application=application,
        # After a restart all pages come back at once: they wait in line rather than fail.
        endpoints=[f"{each}:backlog={BACKLOG}" for each in listen],
        websocket_timeout=-1,
        http_timeout=None,
        ping_interval=PING_SECONDS,
        ping_timeout=PING_TIMEOUT_SECONDS,
        websocket_connect_timeout=ADMISSION_SECONDS,
        websocket_handshake_timeout=ADMISSION_SECONDS,
        websocket_max_message_size=settings.MAX_FRAME_BYTES,
        websocket_max_frame_size=settings.MAX_FRAME_BYTES,
        verbosity=0,
        ready_callable=begin,
        server_name="",
    )
    return server


def run(server: Server) -> None:
    """Serves until a signal ends it, then lets everything that still waits end in order.

    daphne leaves that to the interpreter, which crashes on it (3.11: a segmentation fault in
    its last garbage collection, whenever a stream was open).
    """
    garbage.settle()
    server.run()
    twisted_loop.run_until_complete(_end_tasks())
    twisted_loop.run_until_complete(twisted_loop.shutdown_asyncgens())
    hub.store_last_reads()


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=LAST_SECONDS)


def _is_no_return(record: logging.LogRecord) -> bool:
    # A socket that is closed so that it comes back ends its application with this: no error.
    return COME_BACK not in record.getMessage()
