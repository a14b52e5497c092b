"""Who asks: a program by its token, or a page of this site by its session.

A header that brings a token decides: with a bad one the cookie beside it does not count. A session
changes nothing without the page's own token (`X-CSRFToken`) and, where it is sent, this site's
exact Origin: a browser sends its cookie from any page in the world.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.utils import check_csrf

from chat import hub, limits, tokens
from chat.errors import Refused, SignedOut, WrongScope
from chat.limits import Spent
from chat.models import Person, Scope
from chat.sessions import LINE

SAFE = ("GET", "HEAD", "OPTIONS")


class Request(HttpRequest):
    """A request of somebody who is known; `spent` is what is left of how often, once counted."""

    person: Person
    caller: hub.Caller
    spent: Spent | None


def needing(scope: Scope) -> Callable[[Request], Person]:
    """What lets in whoever may do what is of this scope. Raises SignedOut, or Refused.

    Reading is counted here, and TooMany raised for who does it all the time: what it costs the
    others wait for.
    """

    def admit(request: Request) -> Person:
        request.person, request.caller = _by_token(request) or _by_session(request)
        request.spent = None
        if not request.caller.may(scope):
            raise WrongScope(scope.value)
        if request.method in SAFE:
            request.spent = limits.spend_here(settings.LIMIT_READS, "read", request.person.pk)
        return request.person

    return admit


def _by_token(request: Request) -> tuple[Person, hub.Caller] | None:
    header = request.headers.get("Authorization", "")
    if not tokens.is_for_bearers(header):
        return None
    if (token := tokens.find(header)) is None:
        raise SignedOut(_("There is no such token, or it holds no more."))
    return token.person, hub.Caller(
        person_id=token.person.pk,
        credential=token.person.password,
        token_id=token.pk,
        scopes=token.scope_set,
    )


def _by_session(request: Request) -> tuple[Person, hub.Caller]:
    person = request.user
    if not isinstance(person, Person):
        raise SignedOut(_("Send “Authorization: Bearer” and a token, or sign in."))
    if request.method not in SAFE:
        if check_csrf(request) is not None:
            raise Refused(_("With a session this takes the page's token, in X-CSRFToken."))
        hub.note(person.pk)
    line = request.session[LINE]
    caller = hub.Caller(person_id=person.pk, credential=person.password, session_line=line)
    return person, caller
