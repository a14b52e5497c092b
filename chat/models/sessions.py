"""Who is signed in where."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

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


# The one that a cookie names, at this moment.
session_of = Prepared(lambda key, now: Session.objects.filter(pk=key, expire_date__gt=now))


class _Copy(dict[str, Any]):
    def flush(self) -> None:
        self.clear()

    def cycle_key(self) -> None:
        """Nothing to do: a copy has no key."""
