"""Messages of a room, page by page; one of them; threads; reactions."""

import secrets
from typing import Annotated, Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Field, Header, Query, Router, Schema

from chat import deeds, history, payloads
from chat.actions.messages import post_message
from chat.api import schemas
from chat.api.answers import PAGE, answer, checked, nothing, spend
from chat.api.callers import Request
from chat.api.operations import operation
from chat.api.people import Limit
from chat.api.rooms import ROOM
from chat.errors import Conflict, Refused
from chat.forms import MessageForm
from chat.history import Page
from chat.models import Message, Room, Scope
from chat.payloads import Payload
from chat.problems import BadFields
from chat.views.rooms import find
from chat.views.slots import find_message

router = Router(tags=["Messages"])
MESSAGES, MESSAGE = f"{ROOM}messages/", "messages/{int:message_id}/"
Seq = Annotated[int | None, Query(ge=0, le=2**63 - 1, description="A place in the room's log.")]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="Makes a retry safe: the same key is the same message. 8 to 64 of A-Z, a-z,"
        " 0-9, _ and -.",
        examples=["build-4711"],
    ),
]


class Text(Schema):
    body: str = Field(description="Markdown, at most 10,000 characters.", examples=["Hello *pond*"])
    confirm: bool = Field(False, description="It may tell more than 20 people at once.")


class NewMessage(Text):
    reply_to: int | None = Field(None, description="The id of what it quotes.", examples=[None])


class NewAnswer(NewMessage):
    in_room: bool = Field(False, description="Let it stand in the room's list as well.")


class Edit(Text):
    version: int | None = Field(
        None, description="Refused where the message has another one by now.", examples=[1]
    )


class Emoji(Schema):
    emoji: str = Field(examples=["🐸"])


@operation(router, "GET", MESSAGES, scope=Scope.READ, response=schemas.MessagePage)
def list_messages(
    request: Request, slug: str, before: Seq = None, after: Seq = None, limit: Limit = PAGE
) -> HttpResponse:
    """One page of a room's messages: the newest, or those before or after a place.

    In order. What was answered in a thread alone stands in that.
    """
    page = _page(find(request.person, slug), before, after, limit)
    return answer(request, _shown(page))


@operation(router, "POST", MESSAGES, scope=Scope.POST, response=schemas.Message)
def create_message(request: Request, slug: str, data: NewMessage, key: Key = "") -> HttpResponse:
    """Says something in a room.

    It is durable when this answers. Sent again with its key, it is the same message, once.
    """
    return _post(request, find(request.person, slug), data, key)


@operation(router, "GET", MESSAGE, scope=Scope.READ, response=schemas.Message)
def get_message(request: Request, message_id: int) -> HttpResponse:
    """One message."""
    return answer(request, payloads.message(find_message(request.person, message_id)))


@operation(router, "PATCH", MESSAGE, scope=Scope.POST, response=schemas.Message)
def edit_message(request: Request, message_id: int, data: Edit) -> HttpResponse:
    """Says something else in a message of yours.

    The same text again changes nothing.
    """
    return _do(request, message_id, "edit", data)


@operation(router, "DELETE", MESSAGE, scope=Scope.POST)
def delete_message(request: Request, message_id: int) -> HttpResponse:
    """Takes a message back: a tombstone stays where it stood.

    Twice is once.
    """
    _do(request, message_id, "delete")
    return nothing(request)


@operation(
    router,
    "POST",
    f"{MESSAGE}reactions/",
    scope=Scope.POST,
    response=schemas.Message,
    status=200,
    may_be_silent=True,
)
def toggle_reaction(request: Request, message_id: int, data: Emoji) -> HttpResponse:
    """Says it with one emoji, or takes that back.

    A token that may not read gets no message back.
    """
    answered = _do(request, message_id, "react", data)
    # It may be anybody's: who posts reads nothing by that.
    return answered if request.caller.may(Scope.READ) else nothing(request)


@operation(router, "GET", f"{MESSAGE}thread/", scope=Scope.READ, response=schemas.Thread)
def get_thread(
    request: Request,
    message_id: int,
    before: Seq = None,
    after: Seq = None,
    limit: Limit = PAGE,
) -> HttpResponse:
    """A message with one page of what was answered to it.

    Of an answer it is the thread in which that stands.
    """
    message = find_message(request.person, message_id)
    root = find_message(request.person, message.root_id) if message.root_id else message
    page = _page(root, before, after, limit)
    return answer(request, {"root": payloads.message(root)} | _shown(page))


@operation(router, "POST", f"{MESSAGE}thread/", scope=Scope.POST, response=schemas.Message)
def answer_in_thread(
    request: Request, message_id: int, data: NewAnswer, key: Key = ""
) -> HttpResponse:
    """Answers to a message, in its thread."""
    message = find_message(request.person, message_id)
    place = {"root": message.root_id or message.pk, "in_room": data.in_room}
    return _post(request, message.room, data, key, **place)


def _post(request: Request, room: Room, data: NewMessage, key: str, **place: Any) -> HttpResponse:
    spend(request, "post")
    # Its standard writes it in quotes, and most programs don't.
    nonce = key.removeprefix('"').removesuffix('"') if key else secrets.token_urlsafe(16)
    form = MessageForm(data.dict(exclude={"in_room"}) | {"nonce": nonce})
    if "nonce" in form.errors:  # a page's form says it in its own words
        raise BadFields({"Idempotency-Key": [_("It has 8 to 64 of A-Z, a-z, 0-9, “-” and “_”.")]})
    fields = checked(form)
    try:
        said = post_message(
            author=request.person, room=room, caller=request.caller, **fields, **place
        )
    except Conflict:
        raise Conflict(_("This Idempotency-Key stands for another message already.")) from None
    except Refused:
        find(request.person, room.slug)  # what they may not see any more is not there: 404
        raise
    where = reverse("api-v1:get_message", args=[said.pk])
    return answer(request, _as_it_is(said.pk), 201, Location=where)


def _do(request: Request, message_id: int, deed: str, data: Schema | None = None) -> HttpResponse:
    message = find_message(request.person, message_id)
    fields = data.dict() if data else {}
    request.spent = deeds.do(
        deed, fields, person=request.person, message=message, caller=request.caller
    )
    return answer(request, _as_it_is(message.pk))


def _as_it_is(message_id: int) -> Payload:
    (message,) = Message.objects.filter(pk=message_id).select_related("room").shown()
    return payloads.message(message)


def _page(of: Room | Message, before: int | None, after: int | None, limit: int) -> Page:
    if after is not None and before is None:
        return history.after(of, after, limit)
    return history.before(of, before, limit)


def _shown(page: Page) -> Payload:
    return {
        "messages": [payloads.message(each) for each in page.messages],
        "has_older": page.has_older,
        "has_newer": page.has_newer,
        "seq": page.seq,
    }
