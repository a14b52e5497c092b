"""Who is signed in where."""

from collections.abc import Collection
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.crypto import constant_time_compare

from chat.models.people import Person
from chat.prepared import Prepared


class Session(AbstractBaseSession):
    """One browser's sign-in. Its key changes, with a new password for instance; `line` stays.

    An open socket can't be told of a new cookie: it goes by the line.
    """

    line = models.CharField(max_length=32, db_index=True)

    def __str__(self) -> str:
        return self.line

    @classmethod
    def get_session_store_class(cls) -> Any:
        return import_module(settings.SESSION_ENGINE).SessionStore

    @property
    def person(self) -> Person | None:
        """Who is signed in with it at this moment, if anybody still is."""
        # Django's get_user knows SECRET_KEY_FALLBACKS, but changes or ends the session on the
        # way: a socket can't hand out the new cookie, so it gets a copy to do that to.
        request: Any = SimpleNamespace(session=_Copy(self.get_decoded()))
        person = get_user(request)
        return person if isinstance(person, Person) else None

    @classmethod
    def people(cls, sessions: Collection["Session"]) -> dict[str, Person]:
        """key → `person`, for those that somebody is signed in with; in one query where nothing is
        unusual: no other SECRET_KEY than today's, and nobody who is signed out or deactivated."""
        data = {session.pk: session.get_decoded() for session in sessions}
        ids = {key: str(each.get(SESSION_KEY, "")) for key, each in data.items()}
        known = Person.objects.in_bulk([int(each) for each in ids.values() if each.isdecimal()])
        everybody = {str(pk): person for pk, person in known.items()}
        found = {}
        for session in sessions:
            person = everybody.get(ids[session.pk])
            if person is None or not _is_signed_in(data[session.pk], person):
                person = session.person
            if person is not None:
                found[session.pk] = person
        return found


def _is_signed_in(data: dict[str, Any], person: Person) -> bool:
    """Whether Django's get_user, which asks for each anew, would say so at its first look."""
    return (
        person.is_active
        and data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and constant_time_compare(data.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash())
    )


# The one that a cookie names, at this moment.
session_of = Prepared(lambda key, now: Session.objects.filter(pk=key, expire_date__gt=now))


class _Copy(dict[str, Any]):
    def flush(self) -> None:
        self.clear()

    def cycle_key(self) -> None:
        """Nothing to do: a copy has no key."""
