"""A person's rooms as their sidebar shows them, with what they have not seen yet.

What is counted is asked of the pointers: nothing is written for whoever has not seen a message.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from chat.models import Following, Level, Membership, Mention, RoomKind, is_quiet
from chat.models.mentions import HAS_ANSWERS
from chat.prepared import Prepared

_FIELDS = (
    *("person_id", "room_id", "read_seq", "read_number", "is_kept_unread", "level", "muted_until"),
    *("room__slug", "room__name", "room__kind", "room__last_message_seq", "room__message_count"),
    *("person__time_zone", "person__quiet_from", "person__quiet_until"),
)


@dataclass(frozen=True)
class Line:
    """One room in somebody's sidebar.

    `count` messages are new, of which `mentions` name the person; in a direct conversation all do.
    `unread` is what the person's level makes of it; where it is not, `count` is 1 for any number.
    `threads` that the person follows have new answers in this room, of which a muted one tells
    nothing. `is_quiet`: it is within the hours in which nothing calls for the person. `is_muted`:
    nothing of this room does. `is_kept`: they have put back what they had seen.
    """

    room_id: int
    slug: str
    label: str
    kind: str
    unread: bool
    count: int = 0
    mentions: int = 0
    threads: int = 0
    is_quiet: bool = False
    is_muted: bool = False
    is_kept: bool = False

    @property
    def calls(self) -> bool:
        """Whether the title and the icon tell of it."""
        return self.unread and not self.is_quiet

    @property
    def in_inbox(self) -> int:
        """How much in the inbox is the person's own: what names them, and threads they follow."""
        return self.mentions + self.threads


def lines_for(person_ids: Iterable[int]) -> dict[int, list[Line]]:
    """person → their lines, rooms by name and then direct conversations; in three queries.

    Archived rooms stand in the list of rooms alone, as do those that somebody has hidden.
    """
    ids = list(person_ids)
    rows = _memberships(ids) if ids else []
    names = _names({row.room_id for row in rows if row.room__kind == RoomKind.DIRECT})
    threads, now = _threads(ids), timezone.now()
    found: dict[int, list[Line]] = {person_id: [] for person_id in ids}
    for row in rows:
        others = [other for key, other in names.get(row.room_id, ()) if key != row.person_id]
        label = ", ".join(others) or row.room__name
        found[row.person_id].append(_line(row, label, threads, now))
    for lines in found.values():
        lines.sort(
            key=lambda line: (line.kind == RoomKind.DIRECT, line.label.casefold(), line.slug)
        )
    return found


@Prepared
def _memberships(person_ids: Any) -> QuerySet[Any, Any]:
    shown = Membership.objects.filter(person_id__in=person_ids, room__archived_at=None)
    told = shown.exclude(level=Level.HIDDEN).annotate(mentions=unseen_mentions())
    return told.values_list(*_FIELDS, "mentions", named=True)


def unseen_mentions() -> Any:
    """How many mentions each membership's person has not seen in its room; those of threads that
    they have a pointer in are counted apart.

    Two counts and not one with an OR: each goes along an index, and past nobody else's mentions.
    """
    named = _count(person=OuterRef("person_id"))
    everybody = _count(person=None)
    # Nothing at all has happened since in most rooms: those cost no look.
    return Case(
        When(room__last_seq__gt=F("read_seq"), then=named + everybody),
        default=Value(0),
        output_field=BigIntegerField(),
    )


def _count(**whom: Any) -> Any:
    found = Mention.objects.filter(room=OuterRef("room_id"), seq__gt=OuterRef("read_seq"), **whom)
    theirs = found.exclude(message__author=OuterRef("person_id"))  # nobody tells themselves
    return _number(theirs.of_the_room(OuterRef(OuterRef("person_id"))).values("room"))


def _number(grouped: QuerySet[Any, Any]) -> Any:
    counted = grouped.order_by().annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=BigIntegerField()), Value(0))


def _threads(person_ids: list[int]) -> dict[tuple[int, int], tuple[int, int]]:
    """(person, room) → how many threads that they follow there have answers new to them of which
    none names them, and how many mentions in threads they have not seen."""
    rows = _followings(person_ids) if person_ids else []
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


@Prepared
def _followings(person_ids: Any) -> QuerySet[Any, Any]:
    named = Mention.objects.filter(root=OuterRef("root"), seq__gt=OuterRef("read_seq"))
    told = named.telling(OuterRef("person"))
    news = Following.objects.filter(person_id__in=person_ids).with_news()
    return (
        news.annotate(told=_number(told.values("root")))
        .order_by()
        .values_list("person_id", "root__room_id")
        .annotate(count=Count("pk", filter=HAS_ANSWERS & Q(told=0)), mentions=Sum("told"))
    )


def _line(
    row: Any, label: str, in_threads: Mapping[tuple[int, int], tuple[int, int]], now: datetime
) -> Line:
    is_new = row.room__last_message_seq > row.read_seq
    count = max(1, row.room__message_count - row.read_number) if is_new else 0
    threads, named = in_threads.get((row.person_id, row.room_id), (0, 0))
    mentions = count if row.room__kind == RoomKind.DIRECT else row.mentions + named
    if row.level == Level.NOTHING:
        mentions = threads = 0
    is_muted = row.level == Level.NOTHING
    is_muted |= row.muted_until is not None and row.muted_until > now
    is_news = mentions > 0 if row.level == Level.MENTIONS else count > 0 or mentions > 0
    unread = is_news and not is_muted
    return Line(
        row.room_id,
        row.room__slug,
        label,
        row.room__kind,
        unread=unread,
        count=count if unread else min(count, 1),
        mentions=mentions,
        threads=0 if is_muted else threads,
        is_quiet=is_quiet(
            row.person__time_zone, row.person__quiet_from, row.person__quiet_until, now
        ),
        is_muted=is_muted,
        is_kept=row.is_kept_unread,
    )


def _names(direct: set[int]) -> dict[int, list[tuple[int, str]]]:
    """room → its people by name, for rooms that have no name of their own."""
    names: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for room_id, person_id, name in _people(list(direct)) if direct else ():
        names[room_id].append((person_id, name))
    return names


@Prepared
def _people(room_ids: Any) -> QuerySet[Any, Any]:
    rows = Membership.objects.filter(room_id__in=room_ids).order_by("person__name")
    return rows.values_list("room_id", "person_id", "person__name")
