"""Who is typing, in this process's rooms: never stored, never logged, gone by itself.

A client says so every few seconds while somebody types. Each room's other readers see the names;
a typist's own pages are told of the others alone. Between processes it rides the doorbell.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable
from weakref import WeakKeyDictionary

from django.db import DatabaseError, InterfaceError

from chat import fragments, presence
from chat.database import in_database, is_outage
from chat.fragments import JSON
from chat.hub import standing
from chat.hub.bells import TYPING, Ring, tell_others
from chat.hub.feeds import SLICE, Feed
from chat.hub.readers import Reader, tell
from chat.models import Site
from chat.presence import Typist

logger = logging.getLogger(__name__)

# A frame that follows another sooner is not listened to.
THROTTLE_SECONDS = 2.5
SHOWN_SECONDS = 6.0
# Of more than two a page does not say who they are.
_SEVERAL = (Typist(0, "", ""),) * 3
MOMENT_SECONDS = 1.0


class Typing:
    """room → those who type in it, each with until when it is shown."""

    def __init__(self, feeds: dict[int, Feed], shut: standing.Shut) -> None:
        self._feeds, self._shut = feeds, shut
        self._rooms: dict[int, dict[int, tuple[Typist, float]]] = {}
        self._heard: dict[tuple[int, int], float] = {}
        self._told: WeakKeyDictionary[Reader, tuple[Typist, ...]] = WeakKeyDictionary()
        self._revocations = 0
        self._wake = asyncio.Event()

    async def say(self, reader: Reader) -> None:
        """The reader's person types in its room: shown here and elsewhere, unless muted."""
        room_id, now = reader.room_id, _now()
        if room_id is None or not reader.is_live:
            return
        self._heard = {key: at for key, at in self._heard.items() if now - at < THROTTLE_SECONDS}
        if (room_id, reader.person_id) in self._heard:
            return
        self._heard[room_id, reader.person_id] = now
        if await self.hear(room_id, [reader.person_id]):
            tell_others(Ring(room_id=room_id, kind=TYPING, people=(reader.person_id,)))

    async def hear(self, room_id: int, people: Collection[int]) -> bool:
        """Whether any of them is to be shown. Asks the database who they are, and may.

        While that is away nobody is: a convenience, which ends no socket.
        """
        if room_id not in self._feeds:
            return False
        try:
            found, revocations = await in_database(_read, people, room_id)
        except (DatabaseError, InterfaceError) as error:
            if not is_outage(error):
                raise
            return False
        self._revocations = max(self._revocations, revocations)
        until = _now() + SHOWN_SECONDS
        for typist in found:
            self._rooms.setdefault(room_id, {})[typist.pk] = (typist, until)
            self._wake.set()
        return bool(found)

    def end(self, room_id: int, people: Iterable[int]) -> None:
        """Their messages have arrived."""
        for person_id in people:
            self._heard.pop((room_id, person_id), None)
            if self._rooms.get(room_id, {}).pop(person_id, None):
                self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._rooms:
                try:
                    await self._show()
                except Exception:
                    logger.exception("Who is typing can't be shown")
                await asyncio.sleep(MOMENT_SECONDS)

    async def _show(self) -> None:
        now = _now()
        for room_id, people in list(self._rooms.items()):
            for person_id in [each for each, (_who, until) in people.items() if until <= now]:
                del people[person_id]
            feed = self._feeds.get(room_id)
            if feed is not None:
                await self._tell(feed.pages, people)
            if not people:
                del self._rooms[room_id]

    async def _tell(self, pages: list[Reader], people: dict[int, tuple[Typist, float]]) -> None:
        told = {page: _seen_by(page, people) for page in pages}
        changed = [page for page in pages if self._told.get(page, ()) != told[page]]
        await standing.admit(standing.doubted(changed, self._revocations), self._shut)
        for count, page in enumerate(changed, 1):
            if page.is_live:
                self._told[page] = told[page]
                await tell(page, fragments.typing(told[page], page.slug, page.kind))
            if count % SLICE == 0:
                await asyncio.sleep(0)


def _seen_by(page: Reader, people: dict[int, tuple[Typist, float]]) -> tuple[Typist, ...]:
    """The others, by name."""
    others = [typist for typist, _ in people.values() if typist.pk != page.person_id]
    if len(others) > 2 and page.kind != JSON:
        return _SEVERAL
    return tuple(sorted(others, key=lambda typist: (typist.name, typist.pk)))


def _read(people: Collection[int], room_id: int) -> tuple[list[Typist], int]:
    return presence.typists(people, room_id), Site.revocation_count()


def _now() -> float:
    return asyncio.get_running_loop().time()
