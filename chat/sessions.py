"""Sessions in the database, as Django keeps them, which know their line and tell of sign-outs."""

import secrets
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import transaction
from django.utils import timezone

from chat import events
from chat.database import is_outage
from chat.models import Session
from chat.models.sessions import session_of

LINE = "_line"


class SessionStore(db.SessionStore):
    """SESSION_ENGINE."""

    @classmethod
    def get_model_class(cls) -> Any:
        return Session

    def _get_session_from_db(self) -> Session | None:
        # Private to Django: should it go by another name one day, Django's own takes its place.
        found = session_of.first(self.session_key, timezone.now())
        if found is None:
            self._session_key = None
        return found

    def create_model_instance(self, data: Any) -> Any:
        line = data.setdefault(LINE, secrets.token_hex(16))
        row: Any = super().create_model_instance(data)
        row.line = line
        return row

    def save(self, must_create: bool = False) -> None:
        """Django takes every failure for a session that has been ended meanwhile: 400."""
        try:
            super().save(must_create)
        except UpdateError as error:
            cause = error.__context__
            if cause is None or not is_outage(cause):
                raise
            raise cause from None

    def flush(self) -> None:
        """Ends the session for good: what somebody was signed in with holds no more."""
        if SESSION_KEY not in self:
            super().flush()
            return
        with transaction.atomic():
            super().flush()
            events.withdraw()
