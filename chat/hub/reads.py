"""What people have seen, gathered for a second: a post is seen by many at once."""

import asyncio
import logging
from collections.abc import Callable

from chat.database import into_database
from chat.hub.bells import Ring, tell_others
from chat.hub.desks import Desks
from chat.models import Following, Membership

logger = logging.getLogger(__name__)

READ_SECONDS = 1.0
# (person, room or thread) → the place up to which they have seen it.
Places = dict[tuple[int, int], int]


class Reads:
    """Read pointers of rooms and of threads, on their way into the database.

    `moved` is told whose rooms' pointers are stored.
    """

    def __init__(self, desks: Desks, moved: Callable[[set[int]], None]) -> None:
        self._desks, self._moved = desks, moved
        self.forget()

    def forget(self) -> None:
        self._rooms: Places = {}
        self._threads: Places = {}

    def see_room(self, person_id: int, room_id: int, seq: int) -> None:
        """Their other pages show it when it is stored."""
        key = (person_id, room_id)
        self._rooms[key] = max(self._rooms.get(key, 0), seq)
        self._desks.seen(*key, self._rooms[key])

    def see_thread(self, person_id: int, root_id: int, seq: int) -> None:
        key = (person_id, root_id)
        self._threads[key] = max(self._threads.get(key, 0), seq)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(READ_SECONDS)
            if self._rooms or self._threads:
                await self._store()

    def store_last(self) -> None:
        """What people have seen within the last second, before the process ends."""
        _write(self._rooms, self._threads)

    async def _store(self) -> None:
        rooms, threads = self._rooms, self._threads
        self.forget()
        try:
            in_threads = await into_database(_write, rooms, threads)
        except Exception as error:
            logger.error("Read pointers can't be stored now: %s", error)
            self._rooms = _furthest(rooms, self._rooms)
            self._threads = _furthest(threads, self._threads)
            return
        self._desks.stored(rooms)
        in_rooms = {person_id for person_id, _room_id in rooms}
        self._moved(in_rooms)
        self._desks.refresh(in_threads)
        if people := in_rooms | in_threads:
            tell_others(Ring(people=tuple(people)))


def _furthest(earlier: Places, later: Places) -> Places:
    """Another of somebody's pages may have seen less since."""
    seen = earlier | later
    return {key: max(seq, earlier.get(key, 0)) for key, seq in seen.items()}


def _write(rooms: Places, threads: Places) -> set[int]:
    """Whose pointers in threads have moved."""
    if rooms:
        Membership.objects.mark_read(rooms)
    return Following.objects.mark_read(threads) if threads else set()
