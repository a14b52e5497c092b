"""Passwords: changed by oneself, or set by a one-time link."""

import re

import pytest
from django.test import Client

from project.environment import Rate
from tests.visits import PASSWORD, errors, is_signed_in, sign_in_as

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "seven herons by a lake"


def change_password(client, old=PASSWORD, new=NEW_PASSWORD, repeated=None):
    return client.post(
        "/password/", {"oldpassword": old, "password1": new, "password2": repeated or new}
    )


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(bob, sign_in):
    here, elsewhere = sign_in(bob), sign_in(bob)

    assert change_password(here)["Location"] == "/settings/"

    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert sign_in_as("bob")[1].status_code == 422
    assert sign_in_as("bob", NEW_PASSWORD)[1].status_code == 303


@pytest.mark.parametrize(
    "fields",
    ({"old": "wrong"}, {"new": "short"}, {"new": "password1234"}, {"repeated": "another text"}),
)
def test_a_password_that_is_no_good_changes_nothing(fields, bob, sign_in):
    answer = change_password(sign_in(bob), **fields)

    assert answer.status_code == 422
    assert NEW_PASSWORD not in answer.content.decode()
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)


def test_nobody_tries_old_passwords_for_ever(bob, sign_in, settings):
    settings.LIMIT_SIGNINS = Rate(3, 3600)
    browser = sign_in(bob)

    answers = [change_password(browser, old=f"guess {number}").status_code for number in range(4)]

    assert answers == [422, 422, 422, 429]


@pytest.fixture
def bobs_browser(bob, sign_in):
    """Bob is signed in, from before he forgot his password: signing in ends a one-time link."""
    return sign_in(bob)


@pytest.fixture
def reset_link(alice, bobs_browser, sign_in):
    """The one-time link that Alice makes for Bob, as she sees it."""
    shown = sign_in(alice).post("/site/people/bob/reset/").content.decode()
    (link,) = re.findall(r'value="http://testserver(/password/new/[^"]+)"', shown)
    return link


def set_password(client, link, password=NEW_PASSWORD):
    page = client.get(link, follow=True)
    address = page.redirect_chain[-1][0] if page.redirect_chain else link
    return client.post(address, {"password1": password, "password2": password})


def test_a_one_time_link_sets_a_new_password_and_ends_old_sessions(reset_link, bobs_browser):
    assert set_password(Client(), reset_link).status_code == 303

    assert sign_in_as("bob", NEW_PASSWORD)[1].status_code == 303
    assert not is_signed_in(bobs_browser)


def test_a_one_time_link_works_once(reset_link, bob):
    set_password(Client(), reset_link)

    again = Client().get(reset_link, follow=True)
    set_password(Client(), reset_link, "quite another text")

    assert b"does not work any more" in again.content
    bob.refresh_from_db()
    assert bob.check_password(NEW_PASSWORD)


def test_a_one_time_link_says_what_is_wrong_with_a_password(reset_link, bob):
    answer = set_password(Client(), reset_link, "short")

    assert answer.status_code == 422
    assert "password1" in errors(answer)


def test_a_damaged_one_time_link_does_nothing(reset_link, bob):
    for link in (reset_link[:-3] + "/", "/password/new/1-set-password/", "/password/new/zz-a-b/"):
        assert b"does not work any more" in Client().get(link, follow=True).content
