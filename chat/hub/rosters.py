"""Programs that follow all rooms of their person on one socket: what they are in, as it changes."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError

from chat.database import is_outage
from chat.hub.readers import Reader
from chat.models import Membership, Room
from chat.payloads import Payload
from chat.sidebar import lines_for

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2.0


@dataclass(frozen=True)
class Place:
    """A room that somebody is in, and where its log ended when that was read."""

    room_id: int
    slug: str
    label: str
    kind: str
    seq: int
    unread: int

    @property
    def payload(self) -> Payload:
        known = {"room": self.slug, "name": self.label, "kind": self.kind}
        return known | {"seq": self.seq, "unread": self.unread}


def places_of(person_id: int) -> dict[int, Place]:
    """room → their place in it. Archived rooms and hidden ones too: they can be read."""
    lines = {line.room_id: line for line in lines_for([person_id])[person_id]}
    rows = Membership.objects.filter(person_id=person_id).order_by("pk")
    found = {}
    for member in rows.select_related("room"):
        room, line = member.room, lines.get(member.room_id)
        label = line.label if line else room.name
        unread = line.count if line else 0
        found[room.pk] = Place(room.pk, room.slug, label, room.kind, room.last_seq, unread)
    return found


def place_in(room: Room, person_id: int) -> Place:
    """The same of one room, which they may only look at."""
    if place := places_of(person_id).get(room.pk):
        return place
    return Place(room.pk, room.slug, room.name, room.kind, room.last_seq, 0)


class Roster:
    """One socket that follows its person's rooms; `moved` is told when these may have changed.

    It looks itself at what there is by then. It is never called twice at once, and once more for
    what changes meanwhile; where that fails, the socket is ended, for it would miss a room.
    """

    def __init__(self, reader: Reader, moved: Callable[[], Awaitable[None]]) -> None:
        self.reader, self._moved = reader, moved
        self._is_due = False
        self._work: asyncio.Task[None] | None = None

    def look(self) -> None:
        self._is_due = True
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._look())

    def stop(self) -> None:
        if self._work is not None:
            self._work.cancel()

    async def _look(self) -> None:
        try:
            while self._is_due:
                self._is_due = False
                await self._tell()
        except Exception:
            logger.exception("The rooms of a program can't be looked up")
            await self.reader.close(1011)
        finally:
            self._work = None

    async def _tell(self) -> None:
        try:
            await self._moved()
        except (DatabaseError, InterfaceError) as error:
            if not is_outage(error):
                raise
            self._is_due = True  # the tick says so
            await asyncio.sleep(RETRY_SECONDS)


class Rosters:
    """person → the rosters of theirs in this process."""

    def __init__(self) -> None:
        self._of: dict[int, set[Roster]] = defaultdict(set)

    @property
    def people(self) -> list[int]:
        return list(self._of)

    def add(self, roster: Roster) -> None:
        self._of[roster.reader.person_id].add(roster)

    def remove(self, roster: Roster) -> None:
        roster.stop()
        mine = self._of.get(roster.reader.person_id, set())
        mine.discard(roster)
        if not mine:
            self._of.pop(roster.reader.person_id, None)

    def refresh(self, people: Iterable[int]) -> None:
        """They may have come into a room, or be in one no longer."""
        for person_id in people:
            for roster in self._of.get(person_id, ()):
                roster.look()
