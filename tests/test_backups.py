"""What `restore` takes and what it refuses, on SQLite's files."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from chat import backups, sqlite
from chat.actions.messages import post_message
from chat.backups import sqlite_file
from chat.models import Site

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site_file(lobby, alice):
    """The database of these tests, with a site in it."""
    post_message(author=alice, room=lobby, body="before the backup", nonce="n" * 22)
    return Path(connection.settings_dict["NAME"])


@pytest.fixture
def backup(site_file, tmp_path):
    sqlite_file.write(site_file, tmp_path / "backup")
    return tmp_path / "backup"


@pytest.fixture
def other(backup, tmp_path):
    """Another site's database, into which is restored."""
    path = tmp_path / "other" / "natterjack.sqlite3"
    path.parent.mkdir()
    sqlite_file.restore(path, backup)
    return path


def ask(path, question):
    with closing(sqlite3.connect(path)) as database, database:
        return database.execute(question).fetchall()


def test_a_backup_is_one_whole_file_for_its_owner_alone(backup):
    assert ask(backup, "SELECT body FROM chat_message") == [("before the backup",)]
    assert ask(backup, "PRAGMA journal_mode") == [("delete",)]
    assert backup.stat().st_mode & 0o077 == 0
    assert [path.name for path in backup.parent.iterdir()] == ["backup"]


def test_a_file_that_is_there_is_not_written_over(backup):
    with pytest.raises(backups.Unusable, match="there already"):
        backups.write(backup)


def test_a_folder_that_is_missing_is_said(site_file, tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "file", lambda: site_file)
    with pytest.raises(backups.Unusable, match="can't be written"):
        backups.write(tmp_path / "none" / "backup")


def test_what_is_restored_is_another_epoch(backup, other):
    (epoch,) = ask(other, "SELECT epoch FROM chat_site")[0]
    assert ask(other, "SELECT body FROM chat_message") == [("before the backup",)]
    assert epoch != Site.load().epoch.hex
    sqlite_file.restore(other, backup)
    assert ask(other, "SELECT epoch FROM chat_site") != [(epoch,)]


def test_who_signed_out_since_the_backup_stays_so_and_who_is_signed_in_too(backup, other):
    insert = "INSERT INTO chat_session VALUES ('{}', 'data', '2099-01-01', 'line')"
    ask(backup, insert.format("in the backup"))
    ask(other, insert.format("of now"))
    sqlite_file.restore(other, backup)
    assert ask(other, "SELECT session_key FROM chat_session") == [("of now",)]


def test_the_database_of_before_is_kept(backup, other):
    ask(other, "UPDATE chat_message SET body = 'since then'")
    kept = sqlite_file.restore(other, backup)
    assert ask(kept, "SELECT body FROM chat_message") == [("since then",)]
    assert ask(other, "SELECT body FROM chat_message") == [("before the backup",)]


def test_a_damaged_database_is_replaced(backup, other):
    other.write_bytes(b"damaged" * 10_000)
    sqlite_file.restore(other, backup)
    assert sqlite.damage(other) == ""


@pytest.mark.parametrize("part", (0.0, 0.3, 0.99))
def test_a_torn_backup_is_refused_and_changes_nothing(backup, other, part):
    whole, before = backup.read_bytes(), other.read_bytes()
    backup.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(backups.Unusable, match="no whole backup"):
        sqlite_file.restore(other, backup)
    assert other.read_bytes() == before
    assert not list(other.parent.glob("*.restoring"))


def test_a_file_of_something_else_is_refused(tmp_path, other):
    ask(tmp_path / "toads.sqlite3", "CREATE TABLE toad (name TEXT)")
    for path in (tmp_path / "toads.sqlite3", Path(__file__)):
        with pytest.raises(backups.Unusable, match="no whole backup"):
            sqlite_file.restore(other, path)


def test_a_backup_of_a_later_version_is_refused(backup, other):
    ask(
        backup,
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('chat', '9999_later', '2026-01-01')",
    )
    with pytest.raises(backups.Unusable, match="later Natterjack"):
        sqlite_file.restore(other, backup)


def test_a_database_in_use_is_not_replaced(backup, other, monkeypatch):
    with sqlite.hold(other), pytest.raises(backups.Unusable, match="end it first"):
        sqlite_file.restore(other, backup)
    with closing(sqlite3.connect(other)) as user:
        user.execute("PRAGMA journal_mode=WAL")
        user.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.1)
        with pytest.raises(backups.Unusable, match="Another program"):
            sqlite_file.restore(other, backup)
    assert not list(other.parent.glob("*.before-*"))
