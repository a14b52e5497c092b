"""The machine under the server fails: its disk, its files, its memory, its clock."""

import json
import resource
import secrets
import socket
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.server import machine
from tests.server.client import Client, hear, until
from tests.server.site import after, copied, running

ROOM = "/rooms/general/"
SHORT = 'from django.conf import settings; settings.DATABASES["default"]["OPTIONS"]["timeout"] = 1'


def post(client, token, body):
    """The status of a post, and the answer's text."""
    fields = {"csrfmiddlewaretoken": token, "body": body, "nonce": secrets.token_urlsafe(16)}
    status, text, _headers = client.answer(f"{ROOM}messages/", fields)
    return status, text


def stored(database, start):
    """The bodies that begin so, in the order of the log."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(
            "SELECT body FROM chat_message WHERE body LIKE ? ORDER BY seq", [f"{start}%"]
        )
        return [body for (body,) in found]


def is_whole(database):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.fixture
def folder(team, tmp_path):
    return copied(team, tmp_path / "one")


def test_who_posts_while_something_else_writes_waits(folder):
    database = folder / "natterjack.sqlite3"
    with running(folder) as site:
        client = Client(site.url, "member1")
        token = client.token(ROOM)
        answers = []
        with machine.locked(database):
            thread = threading.Thread(
                target=lambda: answers.append(post(client, token, "Waits")), daemon=True
            )
            thread.start()
            assert site.answers()
            thread.join(1.5)
            assert answers == []
        thread.join(20)

        assert [status for status, _text in answers] == [303]
        assert stored(database, "Waits") == ["Waits"]


def test_a_database_that_stays_locked_is_a_503_that_keeps_the_text(folder):
    database = folder / "natterjack.sqlite3"
    with running(folder, program=after(SHORT)) as site:
        client = Client(site.url, "member1")
        token = client.token(ROOM)
        with machine.locked(database):
            status, text = post(client, token, "Later <then>")
            assert status == 503
            assert "Later &lt;then&gt;" in text
            # Which room it was last would be kept, too: in passing, or not at all.
            for room in (ROOM, "/rooms/room-2/", ROOM):
                assert client.get(room)[0] == 200

        assert post(client, token, "Later")[0] == 303
        assert stored(database, "Later") == ["Later"]
        assert "Traceback" not in site.console


def test_a_full_disk_refuses_posts_shows_all_and_heals(folder, tmp_path):
    with running(folder, program=machine.on_a_disk_of(folder, "24m")) as site:
        data = machine.inside(site)
        client = Client(site.url, "member1")
        token = client.token(ROOM)
        kept, status = [], 303
        with machine.filled(data):
            # What the log has room for already is still taken.
            while status == 303 and len(kept) < 2000:
                body = f"Row {len(kept)} {'x' * 5000}"
                status, text = post(client, token, body)
                if status == 303:
                    kept.append(body)
            assert status == 503
            assert body in text
            assert client.get(ROOM)[0] == 200

        until(lambda: post(client, token, "Row of the end")[0] == 303)
        database = machine.brought_out(data, tmp_path / "out")
        assert stored(database, "Row") == [*kept, "Row of the end"]
        assert is_whole(database)
        assert "Traceback" not in site.console


def test_a_disk_that_takes_nothing_refuses_posts_shows_all_and_heals(folder):
    database = folder / "natterjack.sqlite3"
    with running(folder) as site:
        client = Client(site.url, "member1")
        token = client.token(ROOM)
        assert post(client, token, "Row 1")[0] == 303
        with machine.unwritable(site):
            for _time in range(3):
                status, text = post(client, token, "Row <2>")
                assert status == 503
                assert "Row &lt;2&gt;" in text
            assert client.get(ROOM)[0] == 200

        until(lambda: post(client, token, "Row 3")[0] == 303)
        assert stored(database, "Row") == ["Row 1", "Row 3"]
        assert is_whole(database)


def test_without_a_file_to_open_the_old_are_served_and_the_new_wait(folder):
    with running(folder, program=machine.with_limit("RLIMIT_NOFILE", 256)) as site:
        client = Client(site.url, "member1")
        token = client.token(ROOM)
        with client.socket() as reader, ExitStack() as crowd:
            reader.send(json.dumps({"type": "resume"}))
            hear(reader, 'id="connection"')
            for _number in range(300):
                crowd.enter_context(socket.create_connection(("127.0.0.1", site.port)))
            reader.send(json.dumps({"type": "post", "body": "Still here"}))
            hear(reader, "Still here")
            assert not site.answers()

        until(lambda: post(client, token, "And again")[0] == 303)
        # 20 notes at most in 10 s: the crowd of 300 may fall into two of these.
        assert site.console.count("\n") < 50, site.console
        assert "Traceback" not in site.console


def test_without_memory_nothing_that_was_acknowledged_is_lost(folder):
    database = folder / "natterjack.sqlite3"
    with running(folder) as site:
        client = Client(site.url, "member1")
        token = client.token(ROOM)
        used = memory(site.process.pid)
        unlimited = resource.prlimit(site.process.pid, resource.RLIMIT_AS)
        resource.prlimit(site.process.pid, resource.RLIMIT_AS, (used + 65536, unlimited[1]))
        # All at once: each needs a thread, and a thread is what there is no room for any more.
        with ThreadPoolExecutor(16) as people:
            sent = {
                number: people.submit(status_of, client, token, f"Row {number} {'x' * 9000}")
                for number in range(60)
            }
        kept = [number for number, status in sent.items() if status.result() == 303]
        assert len(kept) < len(sent) or "can't start new thread" in site.console
        if site.process.poll() is None:
            resource.prlimit(site.process.pid, resource.RLIMIT_AS, unlimited)
        else:
            site.restart()

        until(lambda: post(client, token, "Row of the end")[0] == 303)
        numbers = [body.split()[1] for body in stored(database, "Row ")][:-1]
        assert len(numbers) == len(set(numbers))
        assert set(map(str, kept)) <= set(numbers)
        assert is_whole(database)


def status_of(client, token, body):
    """The status of a post; None where no answer came."""
    try:
        return post(client, token, body)[0]
    except OSError:
        return None


def memory(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def test_no_clock_decides_what_comes_first(folder):
    library = machine.faketime()
    database = folder / "natterjack.sqlite3"
    times = ["+0", "-1h", "+1h", "@1970-01-02 00:00:00", "@2038-01-20 00:00:00", "+0"]
    for number, moment in enumerate(times):
        variables = {"LD_PRELOAD": library, "FAKETIME": moment, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        with running(folder, variables=variables) as site:
            client = Client(site.url, "member1")
            with client.socket() as reader:
                reader.send(json.dumps({"type": "resume"}))
                hear(reader, 'id="connection"')
                assert post(client, client.token(ROOM), f"Row {number}")[0] == 303
                hear(reader, f"Row {number}")
            page = client.get(ROOM)[1]
            places = [page.index(f"<p>Row {each}</p>") for each in range(number + 1)]
            assert places == sorted(places)

    assert stored(database, "Row") == [f"Row {number}" for number in range(len(times))]
