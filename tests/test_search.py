"""Search on both databases: what is found, by whom, in which order; and the index itself."""

from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from chat import search
from chat.actions.changes import delete_message, edit_message
from chat.actions.messages import post_message, prepare, submit
from chat.actions.rooms import archive_room, create_room, leave_room, make_private, open_direct_room
from chat.errors import Invalid
from chat.models import Membership, Message, Role, RoomKind
from chat.search import narrowing, postgresql

TODAY = date(2026, 3, 10)


pytestmark = pytest.mark.usefixtures("on_both_databases")


@pytest.fixture
def say(alice, lobby):
    """Posts it, by Alice in the lobby unless somebody else is named."""
    numbers = iter(range(1000))

    def say(body, author=alice, room=lobby):
        nonce = f"nonce-{next(numbers):04}"
        return post_message(author=author, room=room, body=body, nonce=nonce)

    return say


def find(person, text, **options):
    return search.find(person=person, query=search.parse(text, today=TODAY), **options)


def found(person, text, **options):
    return [hit.message.body for hit in find(person, text, **options).hits]


# --- What is found -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    (
        "frogs", "FROGS", "pond frogs", '"three frogs"', "fro*", "three-frogs",
        "ada@example.org", "example.org", "exam*", "e-mail", "mail", "池", "池の", "の水", "池の水",
        "水", "martin", "Martín", "🐸", "don't", "v2.0", "from:alice", "from:@Alice frogs",
        "from:me",
        "in:general", 'in:"general"', "in:#GENERAL", "has:link", "has:code", "has:link has:code",
        "after:2000", "before:2100-01-01 frogs", "after:2000 before:2100 from:alice in:general",
    ),
)  # fmt: skip
def test_a_message_is_found_by_what_is_in_it(text, alice, say):
    body = "The three frogs of the pond: 池の水! Don't e-mail ada@example.org, Martín 🐸 `v2.0`"
    body += " https://example.org"
    say(body)
    say("Something else", room=create_room(creator=alice, name="Attic", purpose="", kind="private"))

    assert found(alice, f"{text} v2") == [body]


@pytest.mark.parametrize(
    "text",
    (
        "toads", "frogs toads", '"frogs three"', '"three of frogs"', "rogs", "from:bob", "in:attic",
        "池水", "の池", "before:2000", "after:2100", "has:code", "exampl", "frogsfrogs",
        "r1", "a1", "=r1", "link", "month",
    ),
)  # fmt: skip
def test_what_is_not_in_it_does_not_find_it(text, alice, bob, say):
    create_room(creator=alice, name="Attic", purpose="", kind=RoomKind.PUBLIC)
    say("three frogs, 池の水, example https://example.org")

    assert found(alice, text) == []


@pytest.mark.parametrize(
    "text",
    (
        "AND", "a AND", "OR NOT", "NEAR(", "NEAR(a b)", "col:x", "document:x", "-x", "^x", "x OR y",
        "{a b}:c", "a+b", "x'y", "'; DROP TABLE chat_message; --", "a & !b", "a <-> b", "a:*b",
        "x\\", "%_x", "x\0y", "x\ud800y", "🐸" * 50, "池" * 200, "x" * 200, '"a" "b', "((((x",
    ),
)  # fmt: skip
def test_no_text_is_an_operator_of_the_database(text, alice, say):
    said = text.replace("\0", " ").replace("\ud800", " ")
    say(f"before {said} behind")
    say("another")

    assert found(alice, text) == [f"before {said} behind"]


def test_a_name_or_a_day_that_there_is_not_is_said_in_a_sentence(alice, say):
    for text, sentence in (
        ("from:nobody x", "There is nobody called “nobody”."),
        ("in:nowhere", "There is no room “nowhere” among those you can see."),
        ("from:x\0 y", "There is nobody called “x”."),
        ("has:file x", "There are no files yet, so no message has one."),
        ("before:soon", "“soon” is no date. Write it as 2026-03-10, or today, or yesterday."),
        ('"', "There is nothing to look for in these signs. Type a word, or a filter"),
    ):
        with pytest.raises(Invalid) as refused:
            find(alice, text)
        assert str(refused.value.sentence).startswith(sentence)


@pytest.mark.parametrize("count", (0, 64))
def test_a_filter_alone_is_enough(count, alice, say, monkeypatch):
    monkeypatch.setattr(narrowing, "NAMED_ROOMS", count)
    say("frogs https://example.org `code`")

    for text in ("before:2100", "after:2000", "from:me", "in:general", "has:code", "has:link"):
        assert len(found(alice, text)) == 1
    for text in ("before:2000", "after:2100", "before:1900"):
        assert found(alice, text) == []


def test_days_are_those_of_the_reader(alice, say):
    message = say("midnight")
    Message.objects.filter(pk=message.pk).update(
        created_at=datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    )
    message.refresh_from_db()
    search.index([message])

    assert found(alice, "midnight after:2026-02-28 before:2026-03-01") == ["midnight"]
    assert found(alice, "midnight after:2026-03-01") == []
    assert found(alice, "midnight before:2026-02-28") == []


