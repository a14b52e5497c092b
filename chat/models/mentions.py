"""Whom a message tells by name, and who follows which thread."""

from typing import Any, Self

from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q

from chat.models.messages import Message
from chat.models.people import Person
from chat.models.rooms import Room


class MentionQuerySet(models.QuerySet["Mention"]):
    def telling(self, person: Any) -> Self:
        """Those that tell this person, as one or as everybody; nobody tells themselves."""
        theirs = Q(person=person) | Q(person=None)
        return self.filter(theirs, ~Q(message__author=person))

    def of_the_room(self, person: Any) -> Self:
        """Those that this person has seen when they have read the room.

        For what stands in a thread alone that is only so when they have no pointer in the thread:
        then @room or @here told them, and they neither follow it nor have said that they don't.
        """
        pointer = Following.objects.filter(root=OuterRef("root"), person=person)
        return self.filter(~Exists(pointer))


class Mention(models.Model):
    """A message names somebody; without a person it is `@room`, and names everybody in it.

    `seq` is the place in the room's log at which it began to: the message's, or that of the edit
    which added the name. What somebody has not seen yet is found by these alone. For an answer that
    stands in its thread alone, `root` is that thread's: the room does not show it.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(
        Person, null=True, on_delete=models.CASCADE, related_name="mentions", db_index=False
    )
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+", db_index=False)
    seq = models.PositiveBigIntegerField()
    root = models.ForeignKey(
        Message, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )

    objects = MentionQuerySet.as_manager()

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
            models.Index(
                fields=["root", "seq"], condition=Q(root__isnull=False), name="mentions_in_a_thread"
            ),
        )

    def __str__(self) -> str:
        return f"{self.message_id} names {self.person_id or 'the room'}"


HAS_ANSWERS = Q(is_following=True, root__last_reply__seq__gt=F("read_seq"))


class FollowingQuerySet(models.QuerySet["Following"]):
    def with_answers(self) -> Self:
        """Threads that somebody follows, with answers that they have not seen."""
        return self.filter(HAS_ANSWERS)

    def with_news(self) -> Self:
        """These, and threads in which something names them that they have not seen."""
        named = Mention.objects.filter(root=OuterRef("root"), seq__gt=OuterRef("read_seq"))
        return self.filter(HAS_ANSWERS | Exists(named.telling(OuterRef("person"))))

    def mark_read(self, places: dict[tuple[int, int], int]) -> set[int]:
        """Moves read pointers forward, never back nor beyond the log: (person, root) → the seq that
        was seen. Returns whose have moved."""
        people, roots = ({pair[index] for pair in places} for index in (0, 1))
        with transaction.atomic():
            rows = self.filter(person__in=people, root__in=roots).order_by("-root_id", "person_id")
            locked = rows.select_for_update(no_key=True, of=("self",)).values_list(
                "pk", "person_id", "root_id", "read_seq", "root__room__last_seq"
            )
            moved = {
                pk: (person_id, places[person_id, root_id])
                for pk, person_id, root_id, seq, last_seq in locked
                if seq < places.get((person_id, root_id), 0) <= last_seq
            }
            with connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE chat_following SET read_seq = %s WHERE id = %s",
                    [(seq, pk) for pk, (_person_id, seq) in moved.items()],
                )
        return {person_id for person_id, _seq in moved.values()}


class Following(models.Model):
    """Somebody follows a thread, or will not; they have seen its answers up to `read_seq`."""

    root = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="followings")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="followings")
    is_following = models.BooleanField(default=True)
    read_seq = models.PositiveBigIntegerField(default=0)

    objects = FollowingQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["root", "person"], name="followed_once"),)

    def __str__(self) -> str:
        return f"{self.person_id} follows {self.root_id}"
