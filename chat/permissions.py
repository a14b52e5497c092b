"""What somebody may do. What they may see is a scope: `Room.objects.visible_to(person)`.

Pages, sockets and the API ask here, and so do the verbs themselves, under the room's lock.
"""

from chat.models import Membership, Person, Role, Room


def can_post(person: Person, room: Room) -> bool:
    return not room.is_archived and is_member(person, room)


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


def is_member(person: Person, room: Room) -> bool:
    return Membership.objects.filter(room=room, person=person).exists()
