"""`manage.py populate`: invented people, rooms and history for demos, tests and benchmarks."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from chat.invention import Plan, invent
from chat.management.base import SiteCommand


class Command(SiteCommand):
    help = (
        "Fills an empty site with invented data: people member1… (member1 administers), rooms "
        "general, room-2…, everybody in every room, messages spread over people and the past."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=_count, default=12, help="how many people")
        parser.add_argument("--rooms", type=_count, default=6, help="how many rooms")
        parser.add_argument("--messages", type=int, default=400, help="how many messages in all")
        parser.add_argument("--password", required=True, help="everybody's password")

    def handle(
        self, *, people: int, rooms: int, messages: int, password: str, **options: Any
    ) -> None:
        try:
            invent(Plan(people, rooms, max(messages, 0), password), progress=self._progress)
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Sign in as member1 to member{people}, all with the same password.")

    def _progress(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if done == total else "\r"
            self.stderr.write(f"{done:,} of {total:,} messages", ending=end)
        elif done == total:
            self.stderr.write(f"{total:,} messages")


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise ValueError("at least one")
    return count
