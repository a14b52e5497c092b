"""The line to one room: it comes back by itself, and nothing that was said meanwhile is missed.

What comes is given to `take`, frame by frame: the frames of docs/protocol.md, an event only once
and in the room's order, and these of our own: `line.lost` and `line.back`, once each time;
`line.restored` where the site has gone back to a backup, so that the room's log is another one.
History looks as it did when it was news: as `message.posted`.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import NoReturn

from natterjack.credentials import Credentials
from natterjack.errors import Lost, Refused
from natterjack.history import Message, between, newest
from natterjack.place import Place
from natterjack.wire import Frame, Wire, opened

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
UNKNOWN = "The site sent what this program does not understand; one of the two may be too old."


class Line:
    """`run` holds it until it is cancelled or the site refuses; `send` is for the same loop."""

    def __init__(
        self,
        credentials: Credentials,
        room: str,
        take: Callable[[Frame], None],
        *,
        history: int = 0,
        insists: bool = False,
    ) -> None:
        """`history`: so many messages come before the news. `insists`: a site that can't be
        reached at first is one that will be; otherwise that is a refusal."""
        self.room = room
        self._credentials = credentials
        self._take = take
        self._history = history
        self._insists = insists
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
                if self._place is None and not self._insists:
                    raise Refused(str(lost)) from None
            if not self._is_lost:
                self._is_lost = True
                self._take({"type": "line.lost"})
            await asyncio.sleep(next(self._pauses))

    async def _follow(self, wire: Wire) -> None:
        if self._is_lost:
            self._is_lost = False
            self._take({"type": "line.back"})
        self._take_known(wire.hello)
        place = await self._stand(wire)
        outgoing: asyncio.Queue[Frame] = asyncio.Queue()
        outgoing.put_nowait({"type": "resume", "after": place.seq, "epoch": place.epoch})
        writer = asyncio.create_task(_write(wire, outgoing))
        try:
            async for frame in wire.frames():
                await self._receive(frame, place, outgoing)
        finally:
            self._outgoing = None
            writer.cancel()
            await asyncio.wait([writer])

    async def _stand(self, wire: Wire) -> Place:
        """The place to go on from: where we were, or after as much of history as was asked for."""
        if self._place is not None and self._place.epoch == wire.epoch:
            return self._place
        if self._place is not None:
            self._take({"type": "line.restored"})
        if self._history:
            for message in await newest(
                self._credentials, self.room, count=self._history, until_seq=wire.head
            ):
                self._take_known(posted(message))
        self._place = Place(wire.epoch, wire.head)
        return self._place

    async def _receive(self, frame: Frame, place: Place, outgoing: asyncio.Queue[Frame]) -> None:
        kind, seq = frame.get("type"), frame.get("seq")
        if kind == "reset" and isinstance(seq, int):
            await self._catch_up(place, seq)
        elif kind == "resumed" and isinstance(seq, int):
            place.moves_to(seq)
            self._outgoing = outgoing
            self._pauses = pauses()
            self._take_known(frame)
        elif not is_event(frame) or (isinstance(seq, int) and place.moves_to(seq)):
            self._take_known(frame)

    async def _catch_up(self, place: Place, until_seq: int) -> None:
        """Too much was missed for the socket to bring it: it comes from history."""
        async for message in between(
            self._credentials, self.room, after_seq=place.seq, until_seq=until_seq
        ):
            if place.moves_to(int(message["seq"])):
                self._take_known(posted(message))
        place.moves_to(until_seq)

    def _take_known(self, frame: Frame) -> None:
        try:
            self._take(frame)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Refused(UNKNOWN) from None


def is_event(frame: Frame) -> bool:
    """True for what has a place in the room's log: its type is a noun and what became of it."""
    return "." in str(frame.get("type"))


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
