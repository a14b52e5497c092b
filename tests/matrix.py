"""The matrix of access: what every address answers, by who asks and in which state the room is."""

from collections.abc import Callable
from dataclasses import dataclass, field

STATES = ("public", "private", "direct", "archived", "archived private")
CLOSED = ("private", "direct", "archived private")
SIGNED_OUT = ("nobody", "deactivated")
ROLES = (
    *SIGNED_OUT,
    *("outsider", "removed", "member", "bot", "guest in it", "guest", "administrator", "owner"),
)
INSIDE = ("member", "bot", "guest in it", "owner")
ADMINISTRATING = ("administrator", "owner")


def is_in(role, state):
    return role in (("member", "owner") if state == "direct" else INSIDE)


def sees(role, state):
    """The one rule of reading: one's own rooms, and for all but guests the public ones."""
    return is_in(role, state) or (state not in CLOSED and role not in (*SIGNED_OUT, "guest"))


# --- What an address answers -----------------------------------------------------------------


def nobody(_role, _state):
    return 405


def always(status):
    return lambda _role, _state: status


def people(status, guest=None):
    """Whoever is signed in; `guest` is the answer to one who shares no room with anybody."""
    return lambda role, _state: guest if guest and role == "guest" else status


def administrators(status):
    return lambda role, _state: status if role in ADMINISTRATING else 403


def readers(status=200):
    return lambda role, state: status if sees(role, state) else 404


def those(may, status=303):
    """Of those who see the room, them; 403 to the others."""
    return lambda role, state: 404 if not sees(role, state) else status if may(role, state) else 403


def may_post(role, state):
    return is_in(role, state) and not state.startswith("archived")


def may_join(role, state):
    return state == "public" and role != "guest in it"


def may_change(role, state):
    return state != "direct" and role in ADMINISTRATING


def may_make_hooks(role, state):
    return may_change(role, state) and not state.startswith("archived")


def may_change_kind(role, state):
    return state != "direct" and role == "owner"


def may_edit(role, state):
    """The messages are the owner's."""
    return role == "owner" and not state.startswith("archived")


def may_delete(role, state):
    return may_edit(role, state) or may_change(role, state)


def may_invite(role, state):
    return state != "direct" and is_in(role, state) and role != "guest in it"


def is_no_conversation(_role, state):
    return state != "direct"


def direct(role, _state):
    """The owner talks to Bob already."""
    return {"guest": 404, "owner": 302}.get(role, 200)


def conversation(role, _state):
    """With Bob: not with oneself, nor with whom one can't know."""
    return 422 if role in ("member", "guest") else 303


def bobs(role, _state):
    """His own token; for all others there is none."""
    return 303 if role == "member" else 404


def signing_in(status, otherwise):
    return lambda role, _state: status if role in SIGNED_OUT else otherwise


@dataclass
class Row:
    """What a page answers. `is_open`: signed out, one gets the same rule, and no way to sign in."""

    get: Callable[[str, str], int] = nobody
    post: Callable[[str, str], int] = nobody
    typed: dict[str, str] = field(default_factory=dict)
    is_open: bool = False

    def expected(self, method, role, state):
        rule = self.get if method == "GET" else self.post
        if rule is nobody or self.is_open or role not in SIGNED_OUT:
            return rule(role, state)
        return 302 if method == "GET" else 401


class ForPrograms(Row):
    """What the API answers: whoever is signed out is told so, and led nowhere."""

    def expected(self, method, role, state):
        rule = self.get if method == "GET" else self.post
        return 401 if role in SIGNED_OUT and rule is not nobody else rule(role, state)


