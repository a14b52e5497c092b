"""Names of people and rooms: how they are written, and which look alike. Pure.

A username has two forms. The normalised one is what is stored and shown: NFKC and casefold, so
`Ada`, `ＡＤＡ` and `ada` are one. The skeleton decides whether two look alike: Unicode's table of
confusables (UTS 39) on top, and Latin, Greek and Cyrillic letters without their accents. Both
columns are unique, so nobody can be taken for somebody else.
"""

import re
import unicodedata
from functools import cache

from confusable_homoglyphs.confusables import confusables_data
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from chat.characters import has_surrogate, has_visible, is_visible

MAX_USERNAME_CHARACTERS = 32
MAX_SKELETON_CHARACTERS = 128
MAX_NAME_CHARACTERS = 80
# Room for the `-2` of a second room of that name.
MAX_SLUG_CHARACTERS = 50

# What mentions address, what addresses of pages hold in the place of a username, and who
# speaks for the site itself. Their look-alikes are refused with them. `admin` is free.
_RESERVED = "all api channel everyone here me natterjack new room static system"
RESERVED_USERNAMES = frozenset(_RESERVED.split())
# `/rooms/new/` may be a page; a room of this name becomes `new-room`.
RESERVED_SLUGS = frozenset({"new"})

_ACCENT = re.compile("[\u0300-\u036f]")
# Directions that reach beyond the name and turn the text around it: embeddings, overrides and
# isolates. The plain marks that Hebrew and Arabic need are none of these.
_BIDI_OVERRIDE = re.compile("[\u202a-\u202e\u2066-\u2069]")
# The most that a living script stacks (Burmese) is four.
_MAX_MARKS_IN_A_ROW = 4
SEPARATORS = "._-"


def normalise_username(text: str) -> str:
    """The form in which a username is stored, compared and shown. Never fails."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Casefolding İ leaves an i with a second dot on it.
    return unicodedata.normalize("NFKC", folded).replace("i\u0307", "i").strip()


def skeleton(username: str) -> str:
    """What is left of a username when look-alikes are folded: equal skeletons look alike.

    `0` and `o`, `1` and `l`, `m` and `rn`, Cyrillic `а` and Latin `a`, `é` and `e` fold together;
    digits stay distinct from each other. Only for comparing, never for showing. At most 128
    characters, which only a name of rare Burmese ligatures could reach.
    """
    table = _prototypes()
    bare = _without_accents(normalise_username(username))
    folded = _without_accents("".join(table.get(letter, letter) for letter in bare).lower())
    return folded[:MAX_SKELETON_CHARACTERS]


def validate_username(text: str) -> str:
    """The normalised username.

    Raises ValidationError unless it is 1 to 32 letters, digits, dots, dashes and underscores,
    begins and ends with a letter or a digit, and isn't reserved. Whether somebody has it
    already is for the database to say.
    """
    username = normalise_username(text)
    if not username:
        raise ValidationError(_("Choose a username."), code="empty")
    if len(username) > MAX_USERNAME_CHARACTERS:
        raise ValidationError(_("A username has at most 32 characters."), code="too_long")
    if not all(map(belongs_in_username, username)) or _has_stacked_marks(username):
        raise ValidationError(
            _("A username consists of letters, digits, dots, dashes and underscores."),
            code="characters",
        )
    if username[0] in SEPARATORS or username[-1] in SEPARATORS or _is_mark(username[0]):
        raise ValidationError(
            _("A username begins and ends with a letter or a digit."), code="ends"
        )
    if skeleton(username) in _reserved_skeletons():
        raise ValidationError(_("This username is reserved. Choose another."), code="reserved")
    return username


def belongs_in_username(character: str) -> bool:
    """Whether it may stand in a username: a letter with its marks, a digit, or one of `._-`."""
    if character in SEPARATORS:
        return True
    category = unicodedata.category(character)
    return (category[0] in "LM" and is_visible(character)) or category == "Nd"


def clean_display_name(text: str) -> str:
    """The name as it is shown: one line (`clean_line`) of 1 to 80 characters.

    Raises ValidationError for what is none, and where nothing of it can be seen.
    """
    name = clean_line(text)
    if not has_visible(name):
        raise ValidationError(_("Write a name that can be seen."), code="empty")
    if len(name) > MAX_NAME_CHARACTERS:
        raise ValidationError(_("A name has at most 80 characters."), code="too_long")
    return name


def clean_line(text: str) -> str:
    """A line of text as it is shown among others: NFC, single spaces; it may be empty.

    Raises ValidationError for what would not be stored, or spill over its neighbours: control
    characters, halves of surrogate pairs, overrides of the writing direction, more than four
    combining marks in a row.
    """
    if has_surrogate(text) or any(unicodedata.category(character) == "Cc" for character in text):
        raise ValidationError(
            _("This contains characters that can’t be stored. Remove them."), code="control"
        )
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    if _BIDI_OVERRIDE.search(line):
        raise ValidationError(
            _("This contains characters that turn text around. Remove them."), code="bidi"
        )
    if _has_stacked_marks(line):
        raise ValidationError(_("This has too many accents on one letter."), code="marks")
    return line


def slugify_room(name: str) -> str:
    """A room's place in addresses: ASCII, 1 to 50 of `a-z 0-9 _ -`; `room` when nothing is left.

    A reserved word gets `-room` behind it. Not unique: the caller tries `-2`, `-3`…
    """
    slug = slugify(name)[:MAX_SLUG_CHARACTERS].strip("-_") or "room"
    return f"{slug}-room" if slug in RESERVED_SLUGS else slug


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _has_stacked_marks(text: str) -> bool:
    row = 0
    for character in text:
        row = row + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if row > _MAX_MARKS_IN_A_ROW:
            return True
    return False


def _without_accents(text: str) -> str:
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", text)))


@cache
def _reserved_skeletons() -> frozenset[str]:
    return frozenset(map(skeleton, RESERVED_USERNAMES))


@cache
def _prototypes() -> dict[str, str]:
    """Each confusable character and the one that stands for it and all that look like it.

    The package's table is symmetrical: a prototype lists all its look-alikes, a look-alike
    lists only its prototype. Where two list only each other, the shorter or lower one stands.
    """
    neighbours = {
        _without_marks(key): {_without_marks(other["c"]) for other in others}
        for key, others in confusables_data.items()
    }
    table = {}
    for character, others in neighbours.items():
        if len(character) == 1 and len(others) == 1:
            (other,) = others
            mutual = len(other) == 1 and neighbours.get(other) == {character}
            table[character] = min(character, other) if mutual else other
    return table


def _without_marks(text: str) -> str:
    # The table wraps right-to-left characters in left-to-right marks.
    return text.replace("\u200e", "")
