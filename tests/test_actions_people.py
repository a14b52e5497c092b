from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.utils import timezone

from chat.actions.people import (
    change_person,
    change_site,
    check_may_reset,
    claim_site,
    create_invitation,
    create_token,
    join_site,
    revoke_invitation,
)
from chat.actions.rooms import create_room
from chat.errors import Invalid, Refused
from chat.models import ApiToken, Event, EventKind, Invitation, Person, Role, Room, RoomKind, Site
from tests.visits import PASSWORD

pytestmark = pytest.mark.django_db


def claim(key, username="alice"):
    return claim_site(
        key=key, site_name="The Pond", username=username, name="Alice", password=PASSWORD
    )


def make_invitation(inviter, **fields):
    defaults = {
        "role": Role.MEMBER,
        "uses": 1,
        "expires_at": timezone.now() + timedelta(days=1),
        "rooms": [],
    }
    return create_invitation(inviter=inviter, **defaults | fields)


def join(invitation, username="dora"):
    return join_site(invitation=invitation, username=username, name="Dora", password=PASSWORD)


# --- The first run -------------------------------------------------------------------------


def test_who_claims_the_site_owns_it_and_is_in_the_lobby():
    owner = claim(Site.load().setup_key)

    assert owner.role == Role.OWNER
    assert owner.check_password(PASSWORD)
    assert Site.load().name == "The Pond"
    assert list(Room.objects.lobby().members.all()) == [owner]
    assert Room.objects.lobby().slug == "general"


def test_a_wrong_key_claims_nothing():
    with pytest.raises(Refused):
        claim("0" * 40)

    assert not Person.objects.exists()


def test_a_site_is_claimed_once(alice):
    with pytest.raises(Refused):
        claim(Site.load().setup_key, username="mallory")

    assert list(Person.objects.all()) == [alice]


@pytest.mark.django_db(transaction=True)
def test_of_two_claims_at_once_one_wins():
    key, begin = Site.load().setup_key, Barrier(2)

    def attempt(username):
        try:
            begin.wait()
            return claim(key, username)
        except Refused:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        owners = [owner for owner in pool.map(attempt, ("alice", "mallory")) if owner]

    assert list(Person.objects.all()) == owners
    assert Room.objects.count() == len(owners) == 1


# --- Invitations ---------------------------------------------------------------------------


def test_who_joins_has_the_invitations_role_and_rooms(alice, pond):
    person = join(make_invitation(alice, role=Role.ADMINISTRATOR, rooms=[pond]))

    assert person.role == Role.ADMINISTRATOR
    assert sorted(person.rooms.values_list("slug", flat=True)) == ["general", "pond"]
    assert Event.objects.filter(room=pond, person=person, kind=EventKind.MEMBER_JOINED).exists()


