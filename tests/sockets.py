"""Sockets as pages and programs hold them, and the list that a page has shown by their frames."""

import asyncio
import json
import re

from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings

from chat import routing
from chat.actions.messages import post_message
from chat.actions.people import create_token
from chat.database import in_database
from tests import protocol
from tests.visits import shown_ids

DEADLINE_SECONDS = 10
PROTOCOL = "chat.v1.json"
HOST = "localhost:8000"
ORIGIN = f"http://{HOST}"
LET_IN = "let in"


class Closed(Exception):
    """The server has closed the socket, with this code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Socket(WebsocketCommunicator):
    """One socket. Its frames make a list as in a page: `shown` ids, up to `cursor`."""

    def __init__(self, path, headers):
        super().__init__(URLRouter(routing.websocket_urlpatterns), path, headers=headers)
        self.shown, self.cursor, self.heard = [], None, []

    async def open(self):
        assert await self.connect(DEADLINE_SECONDS) == (True, None)
        return self

    async def say(self, *texts, **frame):
        """Sends text or bytes as they are, and what has names as one object."""
        for text in texts or [json.dumps(frame)]:
            kind = "bytes" if isinstance(text, bytes) else "text"
            await self.send_input({"type": "websocket.receive", kind: text})

    async def hear(self):
        """The next frame, shown as in a page. Raises Closed when there is none any more."""
        output = await self.receive_output(DEADLINE_SECONDS)
        if output["type"] == "websocket.close":
            raise Closed(output["code"])
        frame = output["text"]
        self.heard.append(frame)
        if 'hx-swap-oob="innerHTML:#messages"' in frame:
            self.shown = []
        self.shown += shown_ids(frame)
        if cursor := re.search(r'name="after" value="(\d+)"', frame):
            self.cursor = int(cursor[1])
        return frame

    async def until_heard(self, text):
        """The first frame from here on that holds the text."""
        while text not in (frame := await self.hear()):
            pass
        return frame

    async def until_shown(self, *messages):
        while not {message.pk for message in messages} <= set(self.shown):
            await self.hear()

    async def closed(self):
        """The code with which the server closes the socket."""
        try:
            while True:
                await self.hear()
        except Closed as closed:
            return closed.code

    @property
    def is_silent(self):
        return self.output_queue.empty()

    async def hang_up(self):
        if self._future is not None and not self.future.done():
            await self.disconnect(timeout=DEADLINE_SECONDS)


class Program(Socket):
    """A program's socket: JSON. `hello` is the first frame, `frames` are all that were heard."""

    def __init__(self, path, token, headers=()):
        super().__init__(path, [*(token_headers(token) if token else ()), *headers])
        self.scope["subprotocols"] = [PROTOCOL]
        self.frames, self.hello = [], None

    async def open(self):
        assert await self.connect(DEADLINE_SECONDS) == (True, PROTOCOL)
        self.hello = await self.hear()
        assert self.hello["type"] == "hello"
        return self

    async def open_and_closed(self):
        """The code with which somebody is refused, of whom nothing is told."""
        assert await self.connect(DEADLINE_SECONDS) == (True, PROTOCOL)
        return await self.closed()

    async def hear(self):
        """The next frame, which is one that docs/protocol/ tells."""
        frame = json.loads(await super().hear())
        protocol.check(frame)
        self.frames.append(frame)
        return frame

    async def until(self, kind):
        """The next frame of this type."""
        while (frame := await self.hear())["type"] != kind:
            pass
        return frame

    def of(self, kind):
        """Those of this type that were heard."""
        return [frame for frame in self.frames if frame["type"] == kind]


def cookie_headers(client, origin=ORIGIN, host=HOST):
    """What a browser sends: its cookie, and the page that it comes from unless that is None."""
    name = settings.SESSION_COOKIE_NAME
    headers = [
        (b"host", host.encode()),
        (b"cookie", f"{name}={client.cookies[name].value}".encode()),
    ]
    return headers if origin is None else [*headers, (b"origin", origin.encode())]


def token_headers(token):
    """What a program sends, from wherever it runs."""
    return [(b"host", b"elsewhere"), (b"authorization", f"Bearer {token}".encode("latin-1"))]


async def token_of(person):
    return await in_database(create_token, person=person, label="a program")


async def post(author, room, body="Hello", **more):
    """A message, stored in a database thread as a page's would be."""
    post.count += 1
    nonce = f"nonce-of-test-{post.count}"
    return await in_database(post_message, author=author, room=room, body=body, nonce=nonce, **more)


post.count = 0


async def until(condition):
    """What the condition returns as soon as it is true."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not (found := condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return found


async def eventually(query):
    """What the query returns as soon as it is true, asked in a database thread."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not (found := await in_database(query)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return found


def sidebars(page):
    """The frames that a page has heard of its sidebar."""
    return [frame for frame in page.heard if 'id="inbox-line"' in frame]


def title(frame):
    """The page's title as a frame of its sidebar puts it."""
    return re.search(r'hx-swap-oob="innerHTML:title">([^<]*)<', frame)[1]


def unread(frame):
    """The rooms that a frame's sidebar shows as unread, by slug."""
    lines = re.findall(r'class="room-line" href="/rooms/([\w-]+)/"(.*?)</a>', frame)
    return [slug for slug, line in lines if " data-unread" in line]
