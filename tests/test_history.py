"""A room's messages page by page; and that no page asks the database once a row."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import history
from chat.actions.rooms import (
    change_room,
    create_room,
    invite_into_room,
    join_room,
    open_direct_room,
)
from chat.models import Room, RoomKind
from tests.visits import say, shown_ids, value_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(bob, lobby, monkeypatch):
    """Two pages and a bit, on pages of ten."""
    monkeypatch.setattr(history, "PAGE_SIZE", 10)
    return say(bob, lobby, 24)


def ids(messages):
    return [message.pk for message in messages]


def test_history_goes_back_page_by_page_to_the_beginning(bobs, many):
    before, seen = "", []
    for _page in range(3):
        shown = bobs.get(f"/rooms/general/messages/{before}").context["page"]
        seen = ids(shown.messages) + seen
        before = f"?before={shown.first}"
        if not shown.has_older:
            break

    assert seen == ids(many)


def test_history_goes_on_page_by_page_to_the_newest(bobs, many):
    after, seen = 0, []
    while True:
        shown = bobs.get(f"/rooms/general/messages/?after={after}").context["page"]
        seen += ids(shown.messages)
        after = shown.last
        if not shown.has_newer:
            break

    assert seen == ids(many)


def test_a_page_knows_the_room_as_it_is_at_the_place_that_it_names(alice, lobby):
    found = Room.objects.get(pk=lobby.pk)
    change_room(editor=alice, room=lobby, name="Frogs only", purpose="")

    page = history.latest(found)

    assert page.seq == Room.objects.get(pk=lobby.pk).last_seq
    assert found.name == "Frogs only"


def test_a_page_before_a_place_ends_right_before_it(bobs, many):
    page = bobs.get(f"/rooms/general/messages/?before={many[12].seq}").content.decode()

    assert shown_ids(page) == ids(many[2:12])
    assert 'id="cursor"' not in page


def test_the_place_around_a_message_holds_it_in_its_middle(lobby, many):
    page = history.around(lobby, many[12].seq)

    assert ids(page.messages) == ids(many[8:18])


@pytest.mark.parametrize("query", ("before=1", "before=0", "after=999999"))
def test_a_place_beyond_the_ends_leads_to_the_newest_page(query, bobs, many):
    answer = bobs.get(f"/rooms/general/messages/?{query}")

    assert (answer.status_code, answer["Location"]) == (302, "/rooms/general/")


@pytest.mark.parametrize(("at", "is_live"), ((0, False), (999_999, True)))
def test_a_place_beyond_the_ends_is_shown_as_the_nearest_page(at, is_live, bobs, many):
    answer = bobs.get(f"/rooms/general/?at={at}")

    assert answer.context["page"].messages
    assert answer.context["is_live"] == is_live


@pytest.mark.parametrize("address", ("/rooms/general/messages/?before=1", "/rooms/general/?at=9"))
def test_an_empty_room_is_empty_and_live_wherever_one_looks(address, bobs):
    answer = bobs.get(address)

    assert (answer.status_code, answer.context["is_live"]) == (200, True)


@pytest.mark.parametrize("before", (0, 1))
def test_a_page_before_everything_is_not_the_head_of_the_list(before, lobby, many):
    page = history.before(lobby, before)

    assert (page.messages, page.has_newer) == ([], True)


@pytest.mark.parametrize("value", ("abc", "-1", "1e3", "", "1.0", "١", "9" * 19, "0x1", " 1"))
@pytest.mark.parametrize("name", ("before", "after", "at"))
def test_a_place_that_is_no_number_was_never_a_page(name, value, bobs):
    address = "/rooms/general/" if name == "at" else "/rooms/general/messages/"

    assert bobs.get(address, {name: value}).status_code == 404


def test_for_htmx_an_older_page_is_its_messages_and_a_resume_from_its_place(bobs, lobby, many):
    lobby.refresh_from_db()

    answer = bobs.get(
        f"/rooms/general/messages/?before={many[12].seq}", headers={"HX-Request": "true"}
    )
    swap = answer.content.decode()

    assert shown_ids(swap) == ids(many[2:12])
    assert "<html" not in swap
    assert 'hx-swap-oob="innerHTML:#again"' in swap
    assert value_of(swap, "after") == str(lobby.last_seq)
    assert 'id="older"' in swap


def test_the_first_page_says_that_it_is_the_beginning(bobs, many):
    page = bobs.get(f"/rooms/general/messages/?before={many[4].seq}").content.decode()

    assert "This is the beginning." in page


# --- How many queries ----------------------------------------------------------------------


def queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_a_room_page_asks_the_database_as_often_for_fifty_messages_as_for_one(
    alice, bob, bobs, lobby
):
    say(bob, lobby, 1)
    one = queries(bobs, "/rooms/general/")
    say(alice, lobby, 60)

    # The session, the person, the room and what they are in it, the site; how the people of the
    # list are called now, and who is here; two for the sidebar.
    assert queries(bobs, "/rooms/general/") == one == 8


def test_a_room_page_asks_the_database_as_often_for_forty_rooms_as_for_one(
    alice, bob, bobs, charlie
):
    open_direct_room(opener=bob, others=[charlie])
    one = queries(bobs, "/rooms/general/")
    for number in range(36):
        room = create_room(creator=alice, name=f"Room {number}", purpose="", kind=RoomKind.PUBLIC)
        join_room(person=bob, room=room)
    for others in ([alice], [alice, charlie], [bob]):
        open_direct_room(opener=bob, others=others)

    assert queries(bobs, "/rooms/general/") == one == 8


@pytest.mark.parametrize(
    "address", ("/rooms/", "/people/", "/rooms/general/members/", "/people/bob/", "/direct/new/")
)
def test_a_list_asks_the_database_as_often_for_many_as_for_few(address, alice, bob, bobs, invite):
    few = queries(bobs, address)
    for number in range(8):
        invite(f"dora{number}x")
        room = create_room(creator=alice, name=f"Room {number}", purpose="", kind=RoomKind.PUBLIC)
        invite_into_room(inviter=alice, room=room, people=[bob])

    assert queries(bobs, address) == few
