"""Whoever reads along: an open socket, or the never-ending page of somebody without JavaScript."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from chat import programs, wire
from chat.fragments import Frame, Kind
from chat.wire import Drain, Put

logger = logging.getLogger(__name__)

_numbers = itertools.count()


@dataclass(eq=False, kw_only=True)
class Caller:
    """Who somebody is to us. `credential` is the person's password hash of when they came in,
    `session_line` or `token_id` what with. `scopes` is what their token is for; None for whoever
    is signed in, who may do all that they may.
    """

    person_id: int
    credential: str
    session_line: str | None = None
    token_id: int | None = None
    scopes: frozenset[str] | None = None

    def may(self, scope: str) -> bool:
        """Whether what they came in with is for this (chat.models.Scope)."""
        return self.scopes is None or scope in self.scopes


@dataclass(eq=False, kw_only=True)
class Reader(Caller):
    """One open connection of one person.

    `room_id` is the room whose list it shows, None for none. `head` is where that room's log
    ended when the connection was let in. `judged_at` is the count of the site's revocations at
    which they were known to be entitled to it (chat.hub.standing).
    `title` is what a page that is no room of theirs calls itself. Before it `has_begun`, by naming
    its place or after a while, nothing is sent to it.
    """

    kind: Kind
    room_id: int | None
    slug: str
    head: int
    has_sidebar: bool = True
    title: str = ""
    is_live: bool = False
    is_open: bool = True
    has_begun: bool = False
    has_resumed: bool = False
    judged_at: int = -1
    began: int = 0
    position: int = 0
    number: int = field(default_factory=lambda: next(_numbers))

    async def send(self, text: str) -> None:
        raise NotImplementedError

    async def take(self, frame: Frame) -> None:
        if not self.put(frame):
            for text in frame.texts:
                await self.send(text)

    async def arrive(self, began: int, at: int) -> None:
        """It has got everything from `began` to `at`, and is about to be live."""

    async def has_room(self) -> None:
        """Returns when what was sent has mostly been taken; for who gets much at once."""

    def put(self, frame: Frame) -> bool:
        """Sends at once where the connection allows it; False where it has to be sent."""
        return False

    async def close(self, code: int) -> None:
        raise NotImplementedError


@dataclass(eq=False, kw_only=True)
class SocketReader(Reader):
    """A WebSocket; `write` and `end` are the consumer's, `direct` goes past it (chat.wire)."""

    write: Callable[[str], Awaitable[None]] | None = None
    end: Callable[[int], Awaitable[None]] | None = None
    direct: Put | None = None
    drain: Drain | None = None

    async def has_room(self) -> None:
        if self.is_open and self.drain is not None:
            await self.drain()

    def put(self, frame: Frame) -> bool:
        if self.direct is None:
            return False
        if self.is_open:
            self.direct(frame.wire)
        return True

    async def send(self, text: str) -> None:
        if not self.is_open:
            return
        if self.direct is not None:
            self.direct(wire.frame(text))
        elif self.write is not None:
            await self.write(text)

    async def close(self, code: int) -> None:
        if self.is_open and self.end is not None:
            self.is_open = False
            await self.end(code)


@dataclass(eq=False, kw_only=True)
class RoomReader(Reader):
    """One room on a program's socket, which may follow many of them.

    `lose` is told when the room, or all of them, may no longer be listened to.
    """

    has_sidebar: bool = False
    socket: SocketReader
    lose: Callable[["RoomReader", int], Awaitable[None]]

    async def has_room(self) -> None:
        await self.socket.has_room()

    def put(self, frame: Frame) -> bool:
        return self.socket.put(frame) if self.is_open else True

    async def send(self, text: str) -> None:
        if self.is_open:
            await self.socket.send(text)

    async def arrive(self, began: int, at: int) -> None:
        await self.take(Frame((programs.resumed(self.slug, began, at),), at))

    async def close(self, code: int) -> None:
        if self.is_open:
            self.is_open = False
            await self.lose(self, code)


@dataclass(eq=False, kw_only=True)
class StreamReader(Reader):
    """A response that never ends: what is sent waits in `queue` until the server takes it.

    None in the queue ends the page. A reader that falls 256 frames behind is ended, and what
    waits is dropped, all of it: a list never has a hole. Its browser shows the link that goes
    on, and that page begins with the newest messages.
    """

    has_sidebar: bool = False
    end_code: int | None = None
    queue: asyncio.Queue[Frame | None] = field(default_factory=lambda: asyncio.Queue(256))

    def put(self, frame: Frame) -> bool:
        if self.is_open:
            try:
                self.queue.put_nowait(frame)
            except asyncio.QueueFull:
                self._end(1013)
        return True

    async def send(self, text: str) -> None:
        self.put(Frame((text,), self.position))

    async def close(self, code: int) -> None:
        if self.is_open:
            self._end(code)

    def _end(self, code: int) -> None:
        self.is_open, self.end_code = False, code
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
        self.queue.put_nowait(None)


async def tell(reader: Reader, text: str) -> None:
    """Sends; who can't be written to has to come back, and holds up nobody."""
    try:
        await reader.send(text)
    except Exception:
        logger.exception("A reader can't be told")
        await reader.close(1011)
