"""Who does not read what is written to them, or reads it slowly."""

import contextlib
import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed

from chat.connections import STALL_SECONDS, notice_death
from tests.server import site as sites
from tests.server.client import Client
from tests.server.raw import PING, frame
from tests.server.tcp import Raw, memory_of, upgrade

IDLERS, FIRST, POSTS = 16, 60, 120
LONG = "<" * 7900  # 32 kB as HTML

# In life the system itself takes some megabytes for each who does not read; and on a busy
# machine the pings would be first.
SMALL = """
from chat import connections, server
server.PING_SECONDS = 3600
from socket import SO_SNDBUF, SOL_SOCKET
def small(transport, whole=connections.notice_death):
    whole(transport)
    transport.getHandle().setsockopt(SOL_SOCKET, SO_SNDBUF, 65_536)
connections.notice_death = small
"""


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    folder = sites.copied(team, tmp_path_factory.mktemp("readers") / "data")
    with sites.running(folder, program=sites.after(SMALL)) as site:
        yield site


def test_who_does_not_read_is_cut_and_holds_no_memory_while_others_hear_all(site):
    person = Client(site.url, "member1")
    with contextlib.ExitStack() as lines:
        idlers = [lines.enter_context(Raw(site, window=4096)) for _each in range(IDLERS)]
        for line in idlers:
            line.send(upgrade(site, person))
        for line in idlers:
            assert b"hx-swap-oob" in line.read_until(b"hx-swap-oob")  # from here on it is live
        [place] = site.shell("print(Room.objects.get(slug='general').last_seq)").split()
        page = Page(site, person, int(place))
        say_and_read(site, page, FIRST)  # a server comes to know templates, emoji, fragments
        before = memory_of(site)
        say_and_read(site, page, POSTS)
        grown = memory_of(site) - before

        assert all(line.is_cut_within(30) for line in idlers)
        assert person.get("/rooms/general/")[0] == 200
    assert page.shown == sorted(set(page.shown))
    assert len(page.shown) == FIRST + POSTS
    # Kept for everybody it would be 60 MB more.
    assert grown < 45, grown
    assert "A socket is cut: it does not read what is written to it" in site.console
    assert "Traceback" not in site.console


def say_and_read(site, page, count):
    many = f"for _number in range({count}): say({LONG!r}, 'member2', 'general')"
    with ThreadPoolExecutor() as thread:
        posting = thread.submit(site.shell, many)
        page.read(len(page.shown) + count)
        posting.result()


class Page:
    """One that reads, and that comes back from its cursor when it is cut for being slow."""

    def __init__(self, site, person, cursor):
        self.site, self.person, self.cursor, self.shown = site, person, cursor, []

    def read(self, count):
        deadline = time.monotonic() + 120
        while len(self.shown) < count:
            assert time.monotonic() < deadline, len(self.shown)
            with contextlib.suppress(ConnectionClosed), self.person.socket() as socket:
                socket.send(json.dumps({"type": "resume", "after": self.cursor}))
                while len(self.shown) < count:
                    self._show(socket.recv(timeout=30))

    def _show(self, frame):
        self.shown += map(int, re.findall(r'<li id="message-(\d+)"', frame))
        if cursors := re.findall(r'name="after" value="(\d+)"', frame):
            self.cursor = int(cursors[-1])


def test_a_flood_of_pings_is_answered_and_keeps_no_memory(site):
    person = Client(site.url, "member1")
    flood = frame(b"x" * 100, opcode=PING) * 1000
    with Raw(site) as line:
        line.send(upgrade(site, person))
        line.read_until(b"\r\n\r\n")
        before = memory_of(site)
        for _time in range(30):
            line.send(flood)
            line.read_until(b"x" * 100)

        assert person.get("/rooms/general/")[0] == 200
        assert memory_of(site) - before < 30  # of 3 MB that came, nothing is kept


def test_a_flood_at_a_socket_that_was_closed_is_kept_by_nobody(site):
    person = Client(site.url, "member1")
    before = memory_of(site)
    for _time in range(40):
        with Raw(site) as line:
            line.send(upgrade(site, person, room="nowhere"))
            line.read_until(b"\r\n\r\n")
            line.send(frame(b"") * 10_000)
            line.read_all()

    assert person.get("/rooms/general/")[0] == 200
    assert memory_of(site) - before < 30  # it would be 80 MB


def test_who_missed_more_than_may_be_left_unread_is_brought_all_of_it_as_they_read(site):
    person = Client(site.url, "member3")
    [place] = site.shell("print(Room.objects.get(slug='general').last_seq)").split()
    site.shell(f"for _number in range({POSTS}): say({LONG!r}, 'member2', 'general')")
    cuts = site.console.count("does not read")
    with Raw(site, window=4096) as page:
        page.send(upgrade(site, person))
        assert page.status == 101
        page.send(masked(json.dumps({"type": "resume", "after": int(place)})))
        time.sleep(1)  # as long as it would take to write it all
        heard = 0
        while heard < POSTS:
            assert page.read_until(b'<li id="message-').endswith(b'<li id="message-')
            heard += 1
    assert site.console.count("does not read") == cuts


def masked(text):
    data = text.encode()
    assert len(data) < 126
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


def test_a_connection_that_is_gone_without_a_word_is_ended_by_tcp():
    with socket.socket() as line:
        notice_death(_Transport(line))
        unanswered = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert unanswered == STALL_SECONDS * 1000 < 50_000
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        idle, interval, count = (line.getsockopt(socket.IPPROTO_TCP, name) for name in names)
        assert idle + interval * count < 50


class _Transport:
    def __init__(self, handle):
        self.getHandle = lambda: handle
