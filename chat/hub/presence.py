"""Presence in this process: who gave a sign of life, and what the shown rooms' pages were told."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from django.db import DatabaseError
from django.utils import timezone

from chat import fragments, presence
from chat.database import in_database
from chat.hub import standing
from chat.hub.feeds import SLICE, Feed
from chat.hub.readers import Reader, tell
from chat.models import Site
from chat.presence import NOBODY, Here

logger = logging.getLogger(__name__)

ROUND_SECONDS = 5.0
_deeds: dict[int, datetime] = {}


def note(person_id: int) -> None:
    """They have just done something. Called from any thread; costs no query."""
    _deeds[person_id] = timezone.now()


class Rounds:
    """Every few seconds: who is due is written, and the rooms' heads are told what has changed."""

    def __init__(self, readers: set[Reader], feeds: dict[int, Feed], shut: standing.Shut) -> None:
        self._readers, self._feeds, self._shut = readers, feeds, shut
        self._written: dict[int, datetime] = {}
        self._told: WeakKeyDictionary[Reader, Here] = WeakKeyDictionary()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self._write()
                await self._tell()
            except DatabaseError:
                pass  # the tick says so
            except Exception:
                logger.exception("Presence can't be shown")

    async def _write(self) -> None:
        now = timezone.now()
        since = now - timedelta(seconds=presence.WRITE_SECONDS + ROUND_SECONDS)
        deeds = dict(_deeds)  # which other threads write
        for person_id, at in deeds.items():
            if at < since:
                _deeds.pop(person_id, None)
        connected = {reader.person_id for reader in self._readers}
        people = connected | set(deeds)
        self._written = {each: at for each, at in self._written.items() if each in people}
        active = self._due(deeds, now, presence.WRITE_SECONDS)
        idle = self._due(connected - set(deeds), now, presence.IDLE_WRITE_SECONDS)
        if not (active or idle):
            return
        if await in_database(presence.write, active, idle):
            self._written |= dict.fromkeys([*active, *idle], now)

    def _due(self, people: Iterable[int], now: datetime, seconds: int) -> list[int]:
        """Those whom this process has not written for so long; of others the database knows."""
        since = now - timedelta(seconds=seconds)
        return [each for each in people if self._written.get(each, since) <= since]

    async def _tell(self) -> None:
        shown = [room_id for room_id, feed in self._feeds.items() if feed.pages]
        if not shown:
            return
        here, revocations = await in_database(_read, shown)
        told = {
            page: here.get(room_id, NOBODY) for room_id in shown for page in self._pages(room_id)
        }
        changed = [page for page in told if self._told.get(page) != told[page]]
        await standing.admit(standing.doubted(changed, revocations), self._shut)
        for count, page in enumerate(changed, 1):
            if page.is_live:
                self._told[page] = told[page]
                await tell(page, fragments.presence(told[page], page.slug, page.kind))
            if count % SLICE == 0:
                await asyncio.sleep(0)

    def _pages(self, room_id: int) -> list[Reader]:
        feed = self._feeds.get(room_id)
        return feed.pages if feed else []


def _read(room_ids: list[int]) -> tuple[dict[int, Here], int]:
    """Who is here, and behind it the site's revocations (chat.hub.standing)."""
    return presence.here_in(room_ids, Site.load()), Site.revocation_count()
