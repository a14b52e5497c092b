"""A person's rooms as their sidebar shows them, with what they have not seen yet.

What is counted is asked of the pointers: nothing is written for whoever has not seen a message.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import (
    Aggregate,
    BigIntegerField,
    BooleanField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from chat.models import Following, Level, Membership, Mention, RoomKind, is_quiet
from chat.models.mentions import HAS_ANSWERS
from chat.prepared import Prepared


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
    def link(self) -> tuple[int, str]:
        """What a swap of the line leaves as it is."""
        return self.room_id, self.kind

    @property
    def calls(self) -> bool:
        """Whether the title and the icon tell of it."""
        return self.unread and not self.is_quiet

    @property
    def in_inbox(self) -> int:
        """How much in the inbox is the person's own: what names them, and threads they follow."""
        return self.mentions + self.threads


class Sidebar(NamedTuple):
    """All that a person's lines are made of, and nothing else: what is equal shows the same.

    `rooms` are rows of `_room` in JSON: one text is compared sooner than a thousand rows are read.
    `names` are (room, name) of the others in direct conversations, `threads` what `_followings`
    finds for this person.
    """

    rooms: str = ""
    names: tuple[tuple[int, str], ...] = ()
    threads: tuple[tuple[int, int, int], ...] = ()
    is_quiet: bool = False

    @property
    def lines(self) -> list[Line]:
        """Rooms by name and then direct conversations."""
        names: dict[int, list[str]] = defaultdict(list)
        for room_id, name in self.names:
            names[room_id].append(name)
        threads = {room_id: counts for room_id, *counts in self.threads}
        lines = [
            _line(row, names, threads.get(row[0], (0, 0)), self.is_quiet)
            for row in _rows(self.rooms)
        ]
        lines.sort(
            key=lambda line: (line.kind == RoomKind.DIRECT, line.label.casefold(), line.slug)
        )
        return lines


def lines_for(person_ids: Iterable[int]) -> dict[int, list[Line]]:
    """person → their lines, rooms by name and then direct conversations; in three queries.

    Archived rooms stand in the list of rooms alone, as do those that somebody has hidden.
    """
    return {person_id: each.lines for person_id, each in sidebars(person_ids).items()}


def sidebars(person_ids: Iterable[int]) -> dict[int, Sidebar]:
    """person → what `lines_for` makes their lines of."""
    ids, now = list(person_ids), timezone.now()
    rows = _memberships(ids, now) if ids else []
    direct = {row[0]: [room_id for (room_id,) in _rows(row[2] or "")] for row in rows}
    names = _names({room_id for rooms in direct.values() for room_id in rooms})
    threads = _threads(ids)
    found = dict.fromkeys(ids, Sidebar())
    for person_id, rooms, _direct, zone, start, end in rows:
        found[person_id] = Sidebar(
            rooms,
            tuple(
                (room_id, name)
                for room_id in direct[person_id]
                for key, name in names.get(room_id, ())
                if key != person_id
            ),
            tuple(threads[person_id]),
            is_quiet(zone, start, end, now),
        )
    return found


@Prepared
def _memberships(person_ids: Any, now: Any) -> QuerySet[Any, Any]:
    """A row a person: their key, their rooms, which of these are direct, and their quiet hours."""
    shown = Membership.objects.filter(person_id__in=person_ids, room__archived_at=None)
    return (
        shown.exclude(level=Level.HIDDEN)
        .order_by()
        .values("person_id")
        .annotate(
            rooms=_Rows(*_room(now)),
            direct=_Rows("room_id", filter=Q(room__kind=RoomKind.DIRECT)),
            zone=Max("person__time_zone"),
            start=Max("person__quiet_from"),
            end=Max("person__quiet_until"),
        )
        .values_list("person_id", "rooms", "direct", "zone", "start", "end")
    )


def _room(now: Any) -> list[Any]:
    """What `_line` makes a line of."""
    is_new = Q(room__last_message_seq__gt=F("read_seq"))
    count = Greatest(1, F("room__message_count") - F("read_number"))
    is_muted = ExpressionWrapper(Q(muted_until__gt=now), output_field=BooleanField())
    return [
        *map(F, ("room_id", "room__slug", "room__name", "room__kind", "level", "is_kept_unread")),
        *(is_muted, Case(When(is_new, then=count), default=Value(0)), unseen_mentions()),
    ]


def _rows(text: str) -> list[Any]:
    """What `_Rows` has put into words."""
    return list(json.loads(f"[{text}]"))


class _Rows(Aggregate):
    """The rows of a group as JSON arrays with commas between; NULL where there are none.

    They stand in the same order each time. SQLite finds them along an index; PostgreSQL, where a
    row moves when it is changed, orders them by the first of their values.
    """

    output_field = TextField()
    template = "group_concat(json_array(%(expressions)s))"

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        other = self.copy()
        first, _params = compiler.compile(self.get_source_expressions()[0])
        array = "json_build_array(%(expressions)s)::text"
        other.template = f"string_agg({array}, ',' ORDER BY {first})"
        return other.as_sql(compiler, connection, **extra)


def unseen_mentions() -> Any:
    """How many mentions each membership's person has not seen in its room; those of threads that
    they have a pointer in are counted apart.

    Two counts and not one with an OR: each goes along an index, and past nobody else's mentions.
    """
    named = _count(person=OuterRef("person_id"))
    everybody = _count(person=None)
    # Nothing at all has happened since in most rooms, and in most others nobody was named.
    anybody = Mention.objects.filter(room=OuterRef("room_id"), seq__gt=OuterRef("read_seq"))
    return Case(
        When(Q(room__last_seq__gt=F("read_seq")) & Exists(anybody), then=named + everybody),
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


def _threads(person_ids: list[int]) -> dict[int, list[tuple[int, int, int]]]:
    """person → the rooms in which something is new to them in threads, each with how many of these
    that they follow have answers of which none names them, and how many mentions they have not
    seen."""
    found: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for person_id, *counts in _followings(person_ids) if person_ids else ():
        found[person_id].append(tuple(counts))
    return found


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
    row: Sequence[Any],
    names: Mapping[int, Sequence[str]],
    in_threads: Sequence[int],
    is_quiet: bool,
) -> Line:
    room_id, slug, name, kind, level, is_kept, is_muted, count, mentions = row
    threads, named = in_threads
    mentions = count if kind == RoomKind.DIRECT else mentions + named
    if level == Level.NOTHING:
        mentions = threads = 0
    is_muted = level == Level.NOTHING or bool(is_muted)
    is_news = mentions > 0 if level == Level.MENTIONS else count > 0 or mentions > 0
    unread = is_news and not is_muted
    return Line(
        room_id,
        slug,
        ", ".join(names.get(room_id, ())) or name,
        kind,
        unread=unread,
        count=count if unread else min(count, 1),
        mentions=mentions,
        threads=0 if is_muted else threads,
        is_quiet=is_quiet,
        is_muted=is_muted,
        is_kept=bool(is_kept),
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
