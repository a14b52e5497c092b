"""Who opens a socket, and to which room. Runs in a database thread, before the socket is accepted.

A browser sends its cookie from any page in the world, so the cookie counts only with the exact
Origin of this site. A program sends `Authorization: Bearer …`, which no foreign page can do: who
brings a token comes as its owner or not at all, whatever cookie comes along.
"""

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from chat import fragments, tokens
from chat.fragments import Kind
from chat.models import Person, Room, Session

MAX_TITLE = 200


@dataclass(frozen=True)
class Visitor:
    """Somebody who may listen. `shows_list` is False for pages that want their sidebar alone;
    `title` is what such a page calls itself. `will_resume` is True for all pages: they have a
    place in the log, and nothing may be shown in them until they have named it.

    `room` is where plain text goes: the one asked for, else the lobby, else the first that a guest
    is in; None for a guest who is in none. `scopes` is what their token is for, None without one.
    """

    person: Person
    room: Room | None
    slug: str
    shows_list: bool
    epoch: str
    title: str = ""
    will_resume: bool = False
    session_line: str | None = None
    token_id: int | None = None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True)
class Way:
    """Who has come in, and what with: either of the two."""

    person: Person
    session_line: str | None = None
    token_id: int | None = None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True)
class Refusal:
    """The code with which the socket is closed, and in whose language to say why."""

    code: int
    kind: Kind


def admit_each(scopes: list[dict[str, Any]]) -> list[Visitor | Refusal | Exception]:
    """As `admit`, for many. What is wrong with the database is raised, for it is so for all."""
    answers: list[Visitor | Refusal | Exception] = []
    for scope in scopes:
        try:
            answers.append(admit(scope))
        except (DatabaseError, InterfaceError):
            raise
        except Exception as error:
            answers.append(error)
    return answers


def admit(scope: dict[str, Any]) -> Visitor | Refusal:
    """Who it is, and the room as it is at this moment; 4401 and 4404 otherwise."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    way = _way(scope, headers)
    if way is None:
        kind = Kind("html", settings.LANGUAGE_CODE, settings.TIME_ZONE)
        return Refusal(4401, kind)
    person = way.person
    slug = scope["url_route"]["kwargs"].get("slug", "")
    rooms = Room.objects.visible_to(person)
    room = (rooms.filter(slug=slug) if slug else rooms.open().order_by("-is_lobby", "pk")).first()
    if slug and room is None:
        return Refusal(4404, Kind.of(person))
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return Visitor(
        person=person,
        room=room,
        slug=slug,
        shows_list=query.get("list") != ["off"],
        epoch=fragments.epoch(),
        title=query.get("title", [""])[0][:MAX_TITLE],
        will_resume=query.get("resume") == ["1"],
        session_line=way.session_line,
        token_id=way.token_id,
        scopes=way.scopes,
    )


def _way(scope: dict[str, Any], headers: dict[bytes, str]) -> Way | None:
    authorization = headers.get(b"authorization", "")
    if tokens.is_for_bearers(authorization):
        return _by_token(authorization)
    return _by_session(scope, headers)


def _by_token(authorization: str) -> Way | None:
    token = tokens.find(authorization)
    if token is None:
        return None
    return Way(token.person, token_id=token.pk, scopes=token.scope_set)


def _by_session(scope: dict[str, Any], headers: dict[bytes, str]) -> Way | None:
    key = _cookie(headers.get(b"cookie", ""), settings.SESSION_COOKIE_NAME)
    if not key or not is_own_origin(headers, scope.get("scheme", "ws")):
        return None
    session = Session.objects.filter(pk=key, expire_date__gt=timezone.now()).first()
    person = session.person if session else None
    return Way(person, session_line=session.line) if session and person else None


def is_own_origin(headers: dict[bytes, str], scheme: str) -> bool:
    """Whether the Origin is exactly this site: scheme, host and port.

    Without SITE_URL the site is whatever loopback name and port it was asked for under.
    """
    host = headers.get(b"host", "")
    domain, _port = split_domain_port(host)
    if not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    secure = "https" if scheme in {"wss", "https"} else "http"
    return headers.get(b"origin") == (settings.SITE_URL or f"{secure}://{host}")


def _cookie(header: str, name: str) -> str:
    try:
        cookie = SimpleCookie(header)
    except CookieError:
        return ""
    value = cookie[name].value if name in cookie else ""
    # An escape in a cookie can bring a character that no database takes.
    return value if value.isascii() and value.isalnum() else ""
