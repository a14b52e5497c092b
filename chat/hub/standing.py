"""Who may still listen.

`Site.revocations` goes up in each transaction that takes a right to listen away. A reader is
judged after the count was read, and remembers it. Whatever is sent was read together with the
count, in one snapshot: at the reader's own count, or below, nothing in it is later than what
the reader has lost; above, the reader is judged again first. So on most days this costs one
column in a query that is made anyway, and there is no moment in which a revocation is late.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ParamSpec, TypeVar

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.database import in_database
from chat.errors import Refused
from chat.hub.readers import Reader
from chat.models import ApiToken, Person, Role, Room, Session, Site

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


def check_may_act(reader: Reader) -> None:
    """Raises Refused for who has been signed out.

    Inside a transaction what it finds stays so until the end: whoever takes the right away
    waits, so that nothing is stored after it has gone.
    """
    rows: list[QuerySet[Any]] = [Person.objects.filter(pk=reader.person_id)]
    if reader.session_line:
        rows.append(_sessions(reader.session_line))
    if reader.token_id:
        rows.append(ApiToken.objects.filter(pk=reader.token_id))
    # SQLite has locked everything already; PostgreSQL locks rows for a transaction alone.
    if connection.in_atomic_block and connection.features.has_select_for_update:
        for query in rows:
            list(query.select_for_update(no_key=True).values_list("pk"))
    if 4401 in fallen([reader]).values():
        raise Refused(_("You have been signed out."))


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
    revocations = Site.load().revocations
    codes = fallen(readers)
    for reader in readers:
        if reader not in codes:
            reader.judged_at = max(reader.judged_at, revocations)
    return codes


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
        password, _its_role = people.get(reader.person_id, (None, None))
        is_held = (reader.session_line or reader.token_id) in held
        if password is None or not is_held or not _knows(reader, password):
            codes[reader] = 4401
        elif reader.room_id is not None and (reader.person_id, reader.room_id) not in visible:
            codes[reader] = 4403
    return codes


def _held(readers: list[Reader]) -> set[str | int]:
    """The sessions and tokens of theirs that still hold."""
    sessions = Session.objects.filter(
        line__in={reader.session_line for reader in readers if reader.session_line},
        expire_date__gt=timezone.now(),
    )
    tokens = ApiToken.objects.filter(
        pk__in={reader.token_id for reader in readers if reader.token_id}, revoked_at=None
    )
    return {*sessions.values_list("line", flat=True), *tokens.values_list("pk", flat=True)}


def _knows(reader: Reader, password: str) -> bool:
    """Whether what the reader came in with holds with this password (its hash).

    A token outlives a new password. A session does not, but for the one that set it.
    """
    if reader.session_line is None or reader.credential == password:
        return True
    person_ids = {each.person.pk for each in _sessions(reader.session_line) if each.person}
    if reader.person_id not in person_ids:
        return False
    reader.credential = password
    return True


def _sessions(line: str) -> QuerySet[Session]:
    return Session.objects.filter(line=line, expire_date__gt=timezone.now())
