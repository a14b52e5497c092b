"""The administrators' pages."""

import re

import pytest
from django.test import Client

from chat.actions.rooms import create_room
from chat.models import Invitation, Person, Role, RoomKind, Site
from tests.visits import errors, is_signed_in

pytestmark = pytest.mark.django_db

FOR_ONE = {"role": "member", "uses": 1, "days": 7}


@pytest.fixture
def alices(alice, sign_in):
    return sign_in(alice)


@pytest.fixture
def ada(invite):
    """An administrator who does not own the site."""
    return invite("ada", Role.ADMINISTRATOR)


def test_the_sites_name_stands_on_every_page(alices):
    answer = alices.post("/site/", {"name": "The Lake", "welcome": "Be **kind**"}, follow=True)

    assert "Saved." in answer.content.decode()
    assert "The Lake" in Client().get("/login/").content.decode()
    assert Site.load().welcome == "Be **kind**"


@pytest.mark.parametrize(
    ("field", "value"),
    (("name", ""), ("name", "\u200b"), ("welcome", "x" * 2001), ("welcome", "a\x00b")),
)
def test_a_site_that_is_no_good_is_refused_at_its_field(field, value, alices):
    answer = alices.post("/site/", {"name": "The Lake", "welcome": "", field: value})

    assert answer.status_code == 422
    assert set(errors(answer)) == {field}
    assert Site.load().name == "The Pond"


def test_the_pages_frame_keeps_the_name_that_holds(alices):
    answer = alices.post("/site/", {"name": "x" * 81, "welcome": ""})

    assert "<title>Site · The Pond</title>" in answer.content.decode()


def test_what_was_done_is_said_in_the_title_first_and_once(alices):
    answer = alices.post("/site/", {"name": "The Lake", "welcome": ""}, follow=True)

    assert "<title>Saved. Site · The Lake</title>" in answer.content.decode()
    assert '<p id="notice" class="notice" role="alert">Saved. </p>' in answer.content.decode()
    assert 'name="title" value="Site · The Lake"' in answer.content.decode()


def test_a_welcome_of_blanks_is_none(alices):
    alices.post("/site/", {"name": "The Pond", "welcome": " \r\n "})

    assert Site.load().welcome == ""


# --- Invitations ---------------------------------------------------------------------------


def test_a_link_is_made_shown_whole_and_works(alice, alices):
    alices.post("/site/invitations/", FOR_ONE)

    code = Invitation.objects.get(uses=1, role="member").code
    page = alices.get("/site/invitations/").content.decode()
    assert f'value="http://testserver/join/{code}/"' in page
    assert Client().get(f"/join/{code}/").status_code == 200


def test_links_are_absolute_under_the_sites_own_name(alices, settings):
    settings.SITE_URL = "https://chat.example.org"
    alices.post("/site/invitations/", FOR_ONE)

    page = alices.get("/site/invitations/").content.decode()
    assert 'value="https://chat.example.org/join/' in page


@pytest.mark.parametrize(
    ("field", "value"),
    (
        ("role", "owner"),
        ("role", "bot"),
        ("role", ""),
        ("uses", 0),
        ("uses", 1001),
        ("uses", "many"),
        ("days", 0),
        ("days", 91),
        ("rooms", "nowhere"),
    ),
)
def test_an_invitation_that_is_no_good_is_refused_at_its_field(field, value, alices):
    answer = alices.post("/site/invitations/", FOR_ONE | {field: value})

    assert answer.status_code == 422
    assert set(errors(answer)) == {field}
    assert not Invitation.objects.exists()


def test_nobody_invites_into_a_room_that_they_do_not_see(ada, pond, sign_in):
    answer = sign_in(ada).post("/site/invitations/", FOR_ONE | {"rooms": "pond"})

    assert answer.status_code == 422
    assert "Pond" not in errors(answer)["rooms"]


def test_a_guest_is_invited_into_rooms(alice, alices):
    room = create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)

    alices.post("/site/invitations/", FOR_ONE | {"role": "guest", "rooms": ["kitchen"]})

    assert list(Invitation.objects.get(role="guest").rooms.all()) == [room]


