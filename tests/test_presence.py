"""Who is here, away or off: by two times alone, and only where it is to be shown."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chat import presence
from chat.actions.people import change_site
from chat.actions.rooms import create_room
from chat.models import Person, RoomKind, Site
from chat.presence import Here, here_in, state_of, write

pytestmark = pytest.mark.django_db


def state(person):
    person.refresh_from_db()
    return state_of(person, Site.load())


def hide(person):
    person.shows_presence = False
    person.save(update_fields=["shows_presence"])


def test_who_did_something_is_here_then_away_then_off(alice, clock):
    assert state(alice) == "off"
    write([alice.pk], [])
    assert state(alice) == "here"

    clock.wait(seconds=presence.PRESENT_SECONDS)
    assert state(alice) == "away"
    clock.wait(seconds=presence.AWAY_SECONDS)
    assert state(alice) == "off"


def test_a_page_that_is_left_open_is_away_for_as_long_as_it_is_there(alice, clock):
    write([alice.pk], [])
    for _time in range(20):
        clock.wait(seconds=presence.IDLE_WRITE_SECONDS)
        write([], [alice.pk])

    assert state(alice) == "away"


def test_a_person_is_written_once_a_minute_whatever_the_processes(alice, clock):
    write([alice.pk], [])
    first = clock.now
    clock.wait(seconds=presence.WRITE_SECONDS - 1)
    write([alice.pk], [])
    write([], [alice.pk])
    alice.refresh_from_db()
    assert alice.present_at == first

    clock.wait(seconds=1)
    write([alice.pk], [])
    alice.refresh_from_db()
    assert alice.present_at == alice.seen_at == clock.now


def test_many_are_written_in_one_update(alice, bob, charlie):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        write([alice.pk, bob.pk], [charlie.pk])

    assert sum(each["sql"].startswith("UPDATE") for each in queries) == 1


def test_who_hides_it_is_neither_written_nor_shown(alice, lobby):
    hide(alice)
    write([alice.pk], [])

    alice.refresh_from_db()
    assert alice.present_at is None
    assert state(alice) == ""
    Person.objects.update(present_at=timezone.now(), seen_at=timezone.now())
    assert here_in([lobby.pk], Site.load()) == {}


def test_a_site_without_presence_writes_and_shows_nothing(alice, lobby):
    write([alice.pk], [])
    change_site(editor=alice, name="The Pond", welcome="", has_presence=False)
    Person.objects.update(present_at=timezone.now() - timedelta(seconds=90))

    write([alice.pk], [])

    alice.refresh_from_db()
    assert alice.present_at < timezone.now() - timedelta(seconds=80)
    assert state(alice) == ""
    assert here_in([lobby.pk], Site.load()) == {}


def test_a_room_knows_its_own_people_alone(alice, bob, charlie, pond, lobby):
    write([alice.pk, charlie.pk], [bob.pk])

    found = here_in([pond.pk, lobby.pk], Site.load())

    assert found[pond.pk] == Here(1, ("Alice",))
    assert found[lobby.pk] == Here(2, ("Alice", "Charlie"))


def test_many_are_a_number_without_names(alice, invite, lobby):
    people = [invite(f"frog{number}").pk for number in range(presence.MAX_NAMES + 1)]
    write(people, [])

    assert here_in([lobby.pk], Site.load()) == {lobby.pk: Here(len(people), ())}


def test_any_number_of_rooms_is_one_query(alice, django_assert_num_queries):
    rooms = [
        create_room(creator=alice, name=f"Room {number}", purpose="", kind=RoomKind.PUBLIC).pk
        for number in range(5)
    ]
    write([alice.pk], [])
    site = Site.load()

    with django_assert_num_queries(1):
        assert len(here_in(rooms, site)) == 5


def test_a_room_page_shows_who_is_here_without_any_script(alice, bob, lobby, sign_in):
    write([bob.pk], [])

    page = sign_in(alice).get("/rooms/general/?plain=1").content.decode()

    names = '<span class="presence-names">: <bdi>Bob</bdi></span>'
    assert f'<p id="presence" class="presence">1 here{names}</p>' in page
    assert '<p id="typing" class="typing"></p>' in page


def test_people_and_their_pages_show_their_state(alice, bob, sign_in, clock):
    write([bob.pk], [])
    browser = sign_in(alice)
    assert 'data-state="here"' in browser.get("/people/").content.decode()
    assert 'data-state="here"' in browser.get("/people/bob/").content.decode()

    clock.wait(hours=1)
    page = browser.get("/people/bob/").content.decode()
    assert "data-state" not in page
    assert "Last seen" in page

    bob.refresh_from_db()
    hide(bob)
    assert "Last seen" not in browser.get("/people/bob/").content.decode()


def test_a_person_switches_both_off(bob, sign_in):
    form = {"name": "Bob", "time_zone": "UTC", "language": bob.language}
    sign_in(bob).post(reverse("preferences"), form)

    bob.refresh_from_db()
    assert not bob.shows_presence
    assert not bob.shows_typing


def test_an_administrator_switches_both_off(alice, sign_in):
    sign_in(alice).post("/site/", {"name": "The Pond", "welcome": ""})

    assert not Site.load().has_presence
    assert not Site.load().has_typing
