"""One matrix of access: every address × everybody who may come by × every state of a room.

The addresses are those of the URL configuration and of the sockets' routing: one that has no row
in tests/matrix.py fails by its name. A row says what GET and POST answer to whom; where it says
nothing, the method is refused to everybody. What the pages show to whom: tests/test_permissions.py.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from chat import routing
from chat.actions.hooks import create_hook as create_incoming_hook
from chat.actions.messages import post_message
from chat.actions.outgoing import create_hook, send_ping
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
from tests.matrix import (
    API_PAGES,
    API_ROOMS,
    PAGES,
    ROLES,
    ROOMS,
    SIGNED_OUT,
    SOCKETS,
    STATES,
    THEIRS,
    sees,
)
from tests.sockets import Closed, cookie_headers, token_headers

# --- The cast --------------------------------------------------------------------------------


@dataclass
class Cast:
    people: dict
    rooms: dict
    values: dict
    messages: dict
    hooks: dict
    incoming: dict

    def path(self, route, state):
        """The address, with this room, and with Bob where it names a person."""
        route = re.sub(r"^\^|\$$", "", route)
        hook, delivery = self.hooks.get(state, (0, 0))
        values = self.values | {"slug": self.rooms[state].slug, "message_id": self.messages[state]}
        values |= {"hook_id": hook, "delivery_id": delivery}
        values["incoming_id"] = self.incoming.get(state, 0)
        return "/" + re.sub(r"\(\?P<(\w+)>(?:\[[^]]+\]|.)\+\)|<\w+:(\w+)>", _put(values), route)

    def typed(self, row, state):
        slug = self.rooms[state].slug
        return {
            name: value.replace("<slug:slug>", slug) if isinstance(value, str) else value
            for name, value in row.typed.items()
        }


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
    hooks = {
        state: _hook(alice, room, f"hook-{number}")
        for number, (state, room) in enumerate(rooms.items())
        if state != "direct"
    }
    incoming = {
        state: create_incoming_hook(maker=alice, room=room, name="CI")[0].pk
        for state, room in rooms.items()
        if state != "direct"
    }
    for state in ("archived", "archived private"):
        archive_room(archiver=alice, room=rooms[state])
    invitation = create_invitation(
        inviter=alice, role=Role.MEMBER, uses=9, rooms=[],
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    create_token(person=bob, label="a program")
    values = {
        "token_id": ApiToken.objects.get().pk,
        "username": "bob", "code": invitation.code, "invitation_id": invitation.pk,
        "key": "nothing-of-ours", "uidb36": "1",
    }  # fmt: skip
    return Cast(people, rooms, values, messages, hooks, incoming)


def _hook(maker, room, username):
    """A hook that tells, and what it has to send."""
    url = "https://receiver.example/"
    hook = create_hook(
        maker=maker, room=room, username=username, name="Hook", url=url, kinds=["room.changed"]
    )
    send_ping(sender=maker, hook=hook)
    return hook.pk, hook.deliveries.get().pk


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
        as_json = {"content_type": "application/json"} if path.startswith("/api/") else {}
        if method == "POST":
            answer = browser.post(path, typed, **as_json)
        else:
            answer = browser.generic(method, path)
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
    known = PAGES | ROOMS | API_PAGES | API_ROOMS

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
        for route, row in (ROOMS | API_ROOMS).items()
        for line in wrong(cast, browsers, row, route, state, role)
    ]

    assert found == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_page_answers_as_who_asks_may(role, cast, browsers):
    found = [
        line
        for route, row in (PAGES | API_PAGES).items()
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
