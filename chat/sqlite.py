"""A site in one SQLite file: held by one server, checked, and checkpointed from one place.

SQLite 3.7.0 to 3.51.2 can damage a file in WAL mode (https://sqlite.org/wal.html#walresetbug): a
checkpoint begins right after one that was complete, and while it runs somebody commits and starts
the log anew. So no connection checkpoints by itself (settings: wal_autocheckpoint=0). The server
does, while it holds the write lock: nobody can commit meanwhile. And its connection stays open as
long as it serves, so that no command beside it is ever the last one, which checkpoints as it ends.
"""

import fcntl
import logging
import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO

from django.conf import settings

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 1.0
# A busy site commits often; who asks for the write lock gets it within this time, or next time.
LOCK_SECONDS = 20
CHECK_SECONDS = 5
# What a checkpoint that is under way gets when the process ends.
LAST_SECONDS = 2


class Taken(Exception):
    """Another process holds the file; the message is its number, as far as it is known."""


def file() -> Path | None:
    """The site's database file; None with PostgreSQL."""
    database = settings.DATABASES["default"]
    return Path(database["NAME"]) if database["ENGINE"].endswith("sqlite3") else None


def hold(path: Path) -> IO[str]:
    """Holds the database until what is returned is closed or the process ends, however it does.

    Raises Taken. The lock is on a file beside the database: SQLite's own locks are on that.
    """
    lock = path.with_name(f"{path.name}.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        with lock:
            raise Taken(lock.read().strip()) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def damage(path: Path) -> str:
    """What SQLite says is wrong with the file; empty when CHECK_SECONDS did not find anything."""
    if not path.exists():
        return ""
    deadline = time.monotonic() + CHECK_SECONDS
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as database:
            database.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
            found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        # Locked, or not ours to write: that is no damage, and migrating will say so.
        is_damage = error.sqlite_errorname.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
        return str(error) if is_damage else ""
    return "" if found == "ok" else str(found).replace("\n", " ")


def has_reset_bug(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite has the WAL-reset bug: fixed in 3.51.3, and in 3.44.6 and 3.50.7."""
    if version[:2] in {(3, 44), (3, 50)}:
        return version < {44: (3, 44, 6), 50: (3, 50, 7)}[version[1]]
    return (3, 7, 0) <= version < (3, 51, 3)


class Checkpointer(Thread):
    """Carries the log over into the file once a second, so that it starts anew and stays small."""

    def __init__(self, path: Path) -> None:
        super().__init__(name="checkpoints", daemon=True)
        self.path = path
        self.ending = Event()
        self.carried: int | None = None

    def end(self) -> None:
        self.ending.set()
        self.join(LAST_SECONDS)

    def run(self) -> None:
        # Two connections, for a checkpoint can't be made from within a transaction.
        with closing(self._connect()) as guard, closing(self._connect()) as carrier:
            failed = ""
            while not self.ending.wait(CHECKPOINT_SECONDS):
                try:
                    self._checkpoint(guard, carrier)
                    failed = ""
                except sqlite3.Error as error:
                    if str(error) != failed:
                        logger.error("The log can't be carried over now: %s", error)
                    failed = str(error)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=LOCK_SECONDS, isolation_level=None)

    def _checkpoint(self, guard: sqlite3.Connection, carrier: sqlite3.Connection) -> None:
        version = carrier.execute("PRAGMA data_version").fetchone()[0]
        if version == self.carried:
            return
        guard.execute("BEGIN IMMEDIATE")
        try:
            # PASSIVE never waits for readers: nobody's post has to wait for somebody's backup.
            _busy, size, done = carrier.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        finally:
            with suppress(sqlite3.Error):
                guard.execute("ROLLBACK")
        self.carried = version if size == done else None
