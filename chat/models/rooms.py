"""Rooms, and who is in them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.people import Person
from chat.prepared import Prepared


class RoomKind(models.TextChoices):
    PUBLIC = "public", _("Public: every member may read and join")
    PRIVATE = "private", _("Private: only the people in it know that it exists")
    DIRECT = "direct", _("Direct: a conversation of two or several people")


class RoomQuerySet(models.QuerySet["Room"]):
    def visible_to(self, person: Person) -> Self:
        """The rooms that this person may read: their own, and for all but guests the public."""
        return self.visible_by_key(person.pk, is_guest=person.is_guest)

    def named(self, slug: str, person: Person) -> "Room | None":
        """The one of `visible_to` with this slug: what most requests and frames begin with."""
        return (_named_to_guest if person.is_guest else _named).first(slug, person.pk)

    def visible_by_key(self, person_id: Any, *, is_guest: bool) -> Self:
        """`visible_to` who is known by key alone, or by a place for one (chat.prepared)."""
        own = Exists(Membership.objects.filter(room=OuterRef("pk"), person=person_id))
        return self.filter(own if is_guest else own | Q(kind=RoomKind.PUBLIC))

    def visible_pairs(self, asked: set[tuple[int, bool, int]]) -> set[tuple[int, int]]:
        """`visible_to` for many at once: of (person, is a guest, room) those where it holds.

        Returns (person, room).
        """
        rooms = {room_id for _, _, room_id in asked}
        public = set(self.filter(pk__in=rooms, kind=RoomKind.PUBLIC).values_list("pk", flat=True))
        open_to_all = {
            (person_id, room_id)
            for person_id, is_guest, room_id in asked
            if room_id in public and not is_guest
        }
        closed = {(person_id, room_id) for person_id, _, room_id in asked} - open_to_all
        # Only the others are looked up one by one: in a public room that would be everybody.
        memberships = Membership.objects.filter(
            person__in={person_id for person_id, _ in closed},
            room__in={room_id for _, room_id in closed},
        )
        own = set(memberships.values_list("person_id", "room_id")) if closed else set()
        return open_to_all | (closed & own)

    def open(self) -> Self:
        """Those that are not archived: an archived room can be read, not written in."""
        return self.filter(archived_at=None)

    def lobby(self) -> "Room":
        return self.get(is_lobby=True)


class Room(models.Model):
    """A conversation and its log: `last_seq` numbers its events.

    `last_message_seq` is the place of the newest message in its list, the `message_count`th.
    `outgoing_hooks` are those that want to be told, counted here for who holds the row anyway.
    """

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    purpose = models.CharField(max_length=250, blank=True)
    kind = models.CharField(max_length=8, choices=RoomKind, default=RoomKind.PUBLIC)
    is_lobby = models.BooleanField(default=False)
    direct_key = models.CharField(max_length=400, null=True, unique=True)  # noqa: DJ001
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, related_name="created_rooms"
    )
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)
    last_seq = models.PositiveBigIntegerField(default=0)
    last_message_seq = models.PositiveBigIntegerField(default=0)
    message_count = models.PositiveBigIntegerField(default=0)
    outgoing_hooks = models.PositiveSmallIntegerField(default=0)
    members = models.ManyToManyField(Person, through="Membership", related_name="rooms")

    # How many are in it, where that was asked together with the row.
    counted: int | None = None

    objects = RoomQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=["is_lobby"], condition=Q(is_lobby=True), name="there_is_one_lobby"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_public(self) -> bool:
        return self.kind == RoomKind.PUBLIC

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_direct(self) -> bool:
        return self.kind == RoomKind.DIRECT

    @property
    def people_count(self) -> int:
        return self.memberships.count() if self.counted is None else self.counted

    def write_head(self) -> None:
        """Stores where its log and its list end, of a room that whoever calls has locked. By hand,
        for each post does it: `save` takes ten times as long."""
        statement = (
            "UPDATE chat_room SET last_seq = %s, last_message_seq = %s, message_count = %s"
            " WHERE id = %s"
        )
        values = [self.last_seq, self.last_message_seq, self.message_count, self.pk]
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    def label_for(self, person: Person) -> str:
        """The room's name, or for a direct one the names of the others in it."""
        if not self.is_direct:
            return self.name
        others = [name for key, name in _people(self.pk) if key != person.pk]
        return ", ".join(others) or person.name


