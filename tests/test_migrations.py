import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def migrate():
    """Takes the database to a migration and returns the models as they were then."""

    def go(name):
        executor = MigrationExecutor(connection)
        executor.migrate([("chat", name)] if name else executor.loader.graph.leaf_nodes("chat"))
        return MigrationExecutor(connection).loader.project_state([("chat", name)]).apps

    yield go
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("chat"))


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
