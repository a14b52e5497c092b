"""One matrix of access: every address × everybody who may come by × every state of a room.

The addresses are those of the URL configuration and of the sockets' routing: one that has no row
in the table below fails by its name. A row says what GET and POST answer to whom; where it says
nothing, the method is refused to everybody. What the pages show to whom: tests/test_permissions.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from chat import routing
from chat.actions.messages import post_message
from chat.actions.people import change_person, create_invitation, create_token, revoke_token
from chat.actions.rooms import (
    archive_room,
    create_room,
    invite_into_room,
    open_direct_room,
    remove_from_room,
)
from chat.database import in_database
from chat.models import ApiToken, Role, RoomKind
from tests.sockets import Closed, cookie_headers, token_headers

STATES = ("public", "private", "direct", "archived", "archived private")
CLOSED = ("private", "direct", "archived private")
SIGNED_OUT = ("nobody", "deactivated")
ROLES = (
    *SIGNED_OUT,
    *("outsider", "removed", "member", "bot", "guest in it", "guest", "administrator", "owner"),
)
INSIDE = ("member", "bot", "guest in it", "owner")
ADMINISTRATING = ("administrator", "owner")


def is_in(role, state):
    return role in (("member", "owner") if state == "direct" else INSIDE)


def sees(role, state):
    """The one rule of reading: one's own rooms, and for all but guests the public ones."""
    return is_in(role, state) or (state not in CLOSED and role not in (*SIGNED_OUT, "guest"))


# --- What an address answers -----------------------------------------------------------------


def nobody(_role, _state):
    return 405


def always(status):
    return lambda _role, _state: status


def people(status, guest=None):
    """Whoever is signed in; `guest` is the answer to one who shares no room with anybody."""
    return lambda role, _state: guest if guest and role == "guest" else status


def administrators(status):
    return lambda role, _state: status if role in ADMINISTRATING else 403


def readers(status=200):
    return lambda role, state: status if sees(role, state) else 404


def those(may, status=303):
    """Of those who see the room, them; 403 to the others."""
    return lambda role, state: 404 if not sees(role, state) else status if may(role, state) else 403


def may_post(role, state):
    return is_in(role, state) and not state.startswith("archived")


def may_join(role, state):
    return state == "public" and role != "guest in it"


def may_change(role, state):
    return state != "direct" and role in ADMINISTRATING


def may_change_kind(role, state):
    return state != "direct" and role == "owner"


def may_edit(role, state):
    """The messages are the owner's."""
    return role == "owner" and not state.startswith("archived")


def may_delete(role, state):
    return may_edit(role, state) or may_change(role, state)


def may_invite(role, state):
    return state != "direct" and is_in(role, state) and role != "guest in it"


def is_no_conversation(_role, state):
    return state != "direct"


def direct(role, _state):
    """The owner talks to Bob already."""
    return {"guest": 404, "owner": 302}.get(role, 200)


def conversation(role, _state):
    """With Bob: not with oneself, nor with whom one can't know."""
    return 422 if role in ("member", "guest") else 303


def signing_in(status, otherwise):
    return lambda role, _state: status if role in SIGNED_OUT else otherwise


@dataclass
class Row:
    """What a page answers. `is_open`: signed out, one gets the same rule, and no way to sign in."""

    get: Callable[[str, str], int] = nobody
    post: Callable[[str, str], int] = nobody
    typed: dict[str, str] = field(default_factory=dict)
    is_open: bool = False

    def expected(self, method, role, state):
        rule = self.get if method == "GET" else self.post
        if rule is nobody or self.is_open or role not in SIGNED_OUT:
            return rule(role, state)
        return 302 if method == "GET" else 401


LINK = "^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/"
# allauth's, which take every method that a form may be sent with.
THEIRS = ("login/", "logout/", "password/", f"{LINK}$")
ROOM = "rooms/<slug:slug>/"
SAID = "messages/<int:message_id>/"
NEW = {"name": "Attic", "purpose": "", "kind": "public"}
MESSAGE = {"body": "Hello", "nonce": "nonce-of-matrix"}
PERSON = {"name": "Somebody", "time_zone": "UTC", "language": "en"}
INVITATION = {"role": "member", "uses": "1", "days": "1"}

