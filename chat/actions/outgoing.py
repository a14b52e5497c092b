"""Hooks that tell other programs: whoever may change the room makes, changes, tries, switches and
deletes them. Sending is chat.deliveries."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import dialer, events, outgoing
from chat.actions.locks import locked
from chat.actions.people import lock_with_bot, new_bot, retire_bot, store_person
from chat.actions.rooms import bring_into_room
from chat.errors import Invalid, Refused
from chat.models import Delivery, DeliveryState, OutgoingHook, Person, Room
from chat.permissions import can_change_room
from chat.signatures import make_secret

# Each is a row more for every event of the room.
MAX_HOOKS = 20
OVERLAP = timedelta(hours=24)


def create_hook(
    *,
    maker: Person,
    room: Room,
    username: str,
    name: str,
    url: str,
    kinds: list[str],
    only_mentions: bool = False,
    posts_answers: bool = True,
) -> OutgoingHook:
    """A hook with a bot of its own in the room, which says what the address answers.

    Raises Refused for who may not, Invalid for an address that must not be reached from here and
    for a username that is taken.
    """
    dialer.check(url)
    bot = new_bot(username=username, name=name)
    with transaction.atomic():
        room, maker = locked(room.pk, maker)
        _check_may(maker, room)
        if room.outgoing.count() >= MAX_HOOKS:
            raise Invalid(_("This room has as many outgoing webhooks as it can have."))
        store_person(bot)
        bring_into_room(room=room, person=bot, actor=maker)
        hook = OutgoingHook.objects.create(
            room=room,
            bot=bot,
            url=url,
            kinds=" ".join(kinds),
            only_mentions=only_mentions,
            posts_answers=posts_answers,
            made_by=maker,
        )
        outgoing.count_hooks(room)
    return hook


def change_hook(
    *,
    editor: Person,
    hook: OutgoingHook,
    url: str,
    kinds: list[str],
    only_mentions: bool,
    posts_answers: bool,
) -> None:
    """Who sends it elsewhere answers for it from now on: it may be a place of theirs alone."""
    dialer.check(url)
    with transaction.atomic():
        hook, editor = _held(hook, editor)
        hook.made_by = hook.made_by if hook.url == url else editor
        hook.url, hook.kinds = url, " ".join(kinds)
        hook.only_mentions, hook.posts_answers = only_mentions, posts_answers
        # Another address may be well where that one was not.
        hook.failures, hook.rest_until = 0, None
        hook.save(
            update_fields=[
                *("url", "made_by", "kinds", "only_mentions", "posts_answers"),
                *("failures", "rest_until"),
            ]
        )


def renew_secret(*, renewer: Person, hook: OutgoingHook) -> str:
    """A new secret; for a day deliveries are signed with the one of before as well."""
    with transaction.atomic():
        hook, renewer = _held(hook, renewer)
        hook.previous_secret, hook.previous_until = hook.secret, timezone.now() + OVERLAP
        hook.secret = make_secret()
        hook.save(update_fields=["secret", "previous_secret", "previous_until"])
    return hook.secret


def send_ping(*, sender: Person, hook: OutgoingHook) -> None:
    """A delivery that is about nothing, to see whether one arrives."""
    with transaction.atomic():
        hook, sender = _held(hook, sender)
        _check_enabled(hook)
        outgoing.queue([Delivery(hook=hook)])


def send_again(*, sender: Person, delivery: Delivery) -> None:
    """Once more from the first attempt, under the same id; what waits is tried at once."""
    with transaction.atomic():
        hook, sender = _held(delivery.hook, sender)
        _check_enabled(hook)
        OutgoingHook.objects.filter(pk=hook.pk).update(rest_until=None)
        Delivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.WAITING, attempts=0, next_attempt_at=timezone.now(), error=""
        )
        transaction.on_commit(outgoing.bell.set)


def disable_hook(*, switcher: Person, hook: OutgoingHook) -> None:
    """Nothing is written for it any more; what waits is kept. Twice is once."""
    with transaction.atomic():
        hook, switcher = _held(hook, switcher)
        because = _("%(name)s has switched it off.") % {"name": switcher.name}
        switch_off(hook, because)


def enable_hook(*, switcher: Person, hook: OutgoingHook) -> None:
    """It goes on with what waited. Who switches it on answers for it from now on."""
    with transaction.atomic():
        hook, switcher = _held(hook, switcher)
        hook.disabled_at, hook.disabled_because, hook.made_by = None, "", switcher
        hook.failures, hook.failing_since, hook.rest_until = 0, None, None
        hook.save(
            update_fields=[
                *("disabled_at", "disabled_because", "made_by"),
                *("failures", "failing_since", "rest_until"),
            ]
        )
        outgoing.count_hooks(hook.room)
        transaction.on_commit(outgoing.bell.set)


def delete_hook(*, deleter: Person, hook: OutgoingHook) -> None:
    """The hook and all that waited; its bot leaves, and what that said stays."""
    with transaction.atomic():
        lock_with_bot(hook.room_id, deleter, hook.bot)
        hook, deleter = _held(hook, deleter)
        hook.delete()
        outgoing.count_hooks(hook.room)
        retire_bot(room=hook.room, bot=hook.bot, actor=deleter)


def give_up(*, hook: OutgoingHook, because: str) -> None:
    """The worker switches it off. Twice is once."""
    with transaction.atomic():
        room = events.lock(hook.room_id)
        found = OutgoingHook.objects.select_for_update(no_key=True).filter(pk=hook.pk).first()
        if found is not None:
            found.room = room
            switch_off(found, because)


def switch_off(hook: OutgoingHook, because: str) -> None:
    """Called by who holds the room's lock."""
    if hook.disabled_at is None:
        hook.disabled_at, hook.disabled_because = timezone.now(), because[:250]
        hook.save(update_fields=["disabled_at", "disabled_because"])
        outgoing.count_hooks(hook.room)


def _held(hook: OutgoingHook, actor: Person) -> tuple[OutgoingHook, Person]:
    """Both as they are now, under the room's lock. Raises Refused for who may not."""
    room, actor = locked(hook.room_id, actor)
    _check_may(actor, room)
    found = OutgoingHook.objects.select_related("bot").filter(pk=hook.pk, room=room).first()
    if found is None:
        raise Refused(_("This webhook has been deleted meanwhile."))
    found.room = room
    return found, actor


def _check_may(actor: Person, room: Room) -> None:
    if not can_change_room(actor, room):
        raise Refused(_("Only administrators and who created this room can change its webhooks."))


def _check_enabled(hook: OutgoingHook) -> None:
    if not hook.is_enabled:
        raise Invalid(_("This webhook is switched off. Switch it on first."))
