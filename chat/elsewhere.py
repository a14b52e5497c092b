"""The application on another server than daphne: what `serve` and chat.sockets do there, here.

Written for uvicorn, with what ASGI says alone. What needs more than that is missing here;
docs/running.md says what, and which part of it a proxy does.
"""

import asyncio
import contextlib
import logging
from collections import deque
from typing import Any

from chat import connections, garbage, hub, sqlite
from chat.console import Notes
from chat.consumers import ComeBack
from chat.database import into_database
from chat.sockets import FULL_BYTES, MAX_UNREAD_BYTES

# What a socket that is being closed gets to take what still waits for it.
LAST_SECONDS = 2

notes = Notes(logging.getLogger(__name__))


async def live(receive: Any, send: Any) -> None:
    """The process's life, from its first breath: with SQLite it alone has the file, and
    checkpoints it. At its end, what people have seen within the last second is stored."""
    await receive()  # lifespan.startup
    connections.allow_many()
    with contextlib.ExitStack() as until_the_end:
        if path := sqlite.file():
            try:
                until_the_end.enter_context(sqlite.hold(path))
            except sqlite.Taken as number:
                taken = f"Another server (process {number}) has {path} open, and SQLite is for one."
                await send({"type": "lifespan.startup.failed", "message": taken})
                return
            checkpointer = sqlite.Checkpointer(path)
            checkpointer.start()
            until_the_end.callback(checkpointer.end)
        garbage.settle()
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        await into_database(hub.store_last_reads)
    await send({"type": "lifespan.shutdown.complete"})


async def serve_request(application: Any, scope: Any, receive: Any, send: Any) -> None:
    """Serves a page. A server that ends cancels the streams that are open, which is nobody's fault:
    uvicorn would tell of it with a traceback."""
    with contextlib.suppress(asyncio.CancelledError):
        await application(scope, receive, send)


async def serve_socket(application: Any, scope: Any, receive: Any, send: Any) -> None:
    """Serves a socket so that nobody waits for its reader."""
    line = Line(send)
    try:
        await application(scope, receive, line)
    except ComeBack:
        await line({"type": "websocket.close", "code": 1011})
    except asyncio.CancelledError:
        if not line.is_cut:
            raise
        notes.write("A socket is cut: it does not read what is written to it")
        return
    await line.end()


class Line:
    """An ASGI `send` that returns at once, and what waits behind it for the one to whom it goes.

    uvicorn's own returns when there is room again: all others in the room would wait for the one
    who does not read, for as long as they like. Made in the task that serves the socket, which is
    cancelled when too much waits.
    """

    is_cut = False

    def __init__(self, send: Any) -> None:
        self._send, self._task = send, asyncio.current_task()
        self._waiting: deque[dict[str, Any]] = deque()
        self._size = 0
        self._carrier: asyncio.Task[None] | None = None
        self._has_room = asyncio.Event()
        self._is_over = False

    async def __call__(self, message: dict[str, Any]) -> None:
        if self._is_over:
            return
        self._is_over = message["type"] == "websocket.close"
        self._waiting.append(message)
        self._size += _size(message)
        if self._size > MAX_UNREAD_BYTES:
            self._cut()
        elif self._carrier is None:
            self._carrier = asyncio.get_running_loop().create_task(self._carry())

    async def drain(self) -> None:
        """Returns when little enough waits that there may be more."""
        while self._size > FULL_BYTES:
            self._has_room.clear()
            await self._has_room.wait()

    async def end(self) -> None:
        """Returns when everything has gone out, or can't any more."""
        if self._carrier is not None:
            await asyncio.wait([self._carrier], timeout=LAST_SECONDS)
        self._forget()

    async def _carry(self) -> None:
        try:
            while self._waiting:
                await self._send(self._waiting[0])
                self._size -= _size(self._waiting.popleft())
                if self._size <= FULL_BYTES:
                    self._has_room.set()
        # The connection is gone, and the socket is told of it. As ASGI says it; and as uvicorn does
        # where it has closed the connection by itself, for a silent reader or a bad frame.
        except (OSError, RuntimeError):
            self._is_over = True
            self._forget()
        finally:
            self._carrier = None

    def _cut(self) -> None:
        self.is_cut = self._is_over = True
        self._forget()
        if self._task is not None:
            self._task.cancel()

    def _forget(self) -> None:
        self._waiting.clear()
        self._size = 0
        self._has_room.set()
        if self._carrier is not None and self._carrier is not asyncio.current_task():
            self._carrier.cancel()


def _size(message: dict[str, Any]) -> int:
    text = message.get("text") or ""
    return len(text) if text.isascii() else len(text.encode())
