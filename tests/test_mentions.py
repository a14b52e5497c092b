"""Whom a message tells, and whom it does not."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import mentions
from chat.actions.changes import edit_message
from chat.actions.messages import post_message, prepare, submit
from chat.actions.people import change_person
from chat.actions.rooms import create_room, join_room, leave_room
from chat.database import in_database
from chat.mentions import Unconfirmed
from chat.models import Membership, Mention, Message, Person, Role, Room, RoomKind
from tests.sockets import post as sockets_post
from tests.sockets import token_of

pytestmark = pytest.mark.django_db


def post(author, room, body, **more):
    post.count += 1
    nonce = more.pop("nonce", f"nonce-of-mentions-{post.count}")
    return post_message(author=author, room=room, body=body, nonce=nonce, **more)


post.count = 0


def resolve(author, room, body):
    return mentions.resolve(body, slug=room.slug, author_id=author.pk)


def told(message):
    """The usernames, and None for everybody in the room."""
    return {row.person and row.person.username for row in Mention.objects.filter(message=message)}


def is_here(people, at):
    Person.objects.filter(pk__in=people).update(seen_at=at, present_at=at)


def crowd(room, count):
    people = Person.objects.bulk_create(
        Person(username=f"frog{number}", skeleton=f"frog{number}", name=f"Frog {number}")
        for number in range(count)
    )
    Membership.objects.bulk_create(Membership(room=room, person=person) for person in people)
    return people


@pytest.fixture
def kitchen(alice):
    return create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)


@pytest.fixture
def greta(invite, lobby):
    """A guest who is in the lobby."""
    return invite("greta", Role.GUEST, [lobby])


# --- It tells ------------------------------------------------------------------------------


def test_a_mention_is_stored_with_the_message_and_marked_in_it(alice, bob, lobby):
    message = post(alice, lobby, "hello @Bob, and `@alice`")

    row = Mention.objects.get()
    assert (row.message, row.person, row.room, row.seq) == (message, bob, lobby, message.seq)
    assert message.mentioned == str(bob.pk)
    assert f'data-person="{bob.pk}">@bob</span>' in message.html
    assert message.body == "hello @Bob, and `@alice`"


def test_who_is_named_twice_is_told_once_and_oneself_never(alice, bob, lobby):
    message = post(alice, lobby, "@bob @BOB @alice")

    assert told(message) == {"bob"}
    assert "@alice</span>" in message.html


def test_everybody_is_one_row(alice, bob, charlie, lobby):
    message = post(alice, lobby, "@room @bob")

    assert told(message) == {None, "bob"}
    assert message.mentioned == f"{bob.pk} room"


def test_here_is_who_is_about_but_oneself(alice, bob, charlie, kitchen):
    for person in (bob, charlie):
        join_room(person=person, room=kitchen)
    long_ago = timezone.now() - timedelta(hours=1)
    is_here({bob.pk}, timezone.now())
    is_here({charlie.pk}, long_ago)

    assert told(post(alice, kitchen, "@here")) == {"bob"}
    post(charlie, kitchen, "Here I am")
    assert told(post(alice, kitchen, "@here")) == {"bob", "charlie"}


def test_who_wrote_is_looked_for_in_the_newest_messages_alone(
    alice, bob, charlie, lobby, monkeypatch
):
    monkeypatch.setattr(mentions, "RECENT_MESSAGES", 2)
    for author in (bob, charlie, alice):
        post(author, lobby, "hello")

    assert told(post(alice, lobby, "@here")) == {"charlie"}


def test_a_public_room_is_linked_to_and_a_private_one_is_not(alice, bob, kitchen, lobby, pond):
    message = post(alice, lobby, "#kitchen #pond #nowhere")

    assert 'href="/rooms/kitchen/"' in message.html
    assert "/rooms/pond/" not in message.html


def test_a_retry_is_one_set_of_rows(alice, bob, lobby):
    first = post(alice, lobby, "@bob @room", nonce="nonce-again")
    again = post(alice, lobby, "@bob @room", nonce="nonce-again")

    assert first.pk == again.pk
    assert Mention.objects.count() == 2


# --- Only people with access are told ------------------------------------------------------


def test_in_a_private_room_only_its_people_are_told(alice, bob, charlie, pond):
    message = post(alice, pond, "@bob @charlie")

    assert told(message) == {"bob"}
    assert f'data-person="{charlie.pk}"' not in message.html


def test_in_a_public_room_too_only_its_people_are_told(alice, bob, greta, kitchen, lobby):
    message = post(alice, kitchen, "@bob @greta")

    assert told(message) == set()
    assert f'data-person="{bob.pk}"' not in message.html
    assert [str(note) for note in resolve(alice, kitchen, "@bob").notes] == [
        "Bob (@bob) is not in this room and was not told."
    ]
    assert told(post(alice, lobby, "@bob @greta")) == {"bob", "greta"}


def test_who_left_or_is_switched_off_is_not_told(alice, bob, charlie, pond, lobby):
    leave_room(person=bob, room=pond)
    change_person(editor=alice, person=charlie, role=Role.MEMBER, is_active=False)

    assert told(post(alice, pond, "@bob")) == set()
    assert told(post(alice, lobby, "@charlie")) == set()


def test_who_loses_access_before_it_is_stored_is_not_told(alice, bob, pond):
    waiting = prepare(author_id=alice.pk, slug="pond", body="@bob", nonce="nonce-of-alice")
    leave_room(person=bob, room=pond)
    submit([waiting])

    assert told(waiting.stored.result()) == set()
    assert waiting.stored.result().mentioned == ""


def test_the_author_is_told_who_was_not(alice, bob, charlie, pond):
    notes = [str(note) for note in resolve(alice, pond, "@bob @charlie @nobody").notes]

    assert notes == ["Charlie (@charlie) is not in this room and was not told."]


def test_a_guest_learns_of_nobody_whom_they_may_not_know(alice, bob, greta, lobby):
    Membership.objects.filter(room=lobby, person=bob).delete()
    names = resolve(greta, lobby, "@alice @bob @nobody")

    assert names.people == {alice.pk}
    assert names.notes == ()
    assert "@bob @nobody" in names.html


def test_a_guest_tells_no_whole_room(greta, lobby, alice):
    names = resolve(greta, lobby, "@room @here")

    assert not names.tells
    assert "mention" not in names.html
    assert "Guests" in str(names.notes[0])


def test_in_a_room_that_one_is_not_in_names_stand_for_nothing(alice, bob, charlie, pond):
    names = resolve(charlie, pond, "@room @alice @bob")

    assert not names.tells
    assert names.notes == ()
    assert names.unknown == set()


@pytest.mark.django_db(transaction=True)
async def test_a_mention_brings_nothing_to_who_may_not_see_the_room(
    alice, bob, charlie, pond, connect
):
    outsider = await connect(token=await token_of(charlie), path="/ws/chat/", resume=0)
    insider = await connect(token=await token_of(bob), path="/ws/chat/pond/", resume=0)

    message = await sockets_post(alice, pond, "@charlie @bob a secret")
    await insider.until_shown(message)

    lobby = await in_database(Room.objects.lobby)
    await outsider.until_shown(await sockets_post(alice, lobby, "Hello"))
    assert all(
        "secret" not in frame and "pond" not in frame.casefold().replace("the pond", "")
        for frame in outsider.heard
    )


# --- Edits ---------------------------------------------------------------------------------


def rewrite(message, body):
    edit_message(editor=message.author, message=message, body=body)
    message.refresh_from_db()
    return message


def test_an_edited_text_tells_whom_it_names_now(alice, bob, charlie, lobby):
    message = post(alice, lobby, "@bob @room")
    kept = Mention.objects.get(person=bob)

    assert told(rewrite(message, "@bob @charlie")) == {"bob", "charlie"}
    assert Mention.objects.get(person=bob) == kept
    assert told(rewrite(message, "@room")) == {None}
    assert message.mentioned == "room"
    assert told(rewrite(message, "nobody")) == set()
    assert message.mentioned == ""


def test_who_was_here_when_it_was_written_stays_told(alice, bob, charlie, lobby):
    is_here({bob.pk, charlie.pk}, timezone.now())
    message = post(alice, lobby, "@here")
    is_here({bob.pk, charlie.pk}, None)

    assert told(rewrite(message, "@here, lunch")) == {"bob", "charlie"}


def test_an_edit_tells_nobody_who_may_not_see_the_room(alice, bob, charlie, pond):
    message = post(alice, pond, "@bob")

    assert told(rewrite(message, "@charlie")) == set()


# --- A confirmation above twenty -----------------------------------------------------------


def test_telling_twenty_needs_no_confirmation_and_more_do(alice, lobby):
    crowd(lobby, 19)
    assert told(post(alice, lobby, "@room")) == {None}
    crowd_of_one = Person.objects.create(username="toad", name="Toad")
    Membership.objects.create(room=lobby, person=crowd_of_one)

    with pytest.raises(Unconfirmed) as refusal:
        post(alice, lobby, "@room")

    assert str(refusal.value.sentence) == (
        "This tells all 21 people in this room. Send it again to do so."
    )
    assert Message.objects.count() == 1
    assert told(post(alice, lobby, "@room", confirm=True)) == {None}


def test_telling_more_than_twenty_who_are_here_has_to_be_confirmed_too(alice, lobby):
    people = crowd(lobby, 30)
    is_here({alice.pk, *(each.pk for each in people[:20])}, timezone.now())
    assert len(told(post(alice, lobby, "@here"))) == 20
    is_here({people[20].pk}, timezone.now())

    with pytest.raises(Unconfirmed) as refusal:
        post(alice, lobby, "@here")

    assert str(refusal.value.sentence) == (
        "This tells 21 people who are here now. Send it again to do so."
    )
    assert len(told(post(alice, lobby, "@here", confirm=True))) == 21


def test_whom_it_has_told_already_an_edit_tells_without_confirmation(alice, lobby):
    people = crowd(lobby, 30)
    is_here({each.pk for each in people[:25]}, timezone.now())
    message = post(alice, lobby, "@here", confirm=True)

    assert len(told(rewrite(message, "@here, lunch"))) == 25
    with pytest.raises(Unconfirmed):
        rewrite(message, "@room, lunch")
    edit_message(editor=alice, message=message, body="@room, lunch", confirm=True)
    message.refresh_from_db()
    assert None in told(rewrite(message, "@room @here, lunch"))


def test_what_only_mentions_the_word_in_code_needs_no_confirmation(alice, lobby):
    crowd(lobby, 30)

    assert told(post(alice, lobby, "`@room`")) == set()


# --- What is meant -------------------------------------------------------------------------


def test_a_begun_name_may_mean_those_in_the_room_whose_names_begin_so(
    alice, bob, charlie, invite, lobby, pond
):
    for username in ("ada", "adam"):
        invite(username)

    found = mentions.doubts({"ad", "x"}, lobby)
    assert {name: [each.username for each in people] for name, people in found.items()} == {
        "ad": ["ada", "adam"]
    }
    assert mentions.doubts({"ad"}, pond) == {}


def test_candidates_are_found_by_username_and_name_among_those_in_the_room(
    alice, bob, kitchen, lobby, invite
):
    invite("barb")
    Person.objects.filter(username="alice").update(name="Alice Bell")

    found = mentions.candidates(lobby, "b", 8)

    assert [each.username for each in found] == ["alice", "barb", "bob"]
    assert mentions.candidates(kitchen, "", 8) == [alice]


def test_rooms_are_found_where_a_link_works_and_ones_own_come_first(
    alice, bob, charlie, greta, kitchen, lobby, pond
):
    for name in ("The kiln", "Kites"):
        create_room(creator=bob, name=name, purpose="", kind=RoomKind.PUBLIC)
    Room.objects.filter(name="Kites").update(archived_at=timezone.now())

    found = mentions.linkable(bob.pk, "KI", 8)
    assert [each.name for each in found] == ["The kiln", "Kitchen"]
    assert mentions.linkable(alice.pk, "pond", 8) == []
    assert mentions.linkable(greta.pk, "ki", 8) == []
    assert mentions.linkable(greta.pk, "gen", 8) == [lobby]


# --- How many queries ----------------------------------------------------------------------


def queries(author, room, body):
    with CaptureQueriesContext(connection) as captured:
        post(author, room, body)
    return len(captured)


def test_a_text_that_names_nothing_asks_nothing(alice, lobby, django_assert_num_queries):
    with django_assert_num_queries(0):
        resolve(alice, lobby, "Hello, **everybody**")
    with django_assert_num_queries(1):
        resolve(alice, lobby, "See #general")
    with django_assert_num_queries(2):
        resolve(alice, lobby, "@bob, see #general")


def test_twenty_mentions_cost_what_one_costs_however_large_the_room(alice, lobby):
    post(alice, lobby, "hello")
    plain = queries(alice, lobby, "hello")
    people = crowd(lobby, 5)
    one = queries(alice, lobby, "@frog0")
    assert one == plain + 4  # the room, the people; under the lock once more; their rows

    crowd_of_many = [
        Person(username=f"toad{number}", skeleton=f"toad{number}", name=f"Toad {number}")
        for number in range(500)
    ]
    Person.objects.bulk_create(crowd_of_many)
    Membership.objects.bulk_create(Membership(room=lobby, person=each) for each in crowd_of_many)
    many = " ".join(f"@toad{number}" for number in range(20))

    assert queries(alice, lobby, many) == queries(alice, lobby, "@frog0") == one
    assert queries(alice, lobby, "hello") == plain
    assert len(people) == 5


def test_everybody_of_a_large_room_is_one_row_and_a_query_to_count(alice, lobby):
    crowd(lobby, 500)
    message = post(alice, lobby, "@room", confirm=True)

    assert Mention.objects.filter(message=message).count() == 1
    assert Room.objects.get(pk=lobby.pk).members.count() == 501