LINK = "^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/"
# allauth's, which take every method that a form may be sent with.
THEIRS = ("login/", "logout/", "password/", f"{LINK}$")
ROOM = "rooms/<slug:slug>/"
SAID = "messages/<int:message_id>/"
NEW = {"name": "Attic", "purpose": "", "kind": "public"}
HOOKS = f"{ROOM}hooks/outgoing/"
HOOK_PAGE = f"{HOOKS}<int:hook_id>/"
HOOK = {"name": "Tim", "username": "tim", "url": "https://x.example", "kinds": "room.changed"}
MESSAGE = {"body": "Hello", "nonce": "nonce-of-matrix"}
PERSON = {"name": "Somebody", "time_zone": "UTC", "language": "en"}
TOKEN = {"label": "a program", "scopes": "read", "days": "1"}
BOT = {"username": "robbie", "name": "Robbie"}
INVITATION = {"role": "member", "uses": "1", "days": "1"}

PAGES = {
    "": Row(people(302)),
    "rooms/": Row(people(200), lambda role, _: 403 if "guest" in role else 303, NEW),
    "socket/": Row(people(200)),
    "people/": Row(people(200)),
    "people/<str:username>/": Row(people(200, guest=404)),
    "direct/new/": Row(people(200), conversation, {"people": "bob"}),
    "direct/<str:username>/": Row(direct, people(303, guest=404)),
    "search/": Row(people(200)),
    "settings/": Row(people(200), people(303), PERSON),
    "settings/tokens/": Row(people(200), people(200), TOKEN),
    "settings/tokens/<int:token_id>/revoke/": Row(post=bobs),
    "inbox/": Row(people(200)),
    "inbox/read/": Row(post=people(303)),
    "me.css": Row(people(200)),
    "site/": Row(administrators(200), administrators(303), {"name": "The Pond"}),
    "site/invitations/": Row(administrators(200), administrators(303), INVITATION),
    "site/invitations/<int:invitation_id>/revoke/": Row(post=administrators(303)),
    "site/people/": Row(administrators(200)),
    "site/people/<str:username>/": Row(
        administrators(200), administrators(303), {"role": "member", "is_active": "on"}
    ),
    "site/people/<str:username>/reset/": Row(post=administrators(200)),
    "site/bots/": Row(administrators(200), administrators(303), BOT),
    # Bob is none.
    "site/bots/<str:username>/": Row(administrators(404), administrators(404), TOKEN),
    "site/bots/<str:username>/switch/": Row(post=administrators(404)),
    "site/bots/<str:username>/tokens/<int:token_id>/revoke/": Row(post=administrators(404)),
    "setup/<str:key>/": Row(always(404), always(404), is_open=True),
    "join/<str:code>/": Row(always(200), always(422), {"name": ""}, True),
    "login/": Row(signing_in(200, 302), signing_in(422, 303), is_open=True),
    "logout/": Row(signing_in(302, 200), always(303), is_open=True),
    "password/": Row(signing_in(302, 200), signing_in(303, 422), is_open=True),
    f"{LINK}$": Row(always(200), always(422), is_open=True),
    "password/new/": Row(always(200), is_open=True),
    "hooks/<str:key>": Row(always(405), always(404), is_open=True),
    "hooks/<str:key>/": Row(always(405), always(404), is_open=True),
    "csp-report": Row(post=always(204), is_open=True),
    "healthz": Row(always(200), is_open=True),
    "readyz": Row(always(200), is_open=True),
}
ROOMS = {
    ROOM: Row(readers()),
    f"{ROOM}messages/": Row(readers(), those(may_post), MESSAGE),
    f"{ROOM}live/": Row(readers()),
    f"{ROOM}socket/": Row(readers()),
    f"{ROOM}connect/": Row(readers()),
    f"{ROOM}join/": Row(post=those(may_join)),
    f"{ROOM}leave/": Row(post=those(is_no_conversation)),
    f"{ROOM}settings/": Row(readers(), those(may_change), {"name": "Attic", "purpose": ""}),
    f"{ROOM}kind/": Row(post=those(may_change_kind), typed={"kind": "private"}),
    f"{ROOM}level/": Row(post=those(is_in), typed={"level": "mentions"}),
    f"{ROOM}read/": Row(post=those(is_in)),
    f"{ROOM}archive/": Row(post=those(may_change)),
    f"{ROOM}unarchive/": Row(post=those(may_change)),
    f"{ROOM}members/": Row(readers(), those(may_invite), {"people": "charlie"}),
    f"{ROOM}members/<str:username>/remove/": Row(post=those(may_change)),
    HOOKS: Row(those(may_change, 200), those(may_change, 200), HOOK),
    f"{HOOK_PAGE}": Row(those(may_change, 200), those(may_change), HOOK),
    f"{HOOK_PAGE}secret/": Row(post=those(may_change, 200)),
    f"{HOOK_PAGE}ping/": Row(post=those(may_change)),
    f"{HOOK_PAGE}switch/": Row(post=those(may_change)),
    f"{HOOK_PAGE}delete/": Row(post=those(may_change)),
    f"{HOOK_PAGE}log/": Row(those(may_change, 200)),
    f"{HOOK_PAGE}log/<int:delivery_id>/again/": Row(post=those(may_change)),
    f"{ROOM}hooks/": Row(
        those(may_change, 200),
        those(may_make_hooks, 200),
        {"name": "CI"},
    ),
    f"{ROOM}hooks/<int:incoming_id>/revoke/": Row(post=those(may_change)),
    "messages/<int:message_id>/": Row(readers(302)),
    f"{SAID}menu/": Row(readers()),
    f"{SAID}slot/": Row(readers()),
    f"{SAID}reply/": Row(readers()),
    f"{SAID}edit/": Row(those(may_edit, 200), those(may_edit), {"body": "Hello again"}),
    f"{SAID}versions/": Row(readers()),
    f"{SAID}delete/": Row(those(may_delete, 200), those(may_delete)),
    f"{SAID}reactions/": Row(readers(), those(may_post), {"emoji": "👍"}),
    f"{SAID}thread/": Row(readers(), those(may_post), MESSAGE),
    f"{SAID}thread/live/": Row(readers()),
    f"{SAID}thread/follow/": Row(post=those(is_in), typed={"follow": "1"}),
    f"{SAID}unread/": Row(post=those(is_in)),
    "composer/lines/": Row(people(303), readers(), typed={"lines": "many", "room": "<slug:slug>"}),
}
SOCKETS = {"ws/chat/", "ws/chat/<slug:slug>/", ""}
API = "api/v1/"
API_ROOM, API_SAID = f"{API}{ROOM}", f"{API}{SAID}"
API_PAGES = {
    API: Row(always(404), always(404), is_open=True),
    f"{API}openapi.json": Row(always(200), is_open=True),
    "api/docs/": Row(people(200)),
    f"{API}me": ForPrograms(people(200)),
    f"{API}people": ForPrograms(people(200)),
    f"{API}people/<str:username>": ForPrograms(people(200, guest=404)),
    f"{API}rooms/": ForPrograms(people(200), lambda role, _: 403 if "guest" in role else 201, NEW),
    f"{API}search/": ForPrograms(people(422)),  # for nothing
    f"{API}unread/": ForPrograms(people(200)),
}
API_ROOMS = {
    API_ROOM: ForPrograms(readers()),
    f"{API_ROOM}join/": ForPrograms(post=those(may_join, 200)),
    f"{API_ROOM}leave/": ForPrograms(post=those(is_no_conversation, 204)),
    f"{API_ROOM}members/": ForPrograms(readers(), those(may_invite, 204), {"people": ["charlie"]}),
    f"{API_ROOM}members/<str:username>/": ForPrograms(),
    f"{API_ROOM}messages/": ForPrograms(readers(), those(may_post, 201), {"body": "Hello"}),
    f"{API_ROOM}read/": ForPrograms(those(is_in, 200)),
    f"{API_ROOM}events": ForPrograms(readers()),
    API_SAID: ForPrograms(readers()),
    f"{API_SAID}reactions/": ForPrograms(post=those(may_post, 200), typed={"emoji": "🐸"}),
    f"{API_SAID}thread/": ForPrograms(readers(), those(may_post, 201), {"body": "Hello"}),
}
