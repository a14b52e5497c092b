"""Which characters can be seen, and which have no place in what people write. Pure."""

import re
import unicodedata

# Blank on every screen although their category says letter, symbol or mark:
# Hangul fillers, the empty Braille pattern, the grapheme joiner, Khmer inherent vowels,
# variation selectors (Mongolian, common, supplementary).
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})


def is_visible(character: str) -> bool:
    """True when one character leaves a trace on a screen."""
    return unicodedata.category(character) not in _UNSEEN_CATEGORIES and not _BLANK.match(character)


def has_visible(text: str) -> bool:
    """True when anything in the text can be seen; white space and zero-width can't."""
    return any(map(is_visible, text))


def has_surrogate(text: str) -> bool:
    """True when half of a surrogate pair stands alone: no encoding can hold it."""
    return _SURROGATE.search(text) is not None
