"""The scene: Alice's private room with Bob and Charlie, in a database file that goes back to its
first state before each run of the machine; small numbers, so that every bound is met often."""

import itertools
import uuid
from types import SimpleNamespace

import pytest
from django.db import connection

from chat import fragments, history, hub
from chat.actions.rooms import create_room, invite_into_room
from chat.hub import bells, feeds, log
from chat.models import RoomKind
from tests.model.clockwork import here
from tests.model.machine import Delivery
from tests.model.truth import copy_of_database, spare


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(history, "PAGE_SIZE", 3)
    monkeypatch.setattr(feeds, "MAX_MISSED", 5)
    monkeypatch.setattr(feeds, "SLICE", 1)
    monkeypatch.setattr(log, "BATCH", 2)
    monkeypatch.setattr(log.read, "__defaults__", (None, 2))
    monkeypatch.setattr(fragments, "MAX_FRAME_BYTES", 2_000)


@pytest.fixture
def delivery(transactional_db, small, alice, bob, charlie, settings, monkeypatch):
    """The machine, ready to run."""
    settings.LIMIT_FRAMES = settings.LIMIT_POSTS = settings.LIMIT_SOCKETS = None
    room = create_room(creator=alice, name="Pond", purpose="", kind=RoomKind.PRIVATE)
    invite_into_room(inviter=alice, room=room, people=[bob, charlie])
    # What is killed is a process, never the machine under it: no need to wait for its disk.
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")
    numbers = itertools.count()
    scene = SimpleNamespace(
        people=[alice, bob, charlie],
        room=room,
        path=connection.settings_dict["NAME"],
        copy=copy_of_database(),
        channel_layer=None,
        next_epoch=lambda: uuid.UUID(int=next(numbers)),
    )
    monkeypatch.setattr(hub, "current", lambda: here.get().hub)
    monkeypatch.setattr(bells, "get_channel_layer", lambda: scene.channel_layer)
    monkeypatch.setattr(Delivery, "scene", scene)
    yield Delivery
    bells.bell.loop = bells.bell.answer = None
    spare(scene.copy)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=FULL")
