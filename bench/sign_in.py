"""Invents people, and prints what they and programs sign in with, as JSON. Runs in `manage.py
shell`.

The sessions are what a sign-in leaves behind, without the seconds that its Argon2 takes.
"""

import json
import secrets

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction

from chat import invention
from chat.actions.people import create_token
from chat.models import Person, Scope
from chat.sessions import SessionStore


def invent(people: int, rooms: int, messages: int) -> None:
    """What `populate` invents; a session key for each person, in the order in which they came."""
    plan = invention.Plan(people, rooms, messages, password=secrets.token_urlsafe())
    invention.invent(plan, progress=lambda _done, _total: None)
    with transaction.atomic():
        print(json.dumps([sign_in(person) for person in Person.objects.order_by("pk")]))


def posting_tokens(count: int) -> None:
    """Tokens of the first people, for posting alone."""
    people = Person.objects.order_by("pk")[:count]
    tokens = [create_token(person=person, label="bench", scopes=[Scope.POST]) for person in people]
    print(json.dumps(tokens))


def sign_in(person: Person) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)
