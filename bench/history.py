"""A site as `growth` looks at it, and what its pages have to show. Runs in `manage.py shell`."""

import json
from typing import Any
from zoneinfo import available_timezones

from django.db.models import OuterRef, Subquery

from chat import history
from chat.models import Membership, Message, Person, Room
from chat.views.inbox import ROOMS_A_PAGE

UNREAD = "member2"


def prepare(count: int) -> None:
    """Prints, as JSON, `count` places all over the lobby's history, the newest messages, and
    those that an inbox shows.

    Everybody but the first two gets a time zone of their own, and the second one has not seen the
    newest message of each room.
    """
    spread_zones()
    leave_unread()
    print(json.dumps(_places(count) | {"inbox": _unread()}))


def spread_zones() -> None:
    """One of their own for everybody but the first two: a message is kept for each as it was
    rendered, so that an old page, or one that nobody else asks for, is new to the server."""
    others = Person.objects.exclude(username__in=("member1", UNREAD)).order_by("pk")
    zones = sorted(available_timezones())
    for number, person in enumerate(others):
        person.time_zone = zones[number * len(zones) // len(others)]
    Person.objects.bulk_update(others, ["time_zone"], batch_size=200)


def leave_unread() -> None:
    """Puts the pointers of the second one back: the newest message of each room is new to them."""
    rooms = Room.objects.filter(pk=OuterRef("room"))
    Membership.objects.filter(person__username=UNREAD, room__message_count__gt=0).update(
        read_seq=Subquery(rooms.values("last_message_seq")) - 1,
        read_number=Subquery(rooms.values("message_count")) - 1,
    )


def _places(count: int) -> dict[str, Any]:
    listed = Message.objects.filter(room=Room.objects.lobby(), in_room=True).order_by("seq")
    rows = list(listed.values_list("pk", "seq"))
    keys, half = [key for key, _ in rows], history.PAGE_SIZE // 2
    first, last = history.PAGE_SIZE, len(rows) - history.PAGE_SIZE - 1
    places = []
    for number in range(count):
        index = last - (last - first) * number // count
        places.append(
            {
                "id": keys[index],
                "seq": rows[index][1],
                "older": keys[index - history.PAGE_SIZE : index],
                "around": keys[index - half + 1 : index + half + 1],
            }
        )
    return {"newest": keys[-history.PAGE_SIZE :], "places": places}


def _unread() -> list[int]:
    """The messages of the inbox's first page."""
    said = sorted(Room.objects.exclude(message_count=0), key=lambda room: room.name.casefold())
    return [
        Message.objects.get(room=room, seq=room.last_message_seq).pk for room in said[:ROOMS_A_PAGE]
    ]
