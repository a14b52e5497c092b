"""`manage.py rebuild_index`: what search looks in, made anew from the messages."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction

from chat import search
from chat.models import Message


class Command(BaseCommand):
    help = (
        "Makes the search index anew from the messages, the newest first. The site may run: "
        "whatever is found now is found meanwhile, and new messages are indexed as always. "
        "With SQLite, words that were deleted or edited leave its blocks on the disk, too. "
        "Nothing else is changed; it may be stopped and begun again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from-nothing",
            action="store_true",
            help="first throw the index away, for one that is damaged: until this is "
            "done, older messages are not found",
        )

    def handle(self, *, from_nothing: bool, **options: Any) -> None:
        done = total = 0
        try:
            total = Message.objects.filter(deleted_at=None).count()
            with transaction.atomic():  # whoever posts meanwhile waits, and finds a table
                if from_nothing:
                    search.drop()
                search.create()
            for done in search.rebuild(Message.objects.all()):
                self._progress(done, total)
            search.purge()
        except DatabaseError as error:
            hint = "" if from_nothing else " If the index is damaged, use --from-nothing."
            raise CommandError(
                f"Stopped after {done:,} of {total:,} messages: {error}.{hint}"
            ) from None
        self.stdout.write(f"{done:,} messages are indexed.")

    def _progress(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"{done:,} of {total:,} messages", ending="\r")
