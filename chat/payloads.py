"""What programs get: people, rooms, messages and the log's entries as plain dictionaries.

The same for sockets, the JSON API and hooks, and the same for everybody who may see it. Times are
in UTC as RFC 3339 says, with microseconds. docs/protocol.md describes each of them; whatever may
come to these later is added, never renamed.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from chat.models import Event, EventKind, Message, Person, Room
from chat.models.messages import OF_MESSAGES
from chat.models.people import people_by_key

Payload = dict[str, Any]

# Of those who react with one emoji; a message stays well below a frame's limit however many do.
NAMED_REACTORS = 10

_OF_REACTIONS = (EventKind.REACTION_ADDED, EventKind.REACTION_REMOVED)
_OF_MEMBERS = (EventKind.MEMBER_JOINED, EventKind.MEMBER_LEFT, EventKind.MEMBER_REMOVED)


def person(somebody: Person) -> Payload:
    return {"id": somebody.pk, "username": somebody.username, "name": somebody.name}


def room(one: Room) -> Payload:
    """`seq` is where its log ends."""
    return {
        "id": one.pk,
        "slug": one.slug,
        "name": one.name,
        "purpose": one.purpose,
        "kind": one.kind,
        "is_lobby": one.is_lobby,
        "is_archived": one.is_archived,
        "seq": one.last_seq,
    }


def message(said: Message) -> Payload:
    """A message as it is now; of a deleted one its place and nothing that it said.

    It is completed already (chat.models.messages.complete), and knows its room.
    """
    marks = said.mentioned.split()
    return {
        "id": said.pk,
        "room": said.room.slug,
        "seq": said.seq,
        "author": person(said.author),
        "body": "" if said.is_deleted else said.body,
        "html": "" if said.is_deleted else said.html,
        "created_at": moment(said.created_at),
        "edited_at": moment(said.edited_at),
        "deleted_at": moment(said.deleted_at),
        "version": said.version,
        "reply_to": said.reply_to_id,
        "thread": said.root_id,
        "in_room": said.in_room,
        "reply_count": said.reply_count,
        "attachments": [],
        "reactions": [
            {
                "emoji": group.emoji,
                "count": len(group.people),
                "people": [person(each) for each in group.people[:NAMED_REACTORS]],
            }
            for group in said.reaction_groups
        ],
        "mentions": {
            "people": [int(mark) for mark in marks if mark.isdigit()],
            "room": "room" in marks,
        },
    }


def events(entries: Iterable[Event]) -> list[Payload]:
    """Entries of logs, each as `event`: who did it and to whom is read once for all of them."""
    listed = list(entries)
    asked = {key for each in listed for key in (each.actor_id, each.person_id) if key}
    people = people_by_key(asked)
    for each in listed:
        each.actor, each.person = people.get(each.actor_id), people.get(each.person_id)
    return [event(each) for each in listed]


def event(entry: Event) -> Payload:
    """An entry of a room's log, with what it is about as that is now.

    Its message is completed, and knows its room.
    """
    payload = {
        "type": entry.kind,
        "room": entry.room.slug,
        "seq": entry.seq,
        "at": moment(entry.at),
        "actor": person(entry.actor) if entry.actor else None,
    }
    return payload | _about(entry)


def moment(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _about(entry: Event) -> Payload:
    if entry.message is not None and entry.kind in OF_MESSAGES:
        return {"message": message(entry.message)}
    if entry.message is not None and entry.kind in _OF_REACTIONS:
        return {
            "message": {"id": entry.message.pk, "seq": entry.message.seq},
            "emoji": entry.detail,
        }
    if entry.kind in _OF_MEMBERS:
        return {"person": person(entry.person) if entry.person else None}
    if entry.kind == EventKind.ROOM_CHANGED:
        room = entry.room
        return {"name": room.name, "purpose": room.purpose, "kind": room.kind}
    return {}
