"""Incoming webhooks: who makes them, what they take, what they answer."""

import json

import pytest
from django.test import Client

from chat.actions.hooks import create_hook, post_from_hook, revoke_hook
from chat.actions.people import change_person
from chat.actions.rooms import archive_room, create_room
from chat.errors import Refused
from chat.models import IncomingHook, Mention, Message, Role, RoomKind
from project.environment import Rate

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(alice, lobby):
    return create_hook(maker=alice, room=lobby, name="Deployments")


@pytest.fixture
def hook(made):
    return made[0]


@pytest.fixture
def address(made):
    return f"/hooks/{made[1]}/"


@pytest.fixture
def send(address):
    def send(body, kind="application/json", **headers):
        data = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return Client().post(address, data, content_type=kind, headers=headers)

    return send


def said():
    return list(Message.objects.order_by("seq").values_list("body", flat=True))


# --- Made and revoked ------------------------------------------------------------------------


def test_a_hook_speaks_in_its_room_under_its_name(hook, lobby):
    message = post_from_hook(hook=hook, body="Version 7 is out.", nonce="nonce-0001")

    assert (message.room, message.author.name) == (lobby, "Deployments")
    assert message.author.role == Role.BOT
    assert not message.author.has_usable_password()


def test_the_key_is_stored_nowhere(made):
    hook, key = made

    assert len(key) >= 43
    assert hook.digest == IncomingHook.hash(key)
    assert key not in str(IncomingHook.objects.values())


def test_two_of_one_name_have_an_author_each(alice, lobby):
    first, _ = create_hook(maker=alice, room=lobby, name="CI")
    second, _ = create_hook(maker=alice, room=lobby, name="CI")

    assert first.person != second.person


def test_only_who_may_change_the_room_makes_and_revokes_one(alice, bob, lobby, hook):
    with pytest.raises(Refused):
        create_hook(maker=bob, room=lobby, name="Bobs")
    with pytest.raises(Refused):
        revoke_hook(revoker=bob, hook=hook)

    own = create_room(creator=bob, name="Bobs", purpose="", kind=RoomKind.PUBLIC)
    assert create_hook(maker=bob, room=own, name="Bobs")
    assert IncomingHook.objects.in_use().count() == 2


def test_a_revoked_one_says_nothing_more_and_its_author_is_gone(alice, lobby, hook, send):
    revoke_hook(revoker=alice, hook=hook)
    revoke_hook(revoker=alice, hook=hook)

    assert send({"body": "Still here?"}).status_code == 404
    assert hook.person not in lobby.members.all()
    with pytest.raises(Refused):
        post_from_hook(hook=hook, body="Still here?", nonce="nonce-0001")
    assert said() == []


def test_what_it_has_said_stays_when_it_is_revoked(alice, hook, send):
    send({"body": "Version 7 is out."})

    revoke_hook(revoker=alice, hook=hook)

    assert said() == ["Version 7 is out."]


def test_an_archived_room_gets_none_and_hears_none(alice, send, made):
    room = create_room(creator=alice, name="Old", purpose="", kind=RoomKind.PUBLIC)
    _hook, key = create_hook(maker=alice, room=room, name="CI")
    archive_room(archiver=alice, room=room)

    with pytest.raises(Refused):
        create_hook(maker=alice, room=room, name="Late")
    answer = Client().post(f"/hooks/{key}/", {"body": "Hi"}, content_type="application/json")
    assert answer.status_code == 403
    assert "archived" in answer.json()["detail"]
    assert said() == []


def test_one_whose_bot_may_not_speak_says_so(alice, lobby, hook, send):
    change_person(editor=alice, person=hook.person, role=Role.BOT, is_active=False)
    off = send({"body": "Hello"})
    change_person(editor=alice, person=hook.person, role=Role.BOT, is_active=True)
    lobby.memberships.filter(person=hook.person).delete()
    out = send({"body": "Hello"})

    for answer in (off, out):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert "no longer in its room" in answer.json()["detail"]
    assert said() == []


# --- What comes ------------------------------------------------------------------------------


def test_json_of_ours_is_said_and_answered_with_its_place(send):
    answer = send({"body": "**Version 7** is out."})

    message = Message.objects.get()
    assert answer.status_code == 200
    assert answer.json() == {"message": message.pk, "seq": message.seq}
    assert "<strong>Version 7</strong>" in message.html


