"""The database as somebody else sees it: what is durable, over a connection of its own."""

import sqlite3
from contextlib import closing

from django.db import connection

from chat.models import Session


class Truth:
    def __init__(self, path, room_id):
        self._path, self._room = path, room_id
        self._database = sqlite3.connect(path, isolation_level=None)

    def close(self):
        self._database.close()

    def rows(self, query, *values):
        return self._database.execute(query, values).fetchall()

    def entries(self):
        """The room's log: (seq, kind, whom it happened to, the message)."""
        return self.rows(
            "SELECT seq, kind, person_id, message_id FROM chat_event"
            " WHERE room_id = ? ORDER BY seq",
            self._room,
        )

    def posts(self):
        """(seq, message) of everything that was said, in order."""
        return self.rows(
            "SELECT seq, message_id FROM chat_event"
            " WHERE room_id = ? AND kind = 'message.posted' ORDER BY seq",
            self._room,
        )

    def messages(self):
        return self.rows(
            "SELECT id, seq, author_id, nonce, body FROM chat_message WHERE room_id = ?", self._room
        )

    def heads(self):
        """(the last seq, the last message's)."""
        (row,) = self.rows(
            "SELECT last_seq, last_message_seq FROM chat_room WHERE id = ?", self._room
        )
        return row

    def name(self):
        return self.rows("SELECT name FROM chat_room WHERE id = ?", self._room)[0][0]

    def epoch(self):
        return self.rows("SELECT epoch FROM chat_site")[0][0]

    def read_places(self):
        """person → (membership, the place that they have read)."""
        rows = self.rows(
            "SELECT person_id, id, read_seq FROM chat_membership WHERE room_id = ?", self._room
        )
        return {person: (key, seq) for person, key, seq in rows}

    def removed_at(self, person_id):
        """The entry that took this person out; None while they belong."""
        if person_id in self.read_places():
            return None
        (row,) = self.rows(
            "SELECT max(seq) FROM chat_event WHERE room_id = ? AND person_id = ?"
            " AND kind IN ('member.removed', 'member.left')",
            self._room,
            person_id,
        )
        return row[0] or 0

    def holds_session(self, key):
        table = Session._meta.db_table
        return bool(self.rows(f"SELECT 1 FROM {table} WHERE session_key = ?", key))


def copy_of_database():
    """All of it, in memory; any thread may put it back."""
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    connection.ensure_connection()
    connection.connection.backup(copy)
    return copy


def put_back(copy):
    """The database becomes the copy again, as when a backup is restored."""
    connection.ensure_connection()
    copy.backup(connection.connection)


def spare(copy):
    with closing(copy):
        pass
