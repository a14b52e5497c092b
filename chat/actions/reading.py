"""What somebody has seen, and what they want to hear of a room. All their open pages follow."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext as _

from chat import hub
from chat.errors import Refused
from chat.models import Following, Level, Membership, Message, Person, Room


def mark_unread(*, person: Person, message: Message) -> None:
    """Puts the pointer right before this message. It stays there until they open the room again."""
    number = message.number - message.in_room  # an answer in a thread stands behind its number
    places = {"read_seq": message.seq - 1, "read_number": max(0, number), "is_kept_unread": True}
    _change(person, message.room_id, places)


def mark_read(*, person: Person, room: Room) -> None:
    """All of the room is seen."""
    with transaction.atomic():
        if not _to_the_end(Membership.objects.filter(person=person, room=room)):
            raise Refused(_("Only people in this room can do that."))
        _see_threads(person, root__room=room)
        _tell(person)


def mark_all_read(*, person: Person) -> None:
    """Every room and every thread is seen."""
    with transaction.atomic():
        _to_the_end(Membership.objects.filter(person=person, room__last_seq__gt=F("read_seq")))
        _see_threads(person)
        _tell(person)


def open_again(*, membership: Membership) -> None:
    """They look at the room: what they had put back is read as usual from now on."""
    Membership.objects.filter(pk=membership.pk).update(is_kept_unread=False)


def set_level(*, person: Person, room: Room, level: Level, muted_until: datetime | None) -> None:
    """What they want to hear of the room, and until when nothing."""
    _change(person, room.pk, {"level": level, "muted_until": muted_until})


def set_preferences(*, person: Person, fields: Iterable[str]) -> None:
    """Stores what they have changed of themselves. Their quiet hours may begin or end with it."""
    with transaction.atomic():
        person.save(update_fields=list(fields))
        _tell(person)


def _change(person: Person, room_id: int, values: dict[str, Any]) -> None:
    with transaction.atomic():
        if not Membership.objects.filter(person=person, room_id=room_id).update(**values):
            raise Refused(_("Only people in this room can do that."))
        _tell(person)


def _to_the_end(memberships: Any) -> int:
    """How many there are. Locked first, in everybody's order: what somebody posts meanwhile moves
    their pointer too, and is not to be taken back by what the room was before."""
    rows = memberships.select_for_update(no_key=True, of=("self",)).order_by("person_id", "pk")
    keys = list(rows.values_list("pk", flat=True))
    room = Room.objects.filter(pk=OuterRef("room_id"))
    for start in range(0, len(keys), 500):  # SQLite bounds a statement's values
        Membership.objects.filter(pk__in=keys[start : start + 500]).update(
            read_seq=Subquery(room.values("last_seq")),
            read_number=Subquery(room.values("message_count")),
            is_kept_unread=False,
        )
    return len(keys)


def _see_threads(person: Person, **where: Any) -> None:
    unseen = Following.objects.filter(person=person, **where).with_news().order_by("-root_id")
    # These and no others: what is news a moment later is not locked in its turn.
    locked = unseen.select_for_update(no_key=True, of=("self",))
    rows = [
        Following(pk=pk, read_seq=last_seq)
        for pk, last_seq in locked.values_list("pk", "root__room__last_seq")
    ]
    Following.objects.bulk_update(rows, ["read_seq"], batch_size=500)


def _tell(person: Person) -> None:
    transaction.on_commit(partial(hub.ring, hub.Ring(people=(person.pk,))))
