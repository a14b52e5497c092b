"""Rooms: make, join, leave, change, close, talk directly."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import events
from chat.actions.locks import locked
from chat.errors import Refused
from chat.models import EventKind, Following, Membership, Person, Room, RoomKind
from chat.names import slugify_room
from chat.permissions import (
    can_archive,
    can_change_kind,
    can_change_room,
    can_create_rooms,
    can_invite_into,
    can_join,
    can_leave,
)

MAX_KEY_CHARACTERS = 400


NUMBERED_SLUGS = 9


def create_room(*, creator: Person, name: str, purpose: str, kind: RoomKind) -> Room:
    """A new room with its creator in it. Its slug comes from the name and stays for good.

    A private room's slug ends in what nobody can guess: who made another one of its name would
    else see by the number in theirs that there is one.
    """
    if not can_create_rooms(creator):
        raise Refused(_("Guests can't create rooms."))
    slug = slugify_room(name)
    if kind == RoomKind.PRIVATE:
        slug = f"{slug}-{secrets.token_hex(4)}"
    with transaction.atomic():
        room = _with_free_slug(slug, name=name, purpose=purpose, kind=kind, created_by=creator)
        _enter(events.lock(room.pk), creator, actor=creator)
    return room


def join_room(*, person: Person, room: Room) -> None:
    """Twice is once."""
    with transaction.atomic():
        room, person = locked(room.pk, person)
        if not can_join(person, room):
            raise Refused(_no_entry(room))
        _enter(room, person, actor=person)


def _no_entry(room: Room) -> str:
    if room.is_archived:
        return _("This room is archived: it can be read, but not written in.")
    return _("This room can only be entered by invitation.")


def leave_room(*, person: Person, room: Room) -> None:
    with transaction.atomic():
        room, person = locked(room.pk, person)
        if not can_leave(person, room):
            raise Refused(_("This room can't be left."))
        _exit(room, person=person, actor=person, kind=EventKind.MEMBER_LEFT)


def invite_into_room(*, inviter: Person, room: Room, people: Iterable[Person]) -> None:
    """Puts people into the room; who is already in it stays."""
    with transaction.atomic():
        room, inviter = locked(room.pk, inviter)
        if not can_invite_into(inviter, room):
            raise Refused(_("Only people in this room can invite others into it."))
        _enter(room, *people, actor=inviter)


def remove_from_room(*, remover: Person, room: Room, person: Person) -> None:
    with transaction.atomic():
        room, remover = locked(room.pk, remover)
        if not can_change_room(remover, room) or not can_leave(person, room):
            raise Refused(_("You can't take people out of this room."))
        _exit(room, person=person, actor=remover, kind=EventKind.MEMBER_REMOVED)


def change_room(*, editor: Person, room: Room, name: str, purpose: str) -> None:
    with transaction.atomic():
        room, editor = locked(room.pk, editor)
        if not can_change_room(editor, room):
            raise Refused(_("Only administrators and who created this room can change it."))
        room.name, room.purpose = name, purpose
        room.save(update_fields=["name", "purpose"])
        events.append(room, EventKind.ROOM_CHANGED, actor=editor)


def make_private(*, editor: Person, room: Room) -> None:
    """Who is in it stays; whoever only read along is shut out. Twice is once."""
    with transaction.atomic():
        if _changed_kind(editor, room, RoomKind.PRIVATE):
            events.withdraw()


def make_public(*, editor: Person, room: Room) -> None:
    """Every member of the site may read it, with all that was said in it. Twice is once."""
    with transaction.atomic():
        _changed_kind(editor, room, RoomKind.PUBLIC)


def archive_room(*, archiver: Person, room: Room) -> None:
    """It can be read as before, and nobody writes in it or joins it. Twice is once."""
    _set_archived(archiver, room, timezone.now(), EventKind.ROOM_ARCHIVED)


def unarchive_room(*, archiver: Person, room: Room) -> None:
    _set_archived(archiver, room, None, EventKind.ROOM_UNARCHIVED)


def find_direct_room(people: Iterable[Person]) -> Room | None:
    return Room.objects.filter(direct_key=_direct_key(people)).first()


def open_direct_room(*, opener: Person, others: Iterable[Person]) -> Room:
    """The one conversation of exactly these people, made when it is missing."""
    people = {person.pk: person for person in (opener, *others)}.values()
    if room := find_direct_room(people):
        return room
    if opener.is_guest and not _share_rooms(opener, people):
        raise Refused(_("Guests can write to the people in their rooms."))
    try:
        with transaction.atomic():
            room = _with_free_slug(
                f"direct-{secrets.token_hex(6)}",
                name=_("Direct conversation"),
                kind=RoomKind.DIRECT,
                direct_key=_direct_key(people),
                created_by=opener,
            )
            room = events.lock(room.pk)
            _enter(room, *people, actor=opener)
            return room
    except IntegrityError:  # the other one opened it at the same moment
        return Room.objects.get(direct_key=_direct_key(people))


def enter_lobby(*, person: Person) -> None:
    """Everybody but guests is in the lobby, from their first moment."""
    with transaction.atomic():
        _enter(events.lock(Room.objects.lobby().pk), person, actor=person)


def enter_first_rooms(*, person: Person, rooms: Iterable[Room], inviter: Person | None) -> None:
    """Puts somebody who has just joined the site into the lobby, guests excepted, and into the
    rooms that their invitation names: in one order, or two who join lock each other out."""
    invited = {room.pk for room in rooms}
    lobby = set() if person.is_guest else {Room.objects.lobby().pk}
    with transaction.atomic():
        for room_id in sorted(invited | lobby):
            actor = person if room_id in lobby else inviter or person
            _enter(events.lock(room_id), person, actor=actor)


def bring_into_room(*, room: Room, person: Person, actor: Person) -> None:
    """For other verbs, which hold the room's lock and have judged."""
    _enter(room, person, actor=actor)


