import re
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from chat.names import (
    clean_display_name,
    normalise_username,
    skeleton,
    slugify_room,
    validate_username,
)


def refusal(check, text):
    with pytest.raises(ValidationError) as caught:
        check(text)
    return caught.value.code


@pytest.mark.parametrize(
    ("typed", "stored"),
    (
        ("Ada", "ada"),
        (" ada\u00a0", "ada"),
        ("ＡＤＡ", "ada"),
        ("ｄｅｖ", "dev"),
        ("Groß", "gross"),
        ("İbrahim", "ibrahim"),
        ("ﬁna", "fina"),
        ("e\u0301mile", "émile"),
        ("x²", "x2"),
    ),
)
def test_spellings_of_one_username_are_stored_as_one(typed, stored):
    assert normalise_username(typed) == stored


@given(st.text())
def test_normalising_twice_changes_nothing_that_is_accepted(text):
    try:
        username = validate_username(text)
    except ValidationError:
        return
    assert normalise_username(username) == username
    assert validate_username(username) == username


@pytest.mark.parametrize(
    ("one", "other"),
    (
        ("аdmin", "admin"),  # Cyrillic а
        ("ѕсоре", "scope"),  # Cyrillic throughout
        ("ｄｅｖ", "dev"),
        ("groß", "gross"),
        ("ırmak", "irmak"),
        ("b0b", "bob"),
        ("pau1", "paul"),
        ("memberl0", "member10"),
        ("member1o", "member10"),
        ("barney", "bamey"),
        ("josé", "jose"),
        ("ạda", "ada"),
        ("łukasz", "lukasz"),
        ("søren", "soren"),
        ("Νina".lower(), "vina"),  # Greek ν
        ("ada", "ADA"),
    ),
)
def test_usernames_that_look_alike_have_one_skeleton(one, other):
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    (
        ("ian", "lan"),
        ("ada", "adam"),
        ("a.b", "a-b"),
        ("a_b", "ab"),
        ("नीता", "नीति"),
        ("김민", "김만"),
        ("田中", "山中"),
        ("דוד", "דור"),
    ),
)
def test_usernames_that_differ_to_the_eye_have_two(one, other):
    assert skeleton(one) != skeleton(other)


def test_digits_stay_distinct_from_each_other():
    assert len({skeleton(f"member{number}") for number in range(1, 501)}) == 500


@given(st.text(st.characters(categories=("L", "Mn", "Mc", "Nd")), min_size=1, max_size=32))
def test_any_username_has_a_skeleton_that_its_column_holds(text):
    folded = skeleton(normalise_username(text)[:32])
    assert len(folded) <= 128
    assert skeleton(text) == skeleton(normalise_username(text))


@pytest.mark.parametrize(
    "text",
    ("ada", "a", "9", "ada.l_b-2", "x" * 32, "admin", "дарья", "हिन्दी", "김민", "محمد", "田中"),
)
def test_ordinary_usernames_are_accepted(text):
    assert validate_username(text) == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize(
    ("text", "code"),
    (
        ("", "empty"),
        (" \u3000", "empty"),
        ("x" * 33, "too_long"),
        ("ﷺ" * 5, "too_long"),
        ("x" * 10_000, "too_long"),
        ("a b", "characters"),
        ("a\0b", "characters"),
        ("a\r\nb", "characters"),
        ("a\u200bb", "characters"),
        ("\u200b", "characters"),
        ("\u3164", "characters"),
        ("a\u115fb", "characters"),
        ("a\u034fb", "characters"),
        ("a\ufe0fb", "characters"),
        ("a\u202eb", "characters"),
        ("a\ud800", "characters"),
        ("a" + "\u0316" * 5, "characters"),
        ("a@b", "characters"),
        ("../a", "characters"),
        ("a/b", "characters"),
        ("<b>", "characters"),
        ("{{7*7}}", "characters"),
        ("{0.__class__}", "characters"),
        ("a😀", "characters"),
        (".ada", "ends"),
        ("ada.", "ends"),
        ("..", "ends"),
        ("-", "ends"),
        ("\u0301a", "ends"),
        ("everyone", "reserved"),
        ("Here", "reserved"),
        ("System", "reserved"),
        ("ѕуѕtеm", "reserved"),  # Cyrillic s, y, s, e
        ("a11", "reserved"),
        ("new", "reserved"),
        ("api", "reserved"),
        ("static", "reserved"),
        ("r00m", "reserved"),
        ("natterjack", "reserved"),
    ),
)
def test_a_username_that_would_not_do_is_refused_with_its_reason(text, code):
    assert refusal(validate_username, text) == code


def test_a_refusal_is_a_sentence():
    with pytest.raises(ValidationError, match="at most 32 characters"):
        validate_username("x" * 33)


@pytest.mark.parametrize(
    ("typed", "shown"),
    (
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("e\u0301mile", "émile"),
        ("<b>", "<b>"),
        ("{{7*7}}", "{{7*7}}"),
        ("{0.__class__}", "{0.__class__}"),
        ("👩🏽\u200d💻 Ada", "👩🏽\u200d💻 Ada"),
        ("מִרְיָם", unicodedata.normalize("NFC", "מִרְיָם")),
        ("နွှံ့", "နွှံ့"),
        ("Mi\u200cra", "Mi\u200cra"),
        ("x" * 80, "x" * 80),
    ),
)
def test_display_names_are_shown_as_meant(typed, shown):
    assert clean_display_name(typed) == shown


@pytest.mark.parametrize(
    ("text", "code"),
    (
        ("", "empty"),
        ("  ", "empty"),
        ("\u200b\u200d", "empty"),
        ("\u3164", "empty"),
        ("\u2800", "empty"),
        ("\ufe0f", "empty"),
        ("x" * 81, "too_long"),
        ("x" * 10_000, "too_long"),
        ("a\0", "control"),
        ("a\r\nb", "control"),
        ("a\x1bb", "control"),
        ("a\x85b", "control"),
        ("a\ud800", "control"),
        ("a\u202eb", "bidi"),
        ("a\u2066b", "bidi"),
        ("a" + "\u0316" * 5, "marks"),
        ("x" + "\u0489" * 5, "marks"),
    ),
)
def test_a_display_name_that_would_not_do_is_refused_with_its_reason(text, code):
    assert refusal(clean_display_name, text) == code


@given(st.text())
def test_a_clean_display_name_stays_as_it_is(text):
    try:
        name = clean_display_name(text)
    except ValidationError:
        return
    assert clean_display_name(name) == name
    assert 1 <= len(name) <= 80


@pytest.mark.parametrize(
    ("name", "slug"),
    (
        ("General", "general"),
        ("Café & Küche", "cafe-kuche"),
        ("a/../b", "ab"),
        ("new", "new-room"),
        ("New!", "new-room"),
        ("Общий", "room"),
        ("😀", "room"),
        ("", "room"),
        ("--", "room"),
        ("x" * 49 + " y", "x" * 49),
    ),
)
def test_room_names_become_addresses(name, slug):
    assert slugify_room(name) == slug


@given(st.text())
def test_any_room_name_has_an_address(name):
    assert re.fullmatch(r"[a-z0-9_-]{1,50}", slugify_room(name))
