"""How a request gets to Django: in one of a few threads, and while somebody wants the answer."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import signals

from chat.database import WRITES_AT_ONCE, writers
from project import handlers

SCOPE = {
    "type": "http", "method": "GET", "path": "/healthz", "query_string": b"",
    "headers": [(b"host", b"localhost")],
}  # fmt: skip


@pytest.fixture
def one_thread(monkeypatch):
    with ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr(handlers, "_threads", threads)
        yield threads


@pytest.fixture
def begun():
    """Says of each request that begins to be answered that it does."""
    heard = []

    def hear(**_said):
        heard.append(threading.get_ident())

    signals.request_started.connect(hear)
    yield heard
    signals.request_started.disconnect(hear)


class Visit:
    """One request. `left` is set by who goes away."""

    def __init__(self):
        self.left, self.sent = asyncio.Event(), []
        self._has_asked = False

    async def receive(self):
        if not self._has_asked:
            self._has_asked = True
            return {"type": "http.request"}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)

    def begin(self, **scope):
        answering = handlers.PageHandler()(SCOPE | scope, self.receive, self.send)
        return asyncio.create_task(answering)


async def test_pages_are_answered_in_threads_that_are_kept(one_thread, begun):
    for _time in range(3):
        visit = Visit()
        await visit.begin()
        assert visit.sent[0]["status"] == 200

    assert len(begun) == 3
    assert len(set(begun)) == 1


@pytest.mark.django_db  # the threads try connections that they have kept
async def test_pages_are_answered_while_all_who_write_wait(one_thread, begun):
    writing, go_on = [Visit() for _thread in range(2 * WRITES_AT_ONCE)], threading.Event()
    for _thread in range(WRITES_AT_ONCE):
        writers.submit(go_on.wait)
    waiting = [visit.begin(method="POST", path="/csp-report") for visit in writing]

    reading = Visit()
    await reading.begin()
    assert reading.sent[0]["status"] == 200
    assert all(visit.sent == [] for visit in writing)
    go_on.set()
    await asyncio.gather(*waiting)

    assert {visit.sent[0]["status"] for visit in writing} == {204}


async def test_who_leaves_while_others_are_answered_is_not_answered(one_thread, begun):
    busy = threading.Event()
    one_thread.submit(busy.wait)
    stays, leaves = Visit(), Visit()
    waiting = [stays.begin(), leaves.begin()]
    await asyncio.sleep(0)

    leaves.left.set()
    await waiting[1]
    busy.set()
    await waiting[0]

    assert stays.sent[0]["status"] == 200
    assert leaves.sent == []
    assert len(begun) == 1
