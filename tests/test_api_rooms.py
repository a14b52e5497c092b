"""Rooms, people, search and what is unread, by the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import payloads
from chat.models import Membership, Role, Room
from tests.programs_hands import Program
from tests.visits import say


@pytest.fixture
def hers(alice):
    return Program(alice)


@pytest.fixture
def his(bob):
    return Program(bob)


def slugs(page):
    return [room["slug"] for room in page["rooms"]]


def test_who_one_is(his, bob):
    me = his.get("me")

    assert me | payloads.person(bob) == me
    assert (me["role"], me["site"]) == ("member", {"name": "The Pond"})
    assert me["scopes"] == ["manage", "post", "read"]


def test_the_people_of_the_site_page_by_page(his, alice, bob, charlie):
    first = his.get("people?limit=2")
    rest = his.get(f"people?after={first['people'][-1]['id']}")

    listed = [each["username"] for page in (first, rest) for each in page["people"]]
    assert listed == ["alice", "bob", "charlie"]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [each["username"] for each in his.get("people?q=har")["people"]] == ["charlie"]
    assert his.get("people/charlie")["name"] == "Charlie"
    his.get("people/nobody")
    assert his.status == 404


def test_a_guest_knows_the_people_in_their_rooms(invite, pond, alice, bob, charlie):
    guest = Program(invite("guest", Role.GUEST, [pond]))

    assert len(guest.get("people")["people"]) == 3
    guest.get("people/charlie")
    assert guest.status == 404
    assert slugs(guest.get("rooms/")) == ["pond"]
    guest.post("rooms/", {"name": "Mine"})
    assert guest.status == 403


def test_a_room_is_made_changed_archived_and_taken_back(hers, his):
    room = hers.post("rooms/", {"name": "Tadpoles", "purpose": "Questions"})
    address = f"rooms/{room['slug']}/"
    assert (hers.status, hers.headers["Location"]) == (201, f"/api/v1/{address}")
    assert (room["kind"], room["is_member"], room["people"]) == ("public", True, None)

    changed = hers.ask("PATCH", address, {"purpose": "", "kind": "private"})
    assert (changed["name"], changed["purpose"], changed["kind"]) == ("Tadpoles", "", "private")
    his.get(address)
    assert his.status == 404
    assert hers.ask("PATCH", address, {"is_archived": True})["is_archived"]
    assert not hers.ask("PATCH", address, {"is_archived": False})["is_archived"]
    assert hers.get(address)["seq"] == Room.objects.get(slug=room["slug"]).last_seq


def test_a_change_is_made_whole_or_not_at_all(hers, lobby):
    hers.ask("PATCH", "rooms/general/", {"name": "Lobby", "is_archived": True})

    assert hers.status == 403
    lobby.refresh_from_db()
    assert lobby.name == "general"


def test_what_is_wrong_with_a_room_is_said_by_field(hers):
    problem = hers.post("rooms/", {"name": " ", "purpose": "x" * 251})
    assert set(problem["errors"]) == {"name", "purpose"}
    problem = hers.post("rooms/", {"name": "Reeds", "kind": "secret"})
    assert list(problem["errors"]) == ["kind"]


def test_a_room_is_entered_and_left(hers, his, bob):
    address = f"rooms/{hers.post('rooms/', {'name': 'Reeds'})['slug']}/"

    for _time in range(2):
        assert his.post(f"{address}join/")["is_member"]
        assert his.status == 200
    his.post(f"{address}leave/")
    assert his.status == 204
    assert not his.get(address)["is_member"]
    assert slugs(his.get("rooms/?mine=true")) == ["general"]
    his.post("rooms/general/leave/")
    assert his.status == 403


def test_members_are_listed_put_in_and_taken_out(hers, his, pond, charlie):
    names = [each["username"] for each in his.get("rooms/pond/members/")["members"]]
    assert names == ["alice", "bob"]

    for _time in range(2):
        his.post("rooms/pond/members/", {"people": ["charlie", "alice"]})
        assert his.status == 204
    assert pond.members.count() == 3
    his.ask("DELETE", "rooms/pond/members/charlie/")
    assert his.status == 403
    hers.ask("DELETE", "rooms/pond/members/charlie/")
    assert (hers.status, pond.members.count()) == (204, 2)
    hers.ask("DELETE", "rooms/pond/members/charlie/")
    assert hers.status == 404


@pytest.mark.parametrize("names", (["nobody"], ["nobody\0"], [], ["bob", 7], "bob", None))
def test_people_who_are_none_are_named(hers, pond, names):
    problem = hers.post("rooms/pond/members/", {"people": names})

    assert hers.status == 422
    assert all(name.startswith("people") for name in problem["errors"])


def test_who_may_let_nobody_in_learns_no_names(his, hers):
    slug = hers.post("rooms/", {"name": "Reeds"})["slug"]

    answers = [
        his.post(f"rooms/{slug}/members/", {"people": [name]})["detail"]
        for name in ("alice", "nobody")
    ]
    assert (his.status, len(set(answers))) == (403, 1)


def test_a_direct_conversation_is_the_one_of_its_people(hers, his, alice, bob):
    new = {"kind": "direct", "people": ["bob"]}
    room = hers.post("rooms/", new)
    again = hers.post("rooms/", new)

    assert again["slug"] == room["slug"]
    assert room["people"] == [payloads.person(alice), payloads.person(bob)]
    assert room["slug"] in slugs(his.get("rooms/"))
    hers.post("rooms/", {"kind": "direct"})
    assert hers.status == 422


def test_what_is_new_is_counted_and_read(his, bob, alice, lobby):
    say(alice, lobby, 3)

    (line,) = [line for line in his.get("unread/")["rooms"] if line["is_unread"]]
    assert (line["room"], line["unread"], line["mentions"]) == ("general", 3, 0)
    lobby.refresh_from_db()
    read = his.ask("PUT", "rooms/general/read/", {"seq": 2**62})
    assert read == {"room": "general", "seq": lobby.last_seq}
    assert not any(line["is_unread"] for line in his.get("unread/")["rooms"])
    assert (
        his.ask("PUT", "rooms/general/read/", {"seq": 1}) == read == his.get("rooms/general/read/")
    )
    Membership.objects.filter(person=bob).delete()
    his.ask("PUT", "rooms/general/read/", {"seq": 1})
    assert his.status == 403


def test_search_finds_what_one_may_see(hers, his, alice, lobby, pond, charlie):
    for room in ("general", "pond"):
        hers.post(f"rooms/{room}/messages/", {"body": "croaking toads"})

    found = his.get("search/?q=toads")
    assert [hit["message"]["room"] for hit in found["hits"]] == ["pond", "general"]
    assert [part["text"] for part in found["hits"][0]["snippet"] if part["is_hit"]] == ["toads"]
    assert len(Program(charlie).get("search/?q=toads&order=best")["hits"]) == 1
    assert his.get("search/?q=")["hits"] == []
    his.get("search/?q=in:nowhere")
    assert his.status == 422
    his.get("search/")
    assert his.status == 422


def test_lists_cost_the_same_however_long_they_are(his, hers, alice, bob, lobby, pond, invite):
    for number in range(3):
        hers.post("rooms/", {"name": f"Room {number}"})
        invite(f"member{number}")
        hers.post("rooms/", {"kind": "direct", "people": [f"member{number}", "bob"]})
    say(alice, lobby, 5)
    costs = {
        "me": 2,
        "people": 2,
        "rooms/": 4,
        "rooms/general/": 3,
        "rooms/general/members/": 3,
        "rooms/general/read/": 3,
        "search/?q=number": 7,
        "unread/": 4,
    }

    his.get("me")  # the log's epoch is asked once a process
    counted = {}
    for path in costs:
        with CaptureQueriesContext(connection) as queries:
            his.get(path)
        assert his.status == 200
        counted[path] = len(queries)

    assert counted == costs
