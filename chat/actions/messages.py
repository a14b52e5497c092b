"""Saying something."""

from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import events, markup
from chat.errors import Conflict, Refused
from chat.models import EventKind, Membership, Message, Person, Room
from chat.permissions import can_post


def post_message(
    *, author: Person, room: Room, body: str, nonce: str, check: Callable[[], None] | None = None
) -> Message:
    """The stored message: durable when this returns, and shown to everybody who may see it.

    A second call with the same nonce returns the first one's message. Raises Conflict when
    that nonce already stands for another text or room, Refused for who is not in the room.
    `check` is called under the room's lock, and raises for who may not write any more.
    """
    if earlier := _earlier(author, room, body, nonce):
        return earlier
    html = markup.render(body).html  # before the lock: it is the slow part
    try:
        with transaction.atomic():
            room = events.lock(room.pk)
            if check is not None:
                check()
            return _write(author, room, body, html, nonce)
    except IntegrityError:
        # A copy of this request was quicker; what it wrote is the answer to both.
        if earlier := _earlier(author, room, body, nonce):
            return earlier
        raise


def _is_active(author: Person) -> bool:
    """As it is, and stays until the message is stored: who is switched off later waits."""
    rows = Person.objects.select_for_update(no_key=True).filter(pk=author.pk, is_active=True)
    return bool(rows.values_list("pk"))


def _earlier(author: Person, room: Room, body: str, nonce: str) -> Message | None:
    message = Message.objects.filter(author=author, nonce=nonce).select_related("room").first()
    if message is not None and (message.room_id != room.pk or message.body != body):
        raise Conflict(_("This form has already sent another message. Please send it again."))
    return message


def _write(author: Person, room: Room, body: str, html: str, nonce: str) -> Message:
    if room.is_archived:
        raise Refused(_("This room is archived: it can be read, but not written in."))
    if not can_post(author, room) or not _is_active(author):
        raise Refused(_("Join the room to write in it."))
    previous = Message.objects.filter(room=room, seq=room.last_message_seq).first()
    message = Message.objects.create(
        room=room,
        seq=room.last_seq + 1,
        author=author,
        nonce=nonce,
        body=body,
        html=html,
        markup_version=markup.VERSION,
        created_at=timezone.now(),
        previous_author_id=previous.author_id if previous else None,
        previous_at=previous.created_at if previous else None,
    )
    events.append(room, EventKind.MESSAGE_POSTED, actor=author, message=message)
    # Who writes has seen what stands above: their own message is not news to them.
    Membership.objects.filter(room=room, person=author).update(read_seq=message.seq)
    return message
