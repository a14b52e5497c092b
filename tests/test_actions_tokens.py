"""Tokens are made and ended by whose they are, and a bot's by administrators."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions import people
from chat.actions.people import create_token, revoke_token
from chat.errors import Invalid, Refused
from chat.models import ApiToken, Role, Scope, Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(invite):
    return invite("ada", Role.ADMINISTRATOR)


@pytest.fixture
def bot(invite):
    return invite("robbie", Role.BOT)


def made(**fields):
    create_token(label="a program", **fields)
    return ApiToken.objects.latest("pk")


def test_a_token_is_for_everything_and_for_good_unless_something_else_is_said(bob):
    token = made(person=bob)

    assert token.scopes == "read post manage"
    assert (token.expires_at, token.last_used_at, token.revoked_at) == (None, None, None)


def test_a_token_keeps_what_it_is_for_and_when_it_ends(bob):
    at = timezone.now() + timedelta(days=3)

    token = made(person=bob, scopes=[Scope.POST, Scope.READ, Scope.POST], expires_at=at)

    assert (token.scopes, token.expires_at) == ("read post", at)


@pytest.mark.parametrize("scopes", ((), ("everything",), ("READ",)))
def test_a_token_is_for_something(scopes, bob):
    with pytest.raises(Invalid):
        made(person=bob, scopes=scopes)


def test_people_make_their_own_tokens_and_administrators_those_of_bots(alice, bob, ada, bot):
    for creator, person in ((bob, bob), (alice, bot), (ada, bot)):
        assert made(person=person, creator=creator).person == person

    for creator, person in ((alice, bob), (bob, alice), (bob, bot), (bot, bob)):
        with pytest.raises(Refused):
            made(person=person, creator=creator)


def test_people_revoke_their_own_tokens_and_administrators_those_of_bots(alice, bob, ada, bot):
    his, its = made(person=bob), made(person=bot)

    for person, token in ((alice, his), (bot, his), (bob, its)):
        with pytest.raises(Refused):
            revoke_token(person=person, token=token)
    assert ApiToken.objects.valid().count() == 2
    revoke_token(person=bob, token=his)
    revoke_token(person=ada, token=its)
    assert ApiToken.objects.valid().count() == 0


def test_a_second_revocation_changes_nothing(bob):
    token = made(person=bob)
    revoke_token(person=bob, token=token)
    first, count = ApiToken.objects.get().revoked_at, Site.revocation_count()

    revoke_token(person=bob, token=token)

    assert ApiToken.objects.get().revoked_at == first
    assert Site.revocation_count() == count


def test_of_too_many_tokens_some_have_to_be_revoked_first(bob, monkeypatch):
    monkeypatch.setattr(people, "MAX_TOKENS", 2)
    first = made(person=bob)
    made(person=bob)

    with pytest.raises(Refused, match="too many"):
        made(person=bob)
    revoke_token(person=bob, token=first)
    made(person=bob)
