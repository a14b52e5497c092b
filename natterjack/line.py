"""The line to one room: it comes back by itself, and nothing that was said meanwhile is missed.

What comes is given to `take`, frame by frame: the frames of docs/protocol.md, an event only once
and in the room's order, and these of our own: `line.open` when what is sent gets there;
`line.lost` and `line.back`, once each time; `line.restored` where the site has gone back to a
backup, so that the room's log is another one. History looks as it did when it was news: as
`message.posted`.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import NoReturn

from natterjack.credentials import Credentials
from natterjack.errors import UNKNOWN, UNREADABLE, Lost, Refused
from natterjack.history import Message, between, newest
from natterjack.place import Place
from natterjack.wire import Frame, Wire, opened

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0


class Line:
    """`run` holds it until it is cancelled or the site refuses; `send` is for the same loop."""

    def __init__(
        self,
        credentials: Credentials,
        room: str,
        take: Callable[[Frame], None],
        *,
        history: int = 0,
        only_sends: bool = False,
    ) -> None:
        """`history`: so many messages come before the news. Who `only_sends` needs no right to
        read, and waits for a site that can't be reached at first."""
        self.room = room
        self._credentials = credentials
        self._take = take
        self._history = history
        self._only_sends = only_sends
        self._place: Place | None = None
        self._outgoing: asyncio.Queue[Frame] | None = None
        self._is_lost = False
        self._pauses = pauses()
        # Of the last time, for who gives up waiting.
        self.why_lost = ""

    @property
    def is_open(self) -> bool:
        return self._outgoing is not None

    def send(self, frame: Frame) -> bool:
        """Hands it to the open line; False where there is none, and then it is not sent later."""
        if self._outgoing is None:
            return False
        self._outgoing.put_nowait(frame)
        return True

    async def run(self) -> NoReturn:
        while True:
            try:
                async with opened(self._credentials, self.room) as wire:
                    await self._follow(wire)
            except Lost as lost:
                self.why_lost = str(lost)
                if self._place is None and not self._only_sends:
                    raise Refused(str(lost)) from None
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise Refused(UNKNOWN) from error
            if not self._is_lost:
                self._is_lost = True
                self._take({"type": "line.lost"})
            await asyncio.sleep(next(self._pauses))

    async def _follow(self, wire: Wire) -> None:
        if self._is_lost:
            self._is_lost = False
            self._take({"type": "line.back"})
        self._take(wire.hello)
        outgoing: asyncio.Queue[Frame] = asyncio.Queue()
        if wire.head is None:
            self._open_unread(outgoing)
        else:
            self._place = await self._stand(wire, wire.head)
            here = {"after": self._place.seq, "epoch": self._place.epoch}
            outgoing.put_nowait({"type": "resume"} | here)
        writer = asyncio.create_task(_write(wire, outgoing))
        try:
            async for frame in wire.frames():
                await self._receive(frame, outgoing)
        finally:
            self._outgoing = None
            writer.cancel()
            await asyncio.wait([writer])

    def _open_unread(self, outgoing: asyncio.Queue[Frame]) -> None:
        """With a token that may not read there is nothing to resume."""
        if not self._only_sends:
            raise Refused(UNREADABLE)
        self._open(outgoing)

    def _open(self, outgoing: asyncio.Queue[Frame]) -> None:
        self._outgoing = outgoing
        self._pauses = pauses()
        self._take({"type": "line.open"})

    async def _stand(self, wire: Wire, head: int) -> Place:
        """The place to go on from: where we were, or after as much of history as was asked for."""
        if self._place is not None and self._place.epoch == wire.epoch:
            return self._place
        if self._place is not None:
            self._take({"type": "line.restored"})
        if self._history:
            for message in await newest(
                self._credentials, self.room, count=self._history, until_seq=head
            ):
                self._take(posted(message))
        return Place(wire.epoch, head)

    async def _receive(self, frame: Frame, outgoing: asyncio.Queue[Frame]) -> None:
        place, kind, seq = self._place, frame.get("type"), frame.get("seq")
        if place is None:
            self._take(frame)
        elif kind == "reset" and isinstance(seq, int):
            await self._catch_up(place, seq)
        elif kind == "resumed" and isinstance(seq, int):
            place.moves_to(seq)
            self._open(outgoing)
        elif not is_event(frame) or (isinstance(seq, int) and place.moves_to(seq)):
            self._take(frame)

    async def _catch_up(self, place: Place, until_seq: int) -> None:
        """Too much was missed for the socket to bring it: it comes from history."""
        async for message in between(
            self._credentials, self.room, after_seq=place.seq, until_seq=until_seq
        ):
            if place.moves_to(int(message["seq"])):
                self._take(posted(message))
        place.moves_to(until_seq)


def is_event(frame: Frame) -> bool:
    """True for what has a place in the room's log: its type is a noun and what became of it."""
    noun, dot, _ = str(frame.get("type")).partition(".")
    return bool(dot) and noun != "line"


def posted(message: Message) -> Frame:
    """A message of history, as its event was."""
    return {
        "type": "message.posted",
        "room": message["room"],
        "seq": message["seq"],
        "at": message["created_at"],
        "actor": message["author"],
        "message": message,
    }


def pauses() -> Iterator[float]:
    """Seconds between attempts: longer each time, and never the same for all who were cut off."""
    longest = FIRST_PAUSE_SECONDS
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311
        longest = min(longest * 2, LONGEST_PAUSE_SECONDS)


async def _write(wire: Wire, outgoing: asyncio.Queue[Frame]) -> None:
    try:
        while True:
            await wire.send(await outgoing.get())
    except (Lost, Refused):
        # Who reads the wire learns of it too, and says so.
        return
