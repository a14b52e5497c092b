"""Frames as bytes, checked by somebody else's reading of RFC 6455."""

import pytest
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


async def test_another_server_is_sent_to_as_asgi_says():
    async def send(message):
        raise AssertionError("nothing is sent")

    assert wire.direct(send) is None


async def test_another_server_is_asked_for_one_message_at_a_time():
    async def receive():
        raise AssertionError("nothing is asked for")

    assert wire.waiting(receive)() == 0
