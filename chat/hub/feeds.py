"""A room's readers in this process: the log read once, rendered once a kind, written in a loop."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable

from django.db import DatabaseError

from chat.database import in_database
from chat.fragments import Frame, Kind
from chat.hub import log, standing
from chat.hub.readers import Reader
from chat.hub.returns import Returns
from chat.hub.standing import Shut, ShutOut, read_for
from chat.models import Event, EventKind

logger = logging.getLogger(__name__)

# Who missed more gets the newest page instead: never a part of what was missed.
MAX_MISSED = 500
# Writes in one turn of the loop, about 8 ms of them, before page requests get theirs. Smaller
# ones let the answers of who has the message already go before those who have not got it yet.
SLICE = 1024
NOT_READ_YET = -1
# Told of a room the authors whose messages have just been shown in it.
Posted = Callable[[int, list[int]], None]


class Feed:
    """The live readers of one room. All of them stand at `position`, at every moment.

    A reader becomes live in the same turn of the loop in which it is found to stand there; a
    drain moves `position` and takes its list of readers in one turn too. Hence nobody misses
    an entry, nobody gets one twice, and no live frame overtakes a catch-up.
    """

    def __init__(self, room_id: int, shut: Shut, posted: Posted | None = None) -> None:
        self.room_id = room_id
        self._posted = posted
        self.position = NOT_READ_YET
        # Every live reader has been judged at this count of the site's revocations, or later. It
        # rises with `position`, and who becomes live was judged when that stood where it does.
        self._judged_at = NOT_READ_YET
        self.live: dict[Kind, set[Reader]] = defaultdict(set)
        self.waiting: set[Reader] = set()
        self._shut = shut
        self._returns = Returns(room_id, lambda: self.position)
        self._is_dirty = False
        self._drain: asyncio.Task[None] | None = None

    @property
    def is_empty(self) -> bool:
        return not self.waiting and not any(self.live.values())

    @property
    def pages(self) -> list[Reader]:
        """The live readers on a socket: only they can be told more than the list."""
        told = ("html", "json")
        return [
            reader for kind, group in self.live.items() if kind.format in told for reader in group
        ]

    def look(self) -> None:
        """Reads the log from here to its end, soon; what comes meanwhile goes out as one frame."""
        self._is_dirty = True
        if self._drain is None:
            self._drain = asyncio.get_running_loop().create_task(self._drain_all())

    def remove(self, reader: Reader) -> None:
        self.waiting.discard(reader)
        self.live[reader.kind].discard(reader)
        if not self.live[reader.kind]:
            del self.live[reader.kind]
        reader.is_live = False

    async def resume(self, reader: Reader, after: int, *, same_epoch: bool) -> None:
        """Brings the reader from `after` to here, and makes it live; or shuts it out.

        Whoever was taken out of the room while their socket was silent is known only here:
        the entry that says so may lie before the place at which they become live.
        """
        try:
            await self._bring(reader, after, same_epoch)
        except ShutOut as shut_out:
            await self._shut(reader, shut_out.code)

    async def _bring(self, reader: Reader, after: int, same_epoch: bool) -> None:
        await self.reach(reader.head)
        if not same_epoch or not 0 <= self.position - after <= MAX_MISSED:
            after = await self._replace(reader)
        reader.began = reader.position = began = after
        checked, is_told = NOT_READ_YET, False
        while reader.is_open:
            if not after == self.position == checked:
                missed = await self._returns.missed(reader, after)
                checked = missed.until
                if after < checked:
                    frames = missed.frames
                    after = await self._catch_up(reader, frames) or await self._replace(reader)
            elif is_told:
                break
            else:
                await reader.arrive(began, after)
                is_told = True
        if reader.is_open:
            self.waiting.discard(reader)
            self.live[reader.kind].add(reader)
            reader.is_live = True

    async def repeat(self, reader: Reader, after: int) -> None:
        """Sends a live reader the changes since `after` once more, as they are now."""
        try:
            await self._repeat(reader, after)
        except ShutOut as shut_out:
            await self._shut(reader, shut_out.code)

    async def _repeat(self, reader: Reader, after: int) -> None:
        # It goes on meanwhile, and who falls behind must not read for ever.
        while 0 <= self.position - after <= MAX_MISSED:
            position = self.position
            repeated = await in_database(
                read_for, reader, log.read_changes, self.room_id, after, position, reader.kind
            )
            if await self._send_repeated(reader, repeated, position):
                return
        await self.replace_list(reader)

    async def _send_repeated(self, reader: Reader, frames: list[Frame], position: int) -> bool:
        """Whether all of it is sent, no faster than it is read. What is older than a change that
        is out already is not: it would be shown in the place of that."""
        for frame in frames:
            if position != self.position:
                return False
            await reader.take(frame)
            await reader.has_room()
        return True

    async def replace_list(self, reader: Reader) -> None:
        """Takes a live reader out and gives it the newest page: its list may have a gap."""
        await self.restart(reader, NOT_READ_YET, same_epoch=False)

    async def restart(self, reader: Reader, after: int, *, same_epoch: bool) -> None:
        """Takes a live reader out and gives it everything from `after` on, once more."""
        self.remove(reader)
        self.waiting.add(reader)
        await self.resume(reader, after, same_epoch=same_epoch)

    async def reach(self, head: int) -> None:
        while self.position < head:
            self.look()
            if self._drain is not None:
                await asyncio.shield(self._drain)
            if self.position < head:  # the database did not answer
                await asyncio.sleep(0.5)

    async def settle(self, head: int) -> None:
        """Returns when the live readers have got everything up to `head`: `position` moves before
        it is written, and to many that takes several turns of the loop."""
        await self.reach(head)
        if self._drain is not None:
            await asyncio.shield(self._drain)

    async def _replace(self, reader: Reader) -> int:
        frame = await self._returns.newest(reader)
        await reader.take(frame)
        reader.position = frame.seq
        await self.reach(frame.seq)
        return frame.seq

    async def _catch_up(self, reader: Reader, frames: list[Frame]) -> int:
        """The place that the reader has reached; 0 when there was nothing to send.

        No faster than it is read: what was missed may be megabytes.
        """
        for frame in frames:
            if frame.text and frame.seq > reader.position:
                await reader.take(frame)
                reader.position = frame.seq
            await reader.has_room()
        return frames[-1].seq if frames else 0

    async def _drain_all(self) -> None:
        try:
            while self._is_dirty:
                self._is_dirty = False
                await self._drain_once()
        except DatabaseError as error:
            logger.error("Room %s: its log can't be read now: %s", self.room_id, error)
        except Exception:
            logger.exception("Room %s: its log can't be shown", self.room_id)
        finally:
            self._drain = None

    async def _drain_once(self) -> None:
        if not self.live:
            await self._jump()
            return
        events, rendered, revocations = await in_database(
            log.news, self.room_id, self.position, list(self.live)
        )
        if not events:
            return
        await self._render_for_who_may_read(events, rendered, revocations)
        # From here to the copies there is no await: see the class.
        self.position = events[-1].seq
        self._is_dirty = self._is_dirty or len(events) == log.BATCH
        groups = [(list(group), rendered[kind]) for kind, group in self.live.items()]
        for readers, frames in groups:
            await self._write(readers, frames)
        if self._posted is not None:
            posts = [event for event in events if event.kind == EventKind.MESSAGE_POSTED]
            self._posted(self.room_id, [event.actor_id for event in posts if event.actor_id])

    async def _render_for_who_may_read(
        self, events: list[Event], rendered: dict[Kind, list[Frame]], revocations: int
    ) -> None:
        """Adds the kinds that came meanwhile; whoever is live when this returns may have theirs.

        While one asks the database others become live: until nobody is new, it is asked again.
        """
        while True:
            missing = [kind for kind in self.live if kind not in rendered]
            doubted = self._doubted(revocations)
            if not missing and not doubted:
                self._judged_at = max(self._judged_at, revocations)
                return
            if missing:
                found, revocations = await in_database(log.render, events, missing)
                rendered |= found
            await standing.admit(doubted, self._shut)

    def _doubted(self, revocations: int) -> list[Reader]:
        """Not asked of each reader anew: with a thousand that takes a fifth of writing to them."""
        if revocations <= self._judged_at:
            return []
        return standing.doubted(
            (reader for group in self.live.values() for reader in group), revocations
        )

    async def _jump(self) -> None:
        """Nobody is live: there is nothing to send, the head is all that counts."""
        head = (await in_database(log.heads, [self.room_id])).get(self.room_id, 0)
        if self.live:  # somebody became live at the old place while we asked
            self._is_dirty = True
        else:
            self.position = max(self.position, head)

    async def _write(self, readers: list[Reader], frames: list[Frame]) -> None:
        """A plain loop: each call in it takes a thousand readers a millisecond."""
        told = [frame for frame in frames if frame.text]
        for count, reader in enumerate(readers, 1):
            try:
                for frame in told:
                    # Not to who begins anew meanwhile: they get it with what they ask for.
                    if reader.is_live and reader.position < frame.seq:
                        reader.position = frame.seq
                        if not reader.put(frame):
                            await reader.take(frame)
            except Exception:
                logger.exception("A reader of room %s can't be written to", self.room_id)
                await reader.close(1011)
            if count % SLICE == 0:
                await asyncio.sleep(0)
