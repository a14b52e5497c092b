"""What people type into the box: words, "phrases", prefixes*, and filters. Pure, and never raises.

Nothing else has a meaning: `AND`, `-x`, `col:x`, `NEAR(` and a lone quote are text like any other.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _

from chat.errors import Sentence
from chat.search.text import is_part, words

MAX_CHARACTERS = 200
MAX_TERMS = 20
HAS = ("link", "file", "code")
NOTHING = _("There is nothing to look for in these signs. Type a word, or a filter with its value.")
TOO_LONG = _("This is too long to look for. Use fewer words.")
NO_VALUE = _("“%(filter)s:” needs a value right behind it, as in %(example)s.")
NO_DATE = _("“%(value)s” is no date. Write it as 2026-03-10, or today, or yesterday.")
NO_DAY = _("There is no day from %(after)s on that is before %(before)s.")
NO_HAS = _("“has:” takes link, file or code, not “%(value)s”.")
SHORT_PREFIX = _("Type at least two letters in front of the “*”.")

# No database takes these, and nothing that is stored holds them.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_EXAMPLES = {
    "from": "from:ada",
    "in": "in:general",
    "before": "before:2026-03-10",
    "after": "after:2026-03-10",
    "has": "has:link",
}
# What names are written with in a message.
_SIGNS = {"from": "@", "in": "#"}
_PART = re.compile(
    r"""(?:(?<!\S)(?P<filter>from|in|before|after|has):(?:"(?P<quoted>[^"]*)"?|(?P<value>[^\s"]*)))
    | "(?P<phrase>[^"]*)"?
    | (?P<word>[^\s"]+)""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class Term:
    """Words that stand right behind each other; of a prefix the last one is only begun."""

    words: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True)
class Query:
    """What is looked for. `problem` says why it can't be; then the rest means nothing.

    Messages that hold all `terms`, by one of `senders`, in one of `rooms`, from `after` on and
    until the day before `before`, with all of `has`. Names are as they were typed.
    """

    terms: tuple[Term, ...] = ()
    senders: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    before: date | None = None
    after: date | None = None
    has: frozenset[str] = field(default_factory=frozenset)
    problem: Sentence = ""

    @property
    def is_empty(self) -> bool:
        return self == Query()

    @property
    def has_filters(self) -> bool:
        return bool(self.senders or self.rooms or self.before or self.after or self.has)


def parse(text: str, *, today: date, filters: dict[str, str] | None = None) -> Query:
    """The query that was typed, with the `filters` of the form's other fields: name → value."""
    is_typed, text = bool(text.strip()), _UNSTORABLE.sub(" ", text)
    given = {name: _UNSTORABLE.sub("", value).strip() for name, value in (filters or {}).items()}
    fields = [(name, value) for name, value in given.items() if value]
    if len(text) > MAX_CHARACTERS or any(len(value) > MAX_CHARACTERS for _, value in fields):
        return Query(problem=TOO_LONG)
    query = Query()
    for name, value in fields:
        query = _filtered(query, name, value, today)
    for part in _PART.finditer(text):
        if name := part["filter"]:
            value = part["quoted"] if part["value"] is None else part["value"]
            query = _filtered(query, name.lower(), value.strip(), today)
        else:
            query = _with_term(query, part["word"], part["phrase"])
    return _judged(query, is_typed=is_typed)


def _judged(query: Query, *, is_typed: bool) -> Query:
    if query.problem:
        return query
    if len(query.terms) > MAX_TERMS:
        return Query(problem=TOO_LONG)
    if is_typed and query.is_empty:
        return Query(problem=NOTHING)
    if query.after and query.before and query.after >= query.before:
        return Query(problem=_said(NO_DAY, {"after": query.after, "before": query.before}))
    return query


def _with_term(query: Query, word: str | None, phrase: str | None) -> Query:
    found = tuple(words(word or phrase or ""))
    if not found:
        return query
    is_prefix = word is not None and word.endswith("*")
    if is_prefix and len(found[-1]) < 2 and found[-1].isascii():
        return replace(query, problem=query.problem or SHORT_PREFIX)
    # Said twice it is looked for once.
    terms = dict.fromkeys((*query.terms, _term(found, is_prefix=is_prefix)))
    return replace(query, terms=tuple(terms))


def _term(found: tuple[str, ...], *, is_prefix: bool) -> Term:
    """A crowded script's last character has its pair before it: the rest of the text may go on."""
    if is_part(found[-1]):
        return Term(found, is_prefix=True) if len(found) == 1 else _term_of_pairs(found)
    return Term(found, is_prefix)


def _term_of_pairs(found: tuple[str, ...]) -> Term:
    # 池の has the words 池の and の; in 池の水 the second one is の水, so it is left out.
    before, last = found[-2], found[-1]
    if len(before) == 2 and before[1] == last:
        return Term(found[:-1])
    return Term(found, is_prefix=True)


def _filtered(query: Query, name: str, value: str, today: date) -> Query:
    if query.problem:
        return query
    value = value.removeprefix(_SIGNS.get(name, "")).strip()
    if not value:
        said = _said(NO_VALUE, {"filter": name, "example": _EXAMPLES[name]})
        return replace(query, problem=said)
    match name:
        case "from":
            return replace(query, senders=(*query.senders, value))
        case "in":
            return replace(query, rooms=(*query.rooms, value))
        case "has":
            return _with_has(query, value.lower())
    day = _date(value.lower(), today)
    if day is None:
        return replace(query, problem=_said(NO_DATE, {"value": value}))
    if name == "before":
        return replace(query, before=min(day, query.before or day))
    return replace(query, after=max(day, query.after or day))


def _with_has(query: Query, value: str) -> Query:
    kind = value if value in HAS else value.removesuffix("s")
    if kind not in HAS:
        return replace(query, problem=_said(NO_HAS, {"value": value}))
    return replace(query, has=query.has | {kind})


def _said(sentence: Sentence, details: dict[str, object]) -> str:
    return str(sentence) % details


def _date(value: str, today: date) -> date | None:
    match value:
        case "today":
            return today
        case "yesterday":
            return today - timedelta(days=1)
    if found := re.fullmatch(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", value, re.ASCII):
        year, month, day = (int(number or 1) for number in found.groups())
        with suppress(ValueError):
            # Times of the first and the last years are in no calendar of another time zone.
            return date(year, month, day) if 1900 <= year < 3000 else None
    return None
