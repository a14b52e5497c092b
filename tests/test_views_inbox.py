"""Everything unread on one page; what is new in a room; levels; a day to go to."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.actions.changes import edit_message
from chat.actions.messages import post_message
from chat.actions.reading import mark_read
from chat.actions.rooms import (
    archive_room,
    create_room,
    invite_into_room,
    leave_room,
    open_direct_room,
)
from chat.models import Following, Level, Membership, Mention, Message, RoomKind
from chat.sidebar import lines_for
from tests.visits import errors, say, shown_ids

pytestmark = pytest.mark.django_db


def text(answer):
    return answer.content.decode()


def greet(author, room):
    return post_message(author=author, room=room, body="Hi", nonce=f"nonce-{room.slug}")


def of(person, room):
    return Membership.objects.get(person=person, room=room)


def name(message, person=None):
    Mention.objects.create(message=message, person=person, room=message.room, seq=message.seq)


def thread(room, author, follower):
    root, *answers = say(author, room, 3)
    Message.objects.filter(pk__in=[each.pk for each in answers]).update(root=root)
    Message.objects.filter(pk=root.pk).update(last_reply=answers[-1])
    Following.objects.create(root=root, person=follower)
    return answers


def test_an_empty_inbox_says_so(bobs):
    assert "You have read everything" in text(bobs.get("/inbox/"))


def test_a_room_shows_its_first_unread_messages_and_the_way_to_the_others(alice, bobs, lobby):
    said = say(alice, lobby, 12)

    page = text(bobs.get("/inbox/"))

    assert shown_ids(page) == [each.pk for each in said[:3]]
    assert f'href="/rooms/general/?at={said[0].seq}#new">and 9 more' in page


def test_mentions_come_first_the_newest_at_the_top_and_once(alice, bob, bobs, lobby, pond):
    first, second = say(alice, lobby, 2)
    third = greet(alice, pond)
    name(first, bob)
    name(first)
    name(third)

    page = text(bobs.get("/inbox/"))

    assert shown_ids(page) == [third.pk, first.pk, second.pk]


def test_a_followed_thread_shows_its_new_answers(alice, bob, bobs, lobby):
    answers = thread(lobby, alice, bob)
    mark = {"person": bob, "room": lobby}
    page = text(bobs.get("/inbox/"))
    assert "number 0" in page
    assert shown_ids(page)[:2] == [each.pk for each in answers]

    mark_read(**mark)
    assert "You have read everything" in text(bobs.get("/inbox/"))


def test_whom_an_edit_names_finds_the_message_there_and_at_its_place(alice, bob, bobs, lobby):
    said = say(alice, lobby, 60)
    mark_read(person=bob, room=lobby)

    edit_message(editor=alice, message=said[0], body="@bob?")

    assert shown_ids(bobs.get("/inbox/").content) == [said[0].pk]
    place = bobs.get(f"/messages/{said[0].pk}/")["Location"]
    assert said[0].pk in shown_ids(bobs.get(place).content)


def test_whom_an_edit_names_in_a_thread_has_seen_it_on_the_threads_page(alice, bob, bobs, lobby):
    (root,) = say(bob, lobby, 1)
    place = {"root": root.pk, "in_room": False}
    answer = post_message(author=alice, room=lobby, body="Hi", nonce="nonce-of-alice", **place)
    mark_read(person=bob, room=lobby)
    edit_message(editor=alice, message=answer, body="@bob?")
    assert shown_ids(bobs.get("/inbox/").content) == [answer.pk]

    bobs.get(f"/messages/{root.pk}/thread/")

    assert "You have read everything" in text(bobs.get("/inbox/"))


def test_levels_decide_what_is_in_it(alice, bob, bobs, lobby):
    answers = thread(lobby, alice, bob)
    name(answers[0], bob)
    for level in (Level.NOTHING, Level.HIDDEN):
        Membership.objects.filter(person=bob).update(level=level)
        assert "You have read everything" in text(bobs.get("/inbox/"))


def in_inbox(person):
    return sum(line.in_inbox for line in lines_for([person.pk])[person.pk])


def test_a_thread_follows_its_rooms_mute(alice, bob, bobs, lobby, clock):
    thread(lobby, alice, bob)
    muted = {"level": Level.MENTIONS, "muted_until": clock.now + timedelta(hours=1)}
    Membership.objects.filter(person=bob).update(**muted)
    assert "You have read everything" in text(bobs.get("/inbox/"))
    assert in_inbox(bob) == 0

    clock.wait(hours=1)

    assert "Threads" in text(bobs.get("/inbox/"))
    assert in_inbox(bob) == 1


def test_an_archived_room_has_no_threads_in_it(alice, bob, bobs, pond):
    thread(pond, alice, bob)
    archive_room(archiver=alice, room=pond)

    assert "You have read everything" in text(bobs.get("/inbox/"))
    assert in_inbox(bob) == 0


@pytest.mark.parametrize(("level", "says_so"), ((Level.NOTHING, True), (Level.MENTIONS, False)))
def test_the_sidebar_says_which_rooms_are_muted(level, says_so, bob, bobs):
    Membership.objects.filter(person=bob).update(level=level)

    assert (">muted<" in text(bobs.get("/inbox/"))) is says_so


def test_a_room_that_one_has_left_is_not_in_it(alice, bob, bobs, pond, lobby):
    thread(pond, alice, bob)
    name(say(alice, pond, 1)[0], bob)
    leave_room(person=bob, room=pond)

    assert shown_ids(bobs.get("/inbox/").content) == []


def test_charlie_sees_nothing_of_others_rooms(alice, charlie, pond, sign_in):
    name(say(alice, pond, 1)[0])

    assert shown_ids(sign_in(charlie).get("/inbox/").content) == []


def queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_inbox_asks_the_database_as_often_for_much_as_for_little(alice, bob, bobs, lobby):
    thread(lobby, alice, bob)
    name(say(alice, lobby, 1)[0], bob)
    open_direct_room(opener=alice, others=[bob])
    few = queries(bobs, "/inbox/")
    for number in range(22):
        room = create_room(creator=alice, name=f"Room {number}", purpose="", kind=RoomKind.PUBLIC)
        invite_into_room(inviter=alice, room=room, people=[bob])
        name(greet(alice, room), bob)

    assert queries(bobs, "/inbox/") == few
    assert 'href="/inbox/?page=2"' in text(bobs.get("/inbox/"))


def test_an_answer_leads_back_to_the_inbox(alice, bob, bobs, lobby):
    say(alice, lobby, 2)
    typed = {"body": "I see", "nonce": "nonce-answer", "next": "/inbox/"}

    answer = bobs.post("/rooms/general/messages/", typed)

    assert (answer.status_code, answer["Location"]) == (303, "/inbox/")
    assert lobby.messages.last().body == "I see"


@pytest.mark.parametrize(
    "elsewhere", ("https://example.org/", "//example.org/", "/\\example.org", "x")
)
def test_an_answer_leads_to_no_other_site(elsewhere, bobs, lobby):
    typed = {"body": "I see", "nonce": "nonce-answer", "next": elsewhere}

    answer = bobs.post("/rooms/general/messages/", typed)

    assert answer["Location"].startswith("/rooms/general/#said-")


def test_one_room_or_all_are_marked_read(alice, bob, bobs, lobby, pond):
    say(alice, lobby, 1)
    greet(alice, pond)

    assert bobs.post("/rooms/pond/read/")["Location"] == "/inbox/"
    assert [line.slug for line in lines_for([bob.pk])[bob.pk] if line.unread] == ["general"]
    assert bobs.post("/inbox/read/").status_code == 303
    assert not any(line.unread for line in lines_for([bob.pk])[bob.pk])


def test_unread_from_here_leads_to_the_inbox_and_with_htmx_closes_the_menu(alice, bob, bobs, lobby):
    said = say(alice, lobby, 2)
    url = f"/messages/{said[1].pk}/unread/"

    assert bobs.post(url)["Location"] == "/inbox/"
    assert "message-does" in text(bobs.post(url, headers={"HX-Request": "true"}))
    assert of(bob, lobby).read_seq == said[1].seq - 1


def test_to_open_the_room_lets_it_be_read_again(alice, bob, bobs, lobby):
    (message,) = say(alice, lobby, 1)
    bobs.post(f"/messages/{message.pk}/unread/")
    bobs.get("/people/")
    assert of(bob, lobby).is_kept_unread

    page = text(bobs.get("/rooms/general/"))

    assert not of(bob, lobby).is_kept_unread
    assert '<li id="new"' in page


def test_the_new_line_stands_before_the_first_unread_message(alice, bob, bobs, lobby):
    said = say(alice, lobby, 3)
    Membership.objects.mark_read({(bob.pk, lobby.pk): said[0].seq})

    page = text(bobs.get("/rooms/general/"))

    line = page.index('<li id="new"')
    assert (
        page.index(f'id="message-{said[0].pk}"') < line < page.index(f'id="message-{said[1].pk}"')
    )
    mark_read(person=bob, room=lobby)
    assert '<li id="new"' not in text(bobs.get("/rooms/general/"))


def test_who_only_reads_along_has_no_new_line(alice, charlie, sign_in):
    room = create_room(creator=alice, name="Attic", purpose="", kind=RoomKind.PUBLIC)
    say(alice, room, 1)

    assert '<li id="new"' not in text(sign_in(charlie).get(f"/rooms/{room.slug}/"))


def test_when_the_new_begins_above_the_page_a_link_leads_there(alice, bob, bobs, lobby):
    seq = of(bob, lobby).read_seq
    said = say(alice, lobby, 60)

    page = text(bobs.get("/rooms/general/"))

    assert f'href="/rooms/general/?at={seq}#new">60 new messages, go to the first' in page
    there = text(bobs.get(f"/rooms/general/?at={seq}"))
    assert there.index('<li id="new"') < there.index(f'id="message-{said[0].pk}"')


# --- Levels ----------------------------------------------------------------------------------


def test_a_level_and_a_mute_are_chosen_in_the_rooms_settings(bob, bobs, lobby, clock):
    assert 'value="mentions"' in text(bobs.get("/rooms/general/settings/"))

    bobs.post("/rooms/general/level/", {"level": "mentions", "mute": "8h"})

    assert of(bob, lobby).level == Level.MENTIONS
    assert of(bob, lobby).muted_until == clock.now + timedelta(hours=8)
    bobs.post("/rooms/general/level/", {"level": "everything", "mute": "keep"})
    assert of(bob, lobby).muted_until == clock.now + timedelta(hours=8)
    bobs.post("/rooms/general/level/", {"level": "everything", "mute": ""})
    assert of(bob, lobby).muted_until is None


def test_tomorrow_is_eight_in_ones_own_time_zone(bob, bobs, lobby, clock):
    bob.time_zone = "Pacific/Auckland"
    bob.save(update_fields=["time_zone"])
    clock.now = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)  # the 11th, 1:00, in Auckland

    bobs.post("/rooms/general/level/", {"level": "everything", "mute": "tomorrow"})

    assert of(bob, lobby).muted_until == datetime(2026, 3, 11, 19, 0, tzinfo=UTC)


@pytest.mark.parametrize("typed", ({}, {"level": "loud"}, {"level": "nothing", "mute": "9z"}))
def test_a_level_that_there_is_not_changes_nothing(typed, bob, bobs, lobby):
    assert bobs.post("/rooms/general/level/", typed).status_code == 422
    assert of(bob, lobby).level == Level.EVERYTHING


def test_a_conversation_can_not_be_hidden(alice, bob, bobs):
    room = open_direct_room(opener=alice, others=[bob])

    assert bobs.post(f"/rooms/{room.slug}/level/", {"level": "hidden"}).status_code == 422


def test_a_hidden_room_can_be_shown_again_in_the_list_of_rooms(bob, bobs, lobby):
    bobs.post("/rooms/general/level/", {"level": "hidden"})
    assert lines_for([bob.pk])[bob.pk] == []
    assert "Show it again" in text(bobs.get("/rooms/"))

    bobs.post("/rooms/general/level/", {"level": "everything"})
    assert len(lines_for([bob.pk])[bob.pk]) == 1


def test_quiet_hours_are_two_times_or_none(bob, bobs):
    typed = {"name": "Bob", "time_zone": "UTC", "language": "en", "quiet_from": "22:00"}

    answer = bobs.post("/settings/", typed)

    assert (answer.status_code, errors(answer)) == (
        422,
        {"quiet_until": ["Give both times, or none."]},
    )
    assert bobs.post("/settings/", typed | {"quiet_until": "07:00"}).status_code == 303
    bob.refresh_from_db()
    assert (bob.quiet_from.hour, bob.quiet_until.hour) == (22, 7)


# --- A day to go to --------------------------------------------------------------------------


@pytest.fixture
def days(alice, bob, lobby, clock):
    """Two messages a day from 10 to 12 March, Auckland's time; Bob lives there."""
    bob.time_zone = "Pacific/Auckland"
    bob.save(update_fields=["time_zone"])
    said = say(alice, lobby, 6)
    for index, message in enumerate(said):
        at = datetime(2026, 3, 9, 12, 0, tzinfo=UTC) + timedelta(hours=12 * index)
        Message.objects.filter(pk=message.pk).update(created_at=at)
    return said


