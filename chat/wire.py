"""One prepared frame, the same bytes for every socket, written straight to daphne's transport.

daphne and autobahn prepare each frame anew for each socket, and Twisted writes it a turn of the
loop later. A server does not mask, so a frame's bytes are equal for all who get it. This looks
into the buffers of Twisted and autobahn, and so offers itself nowhere but on daphne's own
protocol over plain TCP; on any other server, and should one of them go by another name one day,
the readers are sent to as ASGI says.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.tcp import Server as Transport

from chat.arrivals import Arrivals

Put = Callable[[bytes], None]
Drain = Callable[[], Awaitable[None]]
Count = Callable[[], int]

_OPEN = WebSocketProtocol.STATE_OPEN
# In which bytes wait for the socket; but for the first they are no promise of anybody's.
_OF_TWISTED = ("dataBuffer", "_tempDataBuffer")
_OF_AUTOBAHN = "send_queue"
_TEXT = 0x81  # the last frame of a text message (RFC 6455, section 5.2)


def frame(text: str) -> bytes:
    """The text as one unmasked WebSocket frame."""
    payload = text.encode()
    length = len(payload)
    if length < 126:
        head = bytes([_TEXT, length])
    elif length < 1 << 16:
        head = bytes([_TEXT, 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([_TEXT, 127]) + length.to_bytes(8, "big")
    return head + payload


def is_daphnes(send: Any) -> bool:
    """Whether this ASGI `send` is that of daphne, which waits for nobody."""
    return isinstance(send, partial) and isinstance(getattr(send.func, "__self__", None), Server)


def direct(send: Any) -> Put | None:
    """What puts a frame on the wire behind this ASGI `send`; None where that is not possible."""
    if not is_daphnes(send):
        return None
    protocol = send.args[0]
    transport = protocol.transport
    if not isinstance(protocol, WebSocketProtocol) or type(transport) is not Transport:
        return None
    if transport.TLS or not all(hasattr(transport, name) for name in _OF_TWISTED):
        return None
    if not hasattr(protocol, _OF_AUTOBAHN):
        return None
    return partial(_put, protocol, transport, transport.socket.send)


def drain(send: Any) -> Drain | None:
    """What waits until the connection behind this ASGI `send` has room; None where none can."""
    holder = send.args[0] if isinstance(send, partial) and send.args else send
    return getattr(holder, "drain", None)


def waiting(receive: Any) -> Count:
    """How many messages this ASGI `receive` would return at once; always 0 where nobody knows."""
    queue = getattr(receive, "__self__", None)
    return queue.qsize if isinstance(queue, asyncio.Queue | Arrivals) else lambda: 0


def _put(protocol: Any, transport: Any, send: Callable[[bytes], int], data: bytes) -> None:
    if protocol.state != _OPEN:
        return
    sent = 0
    # Only past an empty buffer: else these bytes would overtake those that wait in it.
    if not (transport.dataBuffer or transport._tempDataBuffer or protocol.send_queue):
        try:
            sent = send(data)
        except BlockingIOError:
            pass
        except OSError:
            return  # gone; Twisted finds out when it reads
    if sent < len(data):
        transport.write(data[sent:])
