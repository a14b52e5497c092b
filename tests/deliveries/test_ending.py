"""The worker's threads, within a process."""

from threading import Event as Flag
from threading import Thread
from threading import enumerate as enumerate_threads

import pytest

from chat import deliveries, outgoing, worker

pytestmark = pytest.mark.django_db(transaction=True)


class Bell(Flag):
    """The bell, which tells that somebody waits for it."""

    def __init__(self):
        super().__init__()
        self.is_awaited = Flag()

    def wait(self, timeout=None):
        self.is_awaited.set()
        return super().wait(timeout)


def test_who_waits_for_something_to_send_ends_with_the_worker(monkeypatch):
    bell, ending = Bell(), Flag()
    monkeypatch.setattr(outgoing, "bell", bell)
    monkeypatch.setattr(deliveries, "LOOK_SECONDS", 600)
    working = Thread(target=worker.work, args=[ending])
    working.start()
    assert bell.is_awaited.wait(30)

    ending.set()
    working.join(30)

    assert not working.is_alive()
    assert "hooks" not in [thread.name for thread in enumerate_threads()]
