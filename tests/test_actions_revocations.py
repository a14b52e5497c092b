"""Whatever takes away a right to listen is counted in the same transaction (chat.hub.standing)."""

import pytest
from django.db import transaction
from django.test import Client

from chat.actions.people import set_password
from chat.actions.rooms import (
    archive_room,
    create_room,
    invite_into_room,
    leave_room,
    make_private,
    make_public,
    remove_from_room,
)
from chat.models import RoomKind, Site

pytestmark = pytest.mark.django_db


def count():
    return Site.load().revocations


def test_every_loss_of_a_right_is_counted_with_it_and_nothing_else(alice, bob, charlie, sign_in):
    room = create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)
    browser = sign_in(bob)

    def changes(deed):
        before = count()
        deed()
        return count() > before

    assert changes(lambda: make_private(editor=alice, room=room))
    assert not changes(lambda: make_private(editor=alice, room=room))
    assert not changes(lambda: make_public(editor=alice, room=room))
    assert not changes(lambda: archive_room(archiver=alice, room=room))
    assert not changes(lambda: invite_into_room(inviter=alice, room=room, people=[bob, charlie]))
    assert changes(lambda: remove_from_room(remover=alice, room=room, person=bob))
    assert changes(lambda: leave_room(person=charlie, room=room))
    assert not changes(lambda: leave_room(person=charlie, room=room))
    assert not changes(lambda: browser.get("/"))
    assert changes(browser.logout)
    assert not changes(Client().logout)
    assert changes(lambda: set_password(person=bob, password="another long password"))
    assert not changes(lambda: bob.save(update_fields=["name"]))
    assert changes(bob.save)


def test_what_is_rolled_back_took_nothing_away(alice, bob, pond):
    before = count()

    with transaction.atomic():
        remove_from_room(remover=alice, room=pond, person=bob)
        assert count() > before
        transaction.set_rollback(True)

    assert count() == before
