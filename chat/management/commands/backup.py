"""`manage.py backup`: a whole copy of the database while the site runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat import backups


class Command(BaseCommand):
    help = (
        "Writes the database into a new file, while the site runs: one moment of it, checked. Keep "
        "with it what else is in DATA_DIR: secret_key, templates, static. `restore` takes it back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="where to; it must not be there yet")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            backups.write(file)
        except backups.Unusable as sentence:
            raise CommandError(str(sentence)) from None
        self.stdout.write(f"{file} holds everything ({file.stat().st_size / 1e6:.1f} MB).")
