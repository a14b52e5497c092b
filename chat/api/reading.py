"""What one finds, and what one has not read yet."""

from typing import Annotated, Literal

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from chat import payloads, permissions, search
from chat.actions import reading
from chat.api import schemas
from chat.api.answers import answer, spend
from chat.api.callers import Request
from chat.api.operations import operation
from chat.api.rooms import ROOM
from chat.errors import Refused
from chat.models import Message, Scope
from chat.payloads import Payload
from chat.sidebar import Line, lines_for
from chat.views.rooms import find

router = Router(tags=["Reading"])
Place = Annotated[int | None, Query(ge=0, le=2**63 - 1)]
Asked = Annotated[
    str,
    Query(
        description="Words, “phrases”, from:, in:, before:, after:, has:.",
        examples=["toads"],
    ),
]
Skip = Annotated[int, Query(ge=0, le=10_000)]


class ReadTo(Schema):
    seq: int = Field(ge=0, le=2**63 - 1, examples=[41])


@operation(router, "GET", "search/", scope=Scope.READ, response=schemas.Hits)
def search_messages(
    request: Request,
    q: Asked,
    order: Literal["newest", "best"] = "newest",
    older: Place = None,
    skip: Skip = 0,
) -> HttpResponse:
    """Finds messages in all that you may read.

    Twenty at a time. An empty question finds nothing.
    """
    query = search.parse(q, today=timezone.localdate(), filters={})
    if query.is_empty:
        return answer(request, _hits(search.Found([], has_more=False)))
    spend(request, "search")
    found = search.find(
        person=request.person, query=query, is_ranked=order == "best", before=older, skip=skip
    )
    return answer(request, _hits(found))


@operation(router, "GET", "unread/", scope=Scope.READ, response=schemas.Unread)
def get_unread(request: Request) -> HttpResponse:
    """Your rooms, with what you have not read in them."""
    lines = lines_for([request.person.pk])[request.person.pk]
    counted = {
        "mentions": sum(line.mentions for line in lines),
        "threads": sum(line.threads for line in lines),
    }
    return answer(request, {"rooms": [_line(line) for line in lines]} | counted)


@operation(router, "GET", f"{ROOM}read/", scope=Scope.READ, response=schemas.Read)
def get_read(request: Request, slug: str) -> HttpResponse:
    """Up to where you have read a room."""
    membership = permissions.membership(request.person, find(request.person, slug))
    if membership is None:
        raise Refused(_("Only people in this room can do that."))
    return answer(request, {"room": slug, "seq": membership.read_seq})


@operation(router, "PUT", f"{ROOM}read/", scope=Scope.READ, response=schemas.Read)
def set_read(request: Request, slug: str, data: ReadTo) -> HttpResponse:
    """Says up to where you have read a room.

    It never goes back, nor beyond the log.
    """
    room = find(request.person, slug)
    seq = reading.mark_read_to(person=request.person, room=room, seq=data.seq)
    return answer(request, {"room": slug, "seq": seq})


def _hits(found: search.Found) -> Payload:
    keys = [hit.message.pk for hit in found.hits]
    whole = Message.objects.filter(pk__in=keys).select_related("room").shown() if keys else []
    by_key = {message.pk: message for message in whole}
    return {
        "hits": [
            {
                "message": payloads.message(by_key[hit.message.pk]),
                "snippet": [{"text": text, "is_hit": is_hit} for text, is_hit in hit.snippet],
            }
            for hit in found.hits
            if hit.message.pk in by_key
        ],
        "has_more": found.has_more,
        "older": found.last or None,
        "skip": found.skip or None,
    }


def _line(line: Line) -> Payload:
    return {
        "room": line.slug,
        "name": line.label,
        "kind": line.kind,
        "unread": line.count,
        "is_unread": line.unread,
        "mentions": line.mentions,
        "threads": line.threads,
        "is_muted": line.is_muted,
    }
