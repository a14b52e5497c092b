"""What is a connected person's own: which of their rooms hold something new.

For who knows nothing new of a room, a post has their lines read anew, many people in one query, a
moment later, so that a burst is one sidebar. For who knows of something already, only the number
grows: that is told every GROWING_SECONDS at most, however many posts there are, and so a page's
numbers are late by these and no more.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chat import fragments
from chat.database import in_database
from chat.hub import standing
from chat.hub.readers import Reader
from chat.models import EventKind, Site
from chat.sidebar import Line, lines_for

logger = logging.getLogger(__name__)

SOON_SECONDS = 0.2
# Somebody looks at the room: their page reports what it has seen every 5 s at the least.
WHILE_LOOKING_SECONDS = 6.0
RETRY_SECONDS = 2.0
# What changes a message changes the sidebars of few: whoever does it rings for these by name.
_UNSEEN_IN_SIDEBARS = (
    EventKind.MESSAGE_EDITED,
    EventKind.MESSAGE_DELETED,
    EventKind.REACTION_ADDED,
    EventKind.REACTION_REMOVED,
)
GROWING_SECONDS = 5.0
PEOPLE_AT_ONCE = 25


@dataclass
class Desk:
    """A person's open pages, the rooms they are in, and those that they know to hold news, whatever
    their level makes of it.

    `doubts` are rooms that they look at while something new is in them: (when to ask, the place
    that has to be seen until then). `is_being_told`: the database is being read, and what comes
    meanwhile may be missing in what it answers.
    """

    person_id: int
    pages: set[Reader] = field(default_factory=set)
    rooms: frozenset[int] = frozenset()
    unread: frozenset[int] = frozenset()
    due_at: float | None = None
    doubts: dict[int, tuple[float, int]] = field(default_factory=dict)
    is_being_told: bool = False
    sent: dict[Reader, list[Line]] = field(default_factory=dict)

    def shows(self, room_id: int) -> bool:
        """Whether one of the pages names this room: in its sidebar, or as the one that it is."""
        return room_id in self.rooms or any(page.room_id == room_id for page in self.pages)

    @property
    def next_at(self) -> float | None:
        times = [at for at, _seq in self.doubts.values()]
        return min([*times, self.due_at] if self.due_at is not None else times, default=None)


class Desks:
    """All connected people of this process."""

    def __init__(self, shut: standing.Shut) -> None:
        self._shut = shut
        self._desks: dict[int, Desk] = {}
        self._wake = asyncio.Event()

    @property
    def people(self) -> list[int]:
        return list(self._desks)

    @property
    def rooms(self) -> set[int]:
        return {room_id for desk in self._desks.values() for room_id in desk.rooms}

    def add(self, page: Reader) -> None:
        desk = self._desks.setdefault(page.person_id, Desk(page.person_id))
        desk.pages.add(page)

    def remove(self, page: Reader) -> None:
        desk = self._desks.get(page.person_id)
        if desk is None:
            return
        desk.pages.discard(page)
        desk.sent.pop(page, None)
        if not desk.pages:
            del self._desks[page.person_id]

    def refresh(self, people: Iterable[int]) -> None:
        """Their rooms or read pointers have changed: their pages are told in a moment."""
        for person_id in people:
            if desk := self._desks.get(person_id):
                self._schedule(desk, SOON_SECONDS)

    def stir(self, room_id: int, kind: str, seq: int) -> None:
        """Something happened in a room: whoever is in it and does not know yet is told."""
        if kind in _UNSEEN_IN_SIDEBARS:
            return
        for desk in self._desks.values():
            if kind == EventKind.MESSAGE_POSTED and room_id in desk.unread:
                self._schedule(desk, GROWING_SECONDS)
            elif desk.is_being_told:
                self._schedule(desk, SOON_SECONDS)
            elif kind == EventKind.MESSAGE_POSTED:
                if room_id in desk.rooms:
                    self._doubt(desk, room_id, seq)
            elif kind == EventKind.ROOM_UNARCHIVED or desk.shows(room_id):
                self._schedule(desk, SOON_SECONDS)

    def seen(self, person_id: int, room_id: int, seq: int) -> None:
        """They have read the room up to `seq`: what was in doubt is settled, or unread no more."""
        desk = self._desks.get(person_id)
        if desk is None:
            return
        if room_id in desk.doubts:
            _at, last = desk.doubts.pop(room_id)
            if last > seq:  # more came meanwhile; they are reading, so there is time again
                self._doubt(desk, room_id, last)
        if room_id in desk.unread:
            self._schedule(desk, SOON_SECONDS)

    def show(self, page: Reader) -> None:
        """This page has just come back: it is told all, whatever it was told before."""
        if desk := self._desks.get(page.person_id):
            desk.sent.pop(page, None)
            self._schedule(desk, 0)

    async def run(self) -> None:
        """Tells whoever is due, for ever."""
        while True:
            delay = self._seconds_to_next()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._wake.wait()
            self._wake.clear()
            due = self._take_due()
            for start in range(0, len(due), PEOPLE_AT_ONCE):
                await self._try_to_tell(due[start : start + PEOPLE_AT_ONCE])

    async def _try_to_tell(self, desks: list[Desk]) -> None:
        for desk in desks:
            desk.is_being_told = True
        try:
            await self._tell(desks)
        except Exception as error:
            logger.error("Sidebars can't be told now: %r", error)
            for desk in desks:
                self._schedule(desk, RETRY_SECONDS)
        finally:
            for desk in desks:
                desk.is_being_told = False

    def _doubt(self, desk: Desk, room_id: int, seq: int) -> None:
        """Waits whether a page that shows the room reports that it was seen."""
        if not any(page.room_id == room_id for page in desk.pages):
            self._schedule(desk, SOON_SECONDS)
            return
        at = asyncio.get_running_loop().time() + WHILE_LOOKING_SECONDS
        desk.doubts[room_id] = (desk.doubts.get(room_id, (at, 0))[0], seq)
        self._wake.set()

    def _schedule(self, desk: Desk, seconds: float) -> None:
        at = asyncio.get_running_loop().time() + seconds
        if desk.due_at is None or at < desk.due_at:
            desk.due_at = at
            self._wake.set()

    def _seconds_to_next(self) -> float | None:
        due = [desk.next_at for desk in self._desks.values()]
        times = [at for at in due if at is not None]
        return max(0.0, min(times) - asyncio.get_running_loop().time()) if times else None

    def _take_due(self) -> list[Desk]:
        now = asyncio.get_running_loop().time()
        due = [
            desk
            for desk in self._desks.values()
            if desk.next_at is not None and desk.next_at <= now
        ]
        for desk in due:
            desk.due_at = None
            desk.doubts.clear()
        return due

    async def _tell(self, desks: list[Desk]) -> None:
        lines, site = await in_database(_read, [desk.person_id for desk in desks])
        pages = [page for desk in desks for page in desk.pages]
        await standing.admit(standing.doubted(pages, site.revocations), self._shut)
        shown: dict[tuple[Any, ...], str] = {}
        for desk in desks:
            mine = lines[desk.person_id]
            desk.rooms = frozenset(line.room_id for line in mine)
            desk.unread = frozenset(line.room_id for line in mine if line.count)
            for page in [page for page in desk.pages if page.has_begun]:
                if page.judged_at < site.revocations:  # has come in while we asked
                    self._schedule(desk, SOON_SECONDS)
                elif desk.sent.get(page) != mine:
                    await self._show(page, mine, desk.sent.get(page), site.name, shown)
                    desk.sent[page] = mine
            await asyncio.sleep(0)

    async def _show(
        self,
        page: Reader,
        lines: list[Line],
        before: list[Line] | None,
        site_name: str,
        shown: dict[tuple[Any, ...], str],
    ) -> None:
        """`shown` are those that are rendered already: two of one sight look alike."""
        sight = (*lines, None, *(before or ()), page.slug, page.title, page.kind)
        if sight not in shown:
            shown[sight] = fragments.sidebar(
                lines, before, page.slug, page.title, site_name, page.kind
            )
        try:
            await page.send(shown[sight])
        except Exception:
            logger.exception("A sidebar can't be sent")
            await page.close(1011)


def _read(person_ids: list[int]) -> tuple[dict[int, list[Line]], Site]:
    """Their lines, and behind them the site with its revocations (chat.hub.standing)."""
    return lines_for(person_ids), Site.load()
