"""Prints whom and what a round of revocations begins with, as JSON. Runs in `manage.py shell`.

New people and new rooms for each round: what was taken from one person says nothing about another.
"""

import json

from bench.sign_in import sign_in
from chat.actions.people import create_token, revoke_token
from chat.actions.rooms import create_room, invite_into_room
from chat.models import Person, RoomKind


def main(number: int, wanted: list[tuple[str, bool, bool]]) -> None:
    """`wanted`: for each victim the kind of their room, whether they are in it, and whether they
    come with a token. The first two people of the site write in every room."""
    owner, other = Person.objects.order_by("pk")[:2]
    print(json.dumps([_victim(f"{number}-{nth}", owner, other, *each)
                      for nth, each in enumerate(wanted)]))  # fmt: skip


def _victim(
    name: str, owner: Person, other: Person, kind: str, is_in: bool, has_token: bool
) -> dict[str, str]:
    person = Person(username=f"victim{name}", name=f"Victim {name}", password=owner.password)
    person.save()
    room = create_room(creator=owner, name=f"pond {name}", purpose="", kind=RoomKind(kind))
    invite_into_room(inviter=owner, room=room, people=[other, *([person] if is_in else [])])
    return {
        "username": person.username,
        "room": room.slug,
        "session": sign_in(person),
        "other_session": sign_in(person),
        "token": create_token(person=person, label="a program") if has_token else "",
    }


def revoke(username: str) -> None:
    """Ends every token of theirs; no page does it yet."""
    person = Person.objects.get(username=username)
    for token in person.tokens.all():
        revoke_token(person=person, token=token)
