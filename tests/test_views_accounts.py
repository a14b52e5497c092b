"""How people come in and go: set-up, joining, signing in and out."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from chat.actions.people import change_person, change_site, create_invitation, revoke_invitation
from chat.models import Invitation, Person, Role, Session, Site
from project.environment import Rate
from tests.visits import PASSWORD, errors, is_signed_in, sign_in_as

pytestmark = pytest.mark.django_db

ALICE = {"site_name": "The Pond", "name": "Alice", "username": "alice", "password": PASSWORD}
DORA = {"name": "Dora", "username": "dora", "password": PASSWORD}


# --- The first run -------------------------------------------------------------------------


def setup_link():
    return f"/setup/{Site.load().setup_key}/"


def test_the_printed_link_leads_to_the_owners_first_room():
    client = Client()
    assert client.get(setup_link()).status_code == 200

    answer = client.post(setup_link(), ALICE, follow=True)

    assert answer.redirect_chain[-1][0] == "/rooms/general/"
    assert b'id="composer"' in answer.content
    assert Person.objects.get().role == Role.OWNER
    assert Site.load().name == "The Pond"


def test_a_wrong_set_up_key_leads_nowhere():
    for key in ("0" * 40, "x", Site.load().setup_key[:-1], "é"):
        assert Client().get(f"/setup/{key}/").status_code == 404
        assert Client().post(f"/setup/{key}/", ALICE).status_code == 404
    assert not Person.objects.exists()


def test_the_set_up_page_is_gone_once_the_site_is_claimed(alice):
    assert Client().get(setup_link()).status_code == 404
    assert Client().post(setup_link(), ALICE | {"username": "mallory"}).status_code == 404
    assert list(Person.objects.all()) == [alice]


def test_the_set_up_form_says_what_is_wrong_and_keeps_what_is_right():
    answer = Client().post(setup_link(), ALICE | {"username": "a b", "password": "short"})

    assert answer.status_code == 422
    assert set(errors(answer)) == {"username", "password"}
    assert b"The Pond" in answer.content
    assert b'value="a b"' in answer.content
    assert not Person.objects.exists()


def test_set_up_keys_cannot_be_tried_for_ever(settings, clock):
    settings.LIMIT_JOINS = Rate(3, 60)

    answers = [Client().get(f"/setup/{number:040}/").status_code for number in range(5)]

    assert answers == [404, 404, 404, 429, 429]


# --- Joining -------------------------------------------------------------------------------


@pytest.fixture
def invitation(alice):
    return create_invitation(
        inviter=alice,
        role=Role.MEMBER,
        uses=1,
        expires_at=timezone.now() + timedelta(days=1),
        rooms=[],
    )


@pytest.fixture
def link(invitation):
    return f"/join/{invitation.code}/"


def test_an_invited_person_joins_and_is_signed_in(link, lobby):
    client = Client()
    assert b"Alice has invited you" in client.get(link).content

    answer = client.post(link, DORA, follow=True)

    assert answer.redirect_chain[-1][0] == "/rooms/general/"
    assert Person.objects.get(username="dora") in lobby.members.all()


def test_looking_at_an_invitation_uses_nothing_up(link, invitation):
    for _ in range(3):
        assert Client().get(link).status_code == 200
    invitation.refresh_from_db()
    assert invitation.used == 0


def test_an_invitation_that_is_used_up_over_or_revoked_leads_nowhere(
    link, alice, invitation, clock
):
    Client().post(link, DORA)
    assert Client().get(link).status_code == 404

    Invitation.objects.update(uses=9)
    assert Client().get(link).status_code == 200

    clock.now = timezone.now() + timedelta(days=400)
    assert Client().post(link, DORA | {"username": "emil"}).status_code == 404

    Invitation.objects.update(expires_at=clock.now + timedelta(days=1))
    assert Client().get(link).status_code == 200
    revoke_invitation(revoker=alice, invitation=invitation)
    assert Client().post(link, DORA | {"username": "emil"}).status_code == 404
    assert not Person.objects.filter(username="emil").exists()


@pytest.mark.parametrize("username", ("alice", "ALICE", "аlice", "a1ice", "ａｌｉｃｅ"))
def test_a_look_alike_of_somebodys_name_is_refused_and_the_typed_text_kept(username, link):
    answer = Client().post(link, DORA | {"username": username, "name": "Dora Ðrake"})

    assert answer.status_code == 422
    assert set(errors(answer)) == {"username"}
    assert f'value="{username}"' in answer.content.decode()
    assert "Dora Ðrake" in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert Person.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    (
        ("username", ""),
        ("username", "\u200b"),
        ("username", "x" * 65),
        ("username", "a/b"),
        ("username", "new"),
        ("username", "do\x00ra"),
        ("name", ""),
        ("name", "\u200b"),
        ("name", "x" * 81),
        ("name", "Do\u202era"),
        ("name", "Do\x00ra"),
        ("password", ""),
        ("password", "short"),
        ("password", "password1234"),
        ("password", "x" * 257),
    ),
)
def test_an_account_that_is_no_good_is_refused_at_its_field(field, value, link, invitation):
    answer = Client().post(link, DORA | {field: value})

    assert answer.status_code == 422
    assert set(errors(answer)) == {field}
    assert not Person.objects.filter(name="Dora").exists()
    invitation.refresh_from_db()
    assert invitation.used == 0


def test_ones_own_name_is_no_password(link):
    answer = Client().post(
        link, DORA | {"username": "dora-the-first", "password": "dora-the-first"}
    )

    assert set(errors(answer)) == {"password"}


def test_nobody_gives_themselves_a_role(link):
    Client().post(link, DORA | {"role": "owner", "is_staff": "1", "is_superuser": "1"})

    assert Person.objects.get(username="dora").role == Role.MEMBER


def test_joining_too_often_is_slowed_down(link, settings, clock):
    settings.LIMIT_JOINS = Rate(2, 60)
    client = Client()

    answers = [client.post(link, {"username": "dora"}).status_code for _ in range(3)]

    assert answers == [422, 422, 429]


def test_the_welcome_text_stands_where_people_come_in(alice, link):
    change_site(editor=alice, name="The Pond", welcome="Be **kind**")

    for page in ("/login/", link):
        assert b"Be <strong>kind</strong>" in Client().get(page).content


# --- Signing in ----------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ("bob", "BOB", " bob ", "ｂｏｂ"))
def test_a_username_is_found_however_it_is_spelt(spelling, bob):
    client, answer = sign_in_as(spelling)

    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert is_signed_in(client)


@pytest.mark.parametrize(("username", "password"), (("bob", "wrong"), ("nobody", PASSWORD)))
def test_a_wrong_password_and_a_wrong_name_are_answered_alike(username, password, bob):
    client, answer = sign_in_as(username, password)

    assert answer.status_code == 422
    assert errors(answer) == {
        "__all__": ["The username and/or password you specified are not correct."]
    }
    assert f'value="{username}"' in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert not is_signed_in(client)


@pytest.mark.parametrize("username", ("", "\x00", "\ud800".encode("utf-8", "replace"), "x" * 5000))
def test_a_username_that_can_be_nobodys_is_a_wrong_one(username, bob):
    assert sign_in_as(username)[1].status_code == 422


def test_too_many_attempts_wait_and_the_typed_username_is_kept(bob, settings, clock):
    settings.LIMIT_SIGNINS = Rate(2, 60)

    answers = [sign_in_as("bob", "wrong")[1] for _ in range(3)]

    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    assert 'value="bob"' in answers[-1].content.decode()
    assert "wrong" not in answers[-1].content.decode()
    client, answer = sign_in_as("bob")
    assert answer.status_code == 429
    assert not is_signed_in(client)


def test_attempts_on_one_account_are_counted_from_all_addresses(bob, settings, clock):
    settings.LIMIT_SIGNINS = Rate(2, 60)

    statuses = [
        Client(REMOTE_ADDR=f"192.0.2.{number}")
        .post("/login/", {"login": "bob", "password": "wrong"})
        .status_code
        for number in range(3)
    ]

    assert statuses == [422, 422, 429]


def test_behind_a_proxy_one_visitors_attempts_lock_nobody_else_out(bob, settings, clock):
    settings.LIMIT_SIGNINS, settings.SITE_URL = Rate(2, 60), "https://testserver"

    def attempt(address, username):
        typed = {"login": username, "password": PASSWORD if username == "bob" else "wrong"}
        headers = {"X-Forwarded-For": f"10.0.0.1, {address}"}
        return Client().post("/login/", typed, headers=headers).status_code

    assert [attempt("192.0.2.7", f"x{number}") for number in range(3)] == [422, 422, 429]
    assert attempt("192.0.2.8", "bob") == 303


def test_a_limit_ends_with_its_minute(bob, settings, clock):
    settings.LIMIT_SIGNINS = Rate(1, 60)
    sign_in_as("bob", "wrong")
    assert sign_in_as("bob")[1].status_code == 429

    clock.wait(seconds=61)

    assert sign_in_as("bob")[1].status_code == 303


def test_a_limit_that_is_off_counts_nothing(bob, settings):
    settings.LIMIT_SIGNINS = None

    assert {sign_in_as("bob", "wrong")[1].status_code for _ in range(22)} == {422}


@pytest.mark.parametrize(
    ("target", "lands"),
    (
        ("/people/", "/people/"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil.example", "/"),
    ),
)
def test_signing_in_leads_back_to_this_site_and_nowhere_else(target, lands, bob):
    _client, answer = sign_in_as("bob", next=target)

    assert answer["Location"] == lands


def test_the_address_that_was_asked_for_survives_signing_in(bob):
    client = Client()
    form = client.get("/people/", follow=True)

    assert b'name="next" value="/people/"' in form.content


def test_signing_in_makes_a_session_that_nobody_knew_before(bob):
    client = Client()
    client.get("/login/")
    before = client.cookies.get("sessionid")

    sign_in_as("bob", client=client)

    assert before is None or client.cookies["sessionid"].value != before.value


def test_who_may_not_sign_in_does_not_and_loses_every_session(alice, bob, sign_in):
    client = sign_in(bob)

    change_person(editor=alice, person=bob, role=Role.MEMBER, is_active=False)

    assert not is_signed_in(client)
    again, answer = sign_in_as("bob")
    assert answer.status_code == 422
    assert not is_signed_in(again)


@pytest.mark.parametrize(
    "page",
    ("/signup/", "/accounts/signup/", "/password/reset/", "/email/", "/confirm-email/", "/admin/"),
)
def test_there_is_no_other_way_in(page, alice):
    assert Client().get(page).status_code == 404


# --- Signing out ---------------------------------------------------------------------------


def test_signing_out_takes_a_button_and_no_link(bob, sign_in):
    client = sign_in(bob)

    assert client.get("/logout/").status_code == 200
    assert is_signed_in(client)
    assert client.post("/logout/")["Location"] == "/login/"
    assert not is_signed_in(client)


def test_signing_out_twice_is_signing_out_once(bob, sign_in):
    client = sign_in(bob)
    client.post("/logout/")

    assert client.post("/logout/").status_code == 303
    assert not Session.objects.filter(pk=client.cookies["sessionid"].value).exists()
