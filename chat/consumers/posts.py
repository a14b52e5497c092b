"""What a frame does to the rooms: messages, and changes to them. Runs in the database threads."""

import re
import secrets
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from chat import deeds, frames, hub, limits, markup
from chat.actions.messages import prepare, submit
from chat.actions.posting import Post
from chat.errors import Invalid, NotFound, Refused
from chat.forms import NONCE
from chat.models import Message, Person, Room
from chat.models.people import person_by_key


@dataclass(frozen=True)
class Draft:
    """A message that somebody sends; `slug` as they wrote it, "" for the room of the socket."""

    slug: object
    body: str
    nonce: str
    reply_to: int | None
    confirm: bool


def draft(frame: dict[str, Any], slug: object) -> Draft:
    """What a `post` frame says, by the rules of MessageForm. Raises Invalid for what can be no
    message. No form is made: with one, reading a frame takes as long as storing the message."""
    nonce = frames.nonce(frame) or secrets.token_urlsafe(16)
    if not NONCE.fullmatch(nonce):
        raise Invalid(_("A nonce has 8 to 64 letters, digits, “-” and “_”."))
    body = frame.get("body")
    try:
        text = markup.clean_body(body if isinstance(body, str) else "")
    except markup.InvalidBody as error:
        raise Invalid(str(error.sentence)) from None
    reply_to = frames.number(frame, "reply_to")
    return Draft(slug, text, nonce, reply_to, confirm=frame.get("confirm") is True)


def submit_all(reader: hub.Reader, here: str, drafts: list[Draft]) -> list[Future[Message]]:
    """The message of each, in their order, as soon as it is stored; or why it is refused. `here` is
    the slug of the room for those that name none, "" where they have to."""
    posts: list[Post] = []
    stored: list[Future[Message]] = []
    for each in drafts:
        try:
            posts.append(_prepared(reader, here, each))
            stored.append(posts[-1].stored)
        except Refused as error:
            stored.append(Future())
            stored[-1].set_exception(error)
    submit(posts)
    return stored


def change(reader: hub.Reader, frame: dict[str, Any]) -> Message:
    """Edits, deletes or reacts, as the page's forms do; the message that it was done to."""
    person = Person.objects.get(pk=reader.person_id)
    seen = Message.objects.filter(room__in=Room.objects.visible_to(person))
    message = seen.select_related("room").filter(pk=frames.number(frame, "message") or 0).first()
    if message is None:
        raise NotFound(_("There is no such message, or it is not for you."))
    fields = {
        "body": frame.get("body"),
        "confirm": frame.get("confirm") is True,
        "emoji": frame.get("emoji"),
        "version": frames.number(frame, "version"),
    }
    deeds.do(frame["type"], fields, person=person, message=message, caller=reader)
    return message


def _prepared(reader: hub.Reader, here: str, draft: Draft) -> Post:
    limits.spend(settings.LIMIT_POSTS, "post", reader.person_id)
    # The socket may have been opened long ago: what let it in has to hold when this is stored.
    slug = _found(reader.person_id, draft.slug) if draft.slug else here
    if not slug:
        raise Refused(_("You are not in any room yet."))
    return prepare(
        author_id=reader.person_id,
        slug=slug,
        body=draft.body,
        nonce=draft.nonce,
        reply_to=draft.reply_to,
        confirm=draft.confirm,
        caller=reader,
    )


def _found(person_id: int, slug: object) -> str:
    """The slug, where it is that of a room that they may read; raises NotFound."""
    if isinstance(slug, str) and re.fullmatch(r"[-\w]{1,64}", slug, re.ASCII):
        person = person_by_key.first(person_id)
        if person and Room.objects.named(slug, person):
            return slug
    raise NotFound(_("There is no such room, or it is not for you."))
