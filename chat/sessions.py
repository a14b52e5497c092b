"""Sessions in the database, as Django keeps them, which know their line and tell of sign-outs."""

import secrets
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.db import transaction

from chat import events
from chat.models import Session

LINE = "_line"


class SessionStore(db.SessionStore):
    """SESSION_ENGINE."""

    @classmethod
    def get_model_class(cls) -> Any:
        return Session

    def create_model_instance(self, data: Any) -> Any:
        line = data.setdefault(LINE, secrets.token_hex(16))
        row: Any = super().create_model_instance(data)
        row.line = line
        return row

    def flush(self) -> None:
        """Ends the session for good: what somebody was signed in with holds no more."""
        if SESSION_KEY not in self:
            super().flush()
            return
        with transaction.atomic():
            super().flush()
            events.withdraw()
