"""People: who they are to the site, how they come in, and what their programs sign in with."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from chat.avatars import avatar_svg
from chat.names import normalise_username, skeleton
from chat.prepared import Prepared


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMINISTRATOR = "administrator", _("Administrator")
    MEMBER = "member", _("Member")
    GUEST = "guest", _("Guest")
    BOT = "bot", _("Bot")


# What somebody may listen to hangs on these.
_RIGHTS = {"password", "is_active", "role"}
ADMINISTRATING = (Role.OWNER, Role.ADMINISTRATOR)


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(username=normalise_username(username or ""))

    def bots(self) -> "models.QuerySet[Person]":
        """Accounts of programs that are managed by themselves: not those of webhooks."""
        return self.filter(role=Role.BOT, incoming_hook=None, outgoing_hooks=None)

    def has_look_alike(self, username: str) -> bool:
        """Whether somebody has this username, or one that looks like it."""
        return self.filter(skeleton=skeleton(username)).exists()


def site_time_zone() -> str:
    return settings.TIME_ZONE


def site_language() -> str:
    return settings.LANGUAGE_CODE


class Person(AbstractBaseUser):
    """Somebody with an account. `username` is normalised and `skeleton` folds look-alikes."""

    username = models.CharField(max_length=64, unique=True)
    skeleton = models.CharField(max_length=128, unique=True, editable=False)
    name = models.CharField(max_length=80)
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)
    time_zone = models.CharField(max_length=64, default=site_time_zone)
    language = models.CharField(max_length=16, default=site_language)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    last_room = models.ForeignKey(
        "chat.Room", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    # chat.presence: the last thing that they did, and their last sign of life.
    seen_at = models.DateTimeField(null=True, blank=True)
    present_at = models.DateTimeField(null=True, blank=True)
    shows_presence = models.BooleanField(default=True)
    shows_typing = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = PersonManager()

    class Meta:
        ordering = ("name", "username")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            self.username = normalise_username(self.username)
            self.skeleton = skeleton(self.username)
            super().save(*args, **kwargs)
        elif _RIGHTS.isdisjoint(kwargs.get("update_fields") or _RIGHTS):
            super().save(*args, **kwargs)
        else:
            # Here and not in the verbs: Django's own commands set passwords past them.
            with transaction.atomic():
                super().save(*args, **kwargs)
                self._meta.apps.get_model("chat", "Site").count_revocation()

    @property
    def is_administrator(self) -> bool:
        return self.role in ADMINISTRATING

    @property
    def is_guest(self) -> bool:
        return self.role == Role.GUEST

    @property
    def is_bot(self) -> bool:
        return self.role == Role.BOT

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def avatar(self) -> SafeString:
        return avatar_svg(name=self.name, key=self.pk)


# Whoever it is that a session is of, with the key as the session holds it.
person_by_key = Prepared(lambda key: Person.objects.filter(pk=key).order_by())


_named = Prepared(
    lambda keys: Person.objects.filter(pk__in=keys).order_by().only("username", "name", "role")
)


def people_by_key(keys: Collection[int]) -> dict[Any, Person]:
    """As much of them as others are shown: their names and role."""
    return {each.pk: each for each in _named([*keys])} if keys else {}


def is_quiet(time_zone: str, start: time | None, end: time | None, now: datetime) -> bool:
    """Whether these are hours in which nothing calls for somebody; from 22 to 7 spans midnight."""
    if start is None or end is None:
        return False
    clock = now.astimezone(ZoneInfo(time_zone)).time()
    return start <= clock < end if start <= end else clock >= start or clock < end


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def usable(self) -> Self:
        """Those that let somebody in. A link is worth what its maker is: it ends with their role.

        Without a maker it was made on the command line, by whoever runs the server.
        """
        may_invite = Q(created_by=None) | Q(
            created_by__is_active=True, created_by__role__in=ADMINISTRATING
        )
        return self.filter(
            may_invite, revoked_at=None, expires_at__gt=timezone.now(), used__lt=F("uses")
        )


def make_code() -> str:
    """128 random bits for a link."""
    return secrets.token_urlsafe(16)


def in_a_week() -> Any:
    return timezone.now() + timedelta(days=7)


class Invitation(models.Model):
    """A join link: a role, perhaps rooms, a number of uses, an end."""

    code = models.CharField(max_length=43, unique=True, default=make_code)
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)
    rooms = models.ManyToManyField("chat.Room", blank=True, related_name="+")
    uses = models.PositiveIntegerField(default=1)
    used = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, related_name="invitations"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=in_a_week)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(condition=Q(used__lte=F("uses")), name="invitation_within_uses"),
        )

    def __str__(self) -> str:
        return f"{self.role} {self.used}/{self.uses}"


class Scope(models.TextChoices):
    """What a token is for. Each is of its own: one that posts reads nothing by that."""

    READ = "read", _("Read")
    POST = "post", _("Post")
    MANAGE = "manage", _("Manage")


def all_scopes() -> str:
    return " ".join(Scope)


class TokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self, at: Any = None) -> Self:
        """Those that let somebody in, now or `at` a moment, as long as this person may come in
        at all."""
        has_time = Q(expires_at=None) | Q(expires_at__gt=at or timezone.now())
        return self.filter(has_time, revoked_at=None)


class ApiToken(models.Model):
    """What a program signs in with. Shown once; only its hash is kept.

    `scopes` are words of `Scope` with a space between. Without `expires_at` it never ends.
    `last_used_at` is exact to a minute (chat.tokens).
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    label = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.CharField(max_length=64, default=all_scopes)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    def __str__(self) -> str:
        return self.label

    @property
    def scope_set(self) -> frozenset[str]:
        return frozenset(self.scopes.split())

    @property
    def scope_labels(self) -> list[str]:
        return [str(scope.label) for scope in Scope if scope in self.scope_set]

    @property
    def has_ended(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @staticmethod
    def hash(token: str) -> str:
        """SHA-256 in hex: enough for 256 random bits, where a slow hash is for passwords."""
        return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