PAGES = {
    "": Row(people(302)),
    "rooms/": Row(people(200), lambda role, _: 403 if "guest" in role else 303, NEW),
    "socket/": Row(people(200)),
    "people/": Row(people(200)),
    "people/<str:username>/": Row(people(200, guest=404)),
    "direct/new/": Row(people(200), conversation, {"people": "bob"}),
    "direct/<str:username>/": Row(direct, people(303, guest=404)),
    "search/": Row(people(200)),
    "settings/": Row(people(200), people(303), PERSON),
    "inbox/": Row(people(200)),
    "inbox/read/": Row(post=people(303)),
    "me.css": Row(people(200)),
    "site/": Row(administrators(200), administrators(303), {"name": "The Pond"}),
    "site/invitations/": Row(administrators(200), administrators(303), INVITATION),
    "site/invitations/<int:invitation_id>/revoke/": Row(post=administrators(303)),
    "site/people/": Row(administrators(200)),
    "site/people/<str:username>/": Row(
        administrators(200), administrators(303), {"role": "member", "is_active": "on"}
    ),
    "site/people/<str:username>/reset/": Row(post=administrators(200)),
    "setup/<str:key>/": Row(always(404), always(404), is_open=True),
    "join/<str:code>/": Row(always(200), always(422), {"name": ""}, True),
    "login/": Row(signing_in(200, 302), signing_in(422, 303), is_open=True),
    "logout/": Row(signing_in(302, 200), always(303), is_open=True),
    "password/": Row(signing_in(302, 200), signing_in(303, 422), is_open=True),
    f"{LINK}$": Row(always(200), always(422), is_open=True),
    "password/new/": Row(always(200), is_open=True),
    "csp-report": Row(post=always(204), is_open=True),
    "healthz": Row(always(200), is_open=True),
    "readyz": Row(always(200), is_open=True),
}
ROOMS = {
    ROOM: Row(readers()),
    f"{ROOM}messages/": Row(readers(), those(may_post), MESSAGE),
    f"{ROOM}live/": Row(readers()),
    f"{ROOM}socket/": Row(readers()),
    f"{ROOM}join/": Row(post=those(may_join)),
    f"{ROOM}leave/": Row(post=those(is_no_conversation)),
    f"{ROOM}settings/": Row(readers(), those(may_change), {"name": "Attic", "purpose": ""}),
    f"{ROOM}kind/": Row(post=those(may_change_kind), typed={"kind": "private"}),
    f"{ROOM}level/": Row(post=those(is_in), typed={"level": "mentions"}),
    f"{ROOM}read/": Row(post=those(is_in)),
    f"{ROOM}archive/": Row(post=those(may_change)),
    f"{ROOM}unarchive/": Row(post=those(may_change)),
    f"{ROOM}members/": Row(readers(), those(may_invite), {"people": "charlie"}),
    f"{ROOM}members/<str:username>/remove/": Row(post=those(may_change)),
    "messages/<int:message_id>/": Row(readers(302)),
    f"{SAID}menu/": Row(readers()),
    f"{SAID}slot/": Row(readers()),
    f"{SAID}reply/": Row(readers()),
    f"{SAID}edit/": Row(those(may_edit, 200), those(may_edit), {"body": "Hello again"}),
    f"{SAID}versions/": Row(readers()),
    f"{SAID}delete/": Row(those(may_delete, 200), those(may_delete)),
    f"{SAID}reactions/": Row(readers(), those(may_post), {"emoji": "👍"}),
    f"{SAID}thread/": Row(readers(), those(may_post), MESSAGE),
    f"{SAID}thread/live/": Row(readers()),
    f"{SAID}thread/follow/": Row(post=those(is_in), typed={"follow": "1"}),
    f"{SAID}unread/": Row(post=those(is_in)),
    "composer/lines/": Row(people(303), readers(), typed={"lines": "many", "room": "<slug:slug>"}),
}
SOCKETS = {"ws/chat/", "ws/chat/<slug:slug>/", ""}


# --- The cast --------------------------------------------------------------------------------


@dataclass
class Cast:
    people: dict
    rooms: dict
    values: dict
    messages: dict

    def path(self, route, state):
        """The address, with this room, and with Bob where it names a person."""
        route = re.sub(r"^\^|\$$", "", route)
        values = self.values | {"slug": self.rooms[state].slug, "message_id": self.messages[state]}
        return "/" + re.sub(r"\(\?P<(\w+)>(?:\[[^]]+\]|.)\+\)|<\w+:(\w+)>", _put(values), route)

    def typed(self, row, state):
        slug = self.rooms[state].slug
        return {name: value.replace("<slug:slug>", slug) for name, value in row.typed.items()}


def _put(values):
    return lambda found: str(values[found[1] or found[2]])


