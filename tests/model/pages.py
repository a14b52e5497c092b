"""Open pages, and the sockets between them and a process.

A page is what the real views answered, changed by real frames as htmx would change it. What is
on the way in either direction waits until the test carries it, or is lost.
"""

import asyncio
import json
import re

from django.conf import settings
from django.test import Client

from tests.model.document import parse, swap_answer, swap_frame

_HOST = "localhost:8000"
_POST = re.compile(r'<li id="message-(\d+)"[^>]* data-seq="(\d+)"')
LOST, CLOSED = 1006, "websocket.close"


class Browser:
    """Somebody's cookie."""

    def __init__(self, person):
        self.person, self.client = person, Client(raise_request_exception=False, HTTP_HOST=_HOST)
        self.client.force_login(person)
        self.session_key = self.client.cookies[settings.SESSION_COOKIE_NAME].value

    @property
    def headers(self):
        cookie = f"{settings.SESSION_COOKIE_NAME}={self.session_key}"
        return [
            (b"host", _HOST.encode()),
            (b"origin", f"http://{_HOST}".encode()),
            (b"cookie", cookie.encode()),
        ]


class Page:
    """A room's page in a browser. Its list and its cursor are what it shows."""

    def __init__(self, browser, slug, html, number):
        self.browser, self.slug, self.number = browser, slug, number
        self.document = parse(html)
        self.connection = None
        self.unsent = []

    def __repr__(self):
        return f"page {self.number} of {self.browser.person.username}"

    @property
    def shown(self):
        """(seq, message) of each post in its list, from top to bottom."""
        lists = [self.document.find(key) for key in ("history", "messages")]
        return [
            (int(each.attributes["data-seq"]), int(each.attributes["id"].split("-")[1]))
            for each in [item for list_ in lists for item in list_.walk()]
            if each.attributes.get("id", "").startswith("message-")
        ]

    @property
    def cursor(self):
        return int(self._place["after"])

    @property
    def epoch(self):
        return self._place["epoch"]

    @property
    def _place(self):
        return self.document.find("cursor").values()

    @property
    def has_older(self):
        return any(each.tag == "a" for each in self.document.find("older").walk())

    @property
    def stays_away(self):
        return self.document.find("live") is None

    @property
    def room_name(self):
        return self.document.find("room-head").find_tag("bdi").text

    @property
    def member_count(self):
        return int(self.document.find("member-count").text.split()[0])

    def says_unread(self, slug):
        """Whether the sidebar marks the room as unread; None where it has no such line."""
        for link in self.document.find("rooms").walk():
            if link.attributes.get("href") == f"/rooms/{slug}/":
                return any("data-unread" in part.attributes for part in link.walk())
        return None

    def opened(self):
        """The socket is open: the page says where it stands, then what it could not say before."""
        self.say(type="resume", **self._place)
        for frame in self.unsent:
            self.say(**frame)
        self.unsent = []

    def say(self, **frame):
        if self.connection is not None and self.connection.is_accepted:
            self.connection.up.append(json.dumps(frame | {"HEADERS": {"HX-Request": "true"}}))
        else:
            self.unsent.append(frame)

    def report_read(self):
        self.say(type="read", **self._place)

    def take(self, html):
        swap_frame(self.document, html)

    def take_older(self, html):
        """An older page has come; the form in it resumes from where that page was read."""
        swap_answer(self.document, html, "history")
        again = self.document.find("again")
        if again is not None and again.values():
            self.say(**again.values())


class Connection:
    """One socket. `down` is on its way to the page, `up` to the server."""

    def __init__(self, page, process, witness, laps=0):
        self.page, self.process, self.witness, self.laps = page, process, witness, laps
        self.up, self.down = [], []
        self.is_accepted = self.is_over = self.is_written_off = False
        self.code = None
        self._inbox = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        process.connections.append(self)
        path, _, query = page.document.find("live").attributes["ws-connect"].partition("?")
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": page.browser.headers,
            "scheme": "ws",
        }
        self._task = process.spawn(process.application(scope, self._inbox.get, self._send))
        self._task.add_done_callback(self._ended)

    async def _send(self, message):
        for _lap in range(self.laps):  # a socket that takes a while
            await asyncio.sleep(0)
        if self.is_written_off:
            return
        if message["type"] == "websocket.send":
            self.witness(self, message["text"])
        if message["type"] == CLOSED:
            self._write_off(message["code"])
        self.down.append(message)

    def carry_down(self, count=None):
        """Frames reach the page. True when there were any."""
        carried = self.down[:count]
        del self.down[:count]
        for message in carried:
            if message["type"] == "websocket.accept":
                self.is_accepted = True
                self.page.opened()
            elif message["type"] == "websocket.send":
                self.page.take(message["text"])
                yield
            else:
                self._over(message.get("code", LOST))

    def carry_up(self, count=None):
        carried = self.up[:count]
        del self.up[:count]
        for text in carried:
            self._inbox.put_nowait({"type": "websocket.receive", "text": text})
        return bool(carried)

    def drop(self, *, server_knows=True):
        """The network breaks: what was under way is gone. The server may hear of it much later."""
        self.up, self.down = [], []
        self._over(LOST)
        if server_knows:
            self._write_off(LOST)

    def cut(self):
        """The process is gone; the page finds out when it has read what was under way."""
        if not self.is_written_off:
            self.is_written_off = True
            self.down.append({"type": CLOSED, "code": LOST})

    def _ended(self, task):
        if not self.is_written_off:
            self.is_written_off = True
            self.down.append({"type": CLOSED, "code": 1011})
        if not task.cancelled():
            task.exception()  # daphne logs it and closes with 1011

    def _write_off(self, code):
        if not self.is_written_off:
            self.is_written_off, self.code = True, code
            self._inbox.put_nowait({"type": "websocket.disconnect", "code": code})

    def _over(self, code):
        self.is_over, self.code = True, code
        if self.page.connection is self:
            self.page.connection = None


def posts_in(html):
    """(seq, message) of the posts in a frame."""
    return [(int(seq), int(key)) for key, seq in _POST.findall(html)]
