"""What is offered to somebody who types `@`, `#` or `:` in one of a room's boxes.

A box of one line gets its completed lines as a `datalist`, which the browser shows at the caret:
picking one needs no script, and nothing replaces the box. A box of several lines has no such
list: its choices stand beside it, and the post puts what was chosen in the place of what was typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat import emojis, fragments, limits, mentions, naming
from chat.characters import has_surrogate
from chat.database import in_database
from chat.errors import TooMany
from chat.forms import ChoicesField, ChoicesInput
from chat.fragments import Kind
from chat.markup import MAX_BODY_CHARACTERS
from chat.models import Person, Room
from chat.names import normalise_username

MAX_OPTIONS = 8
# Each option of a box of one line holds the whole line.
MAX_LINE_CHARACTERS = 1000
# A page that finds no server keeps its frames, and sends all of them when it is back.
MAX_PASSED_OVER = 600

_EVERYBODY: tuple[tuple[str, Promise], ...] = (
    (f"@{naming.HERE}", _("Who is here now")),
    (f"@{naming.ROOM}", _("Everybody in this room")),
)


@dataclass(frozen=True)
class Typed:
    """What stands in the box. `word` is the name begun at its end, with its sign, or nothing;
    `chosen` are the names before it that have been chosen: what was typed → what is meant."""

    body: str
    word: str
    chosen: Mapping[str, str]

    @property
    def begun(self) -> str:
        """As choices call it."""
        return self.word[:1] + normalise_username(self.word[1:])


@dataclass(frozen=True)
class Option:
    """A name with its sign, and what it is to people."""

    name: str
    shown: str | Promise


class Asking(Protocol):
    """Whoever types: where, and what their page shows."""

    person_id: int
    room_id: int | None
    kind: Kind


class Suggester:
    """What one page is offered, and what of it stands there still."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.has_offers = False
        self.passed_over = 0

    @property
    def is_flooded(self) -> bool:
        return self.passed_over > MAX_PASSED_OVER

    def may_ask(self) -> bool:
        # Counted by themselves: what somebody types must not use up what their page has to say.
        try:
            limits.spend_here(settings.LIMIT_FRAMES, "suggest", self.asking.person_id)
        except TooMany:
            self.passed_over += 1
            return False
        return True

    async def answer(self, frame: Mapping[str, Any]) -> str:
        """The lists for the page; nothing when there is nothing to offer and nothing to empty."""
        what, room_id, found = typed(frame), self.asking.room_id, list[Option]()
        if what.word and room_id is not None:
            person_id = self.asking.person_id
            found = await in_database(options, what, person_id=person_id, room_id=room_id)
        had_offers, self.has_offers = self.has_offers, bool(found or what.chosen)
        return render(what, found, self.asking.kind) if self.has_offers or had_offers else ""


def typed(frame: Mapping[str, Any]) -> Typed:
    """What a frame of the page says; whatever it doesn't say is nothing."""
    body = frame.get("body")
    if not isinstance(body, str) or len(body) > MAX_BODY_CHARACTERS or has_surrogate(body):
        body = ""
    choices = ChoicesField().clean(ChoicesInput().value_from_datadict(frame, None, "choice"))
    names = {f"{name.sign}{name.text}" for name in naming.find(body)} if choices else set()
    chosen = {begun: meant for begun, meant in choices.items() if begun in names}
    word = naming.last_word(body)
    asks = word.startswith("@") or len(word) > 1
    return Typed(body, word if asks else "", chosen)


def options(what: Typed, *, person_id: int, room_id: int) -> list[Option]:
    """At most `MAX_OPTIONS`; who is in the room comes first. Emoji ask the database nothing."""
    if not what.word:
        return []
    match what.word[0]:
        case ":":
            found = _emoji(what.word[1:])
        case "#":
            found = _rooms(what.word[1:], person_id)
        case _:
            found = _people(what, person_id, room_id)
    return [option for option in found if option.name != what.word][:MAX_OPTIONS]


def render(what: Typed, found: list[Option], kind: Kind) -> str:
    """The lists, whole; empty ones where there is nothing to offer."""
    context = {
        "options": found,
        "lines": _lines(what, found),
        "begun": what.begun,
        "chosen": [
            pair for pair in what.chosen.items() if not found or pair[0] != what.begun
        ],
        "meant": what.chosen.get(what.begun, ""),
    }  # fmt: skip
    return fragments.render("chat/swaps/suggestions.html", context, kind)


def _emoji(begun: str) -> list[Option]:
    named = [Option(f":{name}:", shown) for name, shown in emojis.find(begun, 2 * MAX_OPTIONS)]
    return [option for option in named if any(naming.find(option.name))]


def _rooms(begun: str, person_id: int) -> list[Option]:
    if not Person.objects.filter(pk=person_id, is_active=True).exists():
        return []
    rooms = mentions.linkable(person_id, begun, MAX_OPTIONS + 1)
    return [Option(f"#{each.slug}", each.name) for each in rooms]


def _people(what: Typed, person_id: int, room_id: int) -> list[Option]:
    # Read now: the socket may have been opened long ago.
    person = Person.objects.filter(pk=person_id, is_active=True).first()
    if person is None:
        return []
    room = Room.objects.visible_to(person).filter(pk=room_id).first()
    if room is None:
        return []
    begun = what.word[1:]
    people = mentions.candidates(room, begun, MAX_OPTIONS)
    found = [Option(f"@{each.username}", each.name) for each in people if each.pk != person_id]
    if person.is_guest or room.is_direct:
        return found
    everybody = [Option(name, shown) for name, shown in _EVERYBODY if name.startswith(what.begun)]
    return [*everybody, *found] if begun else [*found[: MAX_OPTIONS - 2], *everybody]


def _lines(what: Typed, found: list[Option]) -> list[tuple[str, str]]:
    """Each completed line with its label. Browsers show those that hold what is typed, in the line
    or in the label: where the name was found by another one, the label has to hold it."""
    if len(what.body) > MAX_LINE_CHARACTERS or "\n" in what.body:
        return []
    start = what.body[: len(what.body) - len(what.word)]
    return [
        (
            f"{start}{each.name}",
            str(each.shown)
            if each.name.startswith(what.word.casefold())
            else f"{what.body} → {each.shown}",
        )
        for each in found
    ]
