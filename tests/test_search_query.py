"""What people type, and what the index makes of texts: pure, without a database."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.search.documents import period_marks
from chat.search.query import NOTHING, SHORT_PREFIX, TOO_LONG, Query, Term, parse
from chat.search.snippets import score, snippet
from chat.search.text import MAX_WORD, spans, words

TODAY = date(2026, 3, 10)


def terms(text):
    return [(" ".join(term.words), term.is_prefix) for term in parse(text, today=TODAY).terms]


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("Frogs croak", ["frogs", "croak"]),
        ("ada@example.org", ["ada", "example", "org"]),
        ("foo-bar_baz/qux", ["foo", "bar", "baz", "qux"]),
        ("Martín ÉTÉ Straße", ["martin", "ete", "strasse"]),
        ("ｆｕｌｌ ﬁne", ["full", "fine"]),
        ("池の水", ["池の", "の水", "水"]),
        ("がぎ", ["がぎ", "ぎ"]),
        ("v2.0は", ["v2", "0", "は"]),
        ("한국어", ["한국", "국어", "어"]),
        ("मुझे हिन्दी", ["मुझे", "हिन्दी"]),
        ("שָׁלוֹם", ["שלום"]),
        ("☕🐸 ok", ["☕", "🐸", "ok"]),
        ("=r7 \0 \ud800x", ["r7", "x"]),
        ("", []),
    ),
)
def test_a_text_is_cut_into_words(text, expected):
    assert words(text) == expected


def test_a_very_long_word_is_cut_and_still_found_whole():
    assert [len(word) for word in words("a" * 150)] == [MAX_WORD, MAX_WORD, 150 - 2 * MAX_WORD]


@given(st.text())
def test_words_and_their_places_are_the_same_words(text):
    found = list(spans(text))

    assert [word for word, _, _ in found] == words(text)
    assert all(0 <= start < end <= len(text) for _, start, end in found)
    assert not any(" " in word or "=" in word or "'" in word or '"' in word for word in words(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("frogs pond", [("frogs", False), ("pond", False)]),
        ('"three frogs" pond', [("three frogs", False), ("pond", False)]),
        ('"three frogs', [("three frogs", False)]),
        ("cro*", [("cro", True)]),
        ("foo-ba*", [("foo ba", True)]),
        ("ada@example.org", [("ada example org", False)]),
        ("池", [("池", True)]),
        ("池の水", [("池の の水", False)]),
        # What some language of queries would take for an operator is text.
        ("frogs AND", [("frogs", False), ("and", False)]),
        ("NEAR(frogs", [("near frogs", False)]),
        ("col:x -x ^x x^2", [("col x", False), ("x", False), ("x 2", False)]),
        ("'; DROP TABLE", [("drop", False), ("table", False)]),
        ("a & b | !c <-> de:*", [("a", False), ("b", False), ("c", False), ("de", True)]),
        ("https://example.org/in:x", [("https example org in x", False)]),
    ),
)
def test_what_is_typed_is_words_phrases_and_beginnings(text, expected):
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("from:@ada FROM:bob", Query(senders=("ada", "bob"))),
        ('in:#general in:"The Pond"', Query(rooms=("general", "The Pond"))),
        ("before:2026-03-09 before:2026-03", Query(before=date(2026, 3, 1))),
        ("after:2025 after:yesterday", Query(after=date(2026, 3, 9))),
        ("has:link has:files has:CODE", Query(has=frozenset({"link", "file", "code"}))),
        ("has:code frog", Query(terms=(Term(("frog",)),), has=frozenset({"code"}))),
    ),
)
def test_filters_are_taken_out_of_what_is_typed(text, expected):
    assert parse(text, today=TODAY) == expected


def test_the_forms_other_fields_narrow_it_down_too():
    fields = {"from": "ada", "in": "The Pond", "before": "2026-03-01", "after": "", "has": "link"}

    query = parse("frogs in:general", today=TODAY, filters=fields)

    assert (query.senders, query.rooms) == (("ada",), ("The Pond", "general"))
    assert (query.before, query.has) == (date(2026, 3, 1), {"link"})


@pytest.mark.parametrize(
    ("text", "said"),
    (
        *((signs, str(NOTHING)) for signs in ('"', '""', "*", "* - ( ) ^", "\0", "%_", "\ud800")),
        *((f"{name}:", f"“{name}:” needs a value") for name in ("from", "in", "before", "has")),
        *((text, f"“{text[:2]}") for text in ('in:""', "in:#", 'in:"# "', "from:@")),
        ("before:soon", "“soon” is no date"),
        ("after:2026-02-30 frogs", "“2026-02-30” is no date"),
        ("before:0000", "“0000” is no date"),
        ("after:0001-01-01", "“0001-01-01” is no date"),
        ("after:2026 before:2025", "There is no day from 2026-01-01 on that is before 2025-01-01"),
        ("before:today after:2026-03-10", "There is no day from 2026-03-10 on"),
        ("has:frogs", "“has:” takes link, file or code, not “frogs”"),
        ("a*", str(SHORT_PREFIX)),
        ("x" * 201, str(TOO_LONG)),
        (" ".join(f"x{number}" for number in range(21)), str(TOO_LONG)),
    ),
)
def test_what_can_not_be_looked_for_is_said_in_a_sentence(text, said):
    assert str(parse(text, today=TODAY).problem).startswith(said)


@given(st.text(max_size=220))
def test_nothing_that_is_typed_raises(text):
    parse(text, today=TODAY, filters={"from": text, "before": text})


def test_nothing_typed_is_an_empty_query():
    assert parse("  ", today=TODAY).is_empty


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    (
        ("2026-03-10", "2026-03-31", "m202603"),
        ("2025-11-30", "2026-02-01", "m202511 m202512 m202601 m202602"),
        ("2024-12-31", "2026-01-01", "m202412 y2025 m202601"),
        ("2025-12-01", "2027-01-31", "m202512 y2026 m202701"),
        ("2026-03-10", "2026-02-10", ""),
    ),
)  # fmt: skip
def test_a_period_is_months_and_whole_years(first, last, expected):
    marks = period_marks(date.fromisoformat(first), date.fromisoformat(last))

    assert marks == [f"={mark}" for mark in expected.split()]


# --- Snippets ----------------------------------------------------------------------------------


def marked(text, query):
    parts = snippet(text, parse(query, today=TODAY).terms)
    return "".join(f"[{part}]" if is_hit else part for part, is_hit in parts)


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    (
        ("Frogs and frogs", "frogs", "[Frogs] and [frogs]"),
        ("three green frogs, three frogs", '"three frogs"', "three green frogs, [three frogs]"),
        ("write to ada@example.org", "example.org", "write to ada@[example.org]"),
        ("croak croaking", "croak*", "[croak] [croaking]"),
        ("池の水は冷たい", "水", "池の[水]は冷たい"),
        ("池の水は冷たい", "の水", "池[の水]は冷たい"),
        ("<b>frogs</b>", "frogs", "<b>[frogs]</b>"),
        ("no hit", "frogs", "no hit"),
        ("e\u0301te\u0301 now", "été", "[e\u0301te\u0301] now"),
    ),
)
def test_a_snippet_marks_its_hits(text, query, expected):
    assert marked(text, query) == expected


def test_a_long_text_is_cut_around_the_first_hit():
    found = marked("word " * 500 + "frogs " + "word " * 500, "frogs")

    assert len(found) < 300
    assert found.startswith("…word")
    assert found.endswith("…")
    assert "[frogs]" in found


@given(st.text(), st.text(max_size=50))
def test_a_snippet_is_a_part_of_the_text(text, query):
    found = "".join(part for part, _ in snippet(text, parse(query, today=TODAY).terms))

    assert found.removeprefix("…").removesuffix("…") in text or "…" in text


def test_more_hits_in_a_shorter_text_are_better():
    frogs = parse("frogs", today=TODAY).terms

    assert score("frogs frogs", frogs) > score("frogs here", frogs)
    assert score("frogs here", frogs) > score("frogs here " + "and more " * 50, frogs)
