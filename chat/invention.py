"""An invented team with rooms and a past. Bulk-fast: it writes rows, and no event is announced.

Everything is drawn from a fixed seed: the same plan makes the same site.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from chat import markup, search
from chat.models import Event, EventKind, Membership, Message, Person, Role, Room, Site
from chat.names import skeleton

BATCH = 2000
NAMES = [
    "Ada Sommer", "Bruno Keller", "Chidi Okafor", "Dalia Haddad", "Emre Demir", "Freya Lind",
    "Gita Rao", "Hugo Martín", "Ines Duarte", "Jun Watanabe", "Kofi Mensah", "Lena Novák",
]  # fmt: skip
ROOMS = [
    ("general", "What everybody should know"),
    ("kitchen", "Lunch, cake, and who broke the coffee machine"),
    ("engineering", "How it works and why it does not"),
    ("design", "Colours, words and corners"),
    ("support", "What people ask, and what we tell them"),
    ("travel", "Who is where"),
]
SENTENCES = [
    "Good morning! Who is in today?",
    "The build is **green** again.",
    "I put the notes on the wiki: https://example.org/notes",
    "Look at this:\n\n```python\ndef croak(times: int) -> str:\n    return 'rrr' * times\n```",
    "Yes, right after lunch.",
    "> Shall we ship on Thursday?\n\nThursday is fine with me.",
    "Three things left:\n\n- the empty page\n- the wording of the error\n- one flaky test",
    "That was `SELECT` without an index. It is in now.",
    "Coffee machine: mended. ☕",
    "Thank you, that helped a lot.",
    "I'll be late tomorrow, the train is on strike.",
    "*Very* nice. The new page loads at once.",
    "Has anybody seen the small whiteboard?",
    "מחר אני עובד מהבית",
    "それでいいと思います。",
    "The number of the day is {number}.",
    "Let's keep it simple: one page, one form, one button.",
    "I wrote to them again; no answer yet since {number} hours.",
]


@dataclass(frozen=True)
class Plan:
    """How much to invent."""

    people: int
    rooms: int
    messages: int
    password: str


def invent(plan: Plan, progress: Callable[[int, int], None]) -> None:
    """Fills an empty site. Raises ValueError when somebody is there already."""
    if Person.objects.exists():
        raise ValueError("This site has people already; populate needs an empty one.")
    with transaction.atomic():
        site = Site.load()
        site.name = "The Pond"
        site.save(update_fields=["name"])
        people = _people(plan)
        rooms = _rooms(plan, people[0])
        joined = _memberships(rooms, people)
        _messages(plan, rooms, people, joined, progress)


def _people(plan: Plan) -> list[Person]:
    password = make_password(plan.password)
    people = [
        Person(
            username=f"member{number}",
            skeleton=skeleton(f"member{number}"),
            name=NAMES[number - 1] if number <= len(NAMES) else f"Member {number}",
            role=Role.OWNER if number == 1 else Role.MEMBER,
            password=password,
        )
        for number in range(1, plan.people + 1)
    ]
    return Person.objects.bulk_create(people, batch_size=BATCH)


def _rooms(plan: Plan, creator: Person) -> list[Room]:
    rooms = []
    for number in range(1, plan.rooms + 1):
        name, purpose = ROOMS[number - 1] if number <= len(ROOMS) else (f"Room {number}", "")
        slug = "general" if number == 1 else f"room-{number}"
        rooms.append(
            Room(slug=slug, name=name, purpose=purpose, is_lobby=number == 1, created_by=creator)
        )
    return Room.objects.bulk_create(rooms, batch_size=BATCH)


def _memberships(rooms: list[Room], people: list[Person]) -> int:
    """Everybody in every room, each with its entry in the log; returns how many of them a room."""
    start = timezone.now() - timedelta(days=400)
    pairs = ((room, seq, person) for room in rooms for seq, person in enumerate(people, 1))
    while batch := list(islice(pairs, BATCH)):
        Membership.objects.bulk_create(
            Membership(room=room, person=person, joined_at=start) for room, _, person in batch
        )
        Event.objects.bulk_create(
            Event(
                room=room,
                seq=seq,
                kind=EventKind.MEMBER_JOINED,
                at=start,
                actor=person,
                person=person,
            )
            for room, seq, person in batch
        )
    return len(people)


def _messages(
    plan: Plan,
    rooms: list[Room],
    people: list[Person],
    joined: int,
    progress: Callable[[int, int], None],
) -> None:
    heads = {room.pk: joined for room in rooms}
    last: dict[int, Message] = {}
    drafts = _drafts(plan, rooms, people, heads, last)
    done = 0
    progress(0, plan.messages)
    while batch := list(islice(drafts, BATCH)):
        messages = Message.objects.bulk_create(batch)
        Event.objects.bulk_create(
            Event(
                room_id=message.room_id,
                seq=message.seq,
                kind=EventKind.MESSAGE_POSTED,
                at=message.created_at,
                actor_id=message.author_id,
                message=message,
            )
            for message in messages
        )
        search.index(messages)
        done += len(batch)
        progress(done, plan.messages)
    for room in rooms:
        room.last_seq = heads[room.pk]
        if room.pk in last:
            room.last_message_seq, room.message_count = last[room.pk].seq, last[room.pk].number
    heads_of = ["last_seq", "last_message_seq", "message_count"]
    Room.objects.bulk_update(rooms, heads_of, batch_size=500)
    for room in rooms:
        Membership.objects.filter(room=room).update(
            read_seq=room.last_message_seq, read_number=room.message_count
        )


def _drafts(
    plan: Plan,
    rooms: list[Room],
    people: list[Person],
    heads: dict[int, int],
    last: dict[int, Message],
) -> Iterator[Message]:
    dice = random.Random(7)  # noqa: S311
    html = {sentence: markup.render(sentence).html for sentence in SENTENCES}
    for number, moment in enumerate(_moments(plan.messages, dice)):
        room = rooms[0] if dice.random() < 0.3 else dice.choice(rooms)
        previous = last.get(room.pk)
        author = _author(dice, previous, people)
        sentence = dice.choice(SENTENCES)
        heads[room.pk] += 1
        message = Message(
            room=room,
            seq=heads[room.pk],
            author=author,
            nonce=f"invented-{number}",
            body=sentence.replace("{number}", str(number)),
            html=html[sentence].replace("{number}", str(number)),
            markup_version=markup.VERSION,
            created_at=moment,
            previous_author_id=previous.author_id if previous else None,
            previous_at=previous.created_at if previous else None,
            number=previous.number + 1 if previous else 1,
        )
        last[room.pk] = message
        yield message


def _author(dice: random.Random, previous: Message | None, people: list[Person]) -> Person:
    # Conversations: often the same person goes on.
    if previous is not None and dice.random() < 0.35:
        return previous.author
    return dice.choice(people)


def _moments(count: int, dice: random.Random) -> Iterator[datetime]:
    """Moments of the past, in order, up to a minute ago: dense lately, sparse long ago."""
    end = timezone.now() - timedelta(minutes=1)
    span = timedelta(days=min(365, max(2, count / 100)))
    for number in range(count):
        share = (number + dice.random()) / count
        yield end - span * (1 - share)