def test_each_link_and_its_button_have_a_name_of_their_own(alices):
    for _time in range(2):
        alices.post("/site/invitations/", FOR_ONE)

    page = alices.get("/site/invitations/").content.decode()

    labels = re.findall(r'<label class="visually-hidden" for="link-[^>]*>([^<]*)<', page)
    assert labels == ["Join link 1, Member", "Join link 2, Member"]
    buttons = re.findall(r'aria-label="(Revoke[^"]*)"', page)
    assert buttons == ["Revoke join link 1, Member", "Revoke join link 2, Member"]


def test_a_revoked_link_is_listed_no_more_and_leads_nowhere(alices):
    alices.post("/site/invitations/", FOR_ONE)
    invitation = Invitation.objects.get()

    for _ in range(2):
        assert alices.post(f"/site/invitations/{invitation.pk}/revoke/").status_code == 303

    assert invitation.code not in alices.get("/site/invitations/").content.decode()
    assert Client().get(f"/join/{invitation.code}/").status_code == 404


def test_members_make_and_revoke_no_links(alices, bob, sign_in):
    alices.post("/site/invitations/", FOR_ONE)
    invitation = Invitation.objects.get(role="member", used=0)
    bobs = sign_in(bob)

    assert bobs.post("/site/invitations/", FOR_ONE).status_code == 403
    assert bobs.post(f"/site/invitations/{invitation.pk}/revoke/").status_code == 403
    assert invitation in Invitation.objects.usable()


# --- People --------------------------------------------------------------------------------


def test_a_role_is_changed(alices, bob):
    answer = alices.post("/site/people/bob/", {"role": "administrator", "is_active": "on"})

    assert answer["Location"] == "/site/people/"
    bob.refresh_from_db()
    assert bob.role == Role.ADMINISTRATOR


def test_who_may_not_sign_in_any_more_is_out_at_once(alices, bob, sign_in):
    bobs = sign_in(bob)

    alices.post("/site/people/bob/", {"role": "member"})

    assert not is_signed_in(bobs)
    assert "May not sign in" in alices.get("/site/people/").content.decode()

    alices.post("/site/people/bob/", {"role": "member", "is_active": "on"})
    assert is_signed_in(sign_in(Person.objects.get(username="bob")))


@pytest.mark.parametrize("role", ("king", "", "OWNER"))
def test_a_role_that_there_is_not_is_refused(role, alices, bob):
    answer = alices.post("/site/people/bob/", {"role": role, "is_active": "on"})

    assert answer.status_code == 422
    bob.refresh_from_db()
    assert bob.role == Role.MEMBER


def test_administrators_neither_make_nor_change_owners(ada, alice, bob, sign_in):
    adas = sign_in(ada)

    assert adas.post("/site/people/bob/", {"role": "owner", "is_active": "on"}).status_code == 403
    assert adas.post("/site/people/alice/", {"role": "member"}).status_code == 403
    assert adas.post("/site/people/alice/reset/").status_code == 403
    assert 'name="role"' not in adas.get("/site/people/alice/").content.decode()
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.role, alice.is_active, bob.role) == (Role.OWNER, True, Role.MEMBER)


def test_nobody_changes_their_own_role_or_gets_a_link_to_their_own_account(alice, alices):
    assert alices.post("/site/people/alice/", {"role": "member"}).status_code == 403
    assert alices.post("/site/people/alice/reset/").status_code == 403
    alice.refresh_from_db()
    assert alice.role == Role.OWNER


def test_members_see_and_change_nobodys_role(bob, charlie, sign_in):
    bobs = sign_in(bob)

    assert bobs.post("/site/people/charlie/", {"role": "guest"}).status_code == 403
    assert bobs.post("/site/people/charlie/reset/").status_code == 403
    assert bobs.get("/site/people/nobody/").status_code == 403
    charlie.refresh_from_db()
    assert charlie.role == Role.MEMBER


def test_a_one_time_link_is_shown_once_and_stored_nowhere(alices, bob):
    shown = alices.post("/site/people/bob/reset/").content.decode()

    assert "/password/new/" in shown
    assert "/password/new/" not in alices.get("/site/people/bob/").content.decode()
    assert alices.get("/site/people/bob/reset/").status_code == 405


def test_there_is_no_page_of_nobody(alices):
    for page in ("/site/people/nobody/", "/site/invitations/999/"):
        assert alices.get(page).status_code == 404
    assert alices.post("/site/people/nobody/reset/").status_code == 404
    assert alices.post("/site/invitations/999/revoke/").status_code == 404
