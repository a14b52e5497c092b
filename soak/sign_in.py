"""Prints a session key for each person of a site, as JSON. Runs in `manage.py shell`.

As bench.sign_in, and with the token for forms that a sign-in leaves in the session: a person's
pages that load at the same moment would else each make one.
"""

import json

from django.db import transaction
from django.middleware.csrf import CSRF_SESSION_KEY, _get_new_csrf_string

from bench.sign_in import sign_in
from chat.models import Person
from chat.sessions import SessionStore


def main() -> None:
    with transaction.atomic():
        print(json.dumps([_signed_in(person) for person in Person.objects.order_by("pk")]))


def _signed_in(person: Person) -> str:
    session = SessionStore(sign_in(person))
    session[CSRF_SESSION_KEY] = _get_new_csrf_string()
    session.save()
    return str(session.session_key)
