"""`serve` and `runserver` as somebody meets them in a terminal."""

import re
import socket
from signal import SIGINT, SIGTERM

import pytest

from tests.server import site as sites
from tests.server.client import Client, hear
from tests.servers import free_port


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    folder = sites.copied(team, tmp_path_factory.mktemp("site") / "data")
    with sites.running(folder) as site:
        yield site


def test_a_port_in_use_ends_the_start_with_one_line_that_names_the_remedy(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = sites.serve_until_it_ends(tmp_path, PORT=str(port))
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"CommandError: 127.0.0.1:{port} is in use. Choose another: PORT=8001"
    )
    assert done.stdout == ""


def test_a_host_beyond_this_machine_without_a_site_url_ends_the_start_with_one_line(tmp_path):
    done = sites.serve_until_it_ends(tmp_path, HOST="0.0.0.0", PORT=str(free_port()))
    assert done.returncode == 1
    assert "SITE_URL" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("signal", (SIGINT, SIGTERM))
def test_it_is_quiet_and_ends_at_once_with_pages_and_streams_open(team, tmp_path, signal):
    folder = sites.copied(team, tmp_path / "data")
    site = sites.Site(data_dir=folder).start()
    try:
        person = Client(site.url, "member1")
        streaming = person.opener.open(f"{site.url}/rooms/general/live/", timeout=20)
        assert b"<li" in streaming.read(20_000)
        with person.socket() as listening:
            assert person.post("hello") == 303
            hear(listening, "hello")
            status = site.stop(signal)
        streaming.close()
    finally:
        site.stop()
    assert status in {0, 128 + signal, -signal}, site.console
    lines = [line for line in site.console.splitlines() if not line.startswith("SQLite ")]
    assert lines == [f"Natterjack is at {site.url}  (Ctrl-C ends it)"]


def test_bad_input_is_at_most_a_line_on_the_console(site):
    before = len(site.console.splitlines())
    person = Client(site.url, "member2")
    for path in ("/rooms/none/", "/messages/0/", "/rooms/general/?at=x", "/%00", "/login/%ff/"):
        assert person.get(path)[0] in {400, 404}
    assert person.send("/rooms/general/messages/", page="/settings/", body="\0")[0] == 422
    with person.socket() as listening:
        for frame in ("{", "[1]", '{"type": "no such"}', '{"type": "read", "seq": "-1"}', "\0"):
            listening.send(frame)
        hear(listening, "hx-swap-oob")
        assert person.post("still here") == 303
        hear(listening, "still here")
    with socket.create_connection(("127.0.0.1", site.port)) as raw:
        raw.sendall(b"NONSENSE\r\n\r\n")
        raw.recv(100)
    assert person.get("/rooms/general/")[0] == 200
    lines = site.console.splitlines()[before:]
    assert not [line for line in lines if "Traceback" in line], lines
    assert len(lines) <= 11


def test_runserver_serves_pages_styles_and_sockets(team, tmp_path):
    folder = sites.copied(team, tmp_path / "data")
    with sites.running(folder, command="runserver", variables={"DEBUG": "on"}) as site:
        person = Client(site.url, "member1")
        status, page = person.get("/rooms/general/")
        assert status == 200
        for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
            assert person.get(path)[0] == 200, path
        with person.socket() as listening:
            assert person.post("from the development server") == 303
            hear(listening, "from the development server")


def test_the_second_start_finds_everything_as_it_was(site):
    person = Client(site.url, "member3")
    assert person.post("kept over a restart") == 303
    site.restart()
    status, page = person.get("/rooms/general/")
    assert status == 200
    assert "kept over a restart" in page


def test_the_data_directory_is_its_owners_alone(tmp_path):
    with sites.running(tmp_path / "new") as site:
        assert re.search(r"http://127\.0\.0\.1:\d+/setup/\w{40}/\n", site.console)
        assert site.data_dir.stat().st_mode & 0o077 == 0
        assert (site.data_dir / "secret_key").stat().st_mode & 0o077 == 0