_people = Prepared(lambda room: Person.objects.filter(rooms=room).values_list("pk", "name"))
_named = Prepared(
    lambda slug, person: Room.objects.visible_by_key(person, is_guest=False).filter(slug=slug)
)
_named_to_guest = Prepared(
    lambda slug, person: Room.objects.visible_by_key(person, is_guest=True).filter(slug=slug)
)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def mark_read(self, places: dict[tuple[int, int], int]) -> None:
        """Moves read pointers forward, never back: (person, room) → the seq that was seen.

        Those that somebody has put back stay until the room is opened again.
        """
        with transaction.atomic():
            self._lock(places)
            for (room_id, seq), people in _by_place(places).items():
                number = self._number(room_id, seq)
                for start in range(0, len(people), 500):  # SQLite bounds a statement's values
                    self.filter(
                        room_id=room_id,
                        person__in=people[start : start + 500],
                        read_seq__lt=seq,
                        is_kept_unread=False,
                    ).update(read_seq=seq, read_number=number)

    def write_places(self, memberships: Iterable["Membership"]) -> None:
        """Stores the pointers that these hold, in one statement; whoever calls has locked them.

        What somebody had put back is read now.

        By hand: `bulk_update` takes 0.17 ms to put each into words, a hundred times as long.
        """
        rows = [(each.read_seq, each.read_number, False, each.pk) for each in memberships]
        statement = (
            "UPDATE chat_membership SET read_seq = %s, read_number = %s, is_kept_unread = %s"
            " WHERE id = %s"
        )
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)

    def _number(self, room_id: int, seq: int) -> int:
        """How many messages of the room's list stand up to `seq`."""
        message = self.model._meta.apps.get_model("chat", "Message")
        found = message.objects.filter(room_id=room_id, in_room=True, seq__lte=seq)
        return next(iter(found.order_by("-seq").values_list("number", flat=True)[:1]), 0)

    def _lock(self, places: dict[tuple[int, int], int]) -> None:
        """In the order in which whoever posts locks them: neither waits for the other in a circle.

        Rows of other rooms come along: to lock them does no harm.
        """
        if connection.features.has_select_for_update:
            people, rooms = ({pair[index] for pair in places} for index in (0, 1))
            rows = self.filter(person__in=people, room__in=rooms).order_by("person_id", "pk")
            list(rows.select_for_update(no_key=True).values_list("pk"))


def _by_place(places: dict[tuple[int, int], int]) -> dict[tuple[int, int], list[int]]:
    """(room, seq) → who has seen it: a post is seen by many at once, and is one statement."""
    people: dict[tuple[int, int], list[int]] = defaultdict(list)
    for (person_id, room_id), seq in places.items():
        people[room_id, seq].append(person_id)
    return people


class Level(models.TextChoices):
    """What of a room somebody wants to be told of."""

    EVERYTHING = "everything", _("Everything")
    MENTIONS = "mentions", _("Mentions only")
    NOTHING = "nothing", _("Nothing")
    HIDDEN = "hidden", _("Nothing, and hide it from my rooms")


class Membership(models.Model):
    """Somebody is in a room and has seen its messages up to `read_seq`, the `read_number`th.

    `is_kept_unread`: they have put the pointer back, and until they open the room again no page
    that still shows it moves it on.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    joined_at = models.DateTimeField(default=timezone.now)
    read_seq = models.PositiveBigIntegerField(default=0)
    read_number = models.PositiveBigIntegerField(default=0)
    is_kept_unread = models.BooleanField(default=False)
    level = models.CharField(max_length=12, choices=Level, default=Level.EVERYTHING)
    muted_until = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["room", "person"], name="in_a_room_once"),)

    def __str__(self) -> str:
        return f"{self.person_id} in {self.room_id}"

    def is_muted(self, now: datetime) -> bool:
        return self.muted_until is not None and self.muted_until > now
