"""Messages, and the log of everything that happened in a room."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from chat.models.people import Person
from chat.models.rooms import Room

GROUPED_FOR = timedelta(minutes=5)


class MessageQuerySet(models.QuerySet["Message"]):
    def shown(self) -> Self:
        """With what a fragment needs: one query for a page of them."""
        return self.select_related("author", "room")


class Message(models.Model):
    """What somebody said. `seq` is the place of its `message.posted` in the room's log.

    `previous_author` and `previous_at` are those of the message before it, fixed under the
    room's lock, so that a fragment knows for ever whether it continues that one.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveBigIntegerField()
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="messages")
    nonce = models.CharField(max_length=64)
    body = models.TextField()
    html = models.TextField()
    markup_version = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    previous_author = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    previous_at = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("room", "seq")
        constraints = (
            models.UniqueConstraint(fields=["room", "seq"], name="one_message_a_place"),
            models.UniqueConstraint(fields=["author", "nonce"], name="one_message_a_nonce"),
        )

    def __str__(self) -> str:
        return f"{self.room_id}/{self.seq}"

    @property
    def shown(self) -> SafeString:
        # Safe because chat.markup cleaned it with nh3 when it was written; nothing else
        # ever writes this column.
        return mark_safe(self.html)  # noqa: S308

    @property
    def starts_day(self) -> bool:
        """Whether its day differs from its predecessor's, in the reader's time zone."""
        return self.previous_at is None or _day(self.previous_at) != _day(self.created_at)

    @property
    def continues(self) -> bool:
        """Whether it stands below its predecessor without a name of its own."""
        return (
            self.previous_at is not None
            and self.previous_author_id == self.author_id
            and self.created_at - self.previous_at < GROUPED_FOR
            and not self.starts_day
        )


def _day(moment: datetime) -> object:
    return timezone.localtime(moment).date()


class EventKind(models.TextChoices):
    MESSAGE_POSTED = "message.posted"
    MEMBER_JOINED = "member.joined"
    MEMBER_LEFT = "member.left"
    MEMBER_REMOVED = "member.removed"
    ROOM_CHANGED = "room.changed"
    ROOM_ARCHIVED = "room.archived"
    ROOM_UNARCHIVED = "room.unarchived"


class Event(models.Model):
    """One entry of a room's log: `seq` counts 1, 2, 3… without gaps, in commit order."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=32, choices=EventKind)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ("room", "seq")
        constraints = (models.UniqueConstraint(fields=["room", "seq"], name="one_event_a_place"),)

    def __str__(self) -> str:
        return f"{self.room_id}/{self.seq} {self.kind}"
