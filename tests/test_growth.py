"""On a site that has grown, a page and a deed ask the database as often as on a small one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import history
from chat.actions.changes import toggle_reaction
from chat.actions.messages import post_message
from chat.actions.rooms import create_room, open_direct_room
from chat.models import Membership, Message, Person, Room, RoomKind
from tests.visits import say

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
MEMBERS = {"Few": 5, "Many": 500}


def crowd(room, count):
    """Fills the room up to `count` people."""
    people = Person.objects.bulk_create(
        Person(username=f"{room.slug}{number}", skeleton=f"{room.slug}{number}", name="Frog")
        for number in range(count - room.members.count())
    )
    Membership.objects.bulk_create(Membership(room=room, person=person) for person in people)


def queries(call):
    with CaptureQueriesContext(connection) as captured:
        assert call().status_code in {200, 303}
    return [query["sql"] for query in captured]


# --- What one does, in a room of five hundred ----------------------------------------------


@pytest.fixture
def rooms(alice):
    """The one with few members, and the one with many."""
    found = []
    for name, count in MEMBERS.items():
        room = create_room(creator=alice, name=name, purpose="", kind=RoomKind.PUBLIC)
        crowd(room, count)
        found.append(room)
    return found


def nonce():
    return f"nonce-{Message.objects.count():04}"


def post(client, room, message, **typed):
    fields = {"body": "Hello", "nonce": nonce()} | typed
    return client.post(f"/rooms/{room.slug}/messages/", fields, headers=HTMX)


def mention(client, room, message):
    return post(client, room, message, body=f"@{room.slug}0 and @{room.slug}1, look")


def mention_everybody(client, room, message):
    return post(client, room, message, body="@room", confirm="1")


def quote(client, room, message):
    return post(client, room, message, reply_to=message.pk)


def answer(client, room, message):
    typed = {"body": "An answer", "nonce": nonce()}
    return client.post(f"/messages/{message.pk}/thread/", typed, headers=HTMX)


def edit(client, room, message):
    return client.post(f"/messages/{message.pk}/edit/", {"body": f"Mended @{room.slug}0"})


def react(client, room, message):
    return client.post(f"/messages/{message.pk}/reactions/", {"emoji": "👍"})


def delete(client, room, message):
    return client.post(f"/messages/{message.pk}/delete/", {"sure": "1"})


@pytest.mark.parametrize(
    "deed", (post, mention, mention_everybody, quote, answer, edit, react, delete)
)
def test_a_deed_asks_as_often_in_a_room_of_five_hundred_as_in_one_of_five(
    deed, alice, rooms, sign_in
):
    client = sign_in(alice)
    asked = []
    for room in (rooms[0], *rooms):  # the first time tells the process what it then knows
        message = post_message(author=alice, room=room, body="Frogs", nonce=nonce())
        before = room.events.count()
        asked.append(queries(lambda room=room, said=message: deed(client, room, said)))
        assert room.events.count() == before + 1

    _first, few, many = asked
    assert len(many) == len(few), "\n".join(many)


# --- Pages, where there is much of everything ----------------------------------------------


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(history, "PAGE_SIZE", 10)


def talk(alice, bob, room, count):
    """Messages of which each has a thread, a reaction and a quote, and names somebody."""
    for message in say(alice, room, count):
        nonce = f"more-{message.pk}"
        toggle_reaction(person=bob, message=message, emoji="👍")
        post_message(author=bob, room=room, body="@alice", nonce=nonce, root=message.pk)
        post_message(author=bob, room=room, body="So?", nonce=f"{nonce}-q", reply_to=message.pk)


def grow(alice, bob, room):
    talk(alice, bob, room, 20)
    crowd(room, 500)
    others = Room.objects.bulk_create(
        Room(slug=f"other-{number}", name=f"Other {number}", last_seq=9, last_message_seq=9)
        for number in range(500)
    )
    Membership.objects.bulk_create(Membership(room=each, person=bob) for each in others)
    open_direct_room(opener=bob, others=list(room.members.exclude(pk=bob.pk)[:3]))


PAGES = (
    "/rooms/general/",
    "/rooms/general/?at={seq}",
    "/rooms/general/messages/?before={seq}",
    "/rooms/general/messages/?after={seq}",
    "/rooms/",
    "/people/",
    "/people/alice/",
)


def asked(client, seq, **headers):
    """How often each page asks, the second time: the first one tells the process what it knows."""
    counts = {}
    for page in PAGES:
        path = page.format(seq=seq)
        client.get(path, headers=headers)
        counts[page] = len(queries(lambda path=path: client.get(path, headers=headers)))
    return counts


def test_a_page_asks_as_often_however_much_there_is(alice, bob, lobby, sign_in, small_pages):
    talk(alice, bob, lobby, 6)
    middle = lobby.messages.filter(in_room=True)[6].seq
    open_direct_room(opener=bob, others=[alice])
    client = sign_in(bob)
    few, few_for_htmx = asked(client, middle), asked(client, middle, **HTMX)

    grow(alice, bob, lobby)

    assert asked(client, middle) == few
    assert asked(client, middle, **HTMX) == few_for_htmx
    # The session, the person, the room, its head; the messages, what they quote, their reactions,
    # and people.
    assert few_for_htmx["/rooms/general/messages/?before={seq}"] == 8
