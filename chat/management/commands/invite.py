"""`manage.py invite`: a join link."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse

from chat.actions.people import create_invitation
from chat.forms import InvitationForm, first_error
from chat.management.base import SiteCommand
from chat.models import Role, Site


class Command(SiteCommand):
    help = "Prints a join link, alone on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--role", default=Role.MEMBER.value, help="member, guest, administrator"
        )
        parser.add_argument("--uses", type=int, default=1, help="how many people may use it")
        parser.add_argument("--days", type=int, default=7, help="how long it works")

    def handle(self, *, role: str, uses: int, days: int, **options: Any) -> None:
        if not Site.load().is_claimed:
            raise CommandError("This site is not set up yet: `serve` prints the link for that.")
        form = InvitationForm({"role": role, "uses": uses, "days": days})
        if not form.is_valid():
            raise CommandError(f"{next(iter(form.errors))}: {first_error(form)}")
        invitation = create_invitation(
            inviter=None, role=role, uses=uses, expires_at=form.cleaned_data["expires_at"], rooms=[]
        )
        base = settings.SITE_URL or f"http://{settings.HOST}:{settings.PORT}"
        self.stdout.write(base + reverse("join_site", args=[invitation.code]))
