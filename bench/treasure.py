"""Words that most may not see, and what asking for words costs. Runs in `manage.py shell`."""

import json
import sqlite3
from contextlib import closing
from time import perf_counter

from django.db import connection, transaction
from django.utils import timezone

from chat import markup, search
from chat.models import Membership, Message, Person, Room, RoomKind
from chat.search.sqlite import ROW_BITS

ROOMS = 5
_BATCH = 2000
# The newest rows that hold the words, whoever may see them. A word, or some in quotes, is to FTS5
# what it is to us.
_BARE = "SELECT rowid FROM chat_search WHERE document MATCH ? ORDER BY rowid DESC LIMIT ?"
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
    """Prints what each kind of words took member2, and the index alone, in milliseconds, as JSON.

    Raises ValueError where they are shown too little, or what is hidden from them: of a number, it
    has to be all that the index holds where they may look.

    A `{number}` in the words is another one each time. The first tenth is warm-up.
    """
    person = Person.objects.get(username="member2")
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as bare:
        asked = {kind: _asked(person, bare, word, count) for kind, word in words.items()}
    print(json.dumps(asked))


def _asked(
    person: Person, bare: sqlite3.Connection, word: str, count: int
) -> tuple[list[float], list[float]]:
    """Both in turns, so that a busy moment is everybody's."""
    ours, theirs = list[float](), list[float]()
    for number in range(count + count // 10):
        words = word.format(number=number * 997)
        query = search.parse(words, today=timezone.localdate())
        start = perf_counter()
        found = search.find(person=person, query=query)
        between = perf_counter()
        rows = bare.execute(_BARE, (words, search.PAGE_SIZE + 1)).fetchall()
        theirs.append((perf_counter() - between) * 1000)
        ours.append((between - start) * 1000)
        _check(person, found.hits, word, [key for (key,) in rows])
    return ours[count // 10 :], theirs[count // 10 :]


def _check(person: Person, hits: list[search.Hit], word: str, rows: list[int]) -> None:
    rooms = {hit.message.room.slug for hit in hits}
    if any(slug.startswith("hidden-") for slug in rooms):
        raise ValueError(f"{word!r} shows what is hidden")
    if word == "{number}":
        readable = Message.objects.filter(room__in=Room.objects.visible_to(person))
        expected = readable.filter(pk__in=[key >> ROW_BITS for key in rows]).count()
        if len(hits) != expected:
            raise ValueError(f"a number is found {len(hits)} times and not {expected}")
    elif not hits and word != "treasure":
        raise ValueError(f"{word!r} finds nothing")
    if len(rows) < len(hits):
        raise ValueError(f"{word!r} finds less in the bare index")
