"""A bad line: a TCP proxy that delays, throttles, tears, cuts and swallows, from any test.

It runs in a thread with a loop of its own, for browsers drive theirs in the test's thread.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

_Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]
# When each is due, and what it is: b"" for the end, None for the tear.
_Pieces = asyncio.Queue[tuple[float, bytes | None]]
# Closing sends what says so (RST) at once, instead of what is still to be sent and then FIN.
_RESET = struct.pack("ii", 1, 0)
# What a throttled line takes at once, as an Ethernet does.
_PACKET_BYTES = 1460


@dataclass(kw_only=True)
class Line:
    """The line to one port. What is set counts for what comes from now on.

    `delay` is one way, in seconds; `jitter` as much more at most, by chance, in order all the
    same; `bits_per_second` each way of each connection, 0 for no bound; `bite_bytes` the most
    that is written at once, 0 for no bound. On a mute one what is asked arrives, and no answer.
    """

    target: int
    delay: float = 0.0
    jitter: float = 0.0
    bits_per_second: int = 0
    bite_bytes: int = 0
    is_cut: bool = False
    is_mute: bool = False
    port: int = 0
    connections: list["_Connection"] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def swallow(self, beginning: bytes) -> None:
        """A black hole: the connections that began with this stay open and carry nothing more."""
        for connection in list(self.connections):
            if connection.beginning.startswith(beginning):
                connection.is_swallowed = True

    def heal(self) -> None:
        """Good again for what comes from now on; what was swallowed stays so."""
        self.delay = self.jitter = 0.0
        self.bits_per_second = self.bite_bytes = 0
        self.is_cut = self.is_mute = False

    def cut(self) -> None:
        """Ends every connection at once and refuses new ones, until `heal`."""
        self.is_cut = True
        self.drop()

    def drop(self, beginning: bytes = b"") -> None:
        """Ends every connection that began with this."""
        self.call(self._drop(beginning))

    def tear(self, beginning: bytes = b"") -> None:
        """The next answer on each connection that began with this ends in its middle."""
        for connection in list(self.connections):
            if connection.beginning.startswith(beginning):
                connection.is_torn = True

    def drop_swallowed(self) -> None:
        # A copy: each that is aborted leaves the list, in the other thread, while this goes on.
        for connection in list(self.connections):
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
    is_torn: bool = False
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def carry_both(self, request: _Way, response: _Way) -> None:
        loop = asyncio.get_running_loop()
        self.tasks = [
            loop.create_task(self._carry(*request, is_request=True)),
            loop.create_task(self._carry(*response, is_request=False)),
        ]
        await asyncio.wait(self.tasks, return_when=asyncio.FIRST_EXCEPTION)
        self.abort()  # what is broken one way carries nothing the other way either
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_request: bool
    ) -> None:
        """Every piece arrives `delay` after it came, in order; the line carries many at once."""
        pieces: _Pieces = asyncio.Queue(64)
        loop = asyncio.get_running_loop()
        delivery = loop.create_task(self._deliver(pieces, writer))
        try:
            while True:
                piece = await reader.read(_PACKET_BYTES if self.line.bits_per_second else 65536)
                if is_request and not self.beginning:
                    self.beginning = piece
                if piece and (self.is_swallowed or (self.line.is_mute and not is_request)):
                    continue
                due = loop.time() + self.line.delay + random.uniform(0, self.line.jitter)
                if self.is_torn and not is_request and len(piece) > 1:
                    await pieces.put((due, piece[: len(piece) // 2]))
                    await pieces.put((due, None))
                    break
                await pieces.put((due, piece))
                if not piece:
                    break
            await delivery
        finally:
            delivery.cancel()

    async def _deliver(self, pieces: _Pieces, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if piece is None:
                self.abort()
            if not piece:
                break
            while piece:
                size = self.line.bite_bytes or _PACKET_BYTES
                writer.write(piece[:size])
                piece, sent = piece[size:], len(piece[:size])
                bits = self.line.bits_per_second
                await asyncio.sleep(sent * 8 / bits if bits else 0)
        with contextlib.suppress(OSError):
            writer.write_eof()

    def abort(self) -> None:
        for task in self.tasks:
            task.cancel()
        for writer in self.writers:
            raw = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
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
