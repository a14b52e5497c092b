"""`manage.py token`: lets a program sign in as somebody."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.actions.people import create_token
from chat.models import Person
from chat.names import normalise_username


class Command(BaseCommand):
    help = "Makes an API token and prints it, once, alone on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--label", required=True, help="what the token is for")

    def handle(self, *, username: str, label: str, **options: Any) -> None:
        person = Person.objects.filter(
            username=normalise_username(username), is_active=True
        ).first()
        if person is None:
            raise CommandError(f"There is nobody called {username!r} who may sign in.")
        self.stdout.write(create_token(person=person, label=label[:80]))
