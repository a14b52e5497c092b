"""The feed of what happens in a room: in pages, waiting for the next one, or as a stream."""

import re
from functools import partial
from typing import Annotated

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import Header, Query, Router

from chat import fragments
from chat.api import following, schemas
from chat.api.bodies import JSON
from chat.api.callers import Request
from chat.api.following import Poll
from chat.api.messages import Seq
from chat.api.operations import operation
from chat.api.rooms import ROOM
from chat.hub import log
from chat.later import Later
from chat.models import Room, Scope
from chat.problems import BadFields
from chat.views.rooms import find

router = Router(tags=["Events"])
EVENT_STREAM = "text/event-stream"
MAX_WAIT_SECONDS = 30
Wait = Annotated[int, Query(ge=0, le=MAX_WAIT_SECONDS, description="Wait so many seconds for it.")]
Limit = Annotated[int, Query(ge=1, le=log.BATCH, description="At most so many.")]
LastId = Annotated[
    str,
    Header(alias="Last-Event-ID", description="As “after”, and counts before it: for streams."),
]


@operation(router, "GET", f"{ROOM}events", scope=Scope.READ, response=schemas.Events)
def list_events(
    request: Request,
    slug: str,
    after: Seq = None,
    wait: Wait = 0,
    limit: Limit = log.BATCH,
    last_event_id: LastId = "",
) -> HttpResponseBase:
    """What has happened in a room after a place in its log.

    Without “after” it begins at the log's end. With “Accept: text/event-stream” it is a stream of
    server-sent events that goes on until you may no longer listen.
    """
    room = find(request.person, slug)
    place = min(_place(after, last_event_id, room), room.last_seq)
    can_wait = isinstance(request, ASGIRequest) and request.method == "GET"
    if can_wait and request.get_preferred_type([JSON, EVENT_STREAM]) == EVENT_STREAM:
        return _stream(request, room, place)
    page = partial(_page, room, place, limit, fragments.epoch())
    reader = following.reader_of(Poll, request.caller, room)
    entries = following.read(reader, place, limit) if place < room.last_seq else []
    if entries or not wait or not can_wait:
        texts = [text for _seq, text in entries]
        seq = entries[-1][0] if entries else place
        return page(texts, seq, seq < room.last_seq)
    empty = page([], place, False).content.decode()
    return Later(empty, JSON, partial(following.wait, reader, place, wait, page))


def _place(after: int | None, last_event_id: str, room: Room) -> int:
    if not last_event_id:
        return room.last_seq if after is None else after
    if not re.fullmatch(r"[0-9]{1,18}", last_event_id):
        raise BadFields({"Last-Event-ID": [_("This is no place in a log.")]})
    return int(last_event_id)


def _page(
    room: Room, after: int, limit: int, epoch: str, texts: list[str], seq: int, has_more: bool
) -> HttpResponse:
    """Of entries that are JSON already. Asks nothing: it is called in the loop, too."""
    if len(texts) > limit:
        texts, has_more = texts[:limit], True
        seq = after + limit  # without gaps
    more = "true" if has_more else "false"
    text = (
        f'{{"room":"{room.slug}","after":{after},"seq":{seq},"events":[{",".join(texts)}],'
        f'"has_more":{more},"epoch":"{epoch}"}}'
    )
    return HttpResponse(text, JSON)


def _stream(request: Request, room: Room, place: int) -> StreamingHttpResponse:
    written = following.stream(request.caller, room, place, fragments.epoch())
    response = StreamingHttpResponse(written, EVENT_STREAM)
    response["X-Accel-Buffering"] = "no"
    return response