@pytest.mark.parametrize(("day", "index"), (("10", 0), ("11", 2), ("12", 4), ("01", 0)))
def test_a_day_leads_to_its_first_message(day, index, days, bobs):
    found = days[index]

    answer = bobs.get(f"/rooms/general/?date=2026-03-{day}")

    assert answer["Location"] == f"/rooms/general/?at={found.seq}#message-{found.pk}"
    assert found.pk in shown_ids(bobs.get(answer["Location"]).content)


def test_a_day_after_all_of_them_leads_to_the_newest(days, bobs):
    assert bobs.get("/rooms/general/?date=2026-03-20")["Location"] == "/rooms/general/"
    assert bobs.get("/rooms/general/?date=9999-12-31")["Location"] == "/rooms/general/"
    assert "at=" in bobs.get("/rooms/general/?date=0001-01-01")["Location"]


@pytest.mark.parametrize("day", ("yesterday", "2026-02-30", "1e9", "%F0%9F%90%B8"))
def test_what_is_no_day_is_said_to_be_none(day, days, bobs):
    answer = bobs.get(f"/rooms/general/?date={day}")

    assert answer.status_code == 422
    assert "no day" in text(answer)


def test_an_empty_room_has_no_days(bobs, lobby):
    assert bobs.get("/rooms/general/?date=2026-03-10")["Location"] == "/rooms/general/"