class Hasher(MD5PasswordHasher):
    """Notes whether a transaction was open while it took its time."""

    algorithm = "noting"
    notes = []

    def encode(self, password, salt):
        self.notes.append(connection.in_atomic_block)
        return super().encode(password, salt)


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_hash_of_a_newcomers_password(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.Hasher"]
    Hasher.notes.clear()

    join(make_invitation(claim(Site.load().setup_key)))

    assert Hasher.notes == [False, False]


def test_who_joins_enters_rooms_in_one_order_whatever_they_are_called(alice):
    rooms = [
        create_room(creator=alice, name=name, purpose="", kind=RoomKind.PUBLIC)
        for name in ("Zebra", "Lake", "Ant")
    ]

    person = join(make_invitation(alice, rooms=rooms[::-1]))

    entered = Event.objects.filter(person=person).order_by("pk").values_list("room_id", flat=True)
    assert list(entered) == [Room.objects.lobby().pk, *(room.pk for room in rooms)]


def test_guests_are_in_the_invitations_rooms_and_not_in_the_lobby(alice, pond):
    guest = join(make_invitation(alice, role=Role.GUEST, rooms=[pond]))

    assert list(guest.rooms.all()) == [pond]


def test_an_invitation_works_as_often_as_it_says(alice):
    invitation = make_invitation(alice, uses=2)

    join(invitation, "dora")
    join(invitation, "emil")
    with pytest.raises(Refused):
        join(invitation, "fred")

    assert not Person.objects.filter(username="fred").exists()


@pytest.mark.django_db(transaction=True)
def test_an_invitation_for_one_lets_one_of_many_in(alice):
    invitation, begin = make_invitation(alice), Barrier(4)

    def attempt(username):
        try:
            begin.wait()
            return join(invitation, username)
        except Refused:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        joined = [person for person in pool.map(attempt, ("dora", "emil", "fred", "gus")) if person]

    assert len(joined) == 1
    assert Person.objects.count() == 2


def test_an_invitation_that_is_over_lets_nobody_in(alice, clock):
    invitation = make_invitation(alice)

    clock.wait(days=1)

    with pytest.raises(Refused):
        join(invitation)


def test_a_revoked_invitation_lets_nobody_in_however_often_it_is_revoked(alice):
    invitation = make_invitation(alice)

    revoke_invitation(revoker=alice, invitation=invitation)
    first = Invitation.objects.get().revoked_at
    revoke_invitation(revoker=alice, invitation=invitation)

    assert Invitation.objects.get().revoked_at == first
    with pytest.raises(Refused):
        join(invitation)


def test_only_administrators_make_and_revoke_invitations(alice, bob):
    invitation = make_invitation(alice)

    with pytest.raises(Refused):
        make_invitation(bob)
    with pytest.raises(Refused):
        revoke_invitation(revoker=bob, invitation=invitation)

    assert list(Invitation.objects.usable()) == [invitation]


@pytest.mark.parametrize("username", ("bob", "BOB", "ｂｏｂ", "b0b", "bоb"))
def test_nobody_joins_under_a_name_that_looks_like_anothers(alice, bob, username):
    invitation = make_invitation(alice)

    with pytest.raises(Invalid):
        join(invitation, username)

    assert Invitation.objects.get(pk=invitation.pk).used == 0


# --- Roles ---------------------------------------------------------------------------------


def change(editor, person, role=Role.MEMBER, is_active=True):
    change_person(editor=editor, person=person, role=role, is_active=is_active)
    person.refresh_from_db()
    return person


def test_an_administrator_changes_a_role_and_again(alice, bob):
    assert change(alice, bob, Role.ADMINISTRATOR).role == Role.ADMINISTRATOR
    assert change(alice, bob, Role.ADMINISTRATOR).role == Role.ADMINISTRATOR


def test_a_guest_who_becomes_a_member_enters_the_lobby(alice, invite, lobby):
    guest = invite("greta", Role.GUEST)

    change(alice, guest, Role.MEMBER)

    assert guest in lobby.members.all()


def test_nobody_changes_their_own_role(alice):
    with pytest.raises(Refused):
        change(alice, alice, Role.MEMBER)


def test_members_change_nobody(bob, charlie):
    with pytest.raises(Refused):
        change(bob, charlie, Role.GUEST)


def test_only_an_owner_makes_changes_and_unmakes_an_owner(alice, invite):
    dora, emil = invite("dora", Role.ADMINISTRATOR), invite("emil")

    with pytest.raises(Refused):
        change(dora, emil, Role.OWNER)
    with pytest.raises(Refused):
        change(dora, alice, Role.MEMBER)
    with pytest.raises(Refused):
        change(dora, alice, Role.OWNER, is_active=False)

    assert change(alice, emil, Role.OWNER).role == Role.OWNER
    assert change(alice, emil, Role.MEMBER).role == Role.MEMBER


def test_who_is_deactivated_administers_nothing(alice, bob, invite):
    dora = change(alice, invite("dora", Role.ADMINISTRATOR), Role.ADMINISTRATOR, is_active=False)

    with pytest.raises(Refused):
        change(dora, bob, Role.GUEST)


def test_only_administrators_make_a_link_for_a_forgotten_password(alice, bob, charlie):
    check_may_reset(alice, bob)
    with pytest.raises(Refused):
        check_may_reset(bob, charlie)


def test_an_administrator_makes_no_link_to_an_owners_account(alice, invite):
    dora = invite("dora", Role.ADMINISTRATOR)

    with pytest.raises(Refused):
        check_may_reset(dora, alice)


def test_only_administrators_change_the_site(alice, bob):
    change_site(editor=alice, name="The Lake", welcome="Hello")
    with pytest.raises(Refused):
        change_site(editor=bob, name="Bob's", welcome="")

    assert (Site.load().name, Site.load().welcome) == ("The Lake", "Hello")


# --- Tokens --------------------------------------------------------------------------------


def test_a_token_is_stored_as_its_hash_alone(bob):
    token = create_token(person=bob, label="robot")

    stored = ApiToken.objects.get()
    assert (stored.person, stored.label) == (bob, "robot")
    assert stored.digest == ApiToken.hash(token)
    assert token not in str(vars(stored))


def test_each_token_is_another(bob):
    assert create_token(person=bob, label="robot") != create_token(person=bob, label="robot")


# --- Redis is away -------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_people_come_in_when_redis_is_away(unreachable_redis):
    owner = claim(Site.load().setup_key)
    person = join(make_invitation(owner))

    assert person in Room.objects.lobby().members.all()


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_leave_one(alice, invite):
    other = invite("olga")
    change_person(editor=alice, person=other, role=Role.OWNER, is_active=True)
    together = Barrier(2)

    def demote(editor, person):
        together.wait()
        try:
            change_person(editor=editor, person=person, role=Role.MEMBER, is_active=True)
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(demote, (alice, other), (other, alice)))

    assert sorted(done) == [False, True]
    assert Person.objects.filter(role=Role.OWNER).count() == 1


def test_a_link_ends_with_its_makers_role(alice, invite):
    ada = invite("ada", Role.ADMINISTRATOR)
    link = create_invitation(
        inviter=ada,
        role=Role.ADMINISTRATOR,
        uses=5,
        expires_at=timezone.now() + timedelta(days=1),
        rooms=[],
    )

    change_person(editor=alice, person=ada, role=Role.MEMBER, is_active=True)

    assert not Invitation.objects.usable().filter(pk=link.pk).exists()
    with pytest.raises(Refused):
        join_site(invitation=link, username="eve", name="Eve", password=PASSWORD)
