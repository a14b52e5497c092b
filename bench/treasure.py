"""Words that most may not see, and what asking for words costs. Runs in `manage.py shell`."""

import json
from time import perf_counter

from django.db import transaction
from django.utils import timezone

from chat import markup, search
from chat.models import Membership, Message, Person, Room, RoomKind

ROOMS = 5
_BATCH = 2000
_TEXT = "The treasure of the day is number {number}."


def hide(count: int) -> None:
    """So many of the newest messages, all with one word, in private rooms of member1 alone."""
    owner = Person.objects.get(username="member1")
    with transaction.atomic():
        rooms = Room.objects.bulk_create(
            Room(slug=f"hidden-{number}", name="Hidden", kind=RoomKind.PRIVATE, created_by=owner)
            for number in range(ROOMS)
        )
        Membership.objects.bulk_create(Membership(room=room, person=owner) for room in rooms)
        for start in range(0, count, _BATCH):
            numbers = range(start, min(start + _BATCH, count))
            messages = [_message(number, rooms[number % ROOMS], owner) for number in numbers]
            search.index(Message.objects.bulk_create(messages))


def _message(number: int, room: Room, author: Person) -> Message:
    body = _TEXT.format(number=number)
    return Message(
        room=room,
        seq=number + 1,
        author=author,
        nonce=f"treasure-{number}",
        body=body,
        html=f"<p>{body}</p>",
        markup_version=markup.VERSION,
        created_at=timezone.now(),
    )


def ask(words: dict[str, str], count: int) -> None:
    """Prints what each kind of words took member2, in milliseconds, as JSON.

    Raises ValueError where they are shown too little, or what is hidden from them.

    A `{number}` in the words is another one each time. The first tenth is warm-up.
    """
    person = Person.objects.get(username="member2")
    print(json.dumps({kind: _asked(person, word, count) for kind, word in words.items()}))


def _asked(person: Person, word: str, count: int) -> list[float]:
    milliseconds = []
    for number in range(count + count // 10):
        query = search.parse(word.format(number=number * 997), today=timezone.localdate())
        start = perf_counter()
        found = search.find(person=person, query=query)
        milliseconds.append((perf_counter() - start) * 1000)
        _check(found.hits, word)
    return milliseconds[count // 10 :]


def _check(hits: list[search.Hit], word: str) -> None:
    rooms = {hit.message.room.slug for hit in hits}
    if any(slug.startswith("hidden-") for slug in rooms):
        raise ValueError(f"{word!r} shows what is hidden")
    if not hits and word not in ("{number}", "treasure"):
        raise ValueError(f"{word!r} finds nothing")
