"""The room's never-ending page, for readers without JavaScript.

A response of `<li>`s that are written as they happen, by the same hub that writes to sockets.
The room page shows it in an iframe; what is typed stands outside and is never touched.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from csp.constants import NONCE, SELF
from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.http import StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from chat import fragments, history, hub, news, permissions
from chat.actions.reading import open_again
from chat.context import is_plain
from chat.database import in_passing
from chat.fragments import THREAD, Kind
from chat.history import Page
from chat.models import Membership, Message, Person, Room
from chat.sessions import LINE
from chat.views.answers import Request, number
from chat.views.decorators import View, for_people
from chat.views.rooms import find
from chat.views.slots import find_message

STREAM_SECONDS = 3600
# At the server, something has to be written now and then, or a dead connection is never noticed.
# In the browser, the last sign shows itself when it was not followed by another for 45 s.
SIGN_OF_LIFE_SECONDS = 15


def streamed(view: View) -> View:
    """Policy and headers of a page that never ends: it stands in a frame, and rules come late."""
    late = csp_update({"style-src": [NONCE]})(csp_replace({"frame-ancestors": [SELF]})(view))
    return require_GET(xframe_options_sameorigin(late))


@streamed
@for_people
def live(request: Request, person: Person, slug: str) -> StreamingHttpResponse:
    return stream(request, person, find(person, slug))


@streamed
@for_people
def thread(request: Request, person: Person, message_id: int) -> StreamingHttpResponse:
    message = find_message(person, message_id)
    return stream(request, person, message.room, message.root or message)


def stream(
    request: Request, person: Person, room: Room, root: Message | None = None
) -> StreamingHttpResponse:
    """The room's list, or with `root` that thread's, and what happens from now on."""
    page = history.latest(root or room)
    kind = Kind.of(person, "plain" if is_plain(request) else "stream", root.pk if root else None)
    membership = None if root else _opened_by(person, room)
    # The document is never loaded, and so never goes to what stands behind the # of an address.
    context = _opening(room, root, page, membership, kind) | {"to": number(request, "to")}
    opening = render_to_string("chat/stream.html", context, request)
    way_on = {"room": room, "address": _address(room, root)}
    sign = fragments.render("chat/fragments/stream_sign.html", way_on, kind)
    reader = _reader(request, person, room, page, kind)
    return _answer(request, _written(opening, reader, sign, way_on))


def _opened_by(person: Person, room: Room) -> Membership | None:
    """Their membership; what they had put back as unread has been opened again."""
    membership = permissions.membership(person, room)
    if membership and membership.is_kept_unread:
        with in_passing():
            open_again(membership=membership)
    return membership


def _opening(
    room: Room, root: Message | None, page: Page, membership: Membership | None, kind: Kind
) -> dict[str, Any]:
    """What chat/stream.html is given, but for the place at which to begin."""
    place = THREAD if root else ""
    shown = fragments.page_fragments(page, kind, place)
    return {
        "room": room,
        "page": page,
        "root": root and fragments.message_fragment(root, kind, THREAD),
        "root_id": root and root.pk,
        "place": place,
        "nonce": fragments.NONCE,
        "fragments": news.with_line(shown, news.line_at(page.outline, membership), kind),
    }


def _address(room: Room, root: Message | None) -> str:
    return reverse("thread_live", args=[root.pk]) if root else reverse("live", args=[room.slug])


def _reader(
    request: Request, person: Person, room: Room, page: Page, kind: Kind
) -> hub.StreamReader:
    return hub.StreamReader(
        person_id=person.pk,
        kind=kind,
        room_id=room.pk,
        slug=room.slug,
        head=page.seq,
        credential=person.password,
        session_line=request.session[LINE],
    )


def _answer(request: Request, written: AsyncIterator[str]) -> StreamingHttpResponse:
    """What is written as it comes, its rules under the nonce of this answer."""
    nonce = str(request.csp_nonce)
    response = StreamingHttpResponse(text.replace(fragments.NONCE, nonce) async for text in written)
    response["X-Accel-Buffering"] = "no"
    return response


async def _written(
    opening: str, reader: hub.StreamReader, sign: str, way_on: dict[str, Any]
) -> AsyncIterator[str]:
    hub_here = hub.current()
    await hub_here.end_oldest_streams(reader.person_id, keep=settings.LIMIT_STREAMS)
    hub_here.add(reader)
    try:
        # Judges too: what was read for the page may be later than what let them in.
        await hub_here.resume(reader, reader.head)
        if not reader.is_open:
            return
        yield opening + sign
        _seen(reader, reader.head)
        async for text, seq in _until_it_ends(reader, sign):
            yield text
            _seen(reader, seq)  # when the server has taken it, and not what still waits
        yield _closing(reader, way_on)
    finally:
        hub_here.remove(reader)


def _seen(reader: hub.StreamReader, seq: int) -> None:
    """Of the list that it shows."""
    if reader.kind.thread is None:
        hub.current().read(reader, seq)
    else:
        hub.current().read_thread(reader, reader.kind.thread, seq)


async def _until_it_ends(reader: hub.StreamReader, sign: str) -> AsyncIterator[tuple[str, int]]:
    """What is written, and the place in the log that it brings the page to; 0 for none."""
    loop = asyncio.get_running_loop()
    end, sign_at = loop.time() + STREAM_SECONDS, loop.time() + SIGN_OF_LIFE_SECONDS
    while (now := loop.time()) < end:
        if now >= sign_at:
            sign_at = now + SIGN_OF_LIFE_SECONDS
            yield sign, 0
        try:
            async with asyncio.timeout_at(min(sign_at, end)):
                frame = await reader.queue.get()
        except TimeoutError:
            continue
        if frame is None:
            return
        yield frame.text, frame.seq


def _closing(reader: hub.StreamReader, way_on: dict[str, Any]) -> str:
    """The link that goes on; and a reload where the end is nobody's wish: time, slowness, or what
    is over by then, such as a backup that was restored."""
    context = way_on | {"returns": reader.end_code in (None, 1011, 1013)}
    return fragments.render("chat/fragments/stream_end.html", context, reader.kind)
