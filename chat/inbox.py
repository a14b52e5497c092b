"""Everything that somebody has not seen yet, on one page: what names them, threads, rooms.

In a fixed number of queries, each along an index, however many rooms and messages there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from chat.models import Following, Membership, Mention, Message, Person, RoomKind
from chat.sidebar import Line

SHOWN_MENTIONS = 50
SHOWN_THREADS = 20
SHOWN_MESSAGES = 3
_SEQ = BigIntegerField()


@dataclass
class Thread:
    """A thread that somebody follows, with the first answers that they have not seen."""

    root: Message
    messages: list[Message] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """The place up to which all of the thread is shown here; 0 where more comes behind it."""
        last = self.messages[-1] if self.messages else None
        return last.seq if last and last.pk == self.root.last_reply_id else 0


@dataclass
class Unseen:
    """A room with its first unread messages; `more` come behind them, `seq` is the first one's."""

    line: Line
    messages: list[Message] = field(default_factory=list)

    @property
    def more(self) -> int:
        return max(0, self.line.count - len(self.messages))

    @property
    def seq(self) -> int:
        return self.messages[0].seq if self.messages else 0

    @property
    def seen(self) -> int:
        """The place up to which all of the room is shown here; 0 where more comes behind it."""
        return self.messages[-1].seq if self.messages and not self.more else 0


def mentions(person: Person, lines: Iterable[Line]) -> list[Message]:
    """The newest messages that name this person, or everybody in one of these rooms of theirs:
    one more than are shown, so that there is more is known.

    No LIMIT in the database: for one, PostgreSQL would go through everybody's mentions by age.
    """
    rooms = [line.room_id for line in lines if line.mentions and line.kind != RoomKind.DIRECT]
    if not rooms:
        return []
    found = Mention.objects.filter(room__in=rooms).telling(person)
    # In one call each, so that all of it is asked of one membership or pointer: this person's.
    in_rooms = found.of_the_room(person).filter(
        room__memberships__person=person, seq__gt=F("room__memberships__read_seq")
    )
    in_threads = found.filter(
        root__followings__person=person, seq__gt=F("root__followings__read_seq")
    )
    told = {
        key for each in (in_rooms, in_threads) for key in each.values_list("message", flat=True)
    }
    newest = sorted(told, reverse=True)
    messages = Message.objects.select_related("room").filter(pk__in=newest[: SHOWN_MENTIONS + 1])
    return messages.order_by("-pk").shown()


def threads(person: Person, lines: Iterable[Line]) -> list[Thread]:
    """The threads that this person follows and has not read to their end, in those of these rooms
    whose lines count them, or what names this person in them: one more than are shown."""
    rooms = [
        line.room_id for line in lines if (line.threads or line.mentions) and not line.is_muted
    ]
    if not rooms:
        return []
    third = _nth(Message.objects.filter(root=OuterRef("root_id"), seq__gt=OuterRef("read_seq")))
    found = list(
        Following.objects.with_answers()
        .filter(person=person, root__room__in=rooms)
        .select_related("root__author", "root__room")
        .annotate(until=Coalesce(third, F("root__last_reply__seq"), output_field=_SEQ))
        .order_by("-root__last_reply__seq", "-pk")[: SHOWN_THREADS + 1]
    )
    shown = {row.root_id: Thread(row.root) for row in found}
    ranges = [Q(root=row.root_id, seq__gt=row.read_seq, seq__lte=row.until) for row in found]
    for message in _within(ranges):
        assert message.root_id is not None
        shown[message.root_id].messages.append(message)
    return list(shown.values())


def rooms(person: Person, lines: Iterable[Line]) -> list[Unseen]:
    """These of their rooms, each with its first unread messages."""
    shown = {line.room_id: Unseen(line) for line in lines}
    listed = Message.objects.filter(room=OuterRef("room_id"), in_room=True)
    third = _nth(listed.filter(seq__gt=OuterRef("read_seq")))
    found = list(
        Membership.objects.filter(person=person, room__in=shown)
        .annotate(until=Coalesce(third, F("room__last_seq"), output_field=_SEQ))
        .values_list("room_id", "read_seq", "until")
    )
    ranges = [
        Q(room=room_id, in_room=True, seq__gt=seq, seq__lte=until) for room_id, seq, until in found
    ]
    for message in _within(ranges):
        shown[message.room_id].messages.append(message)
    return list(shown.values())


def _nth(messages: QuerySet[Message]) -> Subquery:
    """The place of the last one that is shown: what lies behind it is not read at all."""
    last = messages.order_by("seq").values("seq")[SHOWN_MESSAGES - 1 : SHOWN_MESSAGES]
    return Subquery(last, output_field=_SEQ)


def _within(ranges: list[Q]) -> list[Message]:
    if not ranges:
        return []
    anywhere = ranges[0]
    for each in ranges[1:]:
        anywhere |= each
    messages = Message.objects.select_related("room").filter(anywhere)
    return messages.order_by("room", "seq").shown()