def take_out_of_room(*, room: Room, person: Person, actor: Person) -> None:
    """As `bring_into_room`. Who was not in it stays out."""
    _exit(room, person=person, actor=actor, kind=EventKind.MEMBER_REMOVED)


def _changed_kind(editor: Person, room: Room, kind: RoomKind) -> bool:
    room, editor = locked(room.pk, editor)
    if not can_change_kind(editor, room):
        raise Refused(_("You can't change who may read this room."))
    if room.kind == kind:
        return False
    room.kind = kind
    room.save(update_fields=["kind"])
    events.append(room, EventKind.ROOM_CHANGED, actor=editor)
    return True


def _set_archived(archiver: Person, room: Room, at: datetime | None, kind: EventKind) -> None:
    with transaction.atomic():
        room, archiver = locked(room.pk, archiver)
        if not can_archive(archiver, room):
            raise Refused(_("You can't archive this room."))
        if room.is_archived != (at is not None):
            room.archived_at = at
            room.save(update_fields=["archived_at"])
            events.append(room, kind, actor=archiver)


def _enter(room: Room, *people: Person, actor: Person) -> None:
    """Who is in it already stays. What was said before somebody came in is not news to them."""
    pointer = {"read_seq": room.last_seq, "read_number": room.message_count}
    new = []
    for person in people:
        _membership, is_new = Membership.objects.get_or_create(
            room=room, person=person, defaults=pointer
        )
        if is_new:
            new.append(person)
    _pass_threads(room, new)
    for person in new:
        events.append(room, EventKind.MEMBER_JOINED, actor=actor, person=person)


def _pass_threads(room: Room, people: list[Person]) -> None:
    """Of threads that they followed when they were here before, nothing is news, as of the room."""
    theirs = Following.objects.filter(person__in=people, root__room=room)
    # First, and in the order in which whoever reads locks them: else these wait in a circle.
    rows = theirs.order_by("-root_id", "person_id").select_for_update(no_key=True, of=("self",))
    if rows.values_list("pk"):
        theirs.update(read_seq=room.last_seq)


def _exit(room: Room, *, person: Person, actor: Person, kind: EventKind) -> None:
    count, _details = Membership.objects.filter(room=room, person=person).delete()
    if count:
        events.append(room, kind, actor=actor, person=person)
        events.withdraw()


def _with_free_slug(slug: str, **fields: object) -> Room:
    """A stored room under `slug`, or under the first of `slug-2`, `slug-3`… that is free."""
    for number in range(1, 100):
        candidate = slug if number == 1 else f"{slug}-{number}"
        if number > NUMBERED_SLUGS:  # many of one name: counting them up would take ever longer
            candidate = f"{slug}-{secrets.token_hex(4)}"
        try:
            with transaction.atomic():
                return Room.objects.create(slug=candidate, **fields)
        except IntegrityError:
            if not Room.objects.filter(slug=candidate).exists():
                raise
    raise Refused(_("There are too many rooms of this name."))


def _direct_key(people: Iterable[Person]) -> str:
    key = "-".join(str(key) for key in sorted({person.pk for person in people}))
    # Too long for the column is a crowd of a hundred; a hash tells crowds apart as well.
    return key if len(key) <= MAX_KEY_CHARACTERS else hashlib.sha256(key.encode()).hexdigest()


def _share_rooms(guest: Person, people: Iterable[Person]) -> bool:
    met = set(
        Membership.objects.filter(room__memberships__person=guest).values_list(
            "person_id", flat=True
        )
    )
    return all(person.pk in met for person in people if person.pk != guest.pk)
