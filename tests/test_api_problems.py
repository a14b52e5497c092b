"""Who is let in by the API, and how it says what went wrong: never a page, never a 5xx."""

import json

import pytest
from django.test import Client, RequestFactory

from chat.actions.people import create_token, revoke_token
from chat.actions.rooms import remove_from_room
from chat.models import ApiToken, Scope
from chat.views import errors
from tests.programs_hands import API, Program

MESSAGES = "rooms/general/messages/"


@pytest.fixture
def bot(bob):
    return Program(bob)


def is_problem(response):
    body = json.loads(response.content)
    return (
        response.headers["Content-Type"] == "application/problem+json"
        and body["status"] == response.status_code
        and body["detail"]
        and {"type", "title", "code"} <= body.keys()
    )


# --- Who is it? -----------------------------------------------------------------------------


def test_nobody_is_let_in_without_a_token(lobby):
    response = Client().get(f"{API}me")

    assert (response.status_code, is_problem(response)) == (401, True)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    "change",
    (
        lambda token: token[:-1],
        lambda token: f"{token}x",
        lambda token: token.swapcase(),
        lambda token: "x" * 10_000,
        lambda token: "\xff\xfe",
        lambda token: token[: len(token) // 2],
        lambda token: ApiToken.hash(token),
        lambda token: "",
        lambda token: f"{token} {token}",
    ),
    ids=("T2", "T3", "T4", "T5", "T5 no letters", "T15", "T15 hash", "none", "twice"),
)
def test_a_token_that_is_not_exact_is_nobodys(bot, change):
    headers = {"Authorization": f"Bearer {change(bot.token)}"}
    response = Client().get(f"{API}me", headers=headers)

    assert (response.status_code, is_problem(response)) == (401, True)
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_t1_t10_a_token_ends_by_time_and_by_hand(bob, clock):
    ended = create_token(person=bob, label="ends", expires_at=clock.now)
    revoked = Program(bob)
    revoke_token(person=bob, token=ApiToken.objects.get(digest=ApiToken.hash(revoked.token)))

    revoked.get("me")
    response = Client().get(f"{API}me", headers={"Authorization": f"Bearer {ended}"})

    assert revoked.status == response.status_code == 401


def test_the_token_of_somebody_who_is_switched_off_holds_no_more(bot, bob):
    bob.is_active = False
    bob.save(update_fields=["is_active"])

    bot.get("me")
    assert bot.status == 401


@pytest.mark.parametrize(
    ("scope", "allowed"),
    (
        (Scope.READ, {"me", "messages", "read"}),
        (Scope.POST, {"post", "react"}),
        (Scope.MANAGE, {"create", "join"}),
    ),
)
def test_t6_a_token_does_what_it_is_for_and_nothing_else(bob, lobby, scope, allowed):
    said = Program(bob).post(MESSAGES, {"body": "Hello"})
    deeds = {
        "me": ("GET", "me", None),
        "messages": ("GET", MESSAGES, None),
        "read": ("PUT", "rooms/general/read/", {"seq": 1}),
        "post": ("POST", MESSAGES, {"body": "Hello"}),
        "react": ("POST", f"messages/{said['id']}/reactions/", {"emoji": "🐸"}),
        "create": ("POST", "rooms/", {"name": "Reeds"}),
        "join": ("POST", "rooms/general/join/", None),
    }
    program = Program(bob, scope)

    done = set()
    for name, deed in deeds.items():
        program.ask(*deed)
        assert program.status in {200, 201, 204, 403}
        if program.status == 403:
            assert "insufficient_scope" in program.headers["WWW-Authenticate"]
        else:
            done.add(name)

    assert done == allowed


def test_t6_a_token_that_only_posts_reads_nothing_by_reacting(alice, bob, lobby):
    said = Program(alice).post(MESSAGES, {"body": "Hello"})
    program = Program(bob, Scope.POST)

    answer = program.ask("POST", f"messages/{said['id']}/reactions/", {"emoji": "🐸"})

    assert (program.status, answer) == (204, None)
    assert Program(bob).get(f"messages/{said['id']}/")["reactions"][0]["emoji"] == "🐸"


def test_t7_a_token_opens_no_room_of_others(charlie, pond):
    other = Program(charlie)

    other.get("rooms/pond/")
    assert other.status == 404


def test_t8_a_token_in_the_address_is_none(bot):
    response = Client().get(f"{API}me?token={bot.token}&access_token={bot.token}")

    assert response.status_code == 401


def test_t9_of_a_cookie_and_a_token_the_token_counts(alice, bob, sign_in):
    both = Program(bob, client=sign_in(alice))
    assert both.get("me")["username"] == "bob"
    both.token = "wrong"
    both.get("me")
    assert both.status == 401


def test_a_page_reads_with_its_session_and_writes_with_its_token(bob, lobby):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(bob)
    send = {"data": json.dumps({"body": "Hello"}), "content_type": "application/json"}
    assert browser.get(f"{API}me").json()["username"] == "bob"

    response = browser.post(f"{API}{MESSAGES}", **send)
    assert (response.status_code, is_problem(response)) == (403, True)
    token = browser.get("/settings/").context["csrf_token"]
    foreign = {"X-CSRFToken": str(token), "Origin": "https://evil.example"}
    assert browser.post(f"{API}{MESSAGES}", headers=foreign, **send).status_code == 403
    own = {"X-CSRFToken": str(token), "Origin": "http://testserver"}
    assert browser.post(f"{API}{MESSAGES}", headers=own, **send).status_code == 201
    assert lobby.messages.count() == 1


