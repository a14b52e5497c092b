"""Hooks that tell other programs what happens in a room, and what is on its way to them."""

import secrets
from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.messages import Event
from chat.models.people import Person
from chat.models.rooms import Room
from chat.signatures import make_secret


class OutgoingHook(models.Model):
    """An address that gets the events of one room, of these `kinds`, signed with `secret`.

    `bot` speaks what the address answers. With `only_mentions` it gets the messages that name its
    bot and nothing else. For who checks signatures the secret of before holds until
    `previous_until`; both are kept as they are, because signing needs them.

    `failures` are those in a row, the first of them at `failing_since`; after a few the hook rests
    until `rest_until`. `claimed_by` is the worker that sends for it until `claimed_until`; where
    none does, that is when one has let go.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="outgoing")
    bot = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="outgoing_hooks", db_index=False
    )
    url = models.CharField(max_length=2000)
    kinds = models.CharField(max_length=400)
    only_mentions = models.BooleanField(default=False)
    posts_answers = models.BooleanField(default=True)
    secret = models.CharField(max_length=100, default=make_secret)
    previous_secret = models.CharField(max_length=100, blank=True, default="")
    previous_until = models.DateTimeField(null=True)
    made_by = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=250, blank=True, default="")
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    rest_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=32, blank=True, default="")
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.room_id} to {self.bot_id}"

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None

    @property
    def asked_kinds(self) -> list[str]:
        return self.kinds.split()

    def secrets_at(self, now: datetime) -> list[str]:
        """Those that a delivery of this moment is signed with: the newest first."""
        is_renewing = self.previous_until is not None and now < self.previous_until
        return [self.secret, self.previous_secret] if is_renewing else [self.secret]


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Given up")


def make_webhook_id() -> str:
    return f"msg_{secrets.token_urlsafe(18)}"


class Delivery(models.Model):
    """One event on its way to one hook; without an event a test. The order is that of their keys.

    `webhook_id` stays over all attempts: a receiver knows by it what it has already seen.
    """

    hook = models.ForeignKey(
        OutgoingHook, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    event = models.ForeignKey(Event, null=True, on_delete=models.CASCADE, related_name="+")
    webhook_id = models.CharField(max_length=64, unique=True, default=make_webhook_id)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    last_attempt_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.CharField(max_length=200, blank=True, default="")
    latency_ms = models.PositiveIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=["hook", "id"], name="deliveries_of_a_hook"),
            models.Index(
                fields=["hook", "next_attempt_at"],
                condition=models.Q(state="waiting"),
                name="deliveries_that_wait",
            ),
        )

    def __str__(self) -> str:
        return f"{self.webhook_id} {self.state}"

    @property
    def kind(self) -> str:
        return self.event.kind if self.event else "ping"

    @property
    def is_waiting(self) -> bool:
        return self.state == DeliveryState.WAITING
