"""What comes over a socket is taken in its order, once, by who waits for it or comes later."""

import asyncio

from chat.arrivals import Arrivals


async def test_what_has_come_is_taken_in_its_order():
    arrivals = Arrivals()
    for number in range(3):
        arrivals.put_nowait({"number": number})

    assert arrivals.qsize() == 3
    assert [(await arrivals.get())["number"] for _ in range(3)] == [0, 1, 2]
    assert arrivals.qsize() == 0


async def test_who_waits_is_given_what_comes_next():
    arrivals = Arrivals()
    waiting = asyncio.ensure_future(arrivals.get())
    await asyncio.sleep(0)
    arrivals.put_nowait({"number": 1})
    arrivals.put_nowait({"number": 2})

    assert await waiting == {"number": 1}
    assert await arrivals.get() == {"number": 2}


async def test_who_gives_up_takes_nothing_along():
    arrivals = Arrivals()
    for is_late in (False, True):
        waiting = asyncio.ensure_future(arrivals.get())
        await asyncio.sleep(0)
        if is_late:  # it has come, and in the same turn nobody wants it any more
            arrivals.put_nowait({"number": 1})
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    assert await arrivals.get() == {"number": 1}
