"""A room's log as it goes on, to whoever waits for the next entries or keeps listening.

The hub wakes both, with what it has rendered for programs' sockets: nobody holds a thread, and a
poll in which nothing happens costs nothing but its beginning. Who may no longer listen is ended
by the hub, as every other reader.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse
from django.utils.translation import gettext as _

from chat import hub, programs
from chat.database import in_database, is_outage
from chat.errors import NotFound, Refused, SignedOut, TooMany
from chat.fragments import JSON, Frame
from chat.hub import log
from chat.hub.standing import ShutOut, read_for
from chat.models import Room
from chat.problems import CODES, problem, refused

SIGN_OF_LIFE_SECONDS = 15
# When somebody who waits too often is to come again.
RETRY_SECONDS = 5
BEHIND = 1013
_RESET = '{"type":"reset"'
# What the end of a stream says, by the hub's codes; after any other, come back.
_ENDS = {4401: CODES[401], 4403: CODES[404], 4429: CODES[429]}


class LogReader(hub.StreamReader):
    """A program that gets the room's log alone, which the hub puts into its queue."""

    async def send(self, text: str) -> None:
        """Who is here and who types is told by sockets."""


class Poll(LogReader):
    """Somebody who waits for one answer."""


class Follower(LogReader):
    """A program's stream. Its person's pages without JavaScript are counted apart."""


Page = Callable[[list[str], int, bool], HttpResponse]


def reader_of(kind: type[hub.StreamReader], caller: hub.Caller, room: Room) -> hub.StreamReader:
    return kind(
        kind=JSON,
        room_id=room.pk,
        slug=room.slug,
        head=room.last_seq,
        person_id=caller.person_id,
        credential=caller.credential,
        session_line=caller.session_line,
        token_id=caller.token_id,
        scopes=caller.scopes,
    )


def read(reader: hub.StreamReader, after: int, limit: int) -> list[tuple[int, str]]:
    """Entries behind `after`, each with its place. Raises Refused for who may not have them."""
    try:
        found = read_for(reader, log.read, reader.room_id or 0, after, None, limit)
    except ShutOut as shut_out:
        raise refusal(shut_out.code) from None
    return list(programs.events(found))


def refusal(code: int) -> Refused:
    if code == 4403:
        return NotFound(_("There is nothing here, or it is not for you."))
    return SignedOut(_("You have been signed out."))


async def wait(reader: hub.StreamReader, after: int, seconds: int, page: Page) -> HttpResponse:
    """`page` of what comes behind `after` within so many seconds, or of nothing."""
    here = hub.current()
    most = settings.LIMIT_SOCKETS
    if most and here.count(reader.person_id, Poll) >= most:
        sentence = _("You wait for %(count)d answers already.") % {"count": most}
        return refused(TooMany(sentence, RETRY_SECONDS))
    here.add(reader)
    try:
        async with asyncio.timeout(seconds):
            await here.resume(reader, after)
            frame = await reader.queue.get()
    except TimeoutError:
        return page([], after, False)
    except (DatabaseError, InterfaceError) as error:
        if not is_outage(error):
            raise
        return problem(503, _("The database does not answer. Ask again soon."))
    finally:
        here.remove(reader)
    if frame is not None:
        # So much at once that the hub won't hand it over: it is to be asked for.
        is_reset = frame.text.startswith(_RESET)
        return page([], after, True) if is_reset else page([*frame.texts], frame.seq, False)
    if reader.end_code in {4401, 4403}:
        return refused(refusal(reader.end_code))
    return page([], after, False)


async def stream(caller: hub.Caller, room: Room, after: int, epoch: str) -> AsyncIterator[str]:
    """Server-sent events: what is missed, and then what happens, until the reader may not any more.

    Whoever falls behind reads on from the log.
    """
    here = hub.current()
    yield _event("hello", {"room": room.slug, "seq": after, "epoch": epoch})
    code: int | None = BEHIND
    while code == BEHIND:
        reader = reader_of(Follower, caller, room)
        await here.end_oldest_streams(caller.person_id, settings.LIMIT_STREAMS, Follower)
        # From the first moment: what is read before is no reason to be one too many.
        here.enter(reader)
        try:
            while entries := await in_database(read, reader, after, log.BATCH):
                for _seq, text in entries:
                    yield _entry(text)
                after = entries[-1][0]
            here.add(reader)
            await here.resume(reader, after)
            async for frame in _until_it_ends(reader):
                for text in frame.texts if frame else ():
                    yield _entry(text)
                after = frame.seq if frame else after
                if frame is None:
                    yield ":\n\n"
            code = reader.end_code
        except Refused as error:
            yield _event("end", {"code": error.code})
            return
        except (DatabaseError, InterfaceError) as error:
            if not is_outage(error):
                raise
            break
        finally:
            here.remove(reader)
    yield _event("end", {"code": _ENDS.get(code or 0, CODES[503])})  # BEHIND: an outage


async def _until_it_ends(reader: hub.StreamReader) -> AsyncIterator[Frame | None]:
    """Frames, and None for a sign of life: without one a dead connection is never noticed."""
    while True:
        try:
            async with asyncio.timeout(SIGN_OF_LIFE_SECONDS):
                frame = await reader.queue.get()
        except TimeoutError:
            yield None
            continue
        if frame is None:
            return
        if frame.text.startswith(_RESET):
            reader.end_code = BEHIND
            return
        yield frame


def _entry(text: str) -> str:
    entry = json.loads(text)
    return f"id: {entry['seq']}\nevent: {entry['type']}\ndata: {text}\n\n"


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name} | data)}\n\n"
