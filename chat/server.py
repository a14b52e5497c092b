"""The server: daphne with our limits."""

import asyncio
import logging
import resource
from collections.abc import Callable
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server, twisted_loop
from django.conf import settings

from chat import hub
from chat.consumers import COME_BACK

PING_SECONDS = 20
PING_TIMEOUT_SECONDS = 15
BACKLOG = 2048
LAST_SECONDS = 2


def make_server(application: Any, host: str, port: int, on_ready: Callable[[], None]) -> Server:
    """A server that calls `on_ready` right before it begins to serve.

    No `websocket_timeout`: it would end every page after a day with a code that htmx takes for
    good. No `http_timeout`: it would end streams. No server name in the answers.
    """
    _allow_many_sockets()
    logging.getLogger("daphne.server").addFilter(_is_no_return)
    listen = build_endpoint_description_strings(host=host.strip("[]"), port=port)
    return Server(
        application=application,
        # After a restart all pages come back at once: they wait in line rather than fail.
        endpoints=[f"{each}:backlog={BACKLOG}" for each in listen],
        websocket_timeout=-1,
        http_timeout=None,
        ping_interval=PING_SECONDS,
        ping_timeout=PING_TIMEOUT_SECONDS,
        websocket_max_message_size=settings.MAX_FRAME_BYTES,
        websocket_max_frame_size=settings.MAX_FRAME_BYTES,
        verbosity=0,
        ready_callable=on_ready,
        server_name="",
    )


def run(server: Server) -> None:
    """Serves until a signal ends it, then lets everything that still waits end in order.

    daphne leaves that to the interpreter, which crashes on it (3.11: a segmentation fault in
    its last garbage collection, whenever a stream was open).
    """
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


def _allow_many_sockets() -> None:
    """Each page is an open file; systems allow 1,024 by default and far more when asked."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _is_no_return(record: logging.LogRecord) -> bool:
    # A socket that is closed so that it comes back ends its application with this: no error.
    return COME_BACK not in record.getMessage()
