"""The room's log. The database is the truth; the doorbell after the commit only says "look".

`seq` is taken under the room's row lock and not from an autoincrement: on PostgreSQL id 11 can
be committed before id 10, and a reader whose cursor is at 11 would never see 10.
"""

from functools import partial

from django.db import transaction

from chat import hub, outgoing
from chat.models import Event, EventKind, Message, Person, Room, Site
from chat.prepared import Prepared, insert


def lock(room_id: int) -> Room:
    """The room, locked until the transaction ends: whoever appends to its log holds this.

    No key is changed, so whoever only refers to the room, as a new membership does, goes on.
    """
    return Room.objects.select_for_update(no_key=True).get(pk=room_id)


def lock_by_slug(slugs: set[str]) -> dict[str, Room]:
    """Several, in the order in which everybody locks them; those that there are."""
    return {room.slug: room for room in _locked([*slugs])}


_locked = Prepared(
    lambda slugs: Room.objects.select_for_update(no_key=True).filter(slug__in=slugs).order_by("pk")
)


def withdraw() -> None:
    """Somebody may listen to less than before: nothing later reaches them, here and elsewhere.

    Called last in the transaction that takes the right away. Every process asks who still may
    before it sends what was written after it, and all of them at once when this is durable.
    """
    Site.count_revocation()
    transaction.on_commit(partial(hub.ring, hub.Ring(kind=hub.WITHDRAWN)))


def append(
    room: Room,
    kind: EventKind,
    *,
    actor: Person,
    person: Person | None = None,
    message: Message | None = None,
    detail: str = "",
) -> Event:
    """Writes the next entry of a locked room's log, and rings once the transaction is durable.

    `person` is whom it happened to, for membership events: their own pages are told as well.
    `message` is the one that it happened to, `detail` as in `Event`.
    """
    room.last_seq += 1
    room.save(update_fields=["last_seq"])
    event = Event.objects.create(
        room=room,
        seq=room.last_seq,
        kind=kind,
        actor=actor,
        person=person,
        message=message,
        detail=detail,
    )
    outgoing.note(room, [event])
    people = () if person is None else (person.pk,)
    ring = hub.Ring(room_id=room.pk, seq=event.seq, kind=kind.value, people=people)
    transaction.on_commit(partial(hub.ring, ring))
    return event


def append_posts(room: Room, messages: list[Message]) -> None:
    """The next entries of a locked room's log: messages, numbered already. Rings once for all.

    Whom an answer tells in its thread alone learns it whatever they look at: to whoever looks at
    the room nothing else would say that there is something new elsewhere.
    """
    room.last_seq = messages[-1].seq
    for message in messages:
        if message.in_room:
            room.last_message_seq, room.message_count = message.seq, message.number
    room.write_head()
    kind = EventKind.MESSAGE_POSTED.value
    entries = [
        Event(room=room, seq=each.seq, kind=kind, actor_id=each.author_id, message=each)
        for each in messages
    ]
    insert(entries)
    outgoing.note(room, entries)
    told = {mark for each in messages if not each.in_room for mark in each.mentioned.split()}
    people = tuple(int(mark) for mark in told if mark.isdigit())
    ring = hub.Ring(room_id=room.pk, seq=room.last_seq, kind=kind, people=people)
    transaction.on_commit(partial(hub.ring, ring))
