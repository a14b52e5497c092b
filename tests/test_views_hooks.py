"""The page of a room's webhooks."""

import re
from html import unescape

import pytest
from django.test import Client

from chat.actions.hooks import create_hook
from chat.actions.rooms import archive_room, create_room, make_private
from chat.models import IncomingHook, Message, RoomKind
from tests.visits import errors, value_of

pytestmark = pytest.mark.django_db


def test_one_makes_a_webhook_and_tries_the_line_that_is_shown(alice, lobby, sign_in):
    page = sign_in(alice).post("/rooms/general/hooks/", {"name": "Deployments"})

    address = value_of(page.content, "hook-address")
    assert re.fullmatch(r"http://testserver/hooks/[\w-]{43}/", address)
    line = (
        "curl -H 'Content-Type: application/json' \\\n"
        f'     -d \'{{"body": "Hello from a program"}}\' \\\n     {address}'
    )
    assert line in unescape(page.content.decode())
    answer = Client().post(address, {"body": "Hello from a program"}, "application/json")
    assert answer.status_code == 200
    assert Message.objects.get().author.name == "Deployments"


def test_the_address_is_the_sites_own(alice, lobby, sign_in, settings):
    settings.SITE_URL = "https://testserver"

    page = sign_in(alice).post("/rooms/general/hooks/", {"name": "CI"}, secure=True)

    assert value_of(page.content, "hook-address").startswith("https://testserver/hooks/")


def test_it_is_shown_once(alice, lobby, sign_in):
    browser = sign_in(alice)
    key = value_of(browser.post("/rooms/general/hooks/", {"name": "CI"}).content, "hook-address")

    again = browser.get("/rooms/general/hooks/").content.decode()

    assert key.split("/")[-2] not in again
    assert "CI" in again
    assert "not used yet" in again


def test_a_name_that_would_not_do_is_asked_again_with_its_reason(alice, lobby, sign_in):
    page = sign_in(alice).post("/rooms/general/hooks/", {"name": "\u200b"})

    assert page.status_code == 422
    assert errors(page) == {"name": ["Write a name that can be seen."]}
    assert not IncomingHook.objects.exists()


def test_one_too_many_is_a_sentence_above_the_form(alice, lobby, sign_in, monkeypatch):
    monkeypatch.setattr("chat.actions.hooks.MAX_HOOKS", 1)
    create_hook(maker=alice, room=lobby, name="Lily")

    answer = sign_in(alice).post("/rooms/general/hooks/", {"name": "Rana"})

    assert answer.status_code == 422
    assert "as many incoming webhooks as it can have" in answer.text
    assert 'value="Rana"' in answer.text


def test_a_revoked_one_is_gone_from_the_page(alice, lobby, sign_in):
    hook, _key = create_hook(maker=alice, room=lobby, name="Builds")
    browser = sign_in(alice)

    browser.post(f"/rooms/general/hooks/{hook.pk}/revoke/")

    page = browser.get("/rooms/general/hooks/").content.decode()
    assert "Builds" not in page
    assert "The webhook is revoked." in page


def test_one_of_another_room_is_not_revoked_here(alice, lobby, pond, sign_in):
    hook, _key = create_hook(maker=alice, room=lobby, name="Deployments")

    answer = sign_in(alice).post(f"/rooms/pond/hooks/{hook.pk}/revoke/")

    assert answer.status_code == 404
    assert IncomingHook.objects.in_use().exists()


def test_who_may_not_change_the_room_sees_neither_page_nor_way_to_it(alice, bob, lobby, sign_in):
    create_hook(maker=alice, room=lobby, name="Deployments")
    browser = sign_in(bob)

    assert browser.get("/rooms/general/hooks/").status_code == 403
    for page in ("members", "settings", "connect"):
        path = f"/rooms/general/{page}/"
        assert b"/rooms/general/hooks/" not in browser.get(path).content
        assert b"/rooms/general/hooks/" in sign_in(alice).get(path).content


def test_in_an_archived_room_they_can_be_revoked_and_none_made(alice, pond, sign_in):
    hook, _key = create_hook(maker=alice, room=pond, name="Deployments")
    archive_room(archiver=alice, room=pond)
    browser = sign_in(alice)

    page = browser.get("/rooms/pond/hooks/").content.decode()
    assert "nothing can be said in it" in page
    assert 'name="name"' not in page
    assert browser.post("/rooms/pond/hooks/", {"name": "Late"}).status_code == 403
    browser.post(f"/rooms/pond/hooks/{hook.pk}/revoke/")
    assert not IncomingHook.objects.in_use().exists()


def test_the_page_asks_the_same_few_questions_however_many_there_are(
    alice, lobby, sign_in, django_assert_num_queries
):
    browser = sign_in(alice)
    create_hook(maker=alice, room=lobby, name="First")
    browser.get("/rooms/general/hooks/")
    with django_assert_num_queries(7):
        browser.get("/rooms/general/hooks/")

    for number in range(5):
        create_hook(maker=alice, room=lobby, name=f"More {number}")
    with django_assert_num_queries(7):
        browser.get("/rooms/general/hooks/")


def test_a_room_that_turns_private_keeps_its_webhooks(alice, charlie, sign_in):
    room = create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)
    _hook, key = create_hook(maker=alice, room=room, name="CI")
    make_private(editor=alice, room=room)

    assert Client().post(f"/hooks/{key}/", {"body": "Hi"}, "application/json").status_code == 200
    assert sign_in(charlie).get(f"/rooms/{room.slug}/hooks/").status_code == 404
