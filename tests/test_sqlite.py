"""One SQLite file: who holds it, whether it is whole, and that its log stays small."""

import sqlite3
import time
from contextlib import closing

import pytest

from chat import sqlite

SMALL_BYTES = 4_000_000


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "site.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE toad (id INTEGER PRIMARY KEY, name TEXT)")
        rows = (("natterjack" * 20,) for _ in range(2000))
        database.executemany("INSERT INTO toad (name) VALUES (?)", rows)
    return path


def write(path, times):
    """Commits of 40 kB each, from a connection that never checkpoints."""
    with closing(sqlite3.connect(path, timeout=20)) as database:
        database.execute("PRAGMA wal_autocheckpoint=0")
        for number in range(times):
            with database:
                database.execute("INSERT INTO toad (name) VALUES (?)", (str(number) * 40_000,))
            yield number


@pytest.mark.parametrize(
    "version", ((3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 2))
)
def test_versions_with_the_reset_bug_are_known(version):
    assert sqlite.has_reset_bug(version)


@pytest.mark.parametrize(
    "version", ((3, 6, 23), (3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 52, 0), (4, 0, 0))
)
def test_versions_without_it_too(version):
    assert not sqlite.has_reset_bug(version)


def test_a_file_is_held_by_one_and_free_again_when_that_ends(path):
    with sqlite.hold(path), pytest.raises(sqlite.Taken, match=r"^\d+$"):
        sqlite.hold(path)
    sqlite.hold(path).close()


def test_a_whole_file_and_a_missing_one_have_no_damage(path, tmp_path):
    assert sqlite.damage(path) == ""
    assert sqlite.damage(tmp_path / "none.sqlite3") == ""
    assert not (tmp_path / "none.sqlite3").exists()


def test_a_file_in_use_has_no_damage(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert sqlite.damage(path) == ""


def test_overwritten_pages_are_found(path):
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * 4096 * 4)
    assert sqlite.damage(path)


def test_what_is_no_database_at_all_is_found(tmp_path):
    path = tmp_path / "site.sqlite3"
    path.write_bytes(b"not a database\n" * 1000)
    assert "not a database" in sqlite.damage(path)


def test_the_log_stays_small_while_somebody_writes_and_somebody_reads(path, monkeypatch):
    monkeypatch.setattr(sqlite, "CHECKPOINT_SECONDS", 0.02)
    log = path.with_name(f"{path.name}-wal")
    checkpointer = sqlite.Checkpointer(path)
    checkpointer.start()
    try:
        with closing(sqlite3.connect(path)) as reader:
            for number in write(path, times=400):
                reader.execute("SELECT count(*) FROM toad").fetchone()
                # Never faster than a checkpoint may come, on a machine that is busy.
                if number % 20 == 0:
                    _wait_until_carried(path, checkpointer)
        largest = log.stat().st_size  # it never shrinks
    finally:
        checkpointer.end()
    assert largest < SMALL_BYTES, largest
    assert sqlite.damage(path) == ""


def test_nobody_else_checkpoints_not_even_who_ends_last_beside_it(path):
    checkpointer = sqlite.Checkpointer(path)
    checkpointer.start()
    log = path.with_name(f"{path.name}-wal")
    try:
        deadline = time.monotonic() + 10
        while not log.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in write(path, times=3):
            pass
        assert log.exists()
    finally:
        checkpointer.end()
        checkpointer.join()  # it takes the log away, however long that takes
    assert not log.exists()


def _wait_until_carried(path, checkpointer):
    for _time in range(2):  # one that is under way may still carry what was there before
        checkpointer.carried = None
        deadline = time.monotonic() + 10
        while checkpointer.carried is None and time.monotonic() < deadline:
            time.sleep(0.005)
