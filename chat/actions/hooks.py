"""Addresses at which programs speak in a room: made, taken back, spoken at."""

import secrets

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from chat.actions.locks import locked
from chat.actions.messages import post_message
from chat.actions.people import lock_with_bot, new_bot, retire_bot
from chat.actions.rooms import bring_into_room
from chat.database import in_passing
from chat.errors import Conflict, Invalid, Refused
from chat.models import IncomingHook, Message, Person, Room
from chat.permissions import can_change_room, can_make_hooks

KEY_BYTES = 32
NOTING_MS = 200
MAX_HOOKS = 50


def create_hook(*, maker: Person, room: Room, name: str) -> tuple[IncomingHook, str]:
    """A new address of the room, and its key: this is the only moment to see it.

    What comes there is said by a bot of this name, which is in the room from now on and can
    neither sign in nor do anything else. Raises Refused for who may not change the room, and in
    one that is archived; Invalid where it has too many.
    """
    key = secrets.token_urlsafe(KEY_BYTES)
    with transaction.atomic():
        room, maker = locked(room.pk, maker)
        if not can_make_hooks(maker, room):
            raise Refused(_why_not(maker, room))
        if room.incoming_hooks.filter(revoked_at=None).count() >= MAX_HOOKS:
            raise Invalid(_("This room has as many incoming webhooks as it can have."))
        bot = _bot(name)
        bring_into_room(room=room, person=bot, actor=maker)
        hook = IncomingHook.objects.create(
            room=room, person=bot, name=name, digest=IncomingHook.hash(key), made_by=maker
        )
    return hook, key


def revoke_hook(*, revoker: Person, hook: IncomingHook) -> None:
    """Nothing that comes later is said. Twice is once."""
    with transaction.atomic():
        lock_with_bot(hook.room_id, revoker, hook.person)
        room, revoker = locked(hook.room_id, revoker)
        if not can_change_room(revoker, room):
            raise Refused(_only_who_may())
        held = IncomingHook.objects.filter(pk=hook.pk, revoked_at=None)
        if held.update(revoked_at=timezone.now()):
            retire_bot(room=room, bot=hook.person, actor=revoker)


def post_from_hook(*, hook: IncomingHook, body: str, nonce: str) -> Message:
    """What `post_message` promises, said by the hook's bot.

    It tells whom it names, but never the whole room: nobody who made the address has said that
    whoever knows it may.
    """
    try:
        message = post_message(
            author=hook.person, room=hook.room, body=body, nonce=nonce, tells_all=False
        )
    except Conflict:
        raise Conflict(
            _("Another message has been sent under this key of idempotency. Use a new one.")
        ) from None
    except Refused as error:
        raise _for_programs(hook, error) from None
    _note(hook)
    return message


def _for_programs(hook: IncomingHook, error: Refused) -> Refused:
    """What a person would do about it, a program can't."""
    if type(error) is Refused and not hook.room.is_archived:
        return Refused(_("The bot of this webhook is switched off, or no longer in its room."))
    return error


def _note(hook: IncomingHook) -> None:
    now = timezone.now()
    if hook.should_note(now):
        with in_passing(NOTING_MS):
            IncomingHook.objects.filter(pk=hook.pk).update(last_used_at=now)


def _why_not(person: Person, room: Room) -> str:
    if can_change_room(person, room):
        return _("This room is archived: nothing can be said in it, by programs neither.")
    return _only_who_may()


def _only_who_may() -> str:
    return _("Only administrators and who created this room can change its webhooks.")


def _bot(name: str) -> Person:
    """A bot of its own for each: what it has said stays its, whatever others of that name say."""
    for _attempt in range(5):
        username = f"{slugify(name)[:20].strip('-_') or 'hook'}-{secrets.token_hex(4)}"
        bot = new_bot(username=username, name=name)
        try:
            with transaction.atomic():
                bot.save()
            return bot
        except IntegrityError:  # it looks like somebody's
            continue
    raise Refused(_("No name was free for this webhook. Please try again."))
