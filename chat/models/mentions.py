"""Whom a message tells by name, and who follows which thread."""

from django.db import models

from chat.models.messages import Message
from chat.models.people import Person
from chat.models.rooms import Room


class Mention(models.Model):
    """A message names somebody; without a person it is `@room`, and names everybody in it.

    `room` and `seq` are the message's: what somebody has not seen yet is found by these alone.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(
        Person, null=True, on_delete=models.CASCADE, related_name="mentions", db_index=False
    )
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+", db_index=False)
    seq = models.PositiveBigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["message", "person"], name="mentioned_once"),
            models.UniqueConstraint(
                fields=["message"], condition=models.Q(person=None), name="room_mentioned_once"
            ),
        )
        indexes = (
            models.Index(fields=["room", "seq"], name="mentions_in_a_room"),
            models.Index(fields=["person", "room", "seq"], name="mentions_of_a_person"),
        )

    def __str__(self) -> str:
        return f"{self.message_id} names {self.person_id or 'the room'}"


class Following(models.Model):
    """Somebody follows a thread, or will not; they have seen its answers up to `read_seq`."""

    root = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="followings")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="followings")
    is_following = models.BooleanField(default=True)
    read_seq = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["root", "person"], name="followed_once"),)

    def __str__(self) -> str:
        return f"{self.person_id} follows {self.root_id}"