@pytest.fixture
def cast(alice, bob, charlie, invite):
    kinds = {state: RoomKind.PRIVATE if "private" in state else RoomKind.PUBLIC for state in STATES}
    rooms = {
        state: create_room(creator=alice, name=state, purpose="", kind=kind)
        for state, kind in kinds.items()
        if state != "direct"
    }
    people = {
        "owner": alice,
        "member": bob,
        "outsider": charlie,
        "removed": invite("rob"),
        "bot": invite("betty", Role.BOT),
        "guest in it": invite("greta", Role.GUEST),
        "guest": invite("gil", Role.GUEST),
        "administrator": invite("ada", Role.ADMINISTRATOR),
        "deactivated": invite("dora"),
    }
    inside = [people[role] for role in ("member", "bot", "guest in it", "removed", "deactivated")]
    for room in rooms.values():
        invite_into_room(inviter=alice, room=room, people=inside)
        remove_from_room(remover=alice, room=room, person=people["removed"])
    rooms["direct"] = open_direct_room(opener=alice, others=[bob])
    messages = {
        state: post_message(author=alice, room=room, body="Hi", nonce=f"nonce-{number:04}").pk
        for number, (state, room) in enumerate(rooms.items())
    }
    for state in ("archived", "archived private"):
        archive_room(archiver=alice, room=rooms[state])
    invitation = create_invitation(
        inviter=alice, role=Role.MEMBER, uses=9, rooms=[],
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    values = {
        "username": "bob", "code": invitation.code, "invitation_id": invitation.pk,
        "key": "nothing-of-ours", "uidb36": "1",
    }  # fmt: skip
    return Cast(people, rooms, values, messages)


@pytest.fixture
def deactivated(alice, cast):
    """Switches Dora off, once she has signed in."""

    def switch_off():
        dora = cast.people["deactivated"]
        change_person(editor=alice, person=dora, role=Role.MEMBER, is_active=False)

    return switch_off


@pytest.fixture
def browsers(cast, sign_in, deactivated):
    found = {role: sign_in(person) for role, person in cast.people.items()}
    deactivated()
    return {"nobody": Client(), **found}


def status(browser, method, path, typed=None):
    """The answer's status; whatever it has done is undone."""
    with transaction.atomic():
        cookies = browser.cookies.copy()
        answer = browser.generic(method, path) if method != "POST" else browser.post(path, typed)
        transaction.set_rollback(True)
        browser.cookies = cookies
    return answer.status_code


# --- The matrix ------------------------------------------------------------------------------


def routes(patterns, prefix=""):
    for each in patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, route)
        else:
            yield route


def test_every_address_has_its_row_in_the_matrix():
    known = PAGES | ROOMS

    assert sorted(set(routes(get_resolver().url_patterns)) ^ set(known)) == []
    assert sorted({str(each.pattern) for each in routing.websocket_urlpatterns} ^ SOCKETS) == []


def wrong(cast, browsers, row, route, state, role):
    """What is answered otherwise than the row says."""
    path = cast.path(route, state)
    for method in ("GET", "POST"):
        expected = row.expected(method, role, state)
        found = status(browsers[role], method, path, cast.typed(row, state))
        if found != expected:
            yield f"{method} {path} as {role}: {found} and not {expected}"


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_room_answers_as_its_state_and_who_asks_allow(role, cast, browsers):
    found = [
        line
        for state in STATES
        for route, row in ROOMS.items()
        for line in wrong(cast, browsers, row, route, state, role)
    ]

    assert found == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_page_answers_as_who_asks_may(role, cast, browsers):
    found = [
        line
        for route, row in PAGES.items()
        for line in wrong(cast, browsers, row, route, "public", role)
    ]

    assert found == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", ("nobody", "owner"))
def test_no_address_takes_another_method(role, cast, browsers):
    for route in [*PAGES, *ROOMS]:
        if route not in THEIRS:
            path = cast.path(route, "public")
            found = {status(browsers[role], method, path) for method in ("PUT", "PATCH", "DELETE")}
            assert found <= {405, 404, 302 if role == "nobody" else 405}, route


# --- Sockets ---------------------------------------------------------------------------------


async def outcome(connect, path, headers):
    """The code with which a socket is closed; 0 for one that hears its sidebar."""
    socket = await connect(path=path, headers=headers)
    try:
        await socket.say(type="resume", after=0)
        await socket.until_heard('id="rooms"')
    except Closed as closed:
        return closed.code
    finally:
        await socket.hang_up()
    return 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ("cookie", "token"))
async def test_a_socket_opens_as_the_rooms_state_and_who_asks_allow(
    way, cast, sign_in, deactivated, connect
):
    def keys():
        for role, person in cast.people.items():
            if way == "token":
                yield role, token_headers(create_token(person=person, label="a program"))
            else:
                yield role, cookie_headers(sign_in(person))

    nobodys = [(b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000")]
    headers = {"nobody": nobodys, **await in_database(lambda: dict(keys()))}
    await in_database(deactivated)
    found = {}
    for role in ROLES:
        found[role, ""] = await outcome(connect, "/ws/chat/", headers[role])
        found[role, "no state"] = await outcome(connect, "/ws/chat/nowhere/", headers[role])
        for state, room in cast.rooms.items():
            found[role, state] = await outcome(connect, f"/ws/chat/{room.slug}/", headers[role])

    for (role, state), code in found.items():
        is_let_in = state == "" or (state in STATES and sees(role, state))
        expected = 4401 if role in SIGNED_OUT else 0 if is_let_in else 4404
        assert (role, state, code) == (role, state, expected)


@pytest.mark.django_db(transaction=True)
async def test_a_revoked_token_opens_nothing(bob, connect):
    token = await in_database(create_token, person=bob, label="a program")
    await in_database(lambda: revoke_token(person=bob, token=ApiToken.objects.get()))

    for path in ("/ws/chat/", "/ws/chat/general/"):
        assert await outcome(connect, path, token_headers(token)) == 4401
