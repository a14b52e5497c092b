from typing import Any

from django.db import migrations

from chat import search


def fill(apps: Any, schema_editor: Any) -> None:
    search.create()
    for _done in search.rebuild(apps.get_model("chat", "Message").objects):
        pass


def drop(apps: Any, schema_editor: Any) -> None:
    search.drop()


class Migration(migrations.Migration):
    """The index, a table of its own, with what has been said so far."""

    # Batches of their own, each whole by itself: a large site's log does not grow beyond bounds.
    atomic = False

    dependencies = [
        ('chat', '0004_conversation'),
    ]

    operations = [
        migrations.RunPython(fill, drop),
    ]