# --- Who finds it ------------------------------------------------------------------------------


def test_only_who_may_see_a_room_finds_what_was_said_in_it(alice, bob, charlie, pond, say):
    say("a secret treasure", room=pond)
    say("treasure for all")

    assert found(bob, "treasure") == ["treasure for all", "a secret treasure"]
    everything = find(charlie, "treasure")
    assert [hit.message.body for hit in everything.hits] == ["treasure for all"]
    assert not everything.has_more
    assert found(charlie, "secret") == []
    assert found(charlie, "sec*", is_ranked=True) == []
    assert found(charlie, f"from:{alice.username}") == ["treasure for all"]
    with pytest.raises(Invalid) as private:
        find(charlie, "in:pond treasure")
    with pytest.raises(Invalid) as missing:
        find(charlie, "in:nowhere treasure")
    assert str(private.value.sentence).replace("pond", "nowhere") == str(missing.value.sentence)


def test_who_leaves_and_who_is_shut_out_finds_no_more(alice, bob, charlie, pond, say):
    attic = create_room(creator=alice, name="Attic", purpose="", kind=RoomKind.PUBLIC)
    say("old frogs", room=pond)
    say("open frogs", room=attic)
    assert found(bob, "frogs") == ["open frogs", "old frogs"]

    leave_room(person=bob, room=pond)
    assert found(bob, "frogs") == ["open frogs"]
    make_private(editor=alice, room=attic)
    assert found(bob, "frogs") == []


def test_a_guest_finds_what_is_in_their_rooms_and_knows_nobody_else(alice, bob, invite, pond, say):
    guest = invite("greta", Role.GUEST, rooms=[pond])
    say("public frogs")
    say("frogs in the pond", room=pond)
    invite("dora")

    assert found(guest, "frogs") == ["frogs in the pond"]
    assert found(guest, "frogs from:alice") == ["frogs in the pond"]
    with pytest.raises(Invalid):
        find(guest, "from:dora")
    Membership.objects.filter(person=guest).delete()
    assert found(guest, "frogs") == []


def test_direct_conversations_and_archived_rooms_are_found(alice, bob, charlie, pond, say):
    say("archived frogs", room=pond)
    archive_room(archiver=alice, room=pond)
    say("direct frogs", room=open_direct_room(opener=alice, others=[bob]))

    assert found(bob, "frogs") == ["direct frogs", "archived frogs"]
    assert found(charlie, "frogs") == []


def test_many_rooms_change_nothing_about_who_finds_what(
    alice, bob, charlie, pond, say, monkeypatch
):
    say("secret frogs", room=pond)
    say("open frogs")
    for count in (0, 1):  # neither the rooms that are seen nor those that are not can be named
        monkeypatch.setattr(narrowing, "NAMED_ROOMS", count)
        assert found(charlie, "frogs") == ["open frogs"]
        assert found(bob, "frogs") == ["open frogs", "secret frogs"]


# --- In which order ----------------------------------------------------------------------------


def test_the_newest_come_first_page_by_page(alice, say):
    for number in range(45):
        say(f"frog number {number}")

    first = find(alice, "frog")
    second = find(alice, "frog", before=first.last)
    third = find(alice, "frog", before=second.last)

    assert [len(page.hits) for page in (first, second, third)] == [20, 20, 5]
    assert [page.has_more for page in (first, second, third)] == [True, True, False]
    bodies = [hit.message.body for page in (first, second, third) for hit in page.hits]
    assert bodies == [f"frog number {number}" for number in reversed(range(45))]
    assert find(alice, "frog", before=10**18).hits
    assert find(alice, "frog", before=0).hits == []


def test_the_best_come_first(alice, say, monkeypatch):
    say("frog frog frog")
    say("a frog, " + "among very many other words about something else " * 3)
    for number in range(22):
        say(f"frog {number}")

    page = find(alice, "frog", is_ranked=True)
    rest = find(alice, "frog", is_ranked=True, skip=page.skip)

    assert page.hits[0].message.body == "frog frog frog"
    assert rest.hits[-1].message.body.startswith("a frog, among")
    assert (len(page.hits), len(rest.hits), rest.has_more) == (20, 4, False)
    assert not page.ranked
    monkeypatch.setattr(search, "RANKED", 10)
    bounded = find(alice, "frog", is_ranked=True)
    assert bounded.ranked == len(bounded.hits) == 10


def test_what_is_not_among_the_recent_is_found_as_well(alice, say, monkeypatch):
    monkeypatch.setattr(postgresql, "RECENT", 3)
    monkeypatch.setattr(postgresql, "SPANS", (2, 5))
    for number in range(30):
        say(f"{'frog' if number % 3 else 'toad'} {number}")

    expected = [f"frog {number}" for number in reversed(range(30)) if number % 3]
    assert found(alice, "frog") == expected
    assert found(alice, "frog 1") == ["frog 1"]