def test_a_token_writes_from_anywhere(bot, lobby):
    bot.post(MESSAGES, {"body": "Hello"}, Origin="https://elsewhere.example")

    assert bot.status == 201


def test_who_is_taken_out_finds_nothing_any_more(bot, alice, bob, pond):
    remove_from_room(remover=alice, room=pond, person=bob)

    bot.post("rooms/pond/messages/", {"body": "Still me?"})
    assert bot.status == 404


# --- What is that? --------------------------------------------------------------------------

BODIES = {
    "nothing": (b"", 422),
    "no JSON": (b"body=Hello", 400),
    "half": (b'{"body": ', 400),
    "a list": (b'["body"]', 422),
    "null": (b"null", 422),
    "a number": (b"1", 422),
    "a text": (b'"Hello"', 422),
    "NaN": (b'{"body": NaN}', 400),
    "Infinity": (b'{"body": "a", "reply_to": -Infinity}', 400),
    "no UTF-8": (b'{"body": "\xff\xfe"}', 400),
    "K12 UTF-16": (json.dumps({"body": "Hello"}).encode("utf-16"), 400),
    "a mark before it": (b"\xef\xbb\xbf" + b'{"body": "Hello"}', 400),
    "nested": (b'{"body": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "nested, open": (b"[" * 100_000, 400),
    "NUL": (b'{"body": "Hel\\u0000lo"}', 422),
    "half a character": (b'{"body": "\\ud800"}', 422),
    "half a character as a name": (b'{"\\ud800": 1, "body": 1}', 422),
    "a text of another kind": (b'{"body": {"a": 1}}', 422),
    "too long": (json.dumps({"body": "x" * 10_001}).encode(), 422),
    "nothing to see": (json.dumps({"body": "\u200b\u2060"}).encode(), 422),
    "a number of 5,000 digits": (b'{"body": "a", "reply_to": ' + b"9" * 5000 + b"}", 400),
    "a number beyond": (b'{"body": "a", "reply_to": ' + b"9" * 30 + b"}", 422),
    "a number with a fraction": (b'{"body": "a", "reply_to": 1.5}', 422),
    "a float beyond": (b'{"body": "a", "reply_to": 1e999}', 422),
    "K11 1 MB": (b'{"body": "' + b"x" * 1_000_000 + b'"}', 413),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_none_is_refused_in_words(bot, lobby, body, status):
    bot.ask("POST", MESSAGES, body)

    assert (bot.status, bool(is_problem(bot.response))) == (status, True)
    assert not lobby.messages.exists()


@pytest.mark.parametrize(
    "kind",
    ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", "text/json"),
)
def test_k13_a_body_of_another_type_is_refused(bot, lobby, kind):
    bot.ask("POST", MESSAGES, {"body": "Hello"}, Content_Type=kind)

    assert (bot.status, bool(is_problem(bot.response))) == (415, True)
    assert not lobby.messages.exists()


@pytest.mark.parametrize(
    ("path", "status"),
    (
        ("nowhere", 404),
        ("../api/nowhere", 404),
        ("people/a%00b", 404),
        ("people?q=%00", 404),
        ("people/%ed%a0%80", 404),
        ("people?q=%ed%a0%80", 200),
        ("people?after=-1", 422),
        ("people?after=9223372036854775808", 422),
        ("rooms/%2e%2e/", 404),
        ("rooms/%zz/", 404),
        (f"messages/{'9' * 5000}/", 404),
        ("messages/-1/", 404),
        ("rooms/general/messages/?before=1e3", 422),
        (f"rooms/general/messages/?before={2**63 - 1}&after={2**63 - 1}", 200),
        (f"rooms/general/messages/?after={2**63 - 1}", 200),
        (f"search/?q=toad&older={2**63 - 1}", 200),
        ("search/?q=toad&skip=1000000000&order=best", 422),
        ("search/?q=%22%22%22*%20NEAR(%20-", 200),
        (f"search/?q={'a+' * 3000}", 422),
    ),
)
def test_an_address_that_leads_nowhere_is_answered(bot, lobby, path, status):
    bot.get(path)

    assert bot.status == status
    assert status == 200 or is_problem(bot.response)


@pytest.mark.parametrize("method", ("PUT", "DELETE", "TRACE", "OPTIONS", "PROPFIND"))
def test_a_method_that_there_is_not_is_refused_with_those_that_there_are(bot, lobby, method):
    bot.ask(method, MESSAGES)

    assert (bot.status, bool(is_problem(bot.response))) == (405, True)
    assert set(bot.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_a_head_is_answered_as_a_get(bot, lobby):
    bot.ask("HEAD", "me")

    assert bot.status == 200


def test_o8_a_host_that_is_not_ours_is_refused(bot):
    response = bot.client.get(f"{API}me", headers={"Host": "evil.example"})

    assert (response.status_code, bool(is_problem(response))) == (400, True)


def test_an_answer_is_stored_by_nobody(bot):
    bot.get("me")

    assert bot.headers["Cache-Control"] == "no-store"
    assert bot.headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_broken_says_so_in_words(bot):
    request = RequestFactory().get(f"{API}me")
    try:
        raise RuntimeError
    except RuntimeError:
        response = errors.broken(request)

    assert (response.status_code, bool(is_problem(response))) == (500, True)


def test_a_database_that_is_away_asks_to_come_back(bot, lobby, monkeypatch):
    from django.db import OperationalError, connection

    def away(*_args):
        raise OperationalError("gone")

    bot.client.raise_request_exception = False
    with connection.execute_wrapper(away):
        bot.get("me")

    assert (bot.status, bool(is_problem(bot.response))) == (503, True)
    assert bot.headers["Retry-After"] == "5"
