"""A site in one SQLite file: one server holds it, commands work beside it, and its log is short."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat import sqlite
from tests.server import site as sites
from tests.server.client import Client, hear

LARGEST_BYTES = 16_000_000


@pytest.fixture
def folder(team, tmp_path):
    return sites.copied(team, tmp_path / "data")


def start_that_fails(folder):
    """A `serve` that has to end by itself: its status and what it said."""
    done = sites.serve_until_it_ends(folder)
    return done.returncode, done.stderr.strip().splitlines()


def test_a_second_server_on_the_same_file_is_refused_with_one_line(folder):
    with sites.running(folder) as site:
        status, lines = start_that_fails(folder)
        assert status == 1
        assert len(lines) == 1
        assert lines[0].startswith(f"CommandError: Another server (process {site.process.pid})")
        assert "DATABASE_URL" in lines[0]
        assert Client(site.url, "member1").get("/rooms/general/")[0] == 200
    with sites.running(folder):
        pass


def test_a_damaged_file_is_not_served(folder):
    path = folder / "natterjack.sqlite3"
    with path.open("r+b") as file:
        file.seek(4096 * 10)
        file.write(b"\xff" * 4096 * 10)
    status, lines = start_that_fails(folder)
    assert status == 1
    assert len(lines) == 1
    assert re.search(r"is damaged \(.+\)\. Put a backup in its place", lines[0])


def test_the_reset_bug_is_told_of_where_it_is(folder):
    with sites.running(folder) as site:
        warnings = [line for line in site.console.splitlines() if "WAL-reset bug" in line]
    assert len(warnings) == sqlite.has_reset_bug()


def test_commands_beside_it_are_fine_and_the_log_of_the_file_stays_short(folder):
    with sites.running(folder) as site:
        listener = Client(site.url, "member1")
        with listener.socket() as socket:
            socket.send('{"type": "resume"}')
            hear(socket, 'id="connection"')
            assert site.manage("token", "member1", "--label", "beside").strip()
            # Far more goes through the log; it starts anew as often as that is carried over.
            many = (
                "import time\n"
                "for number in range(400):\n"
                "    say(f'{number} ' + 'toad ' * 900, 'member1', 'general')\n"
                "    time.sleep(0.005)"
            )
            with ThreadPoolExecutor() as thread:
                posting = thread.submit(site.shell, many)
                hear(socket, "399 toad", seconds=120)
                posting.result()
        log = folder / "natterjack.sqlite3-wal"
        assert 0 < log.stat().st_size < LARGEST_BYTES
    assert not log.exists()
    assert sqlite.damage(folder / "natterjack.sqlite3") == ""