# --- The index ---------------------------------------------------------------------------------


def test_an_edited_message_is_found_by_its_new_text_alone(alice, say):
    message = say("frogs")
    Message.objects.filter(pk=message.pk).update(body="toads")
    message.refresh_from_db()

    search.index([message])

    assert (found(alice, "frogs"), found(alice, "toads")) == ([], ["toads"])


def test_a_deleted_message_is_found_no_more(alice, say):
    withdrawn, forgotten, kept = say("frogs one"), say("frogs two"), say("frogs three")
    search.withdraw([withdrawn.pk])
    Message.objects.filter(pk=forgotten.pk).update(deleted_at=kept.created_at)

    assert found(alice, "frogs") == ["frogs three"]
    assert found(alice, "frogs", is_ranked=True) == ["frogs three"]


def test_many_posts_are_indexed_by_one_statement(alice, lobby):
    posts = [
        prepare(
            author_id=alice.pk, slug=lobby.slug, body=f"frog {number}", nonce=f"nonce-{number:04}"
        )
        for number in range(10)
    ]
    with CaptureQueriesContext(connection) as queries:
        submit(posts)

    assert len([each for each in queries if "chat_search" in each["sql"]]) == 1
    assert len(found(alice, "frog")) == 10


def test_a_post_that_is_not_stored_is_not_indexed(alice, say):
    with transaction.atomic():
        say("frogs")
        transaction.set_rollback(True)

    assert found(alice, "frogs") == []


def test_a_search_is_a_few_queries(alice, say):
    for number in range(30):
        say(f"frog {number}")

    with CaptureQueriesContext(connection) as queries:
        find(alice, "frog")

    assert len(queries) <= 4


def test_what_is_deleted_or_hidden_while_it_is_looked_for_is_left_out(
    alice, charlie, say, monkeypatch
):
    attic = create_room(creator=alice, name="Attic", purpose="", kind=RoomKind.PUBLIC)
    for number in range(18):
        say(f"frog {number}")
    say("hidden frog", room=attic)
    deleted = say("deleted frog")
    hits = search._hits

    def later(*given):
        make_private(editor=alice, room=attic)
        Message.objects.filter(pk=deleted.pk).update(deleted_at=deleted.created_at)
        return hits(*given)

    monkeypatch.setattr(search, "_hits", later)
    page = find(charlie, "frog")

    assert [hit.message.body for hit in page.hits] == [
        f"frog {number}" for number in reversed(range(18))
    ]


def rebuild(**options):
    out = StringIO()
    call_command("rebuild_index", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.mark.parametrize("from_nothing", (False, True))
def test_the_index_can_be_rebuilt(from_nothing, alice, say, monkeypatch):
    monkeypatch.setattr(search, "BATCH", 2)
    messages = [say(f"frogs {number}") for number in range(5)]
    search.withdraw([messages[1].pk])
    Message.objects.filter(pk=messages[2].pk).update(body="toads")
    Message.objects.filter(pk=messages[3].pk).update(deleted_at=messages[3].created_at)

    assert rebuild(from_nothing=from_nothing) == "4 messages are indexed.\n"

    assert found(alice, "frogs") == ["frogs 4", "frogs 1", "frogs 0"]
    assert found(alice, "toads") == ["toads"]
    with connection.cursor() as cursor:
        table = "chat_searchrow" if connection.vendor == "postgresql" else "chat_search"
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        assert cursor.fetchone()[0] == 4


def test_a_rebuilt_index_holds_no_word_that_was_deleted_or_edited(alice, say):
    deleted, edited = say("xylophonist"), say("quokkaville")
    delete_message(deleter=alice, message=deleted)
    edit_message(editor=alice, message=edited, body="nowhere")
    held = {
        "sqlite": "SELECT COUNT(*) FROM chat_search_data WHERE instr(block, cast(%s AS blob)) > 0",
        "postgresql": "SELECT COUNT(*) FROM chat_searchrow WHERE document @@ %s::tsquery",
    }

    rebuild()

    with connection.cursor() as cursor:
        for word, count in (("xylophonist", 0), ("quokkaville", 0), ("nowhere", 1)):
            cursor.execute(held[connection.vendor], [word])
            assert cursor.fetchone()[0] == count


def test_a_lost_index_is_made_again(alice, say):
    say("frogs")
    search.drop()

    rebuild()

    assert found(alice, "frogs") == ["frogs"]


def test_a_database_that_fails_ends_the_command_with_a_sentence(monkeypatch):
    def fails(_messages):
        raise DatabaseError("database disk image is malformed")

    monkeypatch.setattr(search, "rebuild", fails)

    with pytest.raises(CommandError, match="If the index is damaged, use --from-nothing"):
        rebuild()


def test_an_empty_site_has_an_empty_index():
    assert rebuild() == "0 messages are indexed.\n"
