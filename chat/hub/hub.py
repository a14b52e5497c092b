"""The hub of this process: feeds of rooms, desks of people, the tick and the heartbeat."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from typing import Any

from django.db import DatabaseError

from chat import fragments, tokens
from chat.database import in_database
from chat.fragments import JSON
from chat.handshake import Refusal, Visitor, admit_each
from chat.hub import log, standing
from chat.hub.bells import TYPING, WITHDRAWN, Ring, bell, is_shared, listen
from chat.hub.desks import Desks
from chat.hub.feeds import Feed
from chat.hub.presence import Rounds
from chat.hub.readers import Reader, StreamReader
from chat.hub.reads import Reads
from chat.hub.rosters import Rosters
from chat.hub.together import Together
from chat.hub.typing import Typing
from chat.models import EventKind

logger = logging.getLogger(__name__)

TICK_SECONDS = 2.0
BEAT_SECONDS = 20
DOUBT_SECONDS = 0.1
# About 20 ms of the database's time. They go on together, and so share what they have missed.
ADMITTED_TOGETHER = 100


class Hub:
    """Everybody who reads along in this process."""

    def __init__(self) -> None:
        self.readers: set[Reader] = set()
        self._by_person: dict[int, set[Reader]] = defaultdict(set)
        self.feeds: dict[int, Feed] = {}
        self.desks = Desks(self.shut_out)
        self.rosters = Rosters()
        self.door: Together[dict[str, Any], Visitor | Refusal] = Together(_admit, ADMITTED_TOGETHER)
        self.typing = Typing(self.feeds, self.shut_out)
        self._presence = Rounds(self.readers, self.feeds, self.shut_out)
        self._hearing: set[asyncio.Task[bool]] = set()
        self._doubt = asyncio.Event()
        self._heads: dict[int, int] = {}
        self._looks: dict[int, log.Look] = {}
        # Of those whose own reading has moved the second number, that is not known.
        self._pointers: dict[int, tuple[int, int | None]] = {}
        self._reads = Reads(self.desks, self._know_of)
        self._tasks: list[asyncio.Task[None]] = []
        self._has_database = True
        self.loop = asyncio.get_running_loop()

    def start(self) -> None:
        """Begins to listen. Called once, in the loop that serves."""
        bell.loop, bell.answer = self.loop, self.answer
        jobs = [self.desks.run(), self._tick(), self._beat(), self._reads.run()]
        jobs += [self.typing.run(), self._presence.run()]
        if is_shared():
            jobs.append(listen(self.answer))
        self._tasks = [self.loop.create_task(job) for job in jobs]

    def store_last_reads(self) -> None:
        """What people have seen within the last second, before the process ends."""
        self._reads.store_last()

    def stop(self) -> None:
        bell.loop = bell.answer = None
        for task in self._tasks:
            task.cancel()
        _hubs.pop(self.loop, None)

    def answer(self, ring: Ring) -> None:
        """Somebody rang: looks at the room, and tells the people whose rooms it is."""
        if ring.kind == TYPING:
            self._hear_typing(ring)
            return
        if ring.room_id is not None:
            self._heads[ring.room_id] = max(self._heads.get(ring.room_id, 0), ring.seq)
            feed = self.feeds.get(ring.room_id)
            if feed is not None and feed.position < ring.seq:
                feed.look()
            self.desks.stir(ring.room_id, ring.kind, ring.seq)
        if ring.kind == WITHDRAWN:
            self._doubt.set()
        self.desks.refresh(ring.people)
        self.rosters.refresh(ring.people)

    def _hear_typing(self, ring: Ring) -> None:
        if ring.room_id in self.feeds:
            hearing = self.loop.create_task(self.typing.hear(ring.room_id, ring.people))
            self._hearing.add(hearing)  # else nobody holds it while it waits
            hearing.add_done_callback(self._hearing.discard)

    # --- Readers ---------------------------------------------------------------------------

    def count(self, person_id: int, kind: type[Reader]) -> int:
        return sum(isinstance(reader, kind) for reader in self._readers_of(person_id))

    async def end_oldest_streams(
        self, person_id: int, keep: int | None, kind: type[StreamReader] = StreamReader
    ) -> None:
        """Makes room for a person's newest stream: the oldest of its kind end, and say so."""
        mine = [each for each in self._readers_of(person_id) if type(each) is kind]
        surplus = len(mine) - keep + 1 if keep else 0
        for reader in sorted(mine, key=lambda each: each.number)[: max(0, surplus)]:
            await reader.close(4429)

    def _readers_of(self, person_id: int) -> set[Reader]:
        return self._by_person.get(person_id, set())

    def enter(self, reader: Reader) -> None:
        """Counts a reader among its person's from now on, and ends it with their right to read."""
        self.readers.add(reader)
        self._by_person[reader.person_id].add(reader)

    def add(self, reader: Reader) -> None:
        """Lets a reader in. Nothing is sent to it until `resume`."""
        self.enter(reader)
        if reader.has_sidebar:
            self.desks.add(reader)
        if reader.room_id is not None:
            fresh = Feed(reader.room_id, self.shut_out, self.typing.end)
            feed = self.feeds.setdefault(reader.room_id, fresh)
            feed.waiting.add(reader)

    def remove(self, reader: Reader) -> None:
        reader.is_open = False
        self.readers.discard(reader)
        self._readers_of(reader.person_id).discard(reader)
        if not self._readers_of(reader.person_id):
            self._by_person.pop(reader.person_id, None)
        self.desks.remove(reader)
        feed = self.feeds.get(reader.room_id or 0)
        if feed is not None:
            feed.remove(reader)
            if feed.is_empty:
                del self.feeds[feed.room_id]

    async def resume(self, reader: Reader, after: int | None, *, same_epoch: bool = True) -> None:
        """Brings a reader up to date from `after` (None: from when it was let in).

        The first call makes it live. A later one repeats to a program everything since `after`,
        and to a page the changes; where the socket was made live before its first resume arrived
        and that names an older place, what lies between was never sent, so the whole list is
        replaced.
        """
        feed = self.feeds.get(reader.room_id or 0)
        if feed is not None:
            place = reader.head if after is None else after
            if not reader.is_live:
                await feed.resume(reader, place, same_epoch=same_epoch)
            elif reader.kind == JSON:
                if after is not None or not same_epoch:
                    await feed.restart(reader, place, same_epoch=same_epoch)
            elif not same_epoch or (not reader.has_resumed and place < reader.began):
                await feed.replace_list(reader)
            elif after is not None:
                await feed.repeat(reader, after)
        reader.has_resumed = reader.has_resumed or after is not None
        reader.has_begun = True
        if reader.has_sidebar:
            await self._send_beat(reader)
            self.desks.show(reader)

    async def settle(self, reader: Reader) -> None:
        """Returns when a live reader has got what is in its room's log by now."""
        feed = self.feeds.get(reader.room_id or 0)
        if feed is not None and reader.is_live:
            heads = await in_database(log.heads, [feed.room_id])
            await feed.settle(heads.get(feed.room_id, 0))

    def read(self, reader: Reader, seq: int) -> None:
        """The reader's person has seen the room up to `seq`; stored within a second."""
        feed = self.feeds.get(reader.room_id or 0)
        if feed is not None and seq > 0:
            self._reads.see_room(reader.person_id, feed.room_id, min(seq, feed.position))

    def read_thread(self, reader: Reader, root_id: int, seq: int) -> None:
        """The same of the answers in a thread."""
        if seq > 0:
            self._reads.see_thread(reader.person_id, root_id, seq)

    def _know_of(self, people: set[int]) -> None:
        for person_id in people:
            if person_id in self._pointers:  # that these moved is no news to the tick
                self._pointers[person_id] = (self._pointers[person_id][0], None)

    async def shut_out(self, reader: Reader, code: int) -> None:
        """Says why, and closes for good."""
        if reader.is_open:
            if reader.kind.format == "html":
                await reader.send(fragments.goodbye(code, reader.kind))
            await reader.close(code)
            self.remove(reader)

    # --- Rounds ----------------------------------------------------------------------------

    async def _tick(self) -> None:
        """Finds what no ring announced, and who may no longer listen."""
        while True:
            await self._until_the_next_tick()
            for step in (
                self._check_epoch,
                self._check_standing,
                self._find_missed_rings,
                self._find_missed_people,
            ):
                try:
                    await step()
                    self._note_database(None)
                except DatabaseError as error:
                    self._note_database(error)
                    break
                except Exception:
                    logger.exception("A step of the tick failed")

    async def _until_the_next_tick(self) -> None:
        """Earlier where somebody has lost a right; a moment for many of those at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK_SECONDS):
                await self._doubt.wait()
            await asyncio.sleep(DOUBT_SECONDS)
        self._doubt.clear()

    def _note_database(self, error: DatabaseError | None) -> None:
        """One line when the database goes, and one when it is back."""
        if error is not None and self._has_database:
            logger.error("The database is away: %s", " ".join(str(error).split()))
        elif error is None and not self._has_database:
            logger.warning("The database is back")
        self._has_database = error is None

    async def _check_epoch(self) -> None:
        """A backup was restored under us: all we know is of another log, and so are all pages.

        They come back at once, name the log that they know, and have their lists replaced.
        """
        if not self.readers or await in_database(log.is_same_epoch):
            return
        logger.warning("A backup was restored: every page reads its list anew")
        readers = list(self.readers)
        for reader in readers:
            self.remove(reader)
        self._heads, self._looks, self._pointers = {}, {}, {}
        self._reads.forget()
        self.desks.forget()
        for reader in readers:
            reader.is_open = True  # until it is closed
            await reader.close(1011)

    async def _find_missed_rings(self) -> None:
        rooms = await in_database(log.rooms) if self.readers else {}
        for room_id, (head, look) in rooms.items():
            feed = self.feeds.get(room_id)
            if feed is not None and feed.position < head:
                feed.look()
            if self._heads.get(room_id, 0) < head:
                # Or it was no post; what else a sidebar shows of a room is found by its look.
                self.desks.stir(room_id, EventKind.MESSAGE_POSTED, head)
                self._heads[room_id] = head
            # Not by the head: the ring of a later post tells of a head that hides this one.
            if (before := self._looks.get(room_id, look)) != look:
                is_back = before.is_archived and not look.is_archived
                kind = EventKind.ROOM_UNARCHIVED if is_back else EventKind.ROOM_CHANGED
                self.desks.stir(room_id, kind, head)
            self._looks[room_id] = look

    async def _find_missed_people(self) -> None:
        people = {*self.desks.people, *self.rosters.people}
        pointers = await in_database(log.pointers, people) if people else {}
        known = self._pointers
        self._pointers = {**pointers}
        changed = [key for key, value in pointers.items() if _has_moved(known.get(key), value)]
        self.desks.refresh(changed)
        # Who has just come may have been let in before their rooms changed: few, and one look each.
        self.rosters.refresh([*changed, *(pointers.keys() - known.keys())])

    async def _check_standing(self) -> None:
        await standing.admit(list(self.readers), self.shut_out)
        tokens.note(each.token_id for each in self.readers if each.token_id)  # listening is using

    async def _beat(self) -> None:
        """A heartbeat for every page each BEAT_SECONDS, spread over the seconds."""
        second = 0
        while True:
            await asyncio.sleep(1)
            second += 1
            for reader in list(self.readers):
                is_due = (reader.number + second) % BEAT_SECONDS == 0
                if is_due and reader.has_begun and reader.has_sidebar:
                    await self._send_beat(reader)

    async def _send_beat(self, reader: Reader) -> None:
        try:
            is_live = reader.room_id is not None
            await reader.send(fragments.beat(reader.slug, is_live, reader.kind))
        except Exception:
            logger.exception("A heartbeat can't be sent")
            await reader.close(1011)


def _has_moved(known: tuple[int, int | None] | None, found: tuple[int, int]) -> bool:
    return known is not None and known not in (found, (found[0], None))


async def _admit(scopes: list[dict[str, Any]]) -> list[Visitor | Refusal | Exception]:
    return await in_database(admit_each, scopes)


# One hub a loop; a process has one loop, its tests have many.
_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def current() -> Hub:
    """The hub of the running loop, started at the first call."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
        _hubs[loop].start()
    return _hubs[loop]


def store_last_reads() -> None:
    """Called when the server has ended."""
    for hub in _hubs.values():
        hub.store_last_reads()
