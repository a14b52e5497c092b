"""A socket on another server than daphne: nobody waits for who does not read."""

import asyncio

import pytest

from chat import elsewhere, wire
from chat.consumers import ComeBack
from chat.elsewhere import Line, serve_request, serve_socket
from chat.sockets import FULL_BYTES, MAX_UNREAD_BYTES

SECONDS = 10


class Reader:
    """The server's `send`: it returns when its reader has taken what was sent."""

    def __init__(self, *, reads):
        self.got, self.reads = [], asyncio.Event()
        if reads:
            self.reads.set()

    async def __call__(self, message):
        await self.reads.wait()
        self.got.append(message)


def text(words):
    return {"type": "websocket.send", "text": words}


async def served(application, send):
    async with asyncio.timeout(SECONDS):
        await serve_socket(application, {}, None, send)


async def test_what_is_sent_comes_in_its_order_and_before_the_end():
    reader = Reader(reads=True)

    async def talk(_scope, _receive, send):
        for number in range(100):
            await send(text(f"{number}"))
        await send({"type": "websocket.close", "code": 4401})

    await served(talk, reader)

    assert [message.get("text") for message in reader.got] == [*map(str, range(100)), None]
    assert reader.got[-1]["code"] == 4401


async def test_who_sends_does_not_wait_for_who_does_not_read():
    reader = Reader(reads=False)
    line = Line(reader)
    async with asyncio.timeout(SECONDS):
        await line(text("one"))
        await line(text("two"))
    assert reader.got == []

    reader.reads.set()
    await line.end()

    assert reader.got == [text("one"), text("two")]


async def test_who_brings_up_to_date_waits_until_there_is_room():
    reader = Reader(reads=False)
    line = Line(reader)
    await line(text("a" * (FULL_BYTES + 1)))
    waiting = asyncio.create_task(wire.drain(line)())
    await asyncio.sleep(0)
    assert not waiting.done()

    reader.reads.set()

    await asyncio.wait_for(waiting, SECONDS)


async def test_a_socket_for_which_too_much_waits_is_cut():
    reader = Reader(reads=False)
    is_told = False

    async def talk(_scope, _receive, send):
        nonlocal is_told
        try:
            while True:
                await send(text("a" * (MAX_UNREAD_BYTES // 4)))
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            is_told = True
            raise

    await served(talk, reader)

    assert is_told
    assert reader.got == []


@pytest.mark.parametrize("error", (ConnectionResetError, RuntimeError))
async def test_a_reader_that_is_gone_ends_what_is_sent_and_is_no_error(error):
    tried = []

    async def gone(message):
        tried.append(message)
        raise error

    async def talk(_scope, _receive, send):
        for _each in range(3):
            await send(text("hello?"))
            await asyncio.sleep(0)

    await served(talk, gone)
    assert len(tried) == 1


async def test_a_socket_that_has_to_come_back_is_closed_with_1011():
    reader = Reader(reads=True)

    async def talk(_scope, _receive, send):
        await send(text("so far"))
        raise ComeBack

    await served(talk, reader)

    assert reader.got == [text("so far"), {"type": "websocket.close", "code": 1011}]


async def test_a_server_that_is_stopped_stops_its_sockets():
    async def talk(_scope, _receive, _send):
        await asyncio.sleep(SECONDS)

    serving = asyncio.create_task(serve_socket(talk, {}, None, Reader(reads=True)))
    await asyncio.sleep(0)
    serving.cancel()

    with pytest.raises(asyncio.CancelledError):
        await serving


async def test_whoever_never_reads_does_not_hold_up_the_end(monkeypatch):
    monkeypatch.setattr(elsewhere, "LAST_SECONDS", 0.01)

    async def talk(_scope, _receive, send):
        await send(text("goodbye"))

    await served(talk, Reader(reads=False))


async def test_a_stream_that_the_server_ends_is_no_error():
    async def stream(_scope, _receive, _send):
        await asyncio.Event().wait()

    serving = asyncio.create_task(serve_request(stream, {}, None, Reader(reads=True)))
    await asyncio.sleep(0)  # it has begun

    serving.cancel("the server ends")

    async with asyncio.timeout(SECONDS):
        assert await serving is None
