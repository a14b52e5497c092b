"""What somebody has seen, and what they want to hear of a room. All their open pages follow."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Min, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from chat import hub
from chat.errors import Invalid, Refused
from chat.models import Event, Following, Level, Membership, Message, Person, Room, RoomKind


def mark_unread(*, person: Person, message: Message) -> None:
    """Puts the pointer right before this message. It stays there until they open the room again.

    Raises Invalid for an answer that stands in its thread alone: it has no place in the room.
    """
    if not message.in_room:
        raise Invalid(_("This answer stands in its thread alone. Choose a message of the room."))
    number = max(0, message.number - 1)
    places = {"read_seq": message.seq - 1, "read_number": number, "is_kept_unread": True}
    _change(person, message.room_id, places)


def mark_read(*, person: Person, room: Room, until: int | None = None) -> None:
    """All of the room is seen; with `until` what there was when that entry of any room's log, by
    key, was the newest: who says so has seen no more."""
    with transaction.atomic():
        ends = _ends(until)
        if not _to_the_end(Membership.objects.filter(person=person, room=room), ends):
            raise Refused(_("Only people in this room can do that."))
        _see_threads(person, ends, root__room=room)
        _tell(person)


def mark_read_to(*, person: Person, room: Room, seq: int) -> int:
    """They have seen the room up to `seq`; the pointer never goes back, nor beyond the log.

    Returns where it stands then. What they had put back stays until they open the room again.
    """
    mine = Membership.objects.filter(person=person, room=room).values_list("read_seq", flat=True)
    with transaction.atomic():
        if mine.first() is None:
            raise Refused(_("Only people in this room can do that."))
        Membership.objects.mark_read({(person.pk, room.pk): min(seq, room.last_seq)})
        _tell(person)
        return mine.first() or 0


def mark_all_read(*, person: Person, until: int | None = None) -> None:
    """Every room and every thread is seen, `until` as in `mark_read`."""
    with transaction.atomic():
        ends, news = _ends(until), Q(room__last_seq__gt=F("read_seq"))
        _to_the_end(Membership.objects.filter(news, person=person), ends)
        _see_threads(person, ends)
        _tell(person)


def open_again(*, membership: Membership) -> None:
    """They look at the room: what they had put back is read as usual from now on."""
    Membership.objects.filter(pk=membership.pk).update(is_kept_unread=False)


def set_level(*, person: Person, room: Room, level: Level, muted_until: datetime | None) -> None:
    """What they want to hear of the room, and until when nothing."""
    _change(person, room.pk, {"level": level, "muted_until": muted_until})


def set_preferences(*, person: Person, fields: Iterable[str]) -> None:
    """Stores what they have changed of themselves. Their quiet hours may begin or end with it, and
    a direct conversation is called by its people's names."""
    with transaction.atomic():
        is_renamed = not Person.objects.filter(pk=person.pk, name=person.name).exists()
        person.save(update_fields=list(fields))
        _tell(person, *(_named_by(person) if is_renamed else ()))


def _named_by(person: Person) -> Iterable[int]:
    """Those in whose sidebars a room is called by this person's name."""
    direct = Room.objects.filter(kind=RoomKind.DIRECT, memberships__person=person)
    return Membership.objects.filter(room__in=direct).values_list("person_id", flat=True)


def _change(person: Person, room_id: int, values: dict[str, Any]) -> None:
    with transaction.atomic():
        if not Membership.objects.filter(person=person, room_id=room_id).update(**values):
            raise Refused(_("Only people in this room can do that."))
        _tell(person)


def _ends(until: int | None) -> dict[int, int]:
    """room → where its log ended then, of those that have gone on since."""
    later = Event.objects.filter(pk__gt=until) if until is not None else Event.objects.none()
    firsts = later.order_by().values_list("room_id").annotate(first=Min("seq"))
    return {room_id: first - 1 for room_id, first in firsts}


def _to_the_end(memberships: Any, ends: dict[int, int]) -> int:
    """How many there are. Locked first, in everybody's order: what somebody posts meanwhile moves
    their pointer too, and is not to be taken back by what the room was before."""
    rows = memberships.select_for_update(no_key=True, of=("self",)).order_by("person_id", "pk")
    found = list(rows.values_list("pk", "room_id", "person_id"))
    places = {(person, room): ends[room] for _pk, room, person in found if room in ends}
    Membership.objects.filter(pk__in=[pk for pk, room, _ in found if room in ends]).update(
        is_kept_unread=False
    )
    Membership.objects.mark_read(places)
    keys = [pk for pk, room, _person in found if room not in ends]
    room = Room.objects.filter(pk=OuterRef("room_id"))
    for start in range(0, len(keys), 500):  # SQLite bounds a statement's values
        Membership.objects.filter(pk__in=keys[start : start + 500]).update(
            read_seq=Subquery(room.values("last_seq")),
            read_number=Subquery(room.values("message_count")),
            is_kept_unread=False,
        )
    return len(found)


def _see_threads(person: Person, ends: dict[int, int], **where: Any) -> None:
    unseen = Following.objects.filter(person=person, **where).with_news().order_by("-root_id")
    # These and no others: what is news a moment later is not locked in its turn.
    locked = unseen.select_for_update(no_key=True, of=("self",))
    seen = locked.values_list("pk", "read_seq", "root__room_id", "root__room__last_seq")
    rows = [
        Following(pk=pk, read_seq=max(read_seq, ends.get(room_id, last_seq)))
        for pk, read_seq, room_id, last_seq in seen
    ]
    Following.objects.bulk_update(rows, ["read_seq"], batch_size=500)


def _tell(person: Person, *others: int) -> None:
    people = tuple({person.pk, *others})
    transaction.on_commit(partial(hub.ring, hub.Ring(people=people)))
