"""What pages show to whom. What they answer to whom: tests/test_access.py."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from chat.actions.messages import post_message
from chat.actions.rooms import create_room, invite_into_room, open_direct_room
from chat.models import Message, Role, RoomKind

pytestmark = pytest.mark.django_db

PAGES = (
    "/rooms/{slug}/",
    "/rooms/{slug}/?plain=1",
    "/rooms/{slug}/?at=1",
    "/rooms/{slug}/messages/",
    "/rooms/{slug}/messages/?before=9",
    "/rooms/{slug}/live/",
    "/rooms/{slug}/settings/",
    "/rooms/{slug}/members/",
    "/rooms/{slug}/connect/",
    "/rooms/{slug}/socket/",
)
DEEDS = (
    "/rooms/{slug}/messages/",
    "/rooms/{slug}/join/",
    "/rooms/{slug}/leave/",
    "/rooms/{slug}/settings/",
    "/rooms/{slug}/members/",
    "/rooms/{slug}/members/alice/remove/",
)


@pytest.fixture
def rooms(alice, bob, pond):
    """One room of each kind. Alice and Bob are in the private and the direct one."""
    room = create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)
    invite_into_room(inviter=alice, room=room, people=[bob])
    direct = open_direct_room(opener=alice, others=[bob])
    return {RoomKind.PUBLIC: room, RoomKind.PRIVATE: pond, RoomKind.DIRECT: direct}


@pytest.fixture
def people(alice, bob, charlie, invite, rooms):
    """Everybody who may come by; Ada is an administrator, but in none of these rooms."""
    return {
        "member": bob,
        "outsider": charlie,
        "administrator": invite("ada", Role.ADMINISTRATOR),
        "guest in it": invite("greta", Role.GUEST, rooms=[rooms["public"], rooms["private"]]),
        "guest": invite("gil", Role.GUEST),
    }


def without_secrets(response):
    return re.sub(rb'(value|href)="[^"]*"', b"", response.content)


SEES = {
    "public": {"member", "outsider", "administrator", "guest in it"},
    "private": {"member", "guest in it"},
    "direct": {"member"},
}


@pytest.mark.parametrize("kind", ("public", "private", "direct"))
@pytest.mark.parametrize("role", ("member", "outsider", "administrator", "guest in it", "guest"))
def test_a_room_shows_itself_to_who_may_see_it_and_to_others_does_not_exist(
    role, kind, people, rooms, sign_in
):
    browser, slug = sign_in(people[role]), rooms[kind].slug

    for page in PAGES:
        shown = browser.get(page.format(slug=slug))
        if role in SEES[kind]:
            assert shown.status_code == 200, page
        else:
            absent = browser.get(page.format(slug="nowhere"))
            assert (shown.status_code, absent.status_code) == (404, 404), page
            assert without_secrets(shown) == without_secrets(absent), page


@pytest.mark.parametrize("deed", DEEDS)
def test_what_one_does_to_a_hidden_room_is_done_to_no_room(deed, people, rooms, sign_in):
    browser = sign_in(people["outsider"])
    typed = {"body": "Hello", "nonce": "nonce-1234", "name": "Mine", "people": "charlie"}

    hidden = browser.post(deed.format(slug=rooms["private"].slug), typed)
    absent = browser.post(deed.format(slug="nowhere"), typed)

    assert (hidden.status_code, absent.status_code) == (404, 404)
    expected = without_secrets(absent).replace(b"nowhere", b"pond")
    assert without_secrets(hidden) == expected
    rooms["private"].refresh_from_db()
    assert rooms["private"].name == "Pond"
    assert rooms["private"].members.count() == 3
    assert not Message.objects.exists()


@pytest.mark.parametrize("role", ("outsider", "administrator"))
def test_a_message_of_a_hidden_room_has_no_permalink(role, people, rooms, alice, sign_in):
    message = post_message(author=alice, room=rooms["private"], body="Hush", nonce="nonce-1")
    browser = sign_in(people[role])

    assert browser.get(f"/messages/{message.pk}/").status_code == 404
    assert browser.get("/messages/999999/").status_code == 404
    assert sign_in(alice).get(f"/messages/{message.pk}/").status_code == 302


@pytest.mark.parametrize("role", ("outsider", "administrator"))
def test_who_reads_along_posts_after_joining(role, people, rooms, sign_in):
    browser, slug = sign_in(people[role]), rooms["public"].slug
    address, typed = f"/rooms/{slug}/messages/", {"body": "Hello", "nonce": "nonce-1234"}

    assert browser.post(address, typed).status_code == 403
    assert not Message.objects.exists()
    assert b'id="composer"' not in browser.get(f"/rooms/{slug}/?plain=1").content

    browser.post(f"/rooms/{slug}/join/")
    assert browser.post(address, typed).status_code == 303
    assert b'id="composer"' in browser.get(f"/rooms/{slug}/?plain=1").content


def test_a_guest_knows_the_people_of_their_rooms_and_nobody_else(people, sign_in):
    browser = sign_in(people["guest in it"])

    listed = browser.get("/people/").content.decode()

    assert "@bob" in listed
    assert "@charlie" not in listed
    assert browser.get("/people/bob/").status_code == 200
    for page in ("/people/charlie/", "/direct/charlie/", "/people/nobody/", "/direct/nobody/"):
        assert browser.get(page).status_code == 404, page
    assert browser.post("/direct/charlie/").status_code == 404
    assert browser.post("/direct/new/", {"people": ["charlie"]}).status_code == 422
    assert b"Charlie" not in browser.get("/direct/new/").content


def test_a_guest_without_a_room_knows_nobody_and_sees_an_empty_list(people, sign_in):
    browser = sign_in(people["guest"])

    assert "@bob" not in browser.get("/people/").content.decode()
    assert b"You are in no room yet" in browser.get("/rooms/").content
    assert browser.get("/", follow=True).status_code == 200


def test_a_guest_in_a_room_learns_of_nobody_outside_from_its_members_page(people, rooms, sign_in):
    shown = sign_in(people["guest in it"]).get(f"/rooms/{rooms['private'].slug}/members/")

    assert b"Bob" in shown.content
    assert b"Charlie" not in shown.content


def test_the_list_of_rooms_names_no_hidden_one(people, rooms, sign_in):
    for role in ("outsider", "administrator"):
        listed = sign_in(people[role]).get("/rooms/").content
        found = sign_in(people[role]).get("/rooms/?q=pond").content
        assert b"Kitchen" in listed
        assert b"/rooms/pond/" not in listed + found


def test_a_profile_names_only_rooms_that_both_are_in(people, rooms, sign_in):
    assert b"/rooms/pond/" not in sign_in(people["outsider"]).get("/people/bob/").content
    assert b"/rooms/pond/" in sign_in(people["guest in it"]).get("/people/bob/").content


SIGNED_OUT = (
    ["/", "/rooms/", "/people/", "/people/bob/", "/settings/", "/password/", "/site/"]
    + ["/site/invitations/", "/site/people/", "/direct/new/", "/direct/bob/", "/socket/"]
    + ["/messages/1/", "/me.css", "/settings/tokens/", "/site/bots/"]
    + [page.format(slug="general") for page in PAGES]
)


@pytest.mark.parametrize("page", SIGNED_OUT)
def test_who_is_signed_out_is_sent_to_sign_in_and_then_comes_back(page, bob):
    answer = Client().get(page)

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login") + "?next=/")
