"""Clients that people write into a page: the shortest one, and those of docs/protocol.md."""

import secrets
from signal import SIGKILL

import pytest

from tests import examples
from tests.browser.participants import Console, Script
from tests.browser.windows import GONE

# As anybody would write it, but for the address; {protocol} is nothing, or a subprotocol.
SHORTEST = """
const socket = new WebSocket("{address}/ws/chat/"{protocol});
socket.onopen = () => socket.send("Hello, server!");
socket.onmessage = (event) => console.log("Message from server:", event.data);
"""


@pytest.fixture
def reader(site, windows):
    """member1 reads the lobby, and sees what others say: nothing that was said in another test."""
    reader = windows.person("member1").go_live()
    site.post(begin := f"begins with {secrets.token_hex(4)}")
    reader.sees(begin)
    return reader


@pytest.fixture
def console(windows):
    """member2 is signed in and looks at a page that has no socket of its own."""
    return Console(windows.person("member2").go("/people/"))


def test_the_shortest_client_says_hello_and_hears_pages(site, reader, console):
    console.type(SHORTEST.format(address=site.url.replace("http", "ws"), protocol=""))

    reader.sees("Hello, server!")
    console.prints("Message from server:", '<li id="message-', "Hello, server!")
    reader.say("Hello, client!")
    console.prints("Message from server:", '<li id="message-', "Hello, client!")


@pytest.mark.parametrize("named", ('"chat.v1.json"', '["chat.v1.json"]'))
def test_the_shortest_client_hears_json_when_it_asks_for_it(site, reader, console, named):
    address = site.url.replace("http", "ws")

    console.type(SHORTEST.format(address=address, protocol=f", {named}"))

    reader.sees("Hello, server!")
    console.prints("Message from server:", '{"type":"hello"')
    console.prints("Message from server:", '{"type":"ack"')
    reader.say(f"Hello, {named}!")
    console.prints("Message from server:", '"type":"message.posted"', named.replace('"', '\\"'))


def test_the_documents_first_client_says_hello(reader, console):
    console.type(examples.program("hello.js"))

    reader.sees("Hello, server!")
    console.prints("Message from server:", '"type":"message.posted"', "Hello, server!")


def test_the_documents_client_hears_everything_once_through_a_kill(site, windows, reader):
    windows.allow(*GONE)
    script = Script(windows, "member2")
    script.say("before the kill")
    reader.sees("before the kill")

    site.stop(SIGKILL)
    site.post("while it was down", "and again")
    script.say("said to nobody")
    site.start()

    script.console.prints("member2: said to nobody")
    said = ["before the kill", "while it was down", "and again", "said to nobody"]
    reader.sees(*said)
    assert script.heard() == said
