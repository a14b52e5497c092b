from datetime import date

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import TextField
from django.utils import timezone

from chat import search
from chat.actions.messages import post_message
from chat.models import Mention, Message

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def migrate():
    """Takes the database to a migration, or to the newest, and returns the models of then."""

    def go(name=None):
        executor = MigrationExecutor(connection)
        to = [("chat", name)] if name else executor.loader.graph.leaf_nodes("chat")
        executor.migrate(to)
        return MigrationExecutor(connection).loader.project_state(to).apps

    yield go
    go()


def test_the_messages_that_there_are_are_counted(migrate):
    old = migrate("0003_archived")
    person = old.get_model("chat", "Person").objects.create(username="ada", skeleton="ada")
    counts = {"kitchen": 3, "garden": 0}
    for slug, count in counts.items():
        room = old.get_model("chat", "Room").objects.create(slug=slug, name=slug)
        for seq in range(2, 2 + 2 * count, 2):
            old.get_model("chat", "Message").objects.create(
                room=room,
                seq=seq,
                author=person,
                nonce=f"{slug}-{seq}",
                body="Hello",
                html="<p>Hello</p>",
                markup_version=1,
                created_at=timezone.now(),
            )
        old.get_model("chat", "Membership").objects.create(room=room, person=person, read_seq=5)

    new = migrate("0004_conversation")

    messages = new.get_model("chat", "Message").objects.filter(room__slug="kitchen")
    assert list(messages.order_by("seq").values_list("number", flat=True)) == [1, 2, 3]
    rooms = new.get_model("chat", "Room").objects
    assert dict(rooms.values_list("slug", "message_count")) == counts
    memberships = new.get_model("chat", "Membership").objects
    assert dict(memberships.values_list("room__slug", "read_number")) == {"kitchen": 2, "garden": 0}


def found(person, text):
    query = search.parse(text, today=date(2026, 3, 10))
    return [hit.message.body for hit in search.find(person=person, query=query).hits]


def test_what_was_said_before_there_was_an_index_is_found(migrate, alice, lobby):
    for number in range(3):
        post_message(author=alice, room=lobby, body=f"frog {number}", nonce=f"nonce-{number:04}")

    migrate("0004_conversation")
    assert "chat_search" not in connection.introspection.table_names()
    migrate()

    assert found(alice, "frog") == ["frog 2", "frog 1", "frog 0"]


def test_the_index_outlives_a_rebuilt_table_of_messages(alice, lobby):
    post_message(author=alice, room=lobby, body="an old frog", nonce="nonce-old")
    old, new = Message._meta.get_field("nonce"), TextField()
    new.set_attributes_from_name("nonce")
    new.model = Message

    # SQLite can't alter a column: Django makes another table, and every trigger is lost.
    for before, after in ((old, new), (new, old)):
        with connection.schema_editor() as editor:
            editor.alter_field(Message, before, after)
    post_message(author=alice, room=lobby, body="a new frog", nonce="nonce-new")

    assert found(alice, "frog") == ["a new frog", "an old frog"]


def test_what_named_somebody_in_a_thread_alone_knows_its_thread(migrate, alice, lobby):
    root = post_message(author=alice, room=lobby, body="A frog", nonce="nonce-root")
    for body, in_room in (("@room here", True), ("@room there", False)):
        post_message(author=alice, room=lobby, body=body, nonce=body, root=root.pk, in_room=in_room)

    migrate("0006_presence")
    migrate()

    rows = Mention.objects.order_by("seq").values_list("root", flat=True)
    assert list(rows) == [None, root.pk]
