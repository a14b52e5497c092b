"""What the commands have in common that speak with a site's database."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from chat.models import Person


class SiteCommand(BaseCommand):
    """Refuses, in a line, where nothing has been set up yet."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        if Person._meta.db_table not in connection.introspection.table_names():
            raise CommandError("There is no site here yet: `make run` sets one up.")
        return super().execute(*args, **options)
