"""Prints a session key for each person of a site, as JSON. Runs in `manage.py shell`.

The sessions are what a sign-in leaves behind, without the seconds that its Argon2 takes.
"""

import json

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction

from chat.models import Person
from chat.sessions import SessionStore


def main() -> None:
    with transaction.atomic():
        print(json.dumps([sign_in(person) for person in Person.objects.order_by("pk")]))


def sign_in(person: Person) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)
