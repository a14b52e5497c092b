"""What those who come back have missed: read, rendered and judged for many of them at once.

After a restart a thousand pages ask for the same few entries in the same second. They wait in line
and are answered TOGETHER; so they are let in gradually and nobody is refused. What one of them
takes long to receive is that one's own affair: each sends to itself what was read for all.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chat import fragments
from chat.database import in_database
from chat.fragments import Frame, Kind
from chat.hub import log, standing
from chat.hub.readers import Reader
from chat.hub.together import Together
from chat.models import Event

# About 20 ms of the database's time, and then others have their turn.
TOGETHER = 100


@dataclass(frozen=True)
class Missed:
    """Frames on the way to `until`, where the feed stood when they were read."""

    frames: list[Frame]
    until: int


@dataclass(frozen=True)
class Asking:
    """A reader in line. `after` is the place it has reached, None for the newest page instead."""

    reader: Reader
    after: int | None


class Returns:
    """The line of one room. `place` tells where its feed stands."""

    def __init__(self, room_id: int, place: Callable[[], int]) -> None:
        self._room_id, self._place = room_id, place
        self.line = Together(self._answer, TOGETHER)

    async def missed(self, reader: Reader, after: int) -> Missed:
        """The next of what lies behind `after`; no frames when that can't be read.

        Raises ShutOut for who may no longer listen, as `newest` does.
        """
        return await self.line.ask(Asking(reader, after))

    async def newest(self, reader: Reader) -> Frame:
        """The newest page, for who is too far behind."""
        return (await self.line.ask(Asking(reader, None))).frames[0]

    async def _answer(self, some: list[Asking]) -> list[Missed | Exception]:
        until = self._place()
        found, codes = await in_database(_read, self._room_id, until, some)
        return [
            standing.ShutOut(codes[each.reader])
            if each.reader in codes
            else Missed(found[each.reader.kind, each.after], until)
            for each in some
        ]


_Found = dict[tuple[Kind, int | None], list[Frame]]


def _read(room_id: int, until: int, some: list[Asking]) -> tuple[_Found, dict[Reader, int]]:
    """What they get, and who gets nothing any more (chat.hub.standing).

    Judged behind the reading: whatever was written after a removal, the removal is known too.
    """
    wanted = {(each.reader.kind, each.after) for each in some}
    newest: _Found = {
        (kind, None): [log.reset(room_id, kind)] for kind, after in wanted if after is None
    }
    places = {(kind, after) for kind, after in wanted if after is not None}
    found = newest | _stretches(room_id, until, places)
    return found, standing.judge([each.reader for each in some])


def _stretches(room_id: int, until: int, places: set[tuple[Kind, int]]) -> _Found:
    """The entries behind each place. Places that one reading of the log covers share it."""
    found: _Found = {}
    events: list[Event] = []
    rendered: dict[Kind, list[tuple[int, str]]] = {}
    for after, kind in sorted(((after, kind) for kind, after in places), key=lambda each: each[0]):
        if after < until and not (events and after < events[-1].seq):
            events, rendered = log.read(room_id, after, until), {}
        if kind not in rendered:
            rendered[kind] = fragments.parts(events, kind)
        found[kind, after] = fragments.packed(
            [(seq, text) for seq, text in rendered[kind] if seq > after], kind
        )
    return found
