"""`manage.py token`: lets a program sign in as somebody."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from chat.actions.people import create_token
from chat.management.base import SiteCommand
from chat.models import Person, Scope
from chat.names import normalise_username

MAX_DAYS = 3650


class Command(SiteCommand):
    help = "Makes an API token and prints it, once, alone on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--label", required=True, help="what the token is for")
        parser.add_argument(
            "--scope",
            action="append",
            choices=list(Scope.values),
            help="what it may be used for; may be given several times. Without it: for everything",
        )
        parser.add_argument("--days", type=int, help="how long it works. Without it: for good")

    def handle(
        self,
        *,
        username: str,
        label: str,
        scope: list[str] | None = None,
        days: int | None = None,
        **options: Any,
    ) -> None:
        person = Person.objects.filter(
            username=normalise_username(username), is_active=True
        ).first()
        if person is None:
            raise CommandError(f"There is nobody called {username!r} who may sign in.")
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise CommandError(f"--days {days}: a token works for 1 to {MAX_DAYS} days.")
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        self.stdout.write(
            create_token(
                person=person, label=label[:80], scopes=scope or list(Scope), expires_at=expires_at
            )
        )
