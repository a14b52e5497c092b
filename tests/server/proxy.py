"""A bad line: a TCP proxy that delays, cuts and swallows what passes, from any test.

It runs in a thread with a loop of its own, for browsers drive theirs in the test's thread.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

_Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(kw_only=True)
class Line:
    """The line to one port. `delay` is one way, in seconds, for what comes from now on."""

    target: int
    delay: float = 0.0
    is_cut: bool = False
    port: int = 0
    connections: list["_Connection"] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def swallow(self, beginning: bytes) -> None:
        """A black hole: the connections that began with this stay open and carry nothing more."""
        for connection in self.connections:
            if connection.beginning.startswith(beginning):
                connection.is_swallowed = True

    def heal(self) -> None:
        self.delay, self.is_cut = 0.0, False

    def cut(self) -> None:
        """Ends every connection at once and refuses new ones, until `heal`."""
        self.is_cut = True
        self.drop()

    def drop(self, beginning: bytes = b"") -> None:
        """Ends every connection that began with this."""
        self.call(self._drop(beginning))

    def drop_swallowed(self) -> None:
        for connection in self.connections:
            if connection.is_swallowed:
                self.loop.call_soon_threadsafe(connection.abort)

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _drop(self, beginning: bytes) -> None:
        for connection in list(self.connections):
            if connection.beginning.startswith(beginning):
                connection.abort()

    async def open(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self.server.close()
        await self._drop(b"")
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.gather(*rest, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        connection = _Connection(line=self, writers=[writer])
        self.connections.append(connection)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
            connection.writers.append(back)
            await connection.carry_both((reader, back), (there, writer))
        except OSError:
            pass
        finally:
            connection.abort()
            self.connections.remove(connection)


@dataclass(kw_only=True, eq=False)
class _Connection:
    line: Line
    writers: list[asyncio.StreamWriter]
    beginning: bytes = b""
    is_swallowed: bool = False
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def carry_both(self, request: _Way, response: _Way) -> None:
        loop = asyncio.get_running_loop()
        self.tasks = [
            loop.create_task(self._carry(*request, is_request=True)),
            loop.create_task(self._carry(*response, is_request=False)),
        ]
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_request: bool
    ) -> None:
        """Every piece arrives `delay` after it came, in order; the line carries many at once."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        async def deliver() -> None:
            while True:
                due, piece = await pieces.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not piece:
                    break
                writer.write(piece)
            with contextlib.suppress(OSError):
                writer.write_eof()

        delivery = loop.create_task(deliver())
        try:
            while True:
                piece = await reader.read(65536)
                if is_request and not self.beginning:
                    self.beginning = piece
                if piece and self.is_swallowed:
                    continue
                pieces.put_nowait((loop.time() + self.line.delay, piece))
                if not piece:
                    break
            await delivery
        finally:
            delivery.cancel()

    def abort(self) -> None:
        for task in self.tasks:
            task.cancel()
        for writer in self.writers:
            writer.transport.abort()


@contextlib.contextmanager
def line_to(port: int) -> Iterator[Line]:
    """An open line to this loopback port."""
    line = Line(target=port)
    thread = threading.Thread(target=line.loop.run_forever, daemon=True)
    thread.start()
    line.call(line.open())
    try:
        yield line
    finally:
        line.call(line.close())
        line.loop.call_soon_threadsafe(line.loop.stop)
        thread.join(10)
        line.loop.close()
