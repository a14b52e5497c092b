"""What somebody may do. What they may see is a scope: `Room.objects.visible_to(person)`.

Pages, sockets and the API ask here, and so do the verbs themselves, under the room's lock.
"""

from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import Count, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from chat.models import Membership, Message, Person, Role, Room, Site
from chat.prepared import Prepared, columns, made


def can_post(person: Person, room: Room) -> bool:
    return not room.is_archived and is_member(person, room)


def can_edit(person: Person, message: Message) -> bool:
    """Its author, who is in the room still, within the time that the site gives."""
    minutes = Site.load().edit_minutes
    in_time = minutes is None or timezone.now() - message.created_at <= timedelta(minutes=minutes)
    is_ones_own = message.author_id == person.pk and not message.is_deleted
    return is_ones_own and in_time and can_post(person, message.room)


def can_delete(person: Person, message: Message) -> bool:
    """Who may edit it, and who may change the room: also when it is archived, or others left."""
    if message.is_deleted:
        return False
    return can_edit(person, message) or can_change_room(person, message.room)


def can_react(person: Person, message: Message) -> bool:
    return not message.is_deleted and can_post(person, message.room)


def can_answer(person: Person, root: Message) -> bool:
    """In a thread: a deleted message begins none, but one that there is goes on."""
    return (not root.is_deleted or root.reply_count > 0) and can_post(person, root.room)


def can_join(person: Person, room: Room) -> bool:
    return room.is_public and not room.is_archived and not person.is_guest


def can_leave(person: Person, room: Room) -> bool:
    """Nobody leaves the lobby but guests, and nobody a direct conversation."""
    return not room.is_direct and (not room.is_lobby or person.is_guest)


def can_invite_into(person: Person, room: Room) -> bool:
    return not room.is_direct and not person.is_guest and is_member(person, room)


def can_change_room(person: Person, room: Room) -> bool:
    """Rename, describe, take people out: administrators who see it, and whoever created it and
    is in it still."""
    if room.is_direct or person.is_guest:
        return False
    is_creator = room.created_by_id == person.pk
    return person.is_administrator or (is_creator and is_member(person, room))


def can_make_hooks(person: Person, room: Room) -> bool:
    """Give out an address of the room at which programs speak: who may change it, unless it is
    archived. What there is may be taken back all the same."""
    return can_change_room(person, room) and not room.is_archived


def can_change_kind(person: Person, room: Room) -> bool:
    """Make it private or public: who may change it and is in it, so that nobody shuts
    themselves out. The lobby is everybody's for good."""
    return can_change_room(person, room) and not room.is_lobby and is_member(person, room)


def can_archive(person: Person, room: Room) -> bool:
    return can_change_room(person, room) and not room.is_lobby


def can_create_rooms(person: Person) -> bool:
    return not person.is_guest


def can_administer_site(person: Person) -> bool:
    return person.is_active and person.is_administrator


def can_change_role(actor: Person, person: Person) -> bool:
    """Administrators change everybody's but their own; an owner's only another owner does."""
    if not can_administer_site(actor) or actor.pk == person.pk:
        return False
    return person.role != Role.OWNER or actor.role == Role.OWNER


def can_manage_tokens(actor: Person, person: Person) -> bool:
    """One's own; a bot's are its administrators', but for a webhook's: it may be in a room which
    these may not see, and a token would read that for them."""
    if actor.pk == person.pk:
        return True
    return can_administer_site(actor) and Person.objects.bots().filter(pk=person.pk).exists()


def membership(person: Person, room: Room) -> Membership | None:
    return Membership.objects.filter(room=room, person=person).select_related("room").first()


def sight(person: Person, slug: str) -> tuple[Room, Membership | None] | None:
    """The room of this name with the number of its people, if this person may see it, and what
    they are in it: in one query."""
    seen = _seen_by_a_guest if person.is_guest else _seen_by_a_member
    for values in seen(person.pk, slug):
        room = made(Room, values[:_ROOM])
        room.counted, own = values[_ROOM], values[_ROOM + 1 :]
        membership = made(Membership, own) if own[0] else None
        if membership is not None:
            membership.room = room
        return room, membership
    return None


def is_member(person: Person, room: Room) -> bool:
    return Membership.objects.filter(room=room, person=person).exists()


def _sight(person_id: Any, slug: Any, *, is_guest: bool) -> QuerySet[Any, Any]:
    visible = Room.objects.visible_by_key(person_id, is_guest=is_guest).filter(slug=slug)
    everybody = Membership.objects.filter(room=OuterRef("pk")).order_by().values("room")
    own = FilteredRelation("memberships", condition=Q(memberships__person=person_id))
    return visible.annotate(
        number=Coalesce(Subquery(everybody.annotate(count=Count("pk")).values("count")), 0), own=own
    ).values_list(*columns(Room), "number", *(f"own__{name}" for name in columns(Membership)))


_ROOM = len(columns(Room))
_seen_by_a_guest = Prepared(partial(_sight, is_guest=True))
_seen_by_a_member = Prepared(partial(_sight, is_guest=False))
