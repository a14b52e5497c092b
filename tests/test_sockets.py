"""What an open socket holds on to: daphne's and autobahn's own, as they are installed."""

import asyncio

import pytest
from autobahn.twisted.websocket import WebSocketServerProtocol
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.testing import StringTransport

from chat import sockets
from chat.server import BoundedServer
from chat.sockets import Socket
from tests.server.raw import frame
from tests.sockets import until

SECRET = "sessionid=secretsecretsecret"
REQUEST = (
    "GET /ws/chat/ HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
    f"Cookie: {SECRET}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture
async def opened():
    """A socket that its application has accepted, and the headers that this was shown."""
    shown, go = [], asyncio.Event()

    async def application(scope, receive, send):
        shown.extend(scope["headers"])
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept"})
        await go.wait()

    server = BoundedServer(application, endpoints=["tcp:0"])
    server.connections = {}
    factory = WebSocketFactory(server)
    factory.setProtocolOptions(maxFramePayloadSize=4711, openHandshakeTimeout=0)
    factory.protocol = Socket.with_options(factory)
    socket = factory.buildProtocol(None)
    socket._raw_query_string = b""
    transport = StringTransport()
    transport.registerProducer(object(), streaming=True)  # as the HTTP connection before it does
    socket.makeConnection(transport)
    socket.dataReceived(REQUEST.encode())
    await until(lambda: socket.state == socket.STATE_OPEN)
    yield socket, shown
    go.set()
    await server.connections[socket]["application_instance"]


async def test_the_handshake_is_forgotten_when_the_application_has_read_it(opened):
    socket, shown = opened

    assert (b"cookie", SECRET.encode()) in shown
    assert SECRET not in repr([vars(socket), socket.request.headers])


async def test_options_are_kept_once_for_all_sockets(opened):
    socket, _shown = opened

    assert not set(WebSocketServerProtocol.CONFIG_ATTRS) & set(vars(socket)) - {"trackTimings"}
    assert socket.maxFramePayloadSize == 4711


async def test_who_writes_faster_than_it_is_answered_is_heard_again_when_it_has_been(
    opened, monkeypatch
):
    monkeypatch.setattr(sockets, "LOOK_AGAIN_SECONDS", 0)
    socket, _shown = opened
    queue, transport = socket.application_queue, socket.transport

    most = 1 + sockets.MAX_AHEAD_BYTES // sockets.LEAST_BYTES
    for _frame in range(most):
        socket.dataReceived(frame(b"{}"))
    assert transport.producerState == "producing"
    for _frame in range(3):  # the rest of what had come already
        socket.dataReceived(frame(b"{}"))
    assert transport.producerState == "paused"
    looks = [each for each in sockets.reactor.getDelayedCalls() if each.func == socket._look_again]
    assert len(looks) == 1

    while queue.qsize():
        await queue.get()
    sockets.reactor.runUntilCurrent()

    assert transport.producerState == "producing"
