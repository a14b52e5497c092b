"""The application on uvicorn, as docs/running.md says to run it there."""

import contextlib
import re
import socket
import subprocess
import sys
from signal import SIGTERM

import pytest
from websockets.exceptions import ConnectionClosed

from tests.server import site as sites
from tests.server.client import Client, hear, until
from tests.server.tcp import Raw, upgrade

IDLERS, POSTS = 3, 60
LONG = "<" * 7900  # 32 kB as HTML


class Site(sites.Site):
    def launch(self):
        # In life the system itself takes some megabytes for each who does not read.
        with self.log.open("ab") as output, socket.socket() as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
            listening.bind(("127.0.0.1", self.port))
            self.process = subprocess.Popen(
                ["sh", "deploy/uvicorn.sh", "--fd", str(listening.fileno())],
                pass_fds=[listening.fileno()],
                cwd=sites.CHECKOUT,
                env=self.environment | {"PORT": str(self.port), "PYTHON": sys.executable},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


@contextlib.contextmanager
def running(folder):
    site = Site(data_dir=folder).start()
    try:
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    with running(sites.copied(team, tmp_path_factory.mktemp("uvicorn") / "data")) as site:
        yield site


def test_two_people_talk_live_over_pages_and_sockets(site):
    alice, bob = Client(site.url, "member1"), Client(site.url, "member2")
    status, page = alice.get("/rooms/general/")
    assert status == 200
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        assert alice.get(path)[0] == 200, path
    with alice.socket() as hers, bob.socket() as his:
        for _round in range(3):
            assert alice.post("said with a form") == 303
            hear(his, "said with a form")
            his.send("said over a socket")
            hear(hers, "said over a socket")
    assert alice.get("/rooms/general/")[1].count("said over a socket") == 3
    assert "Traceback" not in site.console


def test_a_page_without_scripts_is_told_as_it_happens(site):
    person = Client(site.url, "member3")
    with person.opener.open(f"{site.url}/rooms/general/live/", timeout=20) as stream:
        assert person.post("into the stream") == 303
        heard = b""
        while b"into the stream" not in heard:
            heard += stream.read1(4096)


def test_who_does_not_read_is_cut_and_keeps_nobody_waiting(site):
    person = Client(site.url, "member1")
    with contextlib.ExitStack() as lines:
        for _each in range(IDLERS):
            line = lines.enter_context(Raw(site, window=4096))
            line.send(upgrade(site, person))
            assert b"hx-swap-oob" in line.read_until(b"hx-swap-oob")
        with Client(site.url, "member2").socket() as reader:
            for number in range(POSTS):
                assert person.post(f"{LONG}-{number}-") == 303
                hear(reader, f"-{number}-")
        until(lambda: "A socket is cut" in site.console)
        assert person.get("/rooms/general/")[0] == 200


def test_who_hangs_up_is_no_error(site):
    person = Client(site.url, "member4")
    before = len(site.console.splitlines())
    for _each in range(3):
        person.socket().socket.close()
        assert person.post("to whoever is left") == 303
    assert [line for line in site.console.splitlines()[before:] if "Traceback" in line] == []


def test_it_ends_soon_with_pages_and_streams_open_and_keeps_what_was_said(site):
    person = Client(site.url, "member1")
    stream = person.opener.open(f"{site.url}/rooms/general/live/", timeout=20)
    with stream, person.socket() as page:
        assert person.post("before the end") == 303
        hear(page, "before the end")
        site.stop(SIGTERM)
        with pytest.raises(ConnectionClosed):
            list(page)
        assert page.close_code not in (1000, 4400, 4401, 4403, 4404, 4429)  # it comes back
    site.start()
    assert "before the end" in person.get("/rooms/general/")[1]
    assert "Traceback" not in site.console


def test_a_second_server_on_one_sqlite_file_does_not_start(site):
    second = Site(data_dir=site.data_dir)
    with pytest.raises(sites.ServerFailed, match="SQLite is for one"):
        second.start()
