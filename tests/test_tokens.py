"""What programs sign in with: exact, and until it ends. Rows T of the bad inputs."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from chat import hub, tokens
from chat.actions.people import change_person, create_token, revoke_token
from chat.database import in_database
from chat.models import ApiToken, Role, Scope
from tests.server import machine
from tests.sockets import (
    HOST,
    LET_IN,
    Program,
    cookie_headers,
    eventually,
    post,
    token_headers,
    token_of,
    until,
)

pytestmark = pytest.mark.django_db(transaction=True)

ROOM = "/ws/chat/general/"


def bearer(token):
    return f"Bearer {token}"


# --- Who is found ----------------------------------------------------------------------------


def test_a_token_is_found_with_its_person_in_one_query(bob, django_assert_num_queries):
    token = create_token(person=bob, label="a program")
    tokens.note([ApiToken.objects.get().pk])

    with django_assert_num_queries(1):
        found = tokens.find(bearer(token))
        assert found.person.name == "Bob"

    assert found.scope_set == {"read", "post", "manage"}


def test_a_token_ends_with_its_time(bob, clock):
    token = create_token(person=bob, label="x", expires_at=clock.now + timedelta(days=1))

    clock.wait(days=1, seconds=-1)
    assert tokens.find(bearer(token)) is not None
    clock.wait(seconds=1)
    assert tokens.find(bearer(token)) is None


def test_a_token_ends_with_its_revocation_and_with_its_person(alice, bob):
    first, second = (create_token(person=bob, label="x") for _each in range(2))

    revoke_token(person=bob, token=ApiToken.objects.get(digest=ApiToken.hash(first)))
    assert tokens.find(bearer(first)) is None
    assert tokens.find(bearer(second)) is not None
    change_person(editor=alice, person=bob, role=Role.MEMBER, is_active=False)
    assert tokens.find(bearer(second)) is None


def test_what_is_no_bearers_header_asks_no_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        for header in ("", "Basic YTpi", "Bearerx y", "nj_abc", "Token nj_abc"):
            assert tokens.find(header) is None


# --- When it was used ------------------------------------------------------------------------


def used_at():
    return ApiToken.objects.get().last_used_at


async def test_that_a_token_was_used_is_noted_once_a_minute(bob, clock):
    token = await token_of(bob)
    await in_database(tokens.find, bearer(token))
    first = await eventually(used_at)

    clock.wait(seconds=59)
    await in_database(tokens._write, [(await in_database(ApiToken.objects.get)).pk])
    assert await in_database(used_at) == first
    clock.wait(seconds=1)
    await in_database(tokens._write, [(await in_database(ApiToken.objects.get)).pk])
    assert await in_database(used_at) == clock.now


def used_later():
    """The same in a minute, and another: while the database is busy, a use is not noted at all."""
    tokens.cache.clear()
    return used_at()


async def test_whoever_listens_uses_their_token_all_the_while(bob, connect):
    await connect(token=await token_of(bob), path=ROOM, resume=0)
    await eventually(used_later)
    await in_database(lambda: ApiToken.objects.update(last_used_at=None))

    await eventually(used_later)


def test_a_busy_database_keeps_nobody_from_being_found(bob):
    token = create_token(person=bob, label="a program")

    with machine.locked(Path(connection.settings_dict["NAME"])):
        assert tokens.find(bearer(token)) is not None
        tokens._write([tokens.find(bearer(token)).pk])
        assert used_at() is None


# --- Over sockets ----------------------------------------------------------------------------


def ended(bob):
    return create_token(person=bob, label="x", expires_at=timezone.now() - timedelta(seconds=1))


# T1-T5 and T15, and what else is not the token that was shown: all are answered alike.
WRONG = {
    "T1 expired": None,
    "T2 truncated": lambda token: token[:-1],
    "T2 empty": lambda token: "",
    "T3 padded": lambda token: f"{token}=",
    "T3 padded in front": lambda token: f"={token}",
    "T3 a NUL behind it": lambda token: f"{token}\0",
    "T4 case changed": lambda token: token.swapcase(),
    "T4 its prefix in capitals": lambda token: f"NJ_{token[3:]}",
    "T5 10 kB": lambda token: token * 222,
    "T15 its beginning": lambda token: token[:10],
    "T15 its beginning and others": lambda token: token[:20] + "A" * 26,
    "its hash": lambda token: ApiToken.hash(token),
    "two of them": lambda token: f"{token},{token}",
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_not_the_token_is_nobodys(name, bob, knock):
    token = await token_of(bob)
    wrong = WRONG[name](token) if WRONG[name] else await in_database(ended, bob)

    assert await knock(token_headers(wrong)) == 4401
    assert await knock(token_headers(token)) == LET_IN


async def test_t6_what_a_token_is_for_goes_with_its_socket(bob, connect, quick_hub):
    token = await in_database(create_token, person=bob, label="x", scopes=[Scope.POST])
    await connect(token=token, path=ROOM)
    (reader,) = quick_hub.readers

    assert reader.scopes == {"post"}
    assert [scope.value for scope in Scope if reader.may(scope)] == ["post"]


async def test_t6_whoever_is_signed_in_may_do_all(bobs, connect, quick_hub):
    await connect(bobs, ROOM)
    (reader,) = quick_hub.readers

    assert reader.scopes is None
    assert all(reader.may(scope) for scope in Scope)


async def test_t7_a_token_opens_no_room_that_its_person_may_not_see(charlie, pond, knock):
    headers = token_headers(await token_of(charlie))

    assert await knock(headers, "/ws/chat/pond/") == 4404
    assert await knock(headers, "/ws/chat/no-such-room/") == 4404


@pytest.mark.parametrize("name", ("token", "access_token", "authorization", "key"))
async def test_t8_a_token_in_an_address_is_none(name, bob, knock):
    token = await token_of(bob)
    nobodys = [(b"host", HOST.encode())]

    assert await knock(nobodys, f"{ROOM}?{name}={token}") == 4401
    assert await knock(nobodys, f"{ROOM}?{name}=Bearer%20{token}") == 4401


async def test_t9_of_a_cookie_and_a_token_the_token_counts(alice, bob, sign_in, connect, quick_hub):
    browser = await in_database(sign_in, alice)
    authorization = [each for each in token_headers(await token_of(bob)) if each[0] != b"host"]

    await connect(headers=[*cookie_headers(browser), *authorization], path=ROOM)

    assert [(each.person_id, bool(each.token_id)) for each in quick_hub.readers] == [(bob.pk, True)]


async def test_t9_a_bad_token_is_refused_whatever_cookie_comes_with_it(bobs, knock):
    headers = cookie_headers(bobs)

    assert await knock([*headers, (b"authorization", b"Bearer nj_wrong")]) == 4401
    assert await knock([*headers, (b"authorization", b"Basic YTpi")]) == LET_IN  # of a proxy


async def test_t10_a_revoked_token_ends_its_socket_and_the_posts_on_it(alice, bob, lobby, connect):
    socket = await connect(token=await token_of(bob), path=ROOM, resume=0)

    await in_database(lambda: revoke_token(person=bob, token=ApiToken.objects.get()))
    await socket.say("late")

    assert await socket.closed() == 4401
    assert not await in_database(lobby.messages.filter(body="late").exists)


async def test_a_socket_ends_when_its_token_does_without_anybodys_deed(bob, connect, clock):
    expires_at = clock.now + timedelta(minutes=5)
    token = await in_database(create_token, person=bob, label="x", expires_at=expires_at)
    socket = await connect(token=token, path=ROOM, resume=0)

    clock.wait(minutes=5)

    assert await socket.closed() == 4401
    await until(lambda: not hub.current().readers)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("path", ("/ws/chat/", ROOM))
async def test_a_programs_socket_ends_when_its_token_does(scope, path, bob, quick_hub, clock):
    expires_at = clock.now + timedelta(minutes=5)
    token = await in_database(
        create_token, person=bob, label="x", scopes=[scope], expires_at=expires_at
    )
    socket = await Program(path, token).open()

    clock.wait(minutes=5)

    assert await socket.closed() == 4401
    await socket.hang_up()


async def test_nothing_is_posted_by_a_token_that_has_ended(bob, lobby, connect, clock, monkeypatch):
    expires_at = clock.now + timedelta(minutes=5)
    token = await in_database(create_token, person=bob, label="x", expires_at=expires_at)
    monkeypatch.setattr("chat.hub.hub.Hub._check_standing", _nothing)  # its tick has yet to begin
    socket = await connect(token=token, path=ROOM, resume=0)

    clock.wait(minutes=5)
    await socket.say("late")

    await socket.until_heard("#notice")
    assert not await in_database(lobby.messages.filter(body="late").exists)


async def _nothing(_hub):
    return None


async def test_the_sockets_of_other_tokens_go_on(alice, bob, lobby, connect):
    first, second = await token_of(bob), await token_of(bob)
    ended, kept = [await connect(token=each, path=ROOM, resume=0) for each in (first, second)]

    token = await in_database(ApiToken.objects.get, digest=ApiToken.hash(first))
    await in_database(lambda: revoke_token(person=bob, token=token))

    assert await ended.closed() == 4401
    await kept.until_shown(await post(alice, lobby))


def test_a_token_opens_no_page(bob):
    token = create_token(person=bob, label="a program")

    for path in ("/settings/", "/rooms/general/"):
        answer = Client(headers={"authorization": bearer(token)}).get(path)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/login/")
