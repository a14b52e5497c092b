"""What is a connected person's own: which of their rooms hold something new.

For who knows nothing new of a room, a post has their lines read anew, many people in one query, a
moment later, so that a burst is one sidebar. For who knows of something already, only the number
grows: that is told every GROWING_SECONDS at most, however many posts there are, and so a page's
numbers are late by these and no more. Who looks at a room and reports to have seen it is told
nothing of it, however much comes.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from chat import fragments
from chat.database import in_database
from chat.errors import in_words
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
# Between two looks along all desks for the posts of one room.
REST_SECONDS = 1.0
PEOPLE_AT_ONCE = 25
NOTHING = -1


@dataclass(frozen=True)
class View:
    """A sidebar as data: its lines, the rooms in it, and those that hold news, whatever somebody's
    level makes of it. Of those who were asked for together, one for all to whom the same is so."""

    lines: tuple[Line, ...] = ()
    rooms: frozenset[int] = frozenset()
    unread: frozenset[int] = frozenset()

    @classmethod
    def of(cls, lines: tuple[Line, ...]) -> "View":
        rooms = frozenset(line.room_id for line in lines)
        return cls(lines, rooms, frozenset(line.room_id for line in lines if line.count))


@dataclass
class Desk:
    """A person's open pages, and what they know of their rooms.

    `seen` are the places up to which their pages reported rooms as seen. `timer` runs until they
    are told, at `due`: uvloop's timers do not all know their time. `is_being_told`: the database
    is being read, and what comes meanwhile may be missing in what it answers.
    """

    person_id: int
    pages: set[Reader] = field(default_factory=set)
    view: View = View()
    seen: dict[int, int] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None
    due: float = 0.0
    is_being_told: bool = False
    sent: dict[Reader, tuple[Line, ...]] = field(default_factory=dict)

    def shows(self, room_id: int) -> bool:
        """Whether one of the pages names this room: in its sidebar, or as the one that it is."""
        return room_id in self.view.rooms or self.looks_at(room_id)

    def looks_at(self, room_id: int) -> bool:
        return any(page.room_id == room_id for page in self.pages)

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Desks:
    """All connected people of this process."""

    def __init__(self, shut: standing.Shut) -> None:
        self._shut = shut
        self._desks: dict[int, Desk] = {}
        # room → its last post, while that is still to be told or the room rests from it.
        self._posted: dict[int, int] = {}
        self._due: dict[int, Desk] = {}
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.forget()

    def forget(self) -> None:
        # room → the place that who looks at it has seen, or else is told.
        self._checked: dict[int, int] = {}

    @property
    def people(self) -> list[int]:
        return list(self._desks)

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
            desk.stop()
            del self._desks[page.person_id]
            self._due.pop(page.person_id, None)

    def refresh(self, people: Iterable[int]) -> None:
        """Their rooms or read pointers have changed: their pages are told in a moment."""
        for person_id in people:
            if desk := self._desks.get(person_id):
                self._schedule(desk, SOON_SECONDS)

    def stir(self, room_id: int, kind: str, seq: int) -> None:
        """Something happened in a room: whoever is in it and does not know yet is told."""
        if kind in _UNSEEN_IN_SIDEBARS:
            return
        if kind == EventKind.MESSAGE_POSTED:
            if room_id not in self._posted:
                self._loop.call_later(SOON_SECONDS, self._spread, room_id)
            self._posted[room_id] = seq
            return
        for desk in self._desks.values():
            is_back = kind == EventKind.ROOM_UNARCHIVED
            if is_back or desk.is_being_told or desk.shows(room_id):
                self._schedule(desk, SOON_SECONDS)

    def seen(self, person_id: int, room_id: int, seq: int) -> None:
        """They have seen the room up to `seq`: of that they need not be told."""
        if desk := self._desks.get(person_id):
            desk.seen[room_id] = max(desk.seen.get(room_id, NOTHING), seq)

    def stored(self, places: Iterable[tuple[int, int]]) -> None:
        """(person, room): what they have seen there is unread no more."""
        for person_id, room_id in places:
            desk = self._desks.get(person_id)
            if desk is not None and (desk.is_being_told or room_id in desk.view.unread):
                self._schedule(desk, SOON_SECONDS)

    def show(self, page: Reader) -> None:
        """This page has just come back: it is told all, whatever it was told before."""
        if desk := self._desks.get(page.person_id):
            desk.sent.pop(page, None)
            self._schedule(desk, 0)

    async def run(self) -> None:
        """Tells whoever is due, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                people = list(self._due)[:PEOPLE_AT_ONCE]
                await self._try_to_tell([self._due.pop(person_id) for person_id in people])

    async def _try_to_tell(self, desks: list[Desk]) -> None:
        for desk in desks:
            desk.is_being_told = True
        try:
            await self._tell(desks)
        except Exception as error:
            logger.error("Sidebars can't be told now: %s", in_words(error))
            for desk in desks:
                self._schedule(desk, RETRY_SECONDS)
        finally:
            for desk in desks:
                desk.is_being_told = False

    def _spread(self, room_id: int) -> None:
        """Tells of the room's last post. However many there are, this walks along all desks once
        in REST_SECONDS; who looks at the room has a while to report that they have seen it."""
        seq = self._posted[room_id]
        for desk in self._desks.values():
            if room_id in desk.view.unread:
                self._schedule(desk, GROWING_SECONDS)
            elif desk.is_being_told:
                self._schedule(desk, SOON_SECONDS)
            elif room_id in desk.view.rooms and not desk.looks_at(room_id):
                self._schedule(desk, 0)
        self._loop.call_later(WHILE_LOOKING_SECONDS, self._check, self._checked, room_id, seq)
        self._loop.call_later(REST_SECONDS, self._rest, room_id, seq)

    def _rest(self, room_id: int, told: int) -> None:
        if self._posted[room_id] == told:
            del self._posted[room_id]
        else:
            self._spread(room_id)

    def _check(self, checked: dict[int, int], room_id: int, seq: int) -> None:
        """Whoever looks at the room and has not reported by now to have seen it so far is told."""
        if checked is not self._checked:  # that place is one of another log
            return
        checked[room_id] = seq
        for desk in self._desks.values():
            is_unseen = room_id in desk.view.rooms and desk.seen.get(room_id, 0) < seq
            if is_unseen and room_id not in desk.view.unread:
                self._schedule(desk, 0)

    def _schedule(self, desk: Desk, seconds: float) -> None:
        at = self._loop.time() + seconds
        if desk.person_id not in self._due and (desk.timer is None or at < desk.due):
            desk.stop()
            desk.due, desk.timer = at, self._loop.call_at(at, self._take, desk)

    def _take(self, desk: Desk) -> None:
        desk.timer = None
        if self._desks.get(desk.person_id) is desk:  # else they are gone, or back at another one
            self._due[desk.person_id] = desk
            self._wake.set()

    async def _tell(self, desks: list[Desk]) -> None:
        lines, site = await in_database(_read, [desk.person_id for desk in desks])
        pages = [page for desk in desks for page in desk.pages]
        await standing.admit(standing.doubted(pages, site.revocations), self._shut)
        shown: dict[tuple[Any, ...], str] = {}
        views: dict[tuple[Line, ...], View] = {}
        for desk in desks:
            key = tuple(self._as_seen(line, desk) for line in lines[desk.person_id])
            desk.view = views.get(key) or views.setdefault(key, View.of(key))
            mine = desk.view.lines
            for page in [page for page in desk.pages if page.has_begun]:
                if page.judged_at < site.revocations:  # has come in while we asked
                    self._schedule(desk, SOON_SECONDS)
                elif desk.sent.get(page) != mine:
                    await self._show(page, mine, desk.sent.get(page), site.name, shown)
                    desk.sent[page] = mine
            await asyncio.sleep(0)

    def _as_seen(self, line: Line, desk: Desk) -> Line:
        """Who looks at a room is not told of what they have seen or are about to see there, though
        their pointer is stored a while later: in a busy room that would never be all. Unless they
        have put it back since: then that is what they want to be told of."""
        if line.is_kept:
            desk.seen.pop(line.room_id, None)
        if not line.count or line.mentions or line.is_kept or not desk.looks_at(line.room_id):
            return line
        place = desk.seen.get(line.room_id, NOTHING)
        is_read = place >= self._checked.get(line.room_id, 0)
        return replace(line, unread=False, count=0) if is_read else line

    async def _show(
        self,
        page: Reader,
        lines: tuple[Line, ...],
        before: tuple[Line, ...] | None,
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
