"""Text as the index knows it: the same for what is stored and for what is looked for. Pure.

Words are cut here and not by the databases, whose own ways differ: lower case, without accents,
at most `MAX_WORD` characters. Whatever is no letter and no digit parts words, so an address
or a dashed word is several, which are looked for as a phrase. Scripts that put no space between
words are indexed in pairs of characters and the last one alone: any part of a text is found.
"""

import re
import unicodedata
from collections.abc import Iterator

MAX_WORD = 64
# Thai, Lao, Burmese, Khmer; kana and what goes with them; Han; Hangul; the rarer Han.
_CROWDED = (
    "\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e4e\u0e80-\u0edf\u1000-\u104f\u1780-\u17d3"
    "\u3005-\u3007\u3031-\u3035\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U000323af"
)
_SYMBOLS = "\u2190-\u2bff\U0001f000-\U0001faff"
_PARTING = (
    "\x00-/:-@[-`{-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7"
    "\u055a-\u055f\u0589\u05be\u05c0\u05c3\u05f3\u05f4\u060c\u061b\u061f\u066a-\u066d\u06d4"
    "\u0964\u0965\u0e2f\u0e3f\u0e4f\u0e5a\u0e5b\u2000-\u206f\u20a0-\u20cf\u2e00-\u2e7f"
    "\u3000-\u3004\u3008-\u3030\u3036-\u3040\u3097\u3098\u309b\u309c\u30a0\u30fb\ud800-\udfff"
    "\ufe00-\ufe0f\ufe10-\ufe6f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\ufff0-\uffff"
)
_PIECE = re.compile(f"[{_CROWDED}]+|[{_SYMBOLS}]|[^{_CROWDED}{_SYMBOLS}{_PARTING}]+")
_IS_CROWDED = re.compile(f"[{_CROWDED}]")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
# Accents and the points of Hebrew and Arabic, which are written or left out. Not those of kana.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1-\u05c7\u0640\u064b-\u065f\u0670]")

# (word, start, end): where in the text it was found.
Span = tuple[str, int, int]


def words(text: str) -> list[str]:
    """The text's words, in order."""
    if text.isascii():
        lower = text.lower()
        found = _ASCII_WORD.findall(lower)
        if not any(len(word) > MAX_WORD for word in found):
            return found
    return [word for word, _, _ in spans(text)]


def spans(text: str) -> Iterator[Span]:
    """The same words, each with its place in the text."""
    for piece in _PIECE.finditer(text):
        start, end = piece.span()
        if piece[0].isascii() and end - start <= MAX_WORD:  # most words, and three times as quick
            yield piece[0].lower(), start, end
            continue
        folded = _fold(piece[0])
        if len(folded) == end - start:
            yield from ((word, start + a, start + b) for word, a, b in _cut(folded))
        else:  # characters that became several, or none: all of them stand where the piece does
            yield from ((word, start, end) for word, _, _ in _cut(folded))


def is_part(word: str) -> bool:
    """Whether it is one character of a crowded script, which the index holds in pairs only."""
    return len(word) == 1 and _IS_CROWDED.match(word) is not None


def _fold(piece: str) -> str:
    if piece.isascii():
        return piece.lower()
    lower = unicodedata.normalize("NFKD", piece).casefold()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", lower))


def _cut(folded: str) -> Iterator[Span]:
    for piece in _PIECE.finditer(folded):
        start, end = piece.span()
        if _IS_CROWDED.match(piece[0]):
            yield from (
                (folded[at : min(at + 2, end)], at, min(at + 2, end)) for at in range(start, end)
            )
        else:
            for at in range(start, end, MAX_WORD):
                yield folded[at : min(at + MAX_WORD, end)], at, min(at + MAX_WORD, end)
