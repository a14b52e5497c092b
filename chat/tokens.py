"""What programs sign in with: `Authorization: Bearer …`, on sockets and for the API alike.

A token is found by its hash, so how long that takes tells nothing of the tokens that there are.
That one was used is noted at most once a minute, by a thread of its own, or not at all while the
database is busy: nobody waits for it and nothing fails by it.
"""

import contextlib
from collections.abc import Iterable
from datetime import timedelta

from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from chat.database import in_background, in_passing
from chat.models import ApiToken, Person
from chat.prepared import Prepared, columns, made

NOTE_SECONDS = 60


def is_for_bearers(authorization: str) -> bool:
    """Whether this header brings a token; a proxy's own sign-in is none of ours."""
    return authorization.partition(" ")[0].lower() == "bearer"


def find(authorization: str) -> ApiToken | None:
    """The token that this header brings, with its person, if it lets them in; noted as used."""
    if not is_for_bearers(authorization):
        return None
    digest = ApiToken.hash(authorization.partition(" ")[2].strip(" \t"))
    row = _valid.first(digest, timezone.now())
    if row is None:
        return None
    token = made(ApiToken, row[: len(_TOKEN)])
    token.person = made(Person, row[len(_TOKEN) :])
    note([token.pk])
    return token


_TOKEN = columns(ApiToken)
_PERSON = [f"person__{name}" for name in columns(Person)]
_valid = Prepared(
    lambda digest, now: (
        ApiToken.objects.valid(now)
        .filter(digest=digest, person__is_active=True)
        .values_list(*_TOKEN, *_PERSON)
    )
)


def note(keys: Iterable[int]) -> None:
    """These are in use now. For the loop too: it only asks this process's memory, and a thread."""
    due = [key for key in keys if cache.add(f"token/{key}", 1, timeout=NOTE_SECONDS)]
    if due:
        with contextlib.suppress(RuntimeError):  # the process is ending
            in_background(_write, due)


def _write(keys: list[int]) -> None:
    now = timezone.now()
    before = Q(last_used_at=None) | Q(last_used_at__lte=now - timedelta(seconds=NOTE_SECONDS))
    with in_passing():
        ApiToken.objects.filter(before, pk__in=keys).update(last_used_at=now)
