"""Names in a text: `@ada`, `#kitchen` and `:tada:`. Pure.

A name ends with a letter or a digit: the dot behind it ends the sentence. What stands right behind
a letter, a slash or another sign is none: `ada@example.org`, `example.org/#room`, `C#`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chat.names import SEPARATORS, belongs_in_username, normalise_username

# Of one text. Whoever is named behind them is neither told nor shown as a mention.
MAX_NAMES = 100
ROOM = "room"
HERE = "here"

# A username as it is typed may be longer than it is normalised: with its accents apart.
MAX_TYPED_CHARACTERS = 96
_SIGN = re.compile(r"[@#:]")
_EMOJI = re.compile(r":([a-z0-9_+-]{1,60}):(?![a-z0-9])", re.IGNORECASE)
_NEVER_BEFORE = frozenset("@#/\\&_=:")


@dataclass(frozen=True, slots=True)
class Name:
    """A name and its place in the text, with its sign; `text` is normalised and without it."""

    sign: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a text may name: usernames and slugs of rooms."""

    people: frozenset[str]
    rooms: frozenset[str]


def find(text: str) -> Iterator[Name]:
    """The names in a text of prose, from left to right."""
    end = 0
    for sign in _SIGN.finditer(text):
        start = sign.start()
        if start < end or (start and not _may_precede(text[start - 1])):
            continue
        if name := _at(text, start):
            end = name.end
            yield name


def asked(text: str) -> Asked:
    """All that has to be looked up before the text can be rendered.

    That is more than it names: what stands in its code comes along, because only the Markdown
    parser knows what code is.
    """
    found: dict[str, set[str]] = {"@": set(), "#": set()}
    for sign in _SIGN.finditer(text):
        name = _at(text, sign.start())
        if name and name.sign in found and len(found[name.sign]) < MAX_NAMES:
            found[name.sign].add(name.text)
    return Asked(frozenset(found["@"]), frozenset(found["#"]))


def choose(text: str, choices: Mapping[str, str]) -> str:
    """The text with the names that were chosen instead of typed ones: both with their signs."""
    parts, end = list[str](), 0
    for name in find(text):
        chosen = choices.get(f"{name.sign}{name.text}")
        if chosen is not None:
            parts += [text[end : name.start], chosen]
            end = name.end
    return "".join([*parts, text[end:]])


def last_word(text: str) -> str:
    """What somebody types at the text's end, if it begins a name: `@ad`, `#ki`, `:ta`."""
    word = text[-MAX_TYPED_CHARACTERS:]
    signs = [sign.start() for sign in _SIGN.finditer(word)]
    if not signs:
        return ""
    start = signs[-1]
    before = text[: len(text) - len(word) + start]
    is_name = all(map(_belongs_in_any_name, word[start + 1 :]))
    return word[start:] if is_name and (not before or _may_precede(before[-1])) else ""


def _belongs_in_any_name(character: str) -> bool:
    return character == "+" or belongs_in_username(character)


def _may_precede(character: str) -> bool:
    if character in _NEVER_BEFORE:
        return False
    return character in SEPARATORS or not belongs_in_username(character)


def _at(text: str, start: int) -> Name | None:
    if text[start] == ":":
        found = _EMOJI.match(text, start)
        return Name(":", found[1].lower(), start, found.end()) if found else None
    stop, limit = start + 1, min(len(text), start + 1 + MAX_TYPED_CHARACTERS)
    while stop < limit and belongs_in_username(text[stop]):
        stop += 1
    typed = text[start + 1 : stop].rstrip(SEPARATORS)
    # `@ada@example.org` is somebody elsewhere.
    goes_on = text[stop : stop + 1] == "@" or stop - start > MAX_TYPED_CHARACTERS
    if not typed or typed[0] in SEPARATORS or goes_on:
        return None
    return Name(text[start], normalise_username(typed), start, start + 1 + len(typed))
