"""The room's never-ending page, for readers without JavaScript.

A response of `<li>`s that are written as they happen, by the same hub that writes to sockets.
The room page shows it in an iframe; what is typed stands outside and is never touched.
"""

import asyncio
from collections.abc import AsyncIterator

from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.db import connection
from django.http import StreamingHttpResponse
from django.template.loader import render_to_string
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from chat import fragments, history, hub
from chat.context import is_plain
from chat.fragments import Kind
from chat.models import Person
from chat.sessions import LINE
from chat.views.answers import Request
from chat.views.decorators import for_people
from chat.views.rooms import find

STREAM_SECONDS = 3600
# Something has to be written now and then, or a dead connection is never noticed.
SIGN_OF_LIFE_SECONDS = 15


@require_GET
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": [SELF]})
@for_people
def live(request: Request, person: Person, slug: str) -> StreamingHttpResponse:
    room = find(person, slug)
    page = history.latest(room)
    kind = Kind.of(person, "plain" if is_plain(request) else "stream")
    context = {"room": room, "page": page, "fragments": fragments.page_fragments(page, kind)}
    opening = render_to_string("chat/stream.html", context, request)
    closing = fragments.render("chat/fragments/stream_end.html", {"room": room}, kind)
    reader = hub.StreamReader(
        person_id=person.pk,
        kind=kind,
        room_id=room.pk,
        slug=slug,
        head=page.seq,
        credential=person.password,
        session_line=request.session[LINE],
    )
    response = StreamingHttpResponse(_written(opening, reader, closing))
    response["X-Accel-Buffering"] = "no"
    # Django does this when an answer is complete: an hour from now. What a middleware still
    # writes opens a connection again. (Around a test there may be a transaction.)
    if not connection.in_atomic_block:
        connection.close()
    return response


async def _written(opening: str, reader: hub.StreamReader, closing: str) -> AsyncIterator[str]:
    hub_here = hub.current()
    await hub_here.end_oldest_streams(reader.person_id, keep=settings.LIMIT_STREAMS)
    hub_here.add(reader)
    try:
        # Judges too: what was read for the page may be later than what let them in.
        await hub_here.resume(reader, reader.head)
        if not reader.is_open:
            return
        yield opening
        hub_here.read(reader, reader.head)
        async for text in _until_it_ends(reader):
            yield text
            hub_here.read(reader, reader.position)
        yield closing
    finally:
        hub_here.remove(reader)


async def _until_it_ends(reader: hub.StreamReader) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    end = loop.time() + STREAM_SECONDS
    while loop.time() < end:
        try:
            text = await asyncio.wait_for(reader.queue.get(), SIGN_OF_LIFE_SECONDS)
        except TimeoutError:
            text = "<!-- -->\n"
        if text is None:
            return
        yield text
