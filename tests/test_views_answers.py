"""Where an action's result shows: the same for every form of every page."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from chat.actions.hooks import create_hook as create_incoming_hook
from chat.actions.outgoing import create_hook, send_ping
from chat.actions.people import create_invitation, create_token, make_bot
from chat.actions.rooms import create_room
from chat.models import Invitation, Role, RoomKind, Site
from tests.visits import PASSWORD, say

NEW_PASSWORD = "seven herons by a lake"
OWN = {"name": "Alice", "time_zone": "UTC", "language": "en"}
ROBBIE = {"name": "Robbie", "username": "robbie"}
DORA = {"name": "Dora", "username": "dora", "password": PASSWORD}
PASSWORDS = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
HOOK, URL = "/rooms/pond/hooks/outgoing/{hook}/", "https://receiver.example/"
BOT = "/site/bots/robbie/"
# Where it is sent, what is typed, where it leads. Alice does it, who owns the site.
FORMS = {
    "messages": ("/rooms/pond/messages/", {"body": "Hi", "nonce": "nonce-1234"}, "/rooms/pond/"),
    "rooms": ("/rooms/", {"name": "Kitchen", "kind": "public"}, "/rooms/kitchen/"),
    "room_join": ("/rooms/garden/join/", {}, "/rooms/garden/"),
    "room_leave": ("/rooms/pond/leave/", {}, "/rooms/"),
    "room_settings": ("/rooms/pond/settings/", {"name": "Lake"}, "/rooms/pond/"),
    "room_kind": ("/rooms/pond/kind/", {"kind": "public"}, "/rooms/pond/settings/"),
    "room_archive": ("/rooms/pond/archive/", {}, "/rooms/pond/"),
    "room_unarchive": ("/rooms/pond/unarchive/", {}, "/rooms/pond/"),
    "room_members": ("/rooms/pond/members/", {"people": ["charlie"]}, "/rooms/pond/members/"),
    "room_remove": ("/rooms/pond/members/bob/remove/", {}, "/rooms/pond/members/"),
    "hook_revoke": ("/rooms/pond/hooks/{incoming}/revoke/", {}, "/rooms/pond/hooks/"),
    "edit": ("/messages/{said}/edit/", {"body": "Hello again"}, "/messages/{said}/"),
    "delete": ("/messages/{said}/delete/", {}, "/messages/{said}/"),
    "reactions": ("/messages/{said}/reactions/", {"emoji": "👍"}, "/messages/{said}/"),
    "thread": (
        "/messages/{said}/thread/",
        {"body": "Hi", "nonce": "nonce-1234"},
        "/messages/{said}/thread/",
    ),
    "follow": ("/messages/{said}/thread/follow/", {"follow": "1"}, "/messages/{said}/thread/"),
    "mark_unread": ("/messages/{said}/unread/", {}, "/inbox/"),
    "room_read": ("/rooms/pond/read/", {}, "/inbox/"),
    "room_level": ("/rooms/pond/level/", {"level": "mentions"}, "/rooms/pond/settings/"),
    "outgoing_hook": (HOOK, {"url": URL, "kinds": "room.changed"}, HOOK),
    "outgoing_ping": (f"{HOOK}ping/", {}, f"{HOOK}log/"),
    "outgoing_switch": (f"{HOOK}switch/", {"to": "off"}, HOOK),
    "outgoing_delete": (f"{HOOK}delete/", {}, "/rooms/pond/hooks/outgoing/"),
    "outgoing_again": (f"{HOOK}log/{{delivery}}/again/", {}, f"{HOOK}log/"),
    "inbox_read": ("/inbox/read/", {}, "/inbox/"),
    "direct": ("/direct/bob/", {}, "/rooms/direct-*/"),
    "direct_new": ("/direct/new/", {"people": ["bob", "charlie"]}, "/rooms/direct-*/"),
    "preferences": ("/settings/", OWN, "/settings/"),
    "token_revoke": ("/settings/tokens/{own}/revoke/", {}, "/settings/tokens/"),
    "site_bots": ("/site/bots/", {"name": "Gus", "username": "gus"}, "/site/bots/gus/"),
    "site_bot_switch": (f"{BOT}switch/", {}, BOT),
    "site_bot_token_revoke": (f"{BOT}tokens/{{bots}}/revoke/", {}, BOT),
    "site": ("/site/", {"name": "The Lake", "welcome": ""}, "/site/"),
    "invitations": (
        "/site/invitations/",
        {"role": "member", "uses": 1, "days": 7},
        "/site/invitations/",
    ),
    "invitation_revoke": ("/site/invitations/{invitation}/revoke/", {}, "/site/invitations/"),
    "site_person": ("/site/people/bob/", {"role": "guest", "is_active": "on"}, "/site/people/"),
    "account_change_password": ("/password/", PASSWORDS, "/settings/"),
    "account_logout": ("/logout/", {}, "/login/"),
}
OUTSIDE = {
    "account_login": ("/login/", {"login": "alice", "password": PASSWORD}, "/"),
    "join_site": ("/join/{code}/", DORA, "/"),
}
SET_UP = {"site_name": "The Pond", **DORA}
# Pages alone; forms whose answer is a page in itself; browsers' reports.
NO_ACTIONS = {"lines", "site_reset", "csp_report", "outgoing", "outgoing_secret"}
NO_ACTIONS |= {"room_hooks", "incoming", "tokens", "site_bot", None}

pytestmark = pytest.mark.django_db
plain = pytest.mark.parametrize("plain", (False, True), ids=("a page", "a plain page"))


@pytest.fixture
def invitation(alice, bob, charlie, pond):
    """And everything else that the forms speak of."""
    create_room(creator=bob, name="Garden", purpose="", kind=RoomKind.PUBLIC)
    expires_at = Invitation._meta.get_field("expires_at").get_default()
    return create_invitation(
        inviter=alice, role=Role.MEMBER, uses=1, expires_at=expires_at, rooms=[]
    )


def check(browser, address, typed, lands, plain):
    answer = browser.post(address, typed | ({"plain": "1"} if plain else {}))

    assert answer.status_code == 303, answer.content
    path = answer["Location"].partition("#")[0]
    assert re.sub("direct-[0-9a-f]+", "direct-*", path) == lands + ("?plain=1" if plain else "")


@plain
@pytest.mark.parametrize("name", FORMS)
def test_an_action_answers_303_to_where_it_shows(name, plain, alice, pond, invitation, sign_in):
    address, typed, lands = FORMS[name]
    said = say(alice, pond, 1)[0].pk
    hook = create_hook(
        maker=alice, room=pond, username="hook", name="Hook", url=URL, kinds=["room.changed"]
    )
    send_ping(sender=alice, hook=hook)
    keys = {"said": said, "hook": hook.pk, "delivery": hook.deliveries.get().pk}
    incoming, _key = create_incoming_hook(maker=alice, room=pond, name="CI")
    keys["incoming"] = incoming.pk
    for key, person in (("own", alice), ("bots", make_bot(creator=alice, **ROBBIE))):
        create_token(person=person, label="a program")
        keys[key] = person.tokens.get().pk

    address = address.format(invitation=invitation.pk, **keys)
    check(sign_in(alice), address, typed, lands.format(**keys), plain)


@plain
@pytest.mark.parametrize("name", OUTSIDE)
def test_so_does_coming_in(name, plain, invitation):
    address, typed, lands = OUTSIDE[name]

    check(Client(), address.format(code=invitation.code), typed, lands, plain)


@plain
def test_so_does_the_set_up(plain):
    check(Client(), f"/setup/{Site.load().setup_key}/", SET_UP, "/", plain)


@plain
def test_so_does_a_new_password_by_a_link(plain, alice, bob, sign_in):
    shown = sign_in(alice).post("/site/people/bob/reset/").content.decode()
    (link,) = re.findall(r'value="http://testserver(/password/new/[^"]+)"', shown)
    browser = Client()
    address = browser.get(link)["Location"]

    check(browser, address, PASSWORDS, "/password/new/", plain)


def test_what_is_asked_for_stays_plain_after_signing_in(bob):
    typed = {"login": "bob", "password": PASSWORD, "next": "/people/?q=bo#first", "plain": "1"}

    answer = Client().post("/login/", typed)

    assert (answer.status_code, answer["Location"]) == (303, "/people/?q=bo&plain=1#first")


def test_no_form_is_forgotten_here():
    """Every page's route that takes a POST from who is signed in is checked above."""
    patterns = get_resolver().url_patterns[0].url_patterns
    routes = [each for each in patterns if isinstance(each, URLPattern)]
    known = {*FORMS, *OUTSIDE, *NO_ACTIONS, "setup", "account_reset_password_from_key"}

    taking = {route.name for route in routes if _takes_posts(route)}

    assert taking <= known


def _takes_posts(route):
    samples = {"key": "x", "code": "x", "uidb36": "2", "slug": "x", "username": "x"}
    path = "/" + re.sub(
        r"<(\w+):(\w+)>",
        lambda found: "1" if found[1] == "int" else samples[found[2]],
        str(route.pattern),
    )
    return not path.startswith("/^") and Client().post(path).status_code != 405
