"""Frames as bytes, checked by somebody else's reading of RFC 6455."""

import socket
from functools import partial
from types import SimpleNamespace

import pytest
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import tcp
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from chat import wire


@pytest.mark.parametrize("length", (0, 1, 125, 126, 65_535, 65_536, 100_000))
def test_a_frame_holds_its_text_whole(length):
    text = "é" * (length // 2) + "a" * (length % 2)
    reader = ClientProtocol(parse_uri("ws://127.0.0.1/"), state=OPEN)

    reader.receive_data(wire.frame(text))

    [received] = reader.events_received()
    assert (received.opcode, received.fin) == (Opcode.TEXT, True)
    assert received.data.decode() == text


@pytest.fixture
def daphnes():
    """A socket as daphne has it open: its ASGI `send`, its transport, and the browser's end."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    names = ("addReader", "removeReader", "addWriter", "removeWriter")
    reactor = SimpleNamespace(**dict.fromkeys(names, lambda _transport: None))
    protocol = WebSocketProtocol()
    protocol.state, protocol.send_queue = WebSocketProtocol.STATE_OPEN, ()
    protocol.transport = tcp.Server(ours, protocol, ("127.0.0.1", 1), None, 1, reactor)
    server = Server(None, endpoints=["tcp:0"])
    yield partial(server.handle_reply, protocol), protocol.transport, theirs
    ours.close()
    theirs.close()


def test_daphnes_socket_is_written_to_at_once(daphnes):
    send, _transport, theirs = daphnes

    wire.direct(send)(b"frame")

    assert theirs.recv(100) == b"frame"


def test_nothing_overtakes_what_waits_for_the_socket(daphnes):
    send, transport, theirs = daphnes
    put, large = wire.direct(send), b"a" * 10_000_000
    put(large)
    heard = theirs.recv(1 << 20)  # there is room again, and something waits
    put(b"b" * 10)

    while len(heard) < len(large) + 10:
        transport.doWrite()
        heard += theirs.recv(1 << 20)

    assert heard == large + b"b" * 10


@pytest.mark.parametrize("name", ("dataBuffer", "_tempDataBuffer"))
def test_where_twisted_calls_a_buffer_otherwise_it_is_sent_to_as_asgi_says(
    daphnes, name, monkeypatch
):
    send, transport, _theirs = daphnes
    vars(transport).pop(name, None)
    for kind in type(transport).__mro__:
        if name in vars(kind):
            monkeypatch.delattr(kind, name)

    assert wire.direct(send) is None


def test_under_tls_and_where_autobahn_has_no_queue_it_is_sent_to_as_asgi_says(daphnes):
    send, transport, _theirs = daphnes

    transport.TLS = True
    assert wire.direct(send) is None

    transport.TLS = False
    del send.args[0].send_queue
    assert wire.direct(send) is None


async def test_another_server_is_sent_to_as_asgi_says():
    async def send(message):
        raise AssertionError("nothing is sent")

    assert wire.direct(send) is None


async def test_another_server_is_asked_for_one_message_at_a_time():
    async def receive():
        raise AssertionError("nothing is asked for")

    assert wire.waiting(receive)() == 0
