"""Where a message holds what was looked for, and how well. Pure, and the same for all databases."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from chat.search.query import Term
from chat.search.text import Span, is_part, spans

BEFORE, LENGTH = 60, 240
# As in BM25: how soon further hits count less, and how much a long text makes hits weigh less.
_SATURATION, _LENGTHS, _USUAL_WORDS = 1.2, 0.5, 25
# Of a longer phrase its end is what is marked: a text of thousands of the same words would else be
# compared with it for seconds.
_COMPARED_WORDS = 12
# Five hundred messages are weighed for one page: of each as much as most of them have.
WEIGHED = 500

# A piece of text, and whether it is a hit.
Part = tuple[str, bool]


def snippet(text: str, terms: Sequence[Term]) -> list[Part]:
    """The text around the first hit, with all hits in it, as pieces in order."""
    places = _found(text, terms)
    first = min((found[0][0] for found in places if found), default=0)
    start = _at_space(text, max(0, first - BEFORE))
    end = min(len(text), start + LENGTH)
    hits = _merged(place for found in places for place in found if place[0] < end)
    parts: list[Part] = [("…", False)] if start else []
    at = start
    for hit_start, hit_end in hits:
        if hit_start >= end:
            break
        if hit_start > at:
            parts.append((text[at:hit_start], False))
        parts.append((text[max(hit_start, at) : min(hit_end, end)], True))
        at = min(hit_end, end)
    rest = text[at:end] + ("…" if end < len(text) else "")
    return [*parts, (rest, False)] if rest else parts


def score(text: str, terms: Sequence[Term]) -> float:
    """How much a text is about these terms, by BM25 with the terms weighing the same."""
    text = text[:WEIGHED]
    length = 1 - _LENGTHS + _LENGTHS * (len(text) / 6) / _USUAL_WORDS
    return sum(
        len(found) / (len(found) + _SATURATION * length) for found in _found(text, terms) if found
    )


def _found(text: str, terms: Sequence[Term]) -> list[list[tuple[int, int]]]:
    """The places of each of the terms."""
    words = list(spans(text))
    ends: dict[str, list[int]] = defaultdict(list)
    for at, (word, _start, _end) in enumerate(words):
        ends[word].append(at)
    return [list(_places(words, ends, term)) for term in terms]


def _places(
    words: Sequence[Span], ends: Mapping[str, list[int]], term: Term
) -> Iterable[tuple[int, int]]:
    """Looks only where the term's last word stands."""
    asked = term.words[-_COMPARED_WORDS:]
    count, last = len(asked), asked[-1]
    begun = (word for word in ends if word.startswith(last)) if term.is_prefix else (last,)
    for end_at in sorted(place for word in begun for place in ends.get(word, ())):
        at = end_at - count + 1
        if at >= 0 and all(words[at + step][0] == asked[step] for step in range(count - 1)):
            end = words[at + count - 1][2]
            if is_part(last) and len(words[at + count - 1][0]) == 2:
                end = words[at + count - 1][1] + 1  # the pair's other half was not asked for
            yield words[at][1], end


def _merged(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _at_space(text: str, start: int) -> int:
    """The beginning of the word there, unless it is far."""
    if start == 0:
        return 0
    space = text.rfind(" ", max(0, start - 20), start)
    return space + 1 if space >= 0 else start
