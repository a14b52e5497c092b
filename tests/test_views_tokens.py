"""One's own tokens: made, shown once, found again, revoked."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from chat import tokens
from chat.actions.people import create_token, revoke_token
from chat.models import ApiToken
from tests.visits import errors, value_of

pytestmark = pytest.mark.django_db

PAGE = "/settings/tokens/"
TYPED = {"label": "build bot", "scopes": ["read", "post"], "days": "30"}


def token_in(answer):
    return value_of(answer.content, "made")


def test_a_token_is_made_shown_once_and_lets_a_program_in(bob, bobs, clock):
    answer = bobs.post(PAGE, TYPED)

    token = token_in(answer)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    found = tokens.find(f"Bearer {token}")
    assert (found.person, found.label, found.scope_set) == (bob, "build bot", {"read", "post"})
    assert found.expires_at == clock.now + timedelta(days=30)
    again = bobs.get(PAGE).content.decode()
    assert token not in again
    assert "build bot" in again


def test_the_line_to_try_it_with_is_ready_and_under_the_sites_own_name(bobs, settings):
    settings.SITE_URL = "https://chat.example.org"

    answer = bobs.post(PAGE, TYPED)

    line = f"curl -H &quot;Authorization: Bearer {token_in(answer)}&quot; "
    assert f"{line}https://chat.example.org/api/v1/me" in answer.content.decode()


def test_what_a_token_that_only_posts_is_tried_with_posts(bobs):
    answer = bobs.post(PAGE, TYPED | {"scopes": ["post"]})

    page = answer.content.decode()
    assert "http://testserver/api/v1/rooms/general/messages/" in page
    assert "{&quot;body&quot;: &quot;Hello!&quot;}" in page


def test_a_token_without_days_never_ends(bobs):
    bobs.post(PAGE, TYPED | {"days": ""})

    assert ApiToken.objects.get().expires_at is None
    assert "never ends" in bobs.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    (
        ("label", ""),
        ("label", "\u200b"),
        ("label", "x" * 81),
        ("label", "a\x00b"),
        ("scopes", []),
        ("scopes", ["everything"]),
        ("scopes", ["read", "read post"]),
        ("days", "0"),
        ("days", "-1"),
        ("days", "3651"),
        ("days", "1e3"),
        ("days", "9" * 5000),
    ),
)
def test_what_makes_no_token_is_refused_at_its_field_and_kept(field, value, bobs):
    answer = bobs.post(PAGE, TYPED | {"label": "a label", field: value})

    assert answer.status_code == 422
    assert set(errors(answer)) == {field}
    assert not ApiToken.objects.exists()
    if field != "label":
        assert value_of(answer.content, "label") == "a label"


def test_the_list_says_what_each_is_for_and_when_it_was_used(bob, bobs, clock):
    create_token(person=bob, label="<b>old</b>", scopes=["manage"])
    create_token(person=bob, label="over", expires_at=clock.now + timedelta(days=1))
    ApiToken.objects.filter(label="<b>old</b>").update(last_used_at=clock.now)
    clock.wait(days=2)

    page = bobs.get(PAGE).content.decode()

    assert re.findall(r'row-name"><bdi>([^/]*)</bdi>', page) == ["over"]
    assert "&lt;b&gt;old&lt;/b&gt;" in page
    assert page.count("never used") == 1
    assert page.count("data-over") == 1
    assert "last used" in page


def test_a_token_is_revoked_at_once_and_stands_there_no_more(bob, bobs):
    token = create_token(person=bob, label="build bot")
    revoke = f"{PAGE}{ApiToken.objects.get().pk}/revoke/"
    assert f'action="{revoke}"' in bobs.get(PAGE).content.decode()

    for _time in range(2):
        answer = bobs.post(revoke)
        assert (answer.status_code, answer["Location"]) == (303, PAGE)

    assert tokens.find(f"Bearer {token}") is None
    page = bobs.get(PAGE).content.decode()
    assert "build bot" not in page
    assert "The token is revoked." in page


def test_somebody_elses_token_is_neither_shown_nor_revoked(alice, bob, bobs):
    create_token(person=alice, label="hers")
    key = ApiToken.objects.get().pk

    assert "hers" not in bobs.get(PAGE).content.decode()
    assert bobs.post(f"{PAGE}{key}/revoke/").status_code == 404
    assert bobs.post(f"{PAGE}{2**64}/revoke/").status_code == 404
    assert ApiToken.objects.valid().count() == 1


def test_no_token_makes_another_one(bob):
    token = create_token(person=bob, label="a program")
    program = Client(headers={"authorization": f"Bearer {token}"})

    assert program.get(PAGE).status_code == 302
    assert program.post(PAGE, TYPED).status_code == 401
    assert ApiToken.objects.count() == 1


def test_a_form_without_our_own_token_makes_none(bob):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(bob)

    assert browser.post(PAGE, TYPED).status_code == 403
    assert not ApiToken.objects.exists()


def test_the_hundred_and_first_has_to_wait_for_a_revocation(bob, bobs, monkeypatch):
    monkeypatch.setattr("chat.actions.people.MAX_TOKENS", 1)
    bobs.post(PAGE, TYPED)

    assert bobs.post(PAGE, TYPED).status_code == 403
    revoke_token(person=bob, token=ApiToken.objects.get())
    assert bobs.post(PAGE, TYPED).status_code == 200


def test_any_number_of_tokens_is_one_query(bob, bobs, django_assert_num_queries):
    bobs.get(PAGE)
    for number in range(20):
        create_token(person=bob, label=str(number), expires_at=timezone.now())

    # Session, person, sidebar (2), the site, and the tokens.
    with django_assert_num_queries(6):
        bobs.get(PAGE)


def test_plain_pages_lead_to_plain_ones(bob, bobs):
    create_token(person=bob, label="a program")

    page = bobs.get(f"{PAGE}?plain=1").content.decode()

    assert f'action="{PAGE}?plain=1"' in page
    assert re.search(rf'action="{PAGE}\d+/revoke/\?plain=1"', page)
    assert bobs.post(f"{PAGE}?plain=1", TYPED | {"plain": "1"}).status_code == 200


def test_the_settings_lead_there(bobs):
    assert f'href="{PAGE}"' in bobs.get("/settings/").content.decode()
