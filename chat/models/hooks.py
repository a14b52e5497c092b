"""Addresses at which programs that hold no token say something in one room."""

import hashlib
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils import timezone

from chat.models.people import Person
from chat.models.rooms import Room

# How exact it is when one was used last: each time that is noted is a commit.
NOTED_EVERY = timedelta(minutes=1)


class IncomingHookQuerySet(models.QuerySet["IncomingHook"]):
    def in_use(self) -> Self:
        return self.filter(revoked_at=None)

    def by_key(self, key: str) -> "IncomingHook | None":
        """The one that this key opens, with its room and its author; None for any other key."""
        found = self.in_use().filter(digest=IncomingHook.hash(key))
        return found.select_related("room", "person").first()


class IncomingHook(models.Model):
    """A secret address of a room, and the bot that speaks there for whoever knows it.

    `name` is what people read as the author. The key is shown once; only its hash is kept.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="incoming_hooks")
    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="incoming_hook")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = IncomingHookQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def hash(key: str) -> str:
        """SHA-256 in hex: enough for 256 random bits."""
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()

    def should_note(self, now: datetime) -> bool:
        """Whether it is worth a write that it is used now."""
        return self.last_used_at is None or now - self.last_used_at >= NOTED_EVERY
