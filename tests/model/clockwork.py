"""A loop in the hands of a test: its time stands still and its database answers when told to.

Nothing in it waits for the clock or for a thread, so one sequence of steps has one outcome, and
an hour of ticks passes in a moment.
"""

import asyncio
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import OperationalError, connection

# The process that something runs in; several share one loop.
here = ContextVar("here")
MAX_TURNS = 10_000
TURN_SECONDS = 1e-7


class Clockwork(asyncio.SelectorEventLoop):
    """`asked` holds what waits for the database, in the order in which it was asked."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.asked = []
        self.failures = []
        self.set_exception_handler(lambda _loop, context: self.failures.append(context))

    def time(self):
        return self.now

    def run_in_executor(self, _executor, work, *arguments):
        question = Question(partial(work, *arguments), self.create_future())
        self.asked.append(question)
        return question.future

    def create_task(self, coro, **options):
        task = super().create_task(coro, **options)
        context = options.get("context")
        if process := context.get(here) if context else here.get(None):
            process.tasks.add(task)
            task.add_done_callback(process.tasks.discard)
        return task

    def turn(self):
        """Runs whatever can go on without the time, the database or the network."""
        for _turn in range(MAX_TURNS):
            self.call_soon(self.stop)
            self.run_forever()
            self.now += TURN_SECONDS  # as in life: what is due in a hair's breadth becomes due
            if not self._ready:
                return
        raise AssertionError("The loop never comes to rest")

    def wait(self, seconds, between):
        """Lets time pass, from one timer to the next, with `between` after each."""
        end = self.now + seconds
        while self._scheduled and self._scheduled[0].when() <= end:
            self.now = max(self.now, self._scheduled[0].when())
            self.turn()
            between()
        self.now = max(self.now, end)
        self.turn()
        between()

    def answer_all(self):
        """The database answers everything, in order, until nobody asks any more."""
        self.turn()
        for _round in range(MAX_TURNS):
            if not self.asked:
                return
            self.answer(0)
        raise AssertionError("The database is never left in peace")

    def answer(self, index):
        question = self.asked.pop(index)
        question.look()
        question.tell()
        self.turn()

    def forget(self, process):
        """A process has died: nobody waits for its answers any more."""
        for question in [each for each in self.asked if each.process is process]:
            self.asked.remove(question)
            question.future.cancel()


@dataclass(eq=False)
class Question:
    """Something to be done in a database thread: done at one moment, known at a later one."""

    work: Any
    future: asyncio.Future
    context: Any = field(default_factory=copy_context)
    outcome: tuple[Any, Exception | None] | None = None

    @property
    def process(self):
        return self.context.get(here)

    def look(self, intruder=None, statement=0):
        """Does it, unless it is done; `intruder` happens right before that statement of it."""
        if self.outcome is None:
            with intruding(intruder, statement):
                self.outcome = self._done()

    def _done(self):
        try:
            return self.context.run(self.work), None
        except Exception as error:
            return None, error

    def fail(self):
        """The database does not answer."""
        self.outcome = None, OperationalError("the database is away")

    def tell(self):
        result, error = self.outcome
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


def intruding(intruder, statement):
    """Lets something else happen once, between two statements of what runs within."""
    left = [statement]

    def step(execute, sql, parameters, many, context):
        # Not as a transaction begins: whoever stores holds the line of all who want to
        # (chat.group_commit), and an intruder in the same thread would wait for itself. What
        # happens there may as well happen right before.
        may_intrude = not connection.in_atomic_block and not sql.startswith("BEGIN")
        if intruder is not None and may_intrude:
            left[0] -= 1
            if left[0] == -1:
                intruder()
        return execute(sql, parameters, many, context)

    return connection.execute_wrapper(step)
