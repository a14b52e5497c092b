"""Who may still listen.

`Site.revocations` goes up in each transaction that takes a right to listen away. A reader is
judged after the count was read, and remembers it. Whatever is sent was read before the count: at
the reader's own count, or below, nothing in it is later than what the reader has lost; above,
the reader is judged again first. So on most days this costs one small query for each batch, and
there is no moment in which a revocation is late.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import ParamSpec, TypeVar

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from chat.database import in_database
from chat.hub.readers import Caller, Reader
from chat.models import ApiToken, Person, Role, Room, Session, Site
from chat.prepared import Prepared

logger = logging.getLogger(__name__)

Shut = Callable[[Reader, int], Awaitable[None]]
_P = ParamSpec("_P")
_R = TypeVar("_R")


class ShutOut(Exception):
    """Who asks may no longer listen; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def doubted(readers: Iterable[Reader], revocations: int) -> list[Reader]:
    """Those who may get what was read at this count only after they have been judged again."""
    return [reader for reader in readers if reader.is_open and reader.judged_at < revocations]


async def admit(readers: list[Reader], shut: Shut) -> None:
    """Judges them now, and shuts out who may no longer listen."""
    codes = await in_database(judge, readers) if readers else {}
    for reader, code in codes.items():
        try:
            await shut(reader, code)
        except Exception:
            logger.exception("A reader can't be told that it is shut out")
            reader.is_open = False


def signed_out(callers: set[Caller]) -> set[Caller]:
    """Those who have been signed out: what they came in with holds no more.

    Inside a transaction what it finds stays so until the end: whoever takes the right away
    waits, so that nothing is stored after it has gone.
    """
    # SQLite has locked everything already; PostgreSQL locks rows for a transaction alone.
    if connection.in_atomic_block and connection.features.has_select_for_update:
        _lock(callers)
    people = _people(callers)
    held = _held(callers)
    return {caller for caller in callers if not _holds(caller, people, held)}


def read_for(reader: Reader, read: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """What `read` returns. Raises ShutOut for who may no longer listen.

    Asked behind the reading: whatever was written after a removal, the removal is known too.
    """
    found = read(*args, **kwargs)
    if code := judge([reader]).get(reader):
        raise ShutOut(code)
    return found


def judge(readers: list[Reader]) -> dict[Reader, int]:
    """Those who may no longer listen, as `fallen`; the others remember when they were judged."""
    # The count first: what is taken away after it, the next one asks for again.
    revocations = Site.revocation_count()
    codes = fallen(readers)
    for reader in readers:
        if reader not in codes:
            reader.judged_at = max(reader.judged_at, revocations)
    return codes


def fallen(readers: list[Reader]) -> dict[Reader, int]:
    """Those who may no longer listen, each with the code that says why.

    4401: signed out, deactivated, password changed, token revoked or at its end. 4403: the room
    that they listen to is no longer for them.
    """
    people = _people(readers)
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
        if not _holds(reader, people, held):
            codes[reader] = 4401
        elif reader.room_id is not None and (reader.person_id, reader.room_id) not in visible:
            codes[reader] = 4403
    return codes


# Every two seconds for everybody, and with each post: rows of values rather than objects.
_active = Prepared(
    lambda keys: (
        Person.objects.filter(pk__in=keys, is_active=True)
        .order_by()
        .values_list("pk", "password", "role")
    )
)
_lines = Prepared(
    lambda lines, now: Session.objects.filter(line__in=lines, expire_date__gt=now).values_list(
        "line"
    )
)
_tokens = Prepared(
    lambda keys, now: ApiToken.objects.valid(now).filter(pk__in=keys).values_list("pk")
)


def _lock(callers: Collection[Caller]) -> None:
    """The rows that it rests on, each kind in the order of its keys."""
    lines, tokens = _credentials(callers)
    for rows in (
        Person.objects.filter(pk__in={caller.person_id for caller in callers}),
        Session.objects.filter(line__in=lines),
        ApiToken.objects.filter(pk__in=tokens),
    ):
        list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk"))


def _people(callers: Collection[Caller]) -> dict[int, tuple[str, str]]:
    """Those who may sign in: person → password hash and role."""
    asked = [*{caller.person_id for caller in callers}]
    found = _active(asked) if asked else ()
    return {pk: (word, role) for pk, word, role in found}


def _holds(caller: Caller, people: dict[int, tuple[str, str]], held: set[str | int | None]) -> bool:
    password, _role = people.get(caller.person_id, (None, None))
    is_held = (caller.session_line or caller.token_id) in held
    return is_held and password is not None and _knows(caller, password)


def _credentials(callers: Collection[Caller]) -> tuple[set[str], set[int]]:
    lines = {caller.session_line for caller in callers if caller.session_line}
    return lines, {caller.token_id for caller in callers if caller.token_id}


def _held(callers: Collection[Caller]) -> set[str | int | None]:
    """The sessions and tokens of theirs that still hold."""
    lines, tokens = _credentials(callers)
    now = timezone.now()
    sessions = _lines([*lines], now) if lines else ()
    valid = _tokens([*tokens], now) if tokens else ()
    return {key for (key,) in (*sessions, *valid)}


def _knows(caller: Caller, password: str) -> bool:
    """Whether what they came in with holds with this password (its hash).

    A token outlives a new password. A session does not, but for the one that set it.
    """
    if caller.session_line is None or caller.credential == password:
        return True
    person_ids = {each.person.pk for each in _sessions(caller.session_line) if each.person}
    if caller.person_id not in person_ids:
        return False
    caller.credential = password
    return True


def _sessions(line: str) -> QuerySet[Session]:
    return Session.objects.filter(line=line, expire_date__gt=timezone.now())
