"""`manage.py restore`: a backup in the place of the database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat import backups


class Command(BaseCommand):
    help = (
        "Puts a file that `backup` wrote in the place of the database, wholly or not at all, while "
        "no server runs. What was written since the backup is gone from the site: messages, but "
        "also people switched off and tokens revoked since. With SQLite the database of before is "
        "kept beside the new one."
    )
    # A damaged database is no reason not to replace it.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `backup` wrote")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            kept = backups.restore(file)
        except backups.Unusable as sentence:
            raise CommandError(str(sentence)) from None
        self.stdout.write(f"The site is as it was in {file}. Start the server again.")
        if kept:
            self.stdout.write(f"The database of before is {kept}: delete it when all is well.")
