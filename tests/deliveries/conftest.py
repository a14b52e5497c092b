"""Hooks to receivers on this machine."""

import pytest

from chat.actions.outgoing import create_hook
from tests.receivers import allowed, receiving


@pytest.fixture(autouse=True)
def loopback(settings):
    """Receivers are on this machine, and whoever runs it allows that."""
    settings.WEBHOOK_ALLOW = allowed("127.0.0.0/8")


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hook_to(alice, lobby):
    """A hook of the lobby's to a receiver."""

    def make(receiver, kinds=("message.posted",), room=None, username="echo", **more):
        return create_hook(
            maker=alice,
            room=room or lobby,
            username=username,
            name=username.capitalize(),
            url=receiver.url,
            kinds=[*kinds],
            **more,
        )

    return make
