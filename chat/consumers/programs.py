"""Programs: one JSON object a frame, of one room or of all that the person is in."""

import asyncio
from typing import Any

from django.utils.translation import gettext as _

from chat import frames, hub, programs
from chat.consumers.base import Socket, Step, unknown
from chat.database import in_database
from chat.errors import Invalid, NotFound, Refused
from chat.fragments import JSON, Frame, Kind
from chat.handshake import Visitor
from chat.hub import Place, RoomReader, Roster
from chat.models import Message, Scope

PROTOCOL = "chat.v1.json"
# Rooms that are brought up to date at once; the database's threads are few.
TOGETHER = 8


class Program(Socket):
    """A socket that receives JSON. Each room that it follows is a reader of its own at the hub.

    On `/ws/chat/` these come and go with the person's memberships, on `/ws/chat/<slug>/` there is
    one, and the socket ends with it.
    """

    subprotocol = PROTOCOL

    def kind_of(self, visitor: Visitor) -> Kind:
        return JSON

    async def begin(self) -> None:
        self.rooms: dict[int, RoomReader] = {}
        self.begun = asyncio.Event()
        self.roster = Roster(self.reader, self._move)
        places = list[Place]()
        if self.reader.may(Scope.READ):
            if not self.visitor.slug:  # first: what moves while they are read is looked at again
                hub.current().rosters.add(self.roster)
            places = await in_database(_places, self.visitor)
        await self._say(
            programs.hello(
                epoch=self.visitor.epoch,
                person=self.visitor.person,
                scopes=filter(self.reader.may, Scope),
                rooms=[place.payload for place in places],
            )
        )
        for place in places:
            self._follow(place)

    def end(self) -> None:
        hub.current().rosters.remove(self.roster)
        for reader in self.rooms.values():
            hub.current().remove(reader)

    async def go_live(self) -> None:
        await self._bring(dict.fromkeys(self.rooms.values()))

    async def handle(self, step: Step, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "resume":
                await self._resume(frame)
            case "read":
                self.read(frame)
            case "edit" | "delete" | "react":
                await self.change(step, frame)
            case "typing":
                hub.note(self.reader.person_id)
                await hub.current().typing.say(self.reader_of(frame))
            case "ping":
                await self._say(programs.pong())
            case _:
                raise unknown()

    async def acknowledge(self, step: Step, message: Message) -> None:
        room, seq = message.room.slug, message.seq
        await self._say(programs.ack(nonce=step.nonce, room=room, seq=seq, message_id=message.pk))

    async def refuse(self, step: Step, error: Refused) -> None:
        await self._say(programs.error(error, step.nonce))

    async def _say(self, text: str) -> None:
        await self.reader.take(Frame((text,), 0))

    # --- Rooms -----------------------------------------------------------------------------

    def _follow(self, place: Place) -> RoomReader:
        mine = self.reader
        reader = RoomReader(
            person_id=mine.person_id,
            credential=mine.credential,
            session_line=mine.session_line,
            token_id=mine.token_id,
            scopes=mine.scopes,
            kind=JSON,
            room_id=place.room_id,
            slug=place.slug,
            head=place.seq,
            socket=mine,
            lose=self._lose,
        )
        self.rooms[place.room_id] = reader
        hub.current().add(reader)
        return reader

    async def _lose(self, reader: RoomReader, code: int) -> None:
        """The hub has shut out this one: of many rooms the others go on."""
        if code != 4403 or self.reader.slug:
            await self.reader.close(code)
        elif self.rooms.pop(reader.room_id or 0, None) is not None:
            await self._say(programs.left(reader.slug))

    async def _move(self) -> None:
        """Follows the rooms that are the person's now; before a place is named, none but `hello`'s.

        Called again where it has failed halfway: what is not live yet is brought then.
        """
        await self.begun.wait()
        async with self.turn:
            places = await in_database(hub.places_of, self.reader.person_id)
            for reader in [each for key, each in self.rooms.items() if key not in places]:
                await hub.current().settle(reader)  # what they did last is still theirs to hear
                hub.current().remove(reader)
                await self._lose(reader, 4403)
            for place in [each for key, each in places.items() if key not in self.rooms]:
                self._follow(place)
                await self._say(programs.joined(place.payload))
            late = [reader for reader in self.rooms.values() if not reader.is_live]
            await self._bring(dict.fromkeys(late))

    def reader_of(self, frame: dict[str, Any]) -> RoomReader:
        slug = self.reader.slug or frame.get("room")
        if not slug:
            raise Invalid(_("Name the room."))
        for reader in self.rooms.values():
            if reader.slug == slug:
                return reader
        raise NotFound(_("There is no such room, or it is not for you."))

    # --- Places ----------------------------------------------------------------------------

    async def _resume(self, frame: dict[str, Any]) -> None:
        cursors = self._cursors(frame)
        self.has_asked = True
        async with self.turn:
            places = {reader: cursors.get(reader.slug) for reader in self.rooms.values()}
            await self._bring(places, same_epoch=self.is_same_epoch(frame))

    def _cursors(self, frame: dict[str, Any]) -> dict[str, int | None]:
        if self.reader.slug:
            return {self.reader.slug: frames.number(frame, "after")}
        cursors = frame.get("cursors") or {}
        if not isinstance(cursors, dict):
            raise frames.BadFrame(_("“%(name)s” has to be an object.") % {"name": "cursors"})
        return {slug: frames.number(cursors, slug) for slug in cursors}

    async def _bring(
        self, places: dict[RoomReader, int | None], *, same_epoch: bool = True
    ) -> None:
        gate = asyncio.Semaphore(TOGETHER)

        async def bring(reader: RoomReader, after: int | None) -> None:
            async with gate:
                await hub.current().resume(reader, after, same_epoch=same_epoch)

        self.reader.has_begun = True
        self.begun.set()
        await asyncio.gather(*(bring(reader, after) for reader, after in places.items()))


def _places(visitor: Visitor) -> list[Place]:
    if visitor.slug and visitor.room is not None:
        return [hub.place_in(visitor.room, visitor.person.pk)]
    return list(hub.places_of(visitor.person.pk).values())
