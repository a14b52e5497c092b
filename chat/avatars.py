"""A person's sign beside their messages: initials on a colour of their own, as SVG. Pure."""

import unicodedata
from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString

from chat.characters import has_visible, is_visible

# The stylesheet has `.avatar-0` to `.avatar-11`: our content policy forbids `style="…"`.
COLOURS = 12

_JOINER = "\u200d"
# The longest emoji that Unicode recommends (a kiss with skin tones); longer ones lose their end.
_MAX_CLUSTER_CHARACTERS = 10


@lru_cache(maxsize=4096)
def avatar_svg(*, name: str, key: int) -> SafeString:
    """Inline SVG of under 250 bytes; `key` is the person's and chooses the colour.

    Size, shape, colours and the placing of the text come from the classes `avatar` and
    `avatar-0` to `avatar-11`. Hidden from screen readers: the name stands beside it.
    """
    return format_html(
        '<svg class="avatar avatar-{}" viewBox="0 0 40 40" aria-hidden="true">'
        '<text x="20" y="20">{}</text></svg>',
        key % COLOURS,
        initials(name),
    )


def initials(name: str) -> str:
    """One or two characters as a reader counts them: of the first word and of the last.

    One only where two would be read as a word, or in the wrong order: emoji, Chinese, and
    scripts that run from right to left. `?` for a name without anything to show.
    """
    signs = [_sign(word) for word in name.split() if has_visible(word)]
    if not signs:
        return "?"
    if len(signs) > 1 and _pairs(signs[0]) and _pairs(signs[-1]):
        return signs[0] + signs[-1]
    return signs[0]


def _sign(word: str) -> str:
    """The first letter or digit of a word, with its marks, or else its first visible character."""
    places = [place for place, character in enumerate(word) if is_visible(character)]
    letters = [place for place in places if word[place].isalnum()]
    cluster = _cluster(word[(letters or places)[0] :])
    capital = cluster.upper()
    return capital if len(capital) == len(cluster) else cluster


def _pairs(sign: str) -> bool:
    return (
        sign[0].isalnum()
        and unicodedata.bidirectional(sign[0]) in {"L", "EN"}
        and unicodedata.east_asian_width(sign[0]) not in {"W", "F"}
    )


def _cluster(text: str) -> str:
    """What a reader takes for the first character: UAX 29's grapheme cluster, nearly."""
    end = 2 if len(text) > 1 and all(map(_is_flag_half, text[:2])) else 1
    while end < len(text) and (_extends(text[end]) or text[end - 1] == _JOINER):
        end += 1
    return text[: min(end, _MAX_CLUSTER_CHARACTERS)]


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _extends(character: str) -> bool:
    return (
        character == _JOINER
        or unicodedata.category(character) in {"Mn", "Mc", "Me"}
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # the tags of a region's flag
    )
