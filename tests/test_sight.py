"""What a room's page is made of is found in both databases, and for whom it is meant alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat import permissions, presence
from chat.actions.people import change_person
from chat.actions.rooms import create_room, open_direct_room
from chat.fragments import Kind
from chat.models import Membership, Person, Role, RoomKind, Site
from chat.newest import newest
from chat.sidebar import lines_for
from tests.visits import say

pytestmark = pytest.mark.usefixtures("on_both_databases")


def fields_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_member_finds_the_room_and_what_they_are_in_it(bob, pond):
    room, membership = permissions.sight(bob, "pond")

    pond.refresh_from_db()
    assert fields_of(room) == fields_of(pond)
    assert fields_of(membership) == fields_of(Membership.objects.get(room=pond, person=bob))
    assert membership.room is room
    assert room.people_count == pond.people_count == 2


def test_who_reads_along_finds_the_room_alone_and_a_guest_does_not(alice, charlie):
    open_to_all = create_room(creator=alice, name="Lake", purpose="", kind=RoomKind.PUBLIC)

    assert permissions.sight(charlie, open_to_all.slug) == (open_to_all, None)
    change_person(editor=alice, person=charlie, role=Role.GUEST, is_active=True)
    charlie.refresh_from_db()
    assert permissions.sight(charlie, open_to_all.slug) is None


def test_what_somebody_may_not_see_is_not_there(alice, bob, charlie, pond):
    direct = open_direct_room(opener=alice, others=[bob])

    assert permissions.sight(charlie, "pond") is None
    assert permissions.sight(charlie, direct.slug) is None
    assert permissions.sight(charlie, "nowhere") is None
    assert permissions.sight(bob, direct.slug)[0] == direct


def test_a_direct_room_is_called_by_its_others(alice, bob, charlie):
    direct = open_direct_room(opener=alice, others=[charlie, bob])

    assert direct.label_for(alice) == "Bob, Charlie"
    assert direct.label_for(charlie) == "Alice, Bob"
    [line] = [line for line in lines_for([bob.pk])[bob.pk] if line.slug == direct.slug]
    assert line.label == "Alice, Charlie"


def test_a_list_is_the_one_of_now(alice, bob, lobby):
    say(bob, lobby, 2)
    epoch = str(Site.load().epoch)

    def shown():
        room, membership = permissions.sight(alice, "general")
        return newest(room, Kind.of(alice), epoch, membership)[1].text.decode()

    assert shown() == shown()
    assert shown().count("<bdi>Bob</bdi>") >= 2
    Person.objects.filter(pk=bob.pk).update(name="Robert")
    assert "<bdi>Bob</bdi>" not in shown()
    say(alice, lobby, 1)
    assert shown().count('class="message"') == 3


def test_who_is_here_is_who_is_in_the_room(alice, bob, charlie, pond, lobby):
    now = timezone.now()
    for person, at in ((bob, now), (charlie, now), (alice, now - timedelta(hours=1))):
        Person.objects.filter(pk=person.pk).update(present_at=at, seen_at=at)

    site = Site.load()
    assert presence.here_in([pond.pk], site)[pond.pk].names == ("Bob",)
    assert presence.here_in([pond.pk, lobby.pk], site)[lobby.pk].names == ("Bob", "Charlie")
