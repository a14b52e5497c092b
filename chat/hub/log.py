"""What the hub asks the database. All of it runs in the database threads."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from django.contrib.sessions.models import Session
from django.db.models import Count, Sum
from django.utils import timezone

from chat import fragments
from chat.fragments import Frame, Kind
from chat.hub.readers import Reader
from chat.models import ApiToken, Event, EventKind, Membership, Person, Role, Room

BATCH = 200
_P = ParamSpec("_P")
_R = TypeVar("_R")


class ShutOut(Exception):
    """Who asks may no longer listen; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Batch:
    """The next entries of a room's log, and who of the people in it may read no further."""

    events: list[Event]
    shut_out: frozenset[int]


def read(room_id: int, after: int, until: int | None = None, limit: int = BATCH) -> Batch:
    """Entries after `after`, at most to `until`, without a gap."""
    query = Event.objects.filter(room_id=room_id, seq__gt=after)
    if until is not None:
        query = query.filter(seq__lte=until)
    found = query.select_related("room", "person", "message__author", "message__room").order_by(
        "seq"
    )
    events = []
    for expected, event in enumerate(found[:limit], after + 1):
        if event.seq != expected:  # not committed yet, or lost: never show what is behind it
            break
        events.append(event)
    return Batch(events, _shut_out(events))


def _shut_out(events: list[Event]) -> frozenset[int]:
    gone = {
        event.person
        for event in events
        if event.kind in {EventKind.MEMBER_LEFT, EventKind.MEMBER_REMOVED} and event.person
    }
    return frozenset(
        person.pk
        for person in gone
        if not Room.objects.visible_to(person).filter(pk=events[0].room_id).exists()
    )


def render(events: list[Event], kinds: Iterable[Kind]) -> dict[Kind, list[Frame]]:
    return {kind: fragments.frames(events, kind) for kind in kinds}


def read_for(reader: Reader, read: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """What `read` returns. Raises ShutOut for who may no longer listen.

    Asked behind the reading: whatever was written after a removal, the removal is known too.
    """
    found = read(*args, **kwargs)
    if code := fallen([reader]).get(reader):
        raise ShutOut(code)
    return found


def read_frames(room_id: int, after: int, until: int, kind: Kind) -> list[Frame]:
    """The next of the missed entries, ready to send; empty when they can't be read."""
    return fragments.frames(read(room_id, after, until).events, kind)


def read_changes(room_id: int, after: int, until: int, kind: Kind) -> list[Frame]:
    return fragments.changes(read(room_id, after, until, limit=until - after).events, kind)


def reset(room_id: int, kind: Kind) -> Frame:
    return fragments.reset(Room.objects.get(pk=room_id), kind)


def heads(room_ids: Iterable[int]) -> dict[int, int]:
    """room → the last seq of its log."""
    return dict(Room.objects.filter(pk__in=list(room_ids)).values_list("pk", "last_seq"))


def pointers(person_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """person → two numbers that change when they join, leave or read something anywhere."""
    rows = (
        Membership.objects.filter(person_id__in=list(person_ids))
        .values("person_id")
        .annotate(count=Count("id"), total=Sum("read_seq"))
    )
    return {row["person_id"]: (row["count"], row["total"]) for row in rows}


def fallen(readers: list[Reader]) -> dict[Reader, int]:
    """Those who may no longer listen, each with the code that says why.

    4401: signed out, deactivated, password changed, token revoked. 4403: the room that they
    listen to is no longer for them.
    """
    asked = {reader.person_id for reader in readers}
    active = Person.objects.filter(pk__in=asked, is_active=True)
    # Every two seconds for everybody: rows of three values rather than people.
    people = {pk: (word, role) for pk, word, role in active.values_list("pk", "password", "role")}
    held = _held(readers)
    visible = Room.objects.visible_pairs(
        {
            (reader.person_id, people[reader.person_id][1] == Role.GUEST, reader.room_id)
            for reader in readers
            if reader.person_id in people and reader.room_id is not None
        }
    )
    codes = {}
    for reader in readers:
        password, _role = people.get(reader.person_id, (None, None))
        # A token outlives a new password; a session does not.
        is_outdated = reader.session_key is not None and password != reader.credential
        if password is None or is_outdated or (reader.session_key or reader.token_id) not in held:
            codes[reader] = 4401
        elif reader.room_id is not None and (reader.person_id, reader.room_id) not in visible:
            codes[reader] = 4403
    return codes


def _held(readers: list[Reader]) -> set[str | int]:
    """The sessions and tokens of theirs that still hold."""
    sessions = Session.objects.filter(
        pk__in={reader.session_key for reader in readers}, expire_date__gt=timezone.now()
    )
    tokens = ApiToken.objects.filter(
        pk__in={reader.token_id for reader in readers if reader.token_id}, revoked_at=None
    )
    return {*sessions.values_list("pk", flat=True), *tokens.values_list("pk", flat=True)}
