"""A line whose head is served with all who wait behind it."""

import asyncio

import pytest

from chat.hub.together import Together
from tests.sockets import until


class Counter:
    """Answers with the same, once it is `open`; `served` are those who were served together."""

    def __init__(self, most):
        self.line = Together(self._answer, most)
        self.served, self.open = [], asyncio.Event()

    async def _answer(self, some):
        self.served.append(some)
        await self.open.wait()
        if "all" in some:
            raise LookupError("all")
        return [ValueError(each) if each == "one" else each for each in some]

    async def first(self, asked):
        """Is being served; who comes now waits."""
        task = self.line.ask(asked)
        await until(lambda: self.served)
        return task


async def test_who_comes_alone_is_served_at_once():
    counter = Counter(3)
    counter.open.set()

    assert await counter.line.ask(7) == 7
    assert await counter.line.ask(8) == 8
    assert counter.served == [[7], [8]]


async def test_who_comes_meanwhile_waits_and_is_served_with_so_many_others_in_turn():
    counter = Counter(3)
    first = await counter.first(0)
    others = asyncio.gather(*map(counter.line.ask, range(1, 8)))
    await until(lambda: counter.line.waiting == 7)

    counter.open.set()

    assert [await first, *await others] == list(range(8))
    assert counter.served == [[0], [1, 2, 3], [4, 5, 6], [7]]


async def test_what_is_wrong_with_one_is_no_concern_of_the_others():
    counter = Counter(9)
    counter.open.set()

    asked = map(counter.line.ask, (1, "one", 2))
    one, failed, two = await asyncio.gather(*asked, return_exceptions=True)

    assert (one, two) == (1, 2)
    assert isinstance(failed, ValueError)


async def test_what_fails_for_all_is_told_to_all_and_the_next_are_served():
    counter = Counter(2)
    counter.open.set()

    asked = map(counter.line.ask, (1, "all", 2))
    *failed, two = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(each) for each in failed] == [LookupError, LookupError]
    assert two == 2


@pytest.mark.parametrize("is_being_served", (True, False))
async def test_who_leaves_is_missed_by_nobody(is_being_served):
    counter = Counter(3)
    first = await counter.first(0)
    leaving = counter.line.ask(1)
    staying = counter.line.ask(2)
    await until(lambda: counter.line.waiting == 2)

    (first if is_being_served else leaving).cancel()
    counter.open.set()

    assert await staying == 2
    assert counter.served == [[0], [1, 2] if is_being_served else [2]]
    await asyncio.gather(first, leaving, return_exceptions=True)