def test_text_is_said_as_it_is(send):
    answer = send("Load is 5 < 7\n", kind="text/plain; charset=utf-8")

    assert answer.json()["seq"] == Message.objects.get().seq
    assert said() == ["Load is 5 < 7"]


def test_slacks_payload_is_answered_as_slack_does(send):
    answer = send({"text": "*Version 7* is <https://example.org/7|out>"})

    assert (answer.status_code, answer.content) == (200, b"ok")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert said() == ["**Version 7** is [out](https://example.org/7)"]


def test_it_comes_as_a_form_too(address):
    answer = Client().post(address, {"payload": json.dumps({"text": "Hi"})})
    again = Client().post(
        address, "payload=%7B%22text%22%3A%22Ho%22%7D", "application/x-www-form-urlencoded"
    )

    assert (answer.content, again.content) == (b"ok", b"ok")
    assert said() == ["Hi", "Ho"]


def test_json_that_curl_calls_a_form_is_json(address):
    answer = Client().post(address, '{"text": "Hi"}', "application/x-www-form-urlencoded")

    assert answer.content == b"ok"


@pytest.mark.parametrize("name", ("nonce", "Idempotency-Key", "webhook-id"))
@pytest.mark.parametrize("key", ("nonce-0001", "msg_2.7", "x", "ä" * 300))
def test_the_same_sent_again_is_one_message(name, key, send):
    if name == "nonce":
        first, second = send({"body": "Hi", "nonce": key}), send({"body": "Hi", "nonce": key})
    else:
        key = key.encode().decode("latin-1")
        first, second = send({"body": "Hi"}, **{name: key}), send({"body": "Hi"}, **{name: key})

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert said() == ["Hi"]


def test_another_text_under_the_same_key_is_a_conflict(send):
    send({"body": "Hi"}, **{"Idempotency-Key": "nonce-0001"})

    answer = send({"body": "Ho"}, **{"Idempotency-Key": "nonce-0001"})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert said() == ["Hi"]


def test_what_is_too_long_for_slack_is_cut_and_says_so(send):
    answer = send({"text": "```" + "frog\n" * 4000 + "```"})

    assert answer.content == b"ok"
    (body,) = said()
    assert len(body) <= 10_000
    assert body.endswith("```\n\n… (this was longer)")


def test_ten_thousand_emoji_are_cut_to_what_can_be_shown(send):
    assert send({"text": "\N{FROG FACE}" * 10_000}).content == b"ok"
    assert said()[0].endswith("… (this was longer)")


def test_ours_is_not_cut_but_refused(send):
    answer = send({"body": "frog " * 4000})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "too long" in answer.json()["detail"]


def test_the_address_works_without_its_last_slash_too(address):
    answer = Client().post(address.rstrip("/"), {"text": "Hi"}, "application/json")

    assert answer.content == b"ok"


# --- Whom it tells ---------------------------------------------------------------------------


def test_it_tells_whom_it_names_but_never_a_whole_room(alice, bob, send):
    send({"body": "@bob look, @room and @here"})
    send({"text": "<!channel> <!here> <!everyone> @room"})

    assert set(Mention.objects.values_list("person", flat=True)) == {bob.pk}
    assert said()[1] == "@channel @here @everyone @room"


def test_a_large_room_need_not_be_asked(bob, send, monkeypatch):
    monkeypatch.setattr("chat.mentions.MANY_MEMBERS", 1)

    assert send({"body": "@room Hello"}).status_code == 200


# --- How often, and when ---------------------------------------------------------------------


def test_sixty_a_minute_and_no_more(settings, send, clock):
    settings.LIMIT_HOOKS = Rate(2, 60)
    send({"body": "1"})
    send({"body": "2"})

    answer = send({"body": "3"})

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert said() == ["1", "2"]


def test_when_it_was_used_is_noted_at_most_once_a_minute(hook, send, clock):
    send({"body": "1"})
    first = clock.now
    clock.wait(seconds=59)
    send({"body": "2"})
    hook.refresh_from_db()
    assert hook.last_used_at == first

    clock.wait(seconds=1)
    send({"body": "3"})
    hook.refresh_from_db()
    assert hook.last_used_at == clock.now
