"""What people say to a message with one emoji, and what it said before it was edited."""

from django.db import models
from django.utils import timezone

from chat.models.messages import Message
from chat.models.people import Person


class Reaction(models.Model):
    """One person's one emoji at one message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="reactions")
    emoji = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["message", "person", "emoji"], name="one_reaction_of_a_kind"
            ),
        )

    def __str__(self) -> str:
        return f"{self.person_id} {self.emoji} {self.message_id}"


class MessageVersion(models.Model):
    """What a message said until it was edited. Gone when the message is deleted."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    body = models.TextField()
    html = models.TextField()
    written_at = models.DateTimeField()

    class Meta:
        ordering = ("message", "number")
        constraints = (
            models.UniqueConstraint(fields=["message", "number"], name="one_version_a_number"),
        )

    def __str__(self) -> str:
        return f"{self.message_id} v{self.number}"
