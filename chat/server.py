"""The server: daphne with our limits."""

import logging
from collections.abc import Callable
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from django.conf import settings

PING_SECONDS = 20
PING_TIMEOUT_SECONDS = 15


def make_server(application: Any, host: str, port: int, on_ready: Callable[[], None]) -> Server:
    """A server that calls `on_ready` right before it begins to serve.

    No `websocket_timeout`: it would end every page after a day with a code that htmx takes for
    good. No `http_timeout`: it would end streams. No server name in the answers.
    """
    logging.getLogger("daphne.server").addFilter(_is_no_return)
    return Server(
        application=application,
        endpoints=build_endpoint_description_strings(host=host.strip("[]"), port=port),
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


def _is_no_return(record: logging.LogRecord) -> bool:
    # A socket that is closed so that it comes back ends its application with this: no error.
    return "this socket has to come back" not in record.getMessage()
