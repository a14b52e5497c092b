"""Who opens a socket, and to which room. Runs in a database thread, before the socket is accepted.

A browser sends its cookie from any page in the world, so the cookie counts only with the exact
Origin of this site. A program sends `Authorization: Bearer …`, which no foreign page can do: who
brings a token comes as its owner or not at all, whatever cookie comes along.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from chat import fragments, tokens
from chat.fragments import Kind
from chat.models import Person, Room, RoomKind, Session

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


@dataclass(frozen=True, eq=False)
class Knock:
    """What somebody comes with: a token, or the key of a session, which counts from this site's own
    pages alone; and which room they ask for, "" for none."""

    authorization: str
    session_key: str
    slug: str
    query: dict[str, list[str]]


def admit_each(scopes: list[dict[str, Any]]) -> list[Visitor | Refusal | Exception]:
    """Who each of them is, and the room as it is at this moment; 4401 and 4404 otherwise.

    All are asked for together: after a restart they are a thousand. A scope that can't be read
    fails alone. What is wrong with the database is raised, for it is so for all.
    """
    knocks = [_knock(scope) for scope in scopes]
    readable = [knock for knock in knocks if isinstance(knock, Knock)]
    ways = _ways(readable)
    rooms = _rooms({knock: way.person for knock, way in ways.items()})
    return [
        _answer(knock, ways.get(knock), rooms.get(knock)) if isinstance(knock, Knock) else knock
        for knock in knocks
    ]


def _knock(scope: dict[str, Any]) -> Knock | Exception:
    try:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        authorization = headers.get(b"authorization", "")
        is_program = tokens.is_for_bearers(authorization)
        return Knock(
            authorization=authorization if is_program else "",
            session_key="" if is_program else _session_key(headers, scope.get("scheme", "ws")),
            slug=scope["url_route"]["kwargs"].get("slug", ""),
            query=parse_qs(scope["query_string"].decode("latin-1")),
        )
    except Exception as error:
        return error


def _ways(knocks: list[Knock]) -> dict[Knock, Way]:
    """Those who may come in at all."""
    keys = {knock.session_key for knock in knocks} - {""}
    valid = Session.objects.filter(pk__in=keys, expire_date__gt=timezone.now()) if keys else ()
    sessions = {session.pk: session for session in valid}
    people = Session.people(sessions.values())
    ways = {}
    for knock in knocks:
        if knock.authorization and (token := tokens.find(knock.authorization)):
            ways[knock] = Way(token.person, token_id=token.pk, scopes=token.scope_set)
        elif person := people.get(knock.session_key):
            ways[knock] = Way(person, session_line=sessions[knock.session_key].line)
    return ways


def _rooms(people: dict[Knock, Person]) -> dict[Knock, Room | None]:
    """The room that each asks for, where they may read it; else where their words go."""
    slugs = {knock.slug for knock in people} - {""}
    named = {room.slug: room for room in Room.objects.filter(slug__in=slugs)} if slugs else {}
    visible = Room.objects.visible_pairs(
        {
            (person.pk, person.is_guest, named[knock.slug].pk)
            for knock, person in people.items()
            if knock.slug in named
        }
    )
    lobby = _lobby() if "" in {knock.slug for knock in people} else None
    found: dict[Knock, Room | None] = {}
    for knock, person in people.items():
        room = named.get(knock.slug)
        if knock.slug:
            found[knock] = room if room and (person.pk, room.pk) in visible else None
        elif lobby and not person.is_guest:
            found[knock] = lobby
        else:
            mine = Room.objects.visible_to(person).open()
            found[knock] = mine.order_by("-is_lobby", "pk").first()
    return found


def _lobby() -> Room | None:
    """Where the words of all but guests go."""
    return Room.objects.open().filter(is_lobby=True, kind=RoomKind.PUBLIC).first()


def _answer(knock: Knock, way: Way | None, room: Room | None) -> Visitor | Refusal:
    if way is None:
        return Refusal(4401, Kind("html", settings.LANGUAGE_CODE, settings.TIME_ZONE))
    if knock.slug and room is None:
        return Refusal(4404, Kind.of(way.person))
    return Visitor(
        person=way.person,
        room=room,
        slug=knock.slug,
        shows_list=knock.query.get("list") != ["off"],
        epoch=fragments.epoch(),
        title=knock.query.get("title", [""])[0][:MAX_TITLE],
        will_resume=knock.query.get("resume") == ["1"],
        session_line=way.session_line,
        token_id=way.token_id,
        scopes=way.scopes,
    )


def _session_key(headers: dict[bytes, str], scheme: str) -> str:
    key = _cookie(headers.get(b"cookie", ""), settings.SESSION_COOKIE_NAME)
    return key if key and is_own_origin(headers, scheme) else ""


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
    # As Django reads it for pages: what others on this host have set must not hide ours.
    value = parse_cookie(header).get(name, "")
    # An escape in a cookie can bring a character that no database takes.
    return value if value.isascii() and value.isalnum() else ""
