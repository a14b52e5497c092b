"""Queries that are put into words once, and asked with other values each time."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import Event, Person, Room
from chat.prepared import Prepared, insert

pytestmark = pytest.mark.usefixtures("on_both_databases")


def fields_of(found):
    return {name: value for name, value in vars(found).items() if name != "_state"}


def test_a_row_is_the_object_that_the_query_itself_finds(alice):
    prepared = Prepared(lambda key: Person.objects.filter(pk=key))

    (found,) = prepared(alice.pk)

    assert found == alice
    assert fields_of(found) == fields_of(Person.objects.get(pk=alice.pk))
    assert found.date_joined.tzinfo is not None
    assert found.is_active is True


def test_it_is_put_into_words_once_and_asked_with_each_value(alice, bob):
    made = []
    prepared = Prepared(lambda key: made.append(key) or Person.objects.filter(pk=key))

    with CaptureQueriesContext(connection) as captured:
        found = [prepared.first(each.pk) for each in (alice, bob, alice)]

    assert found == [alice, bob, alice]
    assert (len(made), len(captured)) == (1, 3)


def test_what_is_changed_meanwhile_is_found_as_it_is(alice):
    prepared = Prepared(lambda key: Person.objects.filter(pk=key))
    prepared(alice.pk)

    Person.objects.filter(pk=alice.pk).update(name="Alice II")

    assert prepared.first(alice.pk).name == "Alice II"


def test_nothing_found_is_no_row():
    prepared = Prepared(lambda key: Person.objects.filter(pk=key))

    assert prepared(0) == []
    assert prepared.first(0) is None


@pytest.mark.parametrize("count", (1, 2, 3, 4, 5, 9))
def test_a_list_of_any_length_finds_each_once(count):
    people = Person.objects.bulk_create(
        Person(username=f"frog{number}", skeleton=f"frog{number}", name="Frog")
        for number in range(10)
    )
    prepared = Prepared(
        lambda keys, name: Person.objects.filter(pk__in=keys, name=name).order_by("pk")
    )

    found = prepared([each.pk for each in people[:count]], "Frog")

    assert found == people[:count]


def test_lists_and_values_keep_their_places(alice, bob, lobby):
    prepared = Prepared(
        lambda people, name, rooms: Person.objects.filter(
            memberships__room__in=rooms, pk__in=people, name=name
        )
    )

    assert prepared([alice.pk, bob.pk, 0], "Bob", [0, lobby.pk]) == [bob]
    assert prepared([alice.pk], "Bob", [lobby.pk, 0]) == []


def test_lists_of_almost_the_same_length_share_their_words(alice):
    made = []
    prepared = Prepared(lambda keys: made.append(keys) or Person.objects.filter(pk__in=keys))

    for length in (5, 6, 7, 8):
        assert prepared([alice.pk] * length) == [alice]

    assert len(made) == 1


def test_moments_are_compared_as_such(alice):
    before = Prepared(lambda moment: Person.objects.filter(date_joined__lt=moment))

    assert alice in before(timezone.now() + timedelta(seconds=1))
    assert before(alice.date_joined) == []


def test_some_of_the_fields_are_read_and_the_others_when_they_are_wanted(alice):
    prepared = Prepared(lambda key: Person.objects.filter(pk=key).only("username"))

    found = prepared.first(alice.pk)

    assert found.get_deferred_fields() >= {"name", "password"}
    assert (found.username, found.name) == (alice.username, alice.name)


def test_values_are_tuples_as_python_has_them(alice):
    prepared = Prepared(
        lambda key: Person.objects.filter(pk=key).values_list("is_active", "date_joined")
    )

    assert prepared(alice.pk) == [(True, alice.date_joined)]


def test_a_text_is_a_value_whatever_it_holds(alice):
    prepared = Prepared(lambda name: Person.objects.filter(username=name))

    assert prepared("alice' OR '1'='1") == []
    assert prepared("%s") == []
    assert prepared("alice") == [alice]


def test_new_rows_are_as_django_stores_them(alice, lobby):
    fields = {"room": lobby, "actor": alice, "kind": "room.changed", "at": timezone.now()}
    ours = [Event(seq=number, **fields) for number in range(1000, 1500)]

    with transaction.atomic():
        insert(ours)
        theirs = Event.objects.create(seq=2000, **fields)

    found = Event.objects.filter(room=lobby)
    stored = found.filter(seq__range=(1000, 1499))
    assert [(each.pk, each.seq) for each in stored] == [(each.pk, each.seq) for each in ours]
    columns = [field.attname for field in Event._meta.fields if field.name not in {"id", "seq"}]
    assert {*stored.values_list(*columns)} == {*found.filter(pk=theirs.pk).values_list(*columns)}


def test_who_is_stored_can_be_saved_again(alice, lobby):
    event = Event(room=lobby, actor=alice, kind="room.changed", seq=1000)
    insert([event])

    event.detail = "again"
    event.save()

    assert Event.objects.get(seq=1000).detail == "again"


def test_nothing_is_stored_for_nothing():
    insert([])


def test_rows_are_locked_where_the_database_locks_rows(lobby):
    prepared = Prepared(
        lambda slugs: Room.objects.select_for_update(no_key=True).filter(slug__in=slugs)
    )

    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        assert prepared([lobby.slug]) == [lobby]

    words = "FOR NO KEY UPDATE" in captured[0]["sql"]
    assert words == connection.features.has_select_for_update


def test_rows_are_named_where_the_query_names_them(alice, bob):
    def query(keys):
        return (
            Person.objects.filter(pk__in=keys).order_by("pk").values_list("pk", "role", named=True)
        )

    found = Prepared(query)([alice.pk, bob.pk])

    assert found == list(query([alice.pk, bob.pk]))
    assert [row.role for row in found] == [alice.role, bob.role]


def test_what_looks_like_sql_is_a_value(alice):
    prepared = Prepared(lambda name: Person.objects.filter(name=name).values_list("pk"))

    assert prepared("Alice' OR 1=1 --") == []
    assert prepared("100 % %s") == []
    assert prepared("Alice") == [(alice.pk,)]
