"""Every form needs this page's token; one that is too old is answered with a fresh one."""

import re

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from chat.actions.people import create_invitation
from chat.models import Invitation, Message, Person, Role, Site
from tests.visits import PASSWORD, is_signed_in, value_of

pytestmark = pytest.mark.django_db

# Where browsers report by themselves, which changes nothing; and where programs speak, whose key is
# in the address.
WITHOUT_TOKEN = {"csp-report", "hooks/<str:key>", "hooks/<str:key>/"}
SAMPLES = {
    "key": "x" * 40,
    "code": "nobody",
    "uidb36": "2",
    "slug": "general",
    "username": "alice",
    "message_id": "1",
    "invitation_id": "1",
    "hook_id": "1",
    "incoming_id": "1",
    "delivery_id": "1",
    "token_id": "1",
}


def addresses():
    """One address of each route, but allauth's link, whose page redirects before it shows, and
    the API's (test_api_problems.py)."""
    for pattern in get_resolver().url_patterns[0].url_patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            continue
        if route in WITHOUT_TOKEN or route.startswith("^"):
            continue
        yield "/" + re.sub(r"<\w+:(\w+)>", lambda match: SAMPLES[match[1]], route)


@pytest.mark.parametrize("address", sorted(addresses()))
def test_a_form_without_a_token_changes_nothing(address, bob, sign_in):
    browser = sign_in(bob, enforce_csrf_checks=True)

    answer = browser.post(address, {"body": "Hello", "nonce": "nonce-1234", "name": "Robert"})

    assert answer.status_code == 403
    assert "This page was too old" in answer.content.decode()
    assert is_signed_in(browser)
    assert not Message.objects.exists()
    bob.refresh_from_db()
    assert bob.name == "Bob"


def test_a_page_of_another_site_posts_nothing(bob, sign_in):
    browser = sign_in(bob, enforce_csrf_checks=True)
    token = value_of(browser.get("/rooms/general/").content, "csrfmiddlewaretoken")
    typed = {"body": "Hello", "nonce": "nonce-1234", "csrfmiddlewaretoken": token}

    for origin in ("null", "https://evil.example", "https://testserver", "http://testserver:81"):
        answer = browser.post("/rooms/general/messages/", typed, headers={"Origin": origin})
        assert answer.status_code == 403, origin

    assert not Message.objects.exists()
    assert browser.post("/rooms/general/messages/", typed).status_code == 303


def test_a_stale_token_costs_no_text_and_the_page_that_says_so_can_send_it(bob, sign_in):
    browser = sign_in(bob, enforce_csrf_checks=True)

    page = browser.post(
        "/rooms/general/messages/",
        {"body": "What I typed", "nonce": "nonce-1234", "csrfmiddlewaretoken": "x" * 64},
    )

    assert page.status_code == 403
    assert "What I typed</textarea>" in page.content.decode()
    again = {
        "body": "What I typed",
        "nonce": value_of(page.content, "nonce"),
        "csrfmiddlewaretoken": value_of(page.content, "csrfmiddlewaretoken"),
    }
    assert browser.post("/rooms/general/messages/", again).status_code == 303


def test_to_htmx_a_stale_token_is_a_sentence_with_a_fresh_token_for_that_box(bob, sign_in):
    browser = sign_in(bob, enforce_csrf_checks=True)
    typed = {"body": "What I typed", "nonce": "nonce-1234"}
    headers = {"HX-Request": "true", "HX-Target": "box-2"}

    answer = browser.post(
        "/rooms/general/messages/", typed | {"csrfmiddlewaretoken": "x" * 64}, headers=headers
    )

    assert (answer.status_code, answer["HX-Retarget"]) == (403, "#answer-2")
    fresh = value_of(answer.content, "token-2")
    assert 'hx-swap-oob="true"' in answer.content.decode()
    assert "innerHTML:#act" in answer.content.decode()
    answer = browser.post(
        "/rooms/general/messages/", typed | {"csrfmiddlewaretoken": fresh}, headers=headers
    )
    assert answer.status_code == 200
    assert Message.objects.count() == 1


def test_a_token_of_a_session_that_is_over_says_to_sign_in(bob, sign_in):
    browser = sign_in(bob, enforce_csrf_checks=True)
    token = value_of(browser.get("/rooms/general/").content, "csrfmiddlewaretoken")
    browser.cookies.clear()

    answer = browser.post(
        "/rooms/general/messages/",
        {"body": "What I typed", "nonce": "nonce-1234", "csrfmiddlewaretoken": token},
    )

    assert answer.status_code == 401
    assert "What I typed</textarea>" in answer.content.decode()


def filled(browser, address, **typed):
    token = value_of(browser.get(address).content, "csrfmiddlewaretoken")
    return browser.post(address, {"csrfmiddlewaretoken": token, **typed})


def test_the_pages_for_who_is_signed_out_carry_tokens_that_work():
    browser = Client(enforce_csrf_checks=True)
    dora = {"name": "Dora", "username": "dora", "password": PASSWORD}

    filled(browser, f"/setup/{Site.load().setup_key}/", site_name="The Pond", **dora)
    invitation = create_invitation(
        inviter=Person.objects.get(),
        role=Role.MEMBER,
        uses=1,
        expires_at=Invitation._meta.get_field("expires_at").get_default(),
        rooms=[],
    )
    assert filled(browser, "/logout/").status_code == 303
    filled(browser, f"/join/{invitation.code}/", **dora | {"username": "emil"})
    assert Person.objects.count() == 2
    assert filled(browser, "/logout/").status_code == 303
    filled(browser, "/login/", login="dora", password=PASSWORD)
    assert is_signed_in(browser)


def test_whoever_was_chosen_is_sent_again_to_the_last(bob, charlie, sign_in):
    browser = sign_in(bob, enforce_csrf_checks=True)

    page = browser.post("/direct/new/", {"people": ["alice", "charlie"]}).content.decode()

    for username in ("alice", "charlie"):
        assert f'name="people" value="{username}"' in page


def test_a_sign_in_form_that_was_open_too_long_keeps_the_username(bob):
    browser = Client(enforce_csrf_checks=True)

    page = browser.post("/login/", {"login": "bob", "password": PASSWORD})

    assert page.status_code == 403
    assert 'name="login" value="bob"' in page.content.decode()
    assert PASSWORD not in page.content.decode()
