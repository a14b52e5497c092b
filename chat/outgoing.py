"""What is to go out to a room's hooks: rows, written in the transaction that appends to its log.

A room counts its hooks itself, and whoever appends holds its row: where there is no hook, nothing
is asked. What bots do goes to no hook: two that answer each other would never end.
"""

from collections.abc import Sequence
from functools import partial
from threading import Event as Flag

from django.db import transaction
from django.utils import timezone

from chat.models import Delivery, Event, EventKind, OutgoingHook, Person, Role, Room
from chat.models.messages import OF_MESSAGES

# Set when rows have become durable in this process: its worker need not wait for its next look.
bell = Flag()


def note(room: Room, entries: Sequence[Event]) -> None:
    """Writes what these new entries of a locked room's log are to its hooks."""
    if not room.outgoing_hooks:
        return
    actors = {entry.actor_id for entry in entries if entry.actor_id}
    bots = Person.objects.filter(pk__in=actors, role=Role.BOT).values_list("pk", flat=True)
    silent = set(bots)
    told = [entry for entry in entries if entry.actor_id not in silent]
    hooks = OutgoingHook.objects.filter(room=room, disabled_at=None) if told else ()
    queue(
        [Delivery(hook=hook, event=entry) for hook in hooks for entry in told if wants(hook, entry)]
    )


def wants(hook: OutgoingHook, entry: Event) -> bool:
    if entry.kind not in hook.asked_kinds:
        return False
    if not hook.only_mentions:
        return True
    if entry.message is None or entry.kind not in OF_MESSAGES:
        return False
    if str(hook.bot_id) in entry.message.mentioned.split():
        return True
    # What was said to it is changed or taken back, its name with it: that it has to learn.
    is_new = entry.kind == EventKind.MESSAGE_POSTED
    return not is_new and hook.deliveries.filter(event__message=entry.message).exists()


def queue(deliveries: list[Delivery]) -> None:
    """Stores them; once that is durable, the worker of this process looks at once."""
    for each in deliveries:
        each.next_attempt_at = timezone.now()
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        transaction.on_commit(partial(bell.set))


def count_hooks(room: Room) -> None:
    """Called by who holds the room's lock and has made, switched or deleted one."""
    room.outgoing_hooks = room.outgoing.filter(disabled_at=None).count()
    room.save(update_fields=["outgoing_hooks"])
