"""Server processes over one database, and the doorbells between them.

Each process is a real `chat.hub.Hub`; several live in one loop. What a process is killed in the
middle of is never finished, and whoever held a socket to it finds it gone.
"""

import asyncio
from contextlib import contextmanager
from contextvars import copy_context
from types import SimpleNamespace

from channels.routing import URLRouter
from django.db import OperationalError, connection

from chat import routing
from chat.hub import Hub, bells
from tests.model.clockwork import here


class Died(OperationalError):
    """The process was killed; Django's own clean-up then does what the operating system would."""


class Process:
    """One server: its hub, its tasks, the sockets that it holds."""

    def __init__(self, loop, layer):
        self.loop, self.layer, self.tasks, self.connections = loop, layer, set(), []
        self._context = copy_context()
        self._context.run(here.set, self)
        self.application = URLRouter(routing.websocket_urlpatterns)
        started = self.spawn(self._start())
        loop.turn()
        self.hub = started.result()

    async def _start(self):
        hub = Hub()
        hub.start()
        # One bell for all: it rings at the process in which it was pulled.
        bells.bell.loop = SimpleNamespace(
            is_running=lambda: True, call_soon_threadsafe=self.loop.call_soon_threadsafe
        )
        bells.bell.answer = lambda ring: here.get().hub.answer(ring)
        return hub

    def spawn(self, coroutine):
        return self.loop.create_task(coroutine, context=self._context.copy())

    def run(self, function):
        """Calls `function` in this process, as one of its request threads would."""
        return self._context.copy().run(function)

    def die(self):
        for connection_ in self.connections:
            connection_.cut()
        self.layer.forget(self)
        self.loop.forget(self)
        for task in list(self.tasks):
            task.cancel()
        self.loop.turn()


class Layer:
    """A channel layer whose rings arrive when, as often and in whatever order a test likes."""

    def __init__(self):
        self.processes, self.rung, self.is_dead = [], [], False
        self._heard = {}

    async def new_channel(self, _prefix="specific."):
        return "ear"

    async def group_add(self, _group, _channel):
        self._check()
        self._heard.setdefault(here.get(), asyncio.Queue())

    async def group_send(self, _group, message):
        self._check()
        for process in self._heard:
            # Whoever rings hears itself too, and has to know it.
            own = process is here.get()
            self.rung.append((process, message if own else message | {"process": "another"}))

    async def receive(self, _channel):
        return await self._heard[here.get()].get()

    def deliver(self, index, times=1):
        process, message = self.rung.pop(index)
        for _time in range(times):
            if process in self._heard:
                self._heard[process].put_nowait(message)

    def forget(self, process):
        self._heard.pop(process, None)
        self.rung = [each for each in self.rung if each[0] is not process]

    def _check(self):
        if self.is_dead:
            raise ConnectionError("the channel layer is away")


@contextmanager
def killed_before_commit():
    """Whatever commits within is killed right before it is durable."""

    def commit():
        raise Died

    connection._commit = commit
    try:
        yield
    finally:
        del connection._commit


@contextmanager
def killed_after_commit():
    """Whatever commits within is durable, and killed before anybody hears of it."""

    def run_hooks():
        connection.run_on_commit = []
        raise Died

    connection.run_and_clear_commit_hooks = run_hooks
    try:
        yield
    finally:
        del connection.run_and_clear_commit_hooks
