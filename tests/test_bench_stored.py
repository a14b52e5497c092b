"""What was acknowledged has to be in the database: exactly that, and each message once."""

import sqlite3
from contextlib import closing

import pytest

from bench import stored, texts
from bench.errors import Invalid
from bench.site import Site


@pytest.fixture
def site(tmp_path):
    """A database with one older message, key 7."""
    said(tmp_path, [(7, "Hello.")])
    return Site(tmp_path, [])


def said(directory, rows):
    with closing(sqlite3.connect(directory / "natterjack.sqlite3")) as database:
        database.execute("CREATE TABLE IF NOT EXISTS chat_message (id INTEGER, body TEXT)")
        database.executemany("INSERT INTO chat_message VALUES (?, ?)", rows)
        database.commit()


def store(site, numbers):
    said(site.data_dir, [(8 + place, texts.text(each)) for place, each in enumerate(numbers)])


def test_all_that_was_acknowledged_and_is_stored_once_is_right(site):
    newest = stored.newest(site)
    store(site, [3, 1, 2])

    assert newest == 7
    stored.check(site, after=newest, numbers={1: 0.5, 2: 0.7, 3: 0.2})


@pytest.mark.parametrize(
    ("numbers", "words"),
    (
        ([1, 3], "3 messages were acknowledged and 2 are stored; lost: 2, too many: none"),
        ([1, 2, 3, 3], "and 4 are stored; lost: none, too many: 3"),
        ([1, 2, 3, 9], "and 4 are stored; lost: none, too many: 9"),
        ([1, 2, 9], "and 3 are stored; lost: 3, too many: 9"),
        ([], "and 0 are stored; lost: 1, 2, 3, too many: none"),
    ),
)
def test_what_is_lost_doubled_or_nobodys_is_wrong(site, numbers, words):
    store(site, numbers)

    with pytest.raises(Invalid, match=words):
        stored.check(site, after=7, numbers=[1, 2, 3])


def test_a_message_of_no_number_is_wrong(site):
    store(site, [1])
    said(site.data_dir, [(9, "Somebody else's.")])

    with pytest.raises(Invalid, match="1 messages were acknowledged and 2 are stored"):
        stored.check(site, after=7, numbers=[1])
