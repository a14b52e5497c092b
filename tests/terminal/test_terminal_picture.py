"""The picture in docs/terminal.md: a real session; SCREENSHOTS=1 puts it into docs/images."""

import os
from xml.etree import ElementTree

from tests.terminal.peer import ADA, BOB
from tests.terminal.picture import svg
from tests.terminal.terminals import CHECKOUT, Terminal

GRACE = {"id": 3, "username": "grace", "name": "Grace Frog"}
FILE = CHECKOUT / "docs" / "images" / "terminal.svg"


async def test_a_session_can_be_drawn(peer, surroundings):
    peer.post("Good morning! The pond is open.", BOB)
    named = {"people": [ADA["id"]], "room": False}
    peer.post("@ada, shall we ship on Thursday?", GRACE, mentions=named)
    screen = Terminal("chat", "general", environment=surroundings, rows=13)
    try:
        await screen.sees("Thursday?")
        screen.type("Thursday is fine. What is left:\x1b\r- the changelog\x1b\r- a cake\r")
        await screen.sees("- a cake")
        screen.type("/react #2 🐸\r")
        await screen.sees("with 🐸")
        peer.edit(peer.log[0], "Good morning! The pond is open until ten.")
        await peer.cut()
        peer.post("Then Thursday it is.", GRACE)
        await screen.sees("it is.")
        screen.type("I bring the ca")
        peer.tell({"type": "presence", "room": "general", "count": 3, "names": []})
        peer.tell({"type": "typing", "room": "general", "people": [BOB]})
        await screen.until(lambda: screen.text[-1].endswith("Bob is typing …"))
        await screen.sees("> I bring the ca")

        drawn = svg(screen.vt, "natterjack chat general")
    finally:
        screen.close()

    texts = [element.text for element in ElementTree.fromstring(drawn).iter() if element.text]
    assert any("pond is open" in text for text in texts)
    assert screen.vt.strange == []
    if os.environ.get("SCREENSHOTS"):
        FILE.write_text(drawn)
