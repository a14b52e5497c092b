"""What a message said before it was edited."""

from django.db import models

from chat.models.messages import Message


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

    shown = Message.shown

    def __str__(self) -> str:
        return f"{self.message_id} v{self.number}"
