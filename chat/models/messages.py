"""Messages, and the log of everything that happened in a room."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe

from chat import markup
from chat.models.people import Person, people_by_key
from chat.models.rooms import Room
from chat.prepared import Prepared

_ROOM_LINK = re.compile(r'(<a class="room-link" href="/rooms/[-\w]+/)', re.ASCII)
GROUPED_FOR = timedelta(minutes=5)
NAMED_REACTORS = 20


class MessageQuerySet(models.QuerySet["Message"]):
    def shown(self) -> "list[Message]":
        """These with what a fragment shows of others: three queries, four where some answer."""
        return complete(self)


class Message(models.Model):
    """What somebody said. `seq` is the place of its `message.posted` in the room's log.

    `previous_author` and `previous_at` are those of the message before it, fixed under the
    room's lock, so that a fragment knows for ever whether it continues that one.

    An answer in a thread has a `root`, and stands in the room's list too when it is `in_room`;
    `previous_reply_seq` is the place of the answer before it, 0 for the first one, fixed likewise.
    `number` counts the room's list: this is its `number`th message, or stands behind that one.
    `mentioned` are the people whom it tells, by key, and `room` for everybody in it.
    A deleted one stays as a tombstone without a text.

    Each index is a page more that every post writes. So there are those that something is found by,
    and none of Django's for each foreign key: no row here is ever looked for by whom it refers to.
    """

    room = models.ForeignKey(
        Room, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    seq = models.PositiveBigIntegerField()
    author = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    nonce = models.CharField(max_length=64)
    body = models.TextField()
    html = models.TextField()
    markup_version = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    previous_author = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    previous_at = models.DateTimeField(null=True)
    number = models.PositiveBigIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    mentioned = models.TextField(blank=True, default="")
    reply_to = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    root = models.ForeignKey(
        "self", null=True, on_delete=models.CASCADE, related_name="replies", db_index=False
    )
    in_room = models.BooleanField(default=True)
    previous_reply_seq = models.PositiveBigIntegerField(default=0)
    reply_count = models.PositiveIntegerField(default=0)
    last_reply = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("room", "seq")
        constraints = (
            models.UniqueConstraint(fields=["room", "seq"], name="one_message_a_place"),
            models.UniqueConstraint(fields=["author", "nonce"], name="one_message_a_nonce"),
        )
        indexes = (
            models.Index(
                fields=["room", "seq"], condition=models.Q(in_room=True), name="messages_of_a_list"
            ),
            models.Index(fields=["root", "seq"], name="messages_of_a_thread"),
        )

    def __str__(self) -> str:
        return f"{self.room_id}/{self.seq}"

    @property
    def key(self) -> str:
        """`pk` as it stands in ids: a fragment holds it a dozen times, and numbers are slow to
        write in anybody's language."""
        return str(self.pk)

    @property
    def sight(self) -> tuple[object, ...]:
        """All that a fragment of it shows and that may change: equal while it looks the same."""
        quoted, last = self.reply_to, self.last_reply
        return (
            *(self.pk, self.created_at, self.version, hash(self.html), self.deleted_at),
            *(self.mentioned, self.author.name, self.author.role, self.reply_count),
            quoted and (quoted.pk, quoted.version, quoted.deleted_at, quoted.author.name),
            last and (last.pk, last.author.name),
            *((group.emoji, group.keys, group.names) for group in self.reaction_groups),
        )

    @property
    def shown(self) -> SafeString:
        # Safe because chat.markup cleaned it with nh3 when it was written; nothing else
        # ever writes this column.
        return mark_safe(self.html)  # noqa: S308

    @property
    def shown_plain(self) -> SafeString:
        """The same for plain pages: its links to rooms lead to plain ones."""
        return mark_safe(_ROOM_LINK.sub(r"\1?plain=1", self.html))  # noqa: S308

    @property
    def words(self) -> str:
        """What it says as plain text, for where there is one line for it."""
        return markup.words_of(self.html)

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

    @cached_property
    def given(self) -> "list[Reaction]":
        """Its reactions, with who reacts."""
        return list(self.reactions.select_related("person")) if self.pk else []

    @property
    def reaction_groups(self) -> "list[ReactionGroup]":
        """Its reactions, emoji by emoji, in the order in which these came."""
        people: dict[str, list[Person]] = {}
        for reaction in self.given:
            people.setdefault(reaction.emoji, []).append(reaction.person)
        return [ReactionGroup(emoji, group) for emoji, group in people.items()]

    @property
    def named(self) -> "set[Person]":
        """Everybody whose name a fragment of it shows."""
        others = (each for each in (self.reply_to, self.last_reply) if each is not None)
        return {
            self.author,
            *(each.author for each in others),
            *(reaction.person for reaction in self.given),
        }

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


