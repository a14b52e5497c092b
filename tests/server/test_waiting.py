"""Somebody else holds SQLite's lock: who writes waits, and everybody else is served."""

import json
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.server import machine
from tests.server.client import Client, hear, until
from tests.server.site import after, copied, running
from tests.server.test_machine import ROOM, SHORT, post, stored

POSTERS = 30
FACES = "👍🎉😄👀🚀🐸"
PAGES = ("/healthz", "/readyz", ROOM, "/rooms/", "/people/", ROOM)


@pytest.fixture
def folder(team, tmp_path):
    return copied(team, tmp_path / "one")


@pytest.fixture
def threads():
    with ThreadPoolExecutor(POSTERS) as pool:
        yield pool


def begin(threads, client):
    """Everybody posts at once; returns what will be the answers."""
    token = client.token(ROOM)
    return [threads.submit(post, client, token, f"Row {number}") for number in range(POSTERS)]


def test_pages_are_answered_while_all_who_post_wait(folder, threads):
    with running(folder) as site:
        client = Client(site.url, "member1")
        with machine.locked(folder / "natterjack.sqlite3"):
            posting = begin(threads, client)
            for page in PAGES:
                assert client.get(page)[0] == 200
            # Somebody new: their token is to be kept in a session, which can't be stored.
            assert urllib.request.urlopen(f"{site.url}/login/").status == 200
            assert not any(each.done() for each in posting)

        assert {each.result()[0] for each in posting} == {303}
    assert sorted(stored(folder / "natterjack.sqlite3", "Row")) == sorted(
        f"Row {number}" for number in range(POSTERS)
    )


def test_sockets_are_let_in_and_told_while_others_wait_to_write(folder, threads):
    with running(folder) as site, ExitStack() as stack:
        client = Client(site.url, "member1")
        message = re.search(r'id="message-(\d+)"', client.get(ROOM)[1])[1]
        writers = [stack.enter_context(client.socket()) for _face in FACES]
        with machine.locked(folder / "natterjack.sqlite3"):
            for writer, face in zip(writers, FACES, strict=True):
                writer.send(json.dumps({"type": "react", "message": message, "emoji": face}))
                writer.send(f"Row by {face}")
            posting = begin(threads, client)
            reader = stack.enter_context(client.socket())
            reader.send(json.dumps({"type": "resume"}))
            hear(reader, 'id="rooms"')
            assert not any(each.done() for each in posting)

        assert {each.result()[0] for each in posting} == {303}
        until(lambda: len(stored(folder / "natterjack.sqlite3", "Row")) == POSTERS + len(FACES))


def test_who_waits_for_too_long_is_refused_with_everybody_in_the_line(folder, threads):
    with running(folder, program=after(SHORT)) as site:
        client = Client(site.url, "member1")
        with machine.locked(folder / "natterjack.sqlite3"):
            answers = [each.result() for each in begin(threads, client)]
            assert {status for status, _text in answers} == {503}
            assert all(f"Row {number}" in text for number, (_status, text) in enumerate(answers))

        assert post(client, client.token(ROOM), "Row of the end")[0] == 303
        assert "Traceback" not in site.console
    assert stored(folder / "natterjack.sqlite3", "Row") == ["Row of the end"]


def test_a_page_keeps_in_the_session_what_it_can_and_a_form_says_so_where_it_cannot(folder):
    settings = f"{ROOM}settings/"
    with running(folder, program=after(SHORT)) as site:
        client = Client(site.url, "member1")
        token = client.token(settings)
        changed = client.send(settings, page=settings, name="General", purpose="All of it")
        assert changed[0] == 303
        with machine.locked(folder / "natterjack.sqlite3"):
            status, page = client.get(settings)  # with the notice, which is then to be forgotten
            assert (status, "Saved." in page) == (200, True)
            fields = {"csrfmiddlewaretoken": token, "lines": "many", "room": "general"}
            assert client.answer("/composer/lines/", fields)[0] == 503