def _day(moment: datetime) -> object:
    return timezone.localtime(moment).date()


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


def complete(found: Iterable[Message]) -> list[Message]:
    """Adds to messages what a fragment shows of others: people's names, what each one quotes, its
    last answer, its reactions.

    By hand: in words of SQL a dozen joined tables take Django three times as long, and a person
    is here once, however often they speak.
    """
    messages = list(found)
    keys = {key for each in messages for key in (each.reply_to_id, each.last_reply_id) if key}
    others = messages_by_key(keys)
    given: dict[int, list[Reaction]] = {each.pk: [] for each in messages}
    for reaction in _reactions([*given]) if given else ():
        given[reaction.message_id].append(reaction)
    reactions = [reaction for group in given.values() for reaction in group]
    people = people_by_key(
        {each.author_id for each in (*messages, *others.values())}
        | {reaction.person_id for reaction in reactions}
    )
    for reaction in reactions:
        reaction.person = people[reaction.person_id]
    for each in (*messages, *others.values()):
        each.author = people[each.author_id]
    for each in messages:
        each.given = given[each.pk]
        each.reply_to = others.get(each.reply_to_id)
        each.last_reply = others.get(each.last_reply_id)
    return messages


def messages_by_key(keys: Collection[Any]) -> dict[Any, Message]:
    return {each.pk: each for each in _messages([*keys])} if keys else {}


_messages = Prepared(lambda keys: Message.objects.filter(pk__in=keys).order_by())
_reactions = Prepared(lambda keys: Reaction.objects.filter(message__in=keys))


@dataclass(frozen=True)
class ReactionGroup:
    """One emoji at a message, and who says it, in their order."""

    emoji: str
    people: list[Person]

    @property
    def keys(self) -> str:
        return " ".join(str(person.pk) for person in self.people)

    @property
    def names(self) -> str:
        """The first of them by name; the number beside it tells how many there are."""
        return ", ".join(person.name for person in self.people[:NAMED_REACTORS])


class EventKind(models.TextChoices):
    MESSAGE_POSTED = "message.posted"
    MESSAGE_EDITED = "message.edited"
    MESSAGE_DELETED = "message.deleted"
    REACTION_ADDED = "reaction.added"
    REACTION_REMOVED = "reaction.removed"
    MEMBER_JOINED = "member.joined"
    MEMBER_LEFT = "member.left"
    MEMBER_REMOVED = "member.removed"
    ROOM_CHANGED = "room.changed"
    ROOM_ARCHIVED = "room.archived"
    ROOM_UNARCHIVED = "room.unarchived"


# What tells a message as a whole.
OF_MESSAGES = (EventKind.MESSAGE_POSTED, EventKind.MESSAGE_EDITED, EventKind.MESSAGE_DELETED)


class Event(models.Model):
    """One entry of a room's log: `seq` counts 1, 2, 3… without gaps, in commit order.

    `detail` is the emoji of a reaction.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=32, choices=EventKind)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    person = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    message = models.ForeignKey(
        Message, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    detail = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ("room", "seq")
        constraints = (models.UniqueConstraint(fields=["room", "seq"], name="one_event_a_place"),)

    def __str__(self) -> str:
        return f"{self.room_id}/{self.seq} {self.kind}"
