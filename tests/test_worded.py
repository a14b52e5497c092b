"""What was worded once answers for whoever asks later as a queryset made for them does."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.actions.reading import set_level
from chat.models import Level, Membership, Person
from chat.worded import Question

pytestmark = pytest.mark.django_db


def memberships(person_id: int, slug: str, until) -> QuerySet:
    found = Membership.objects.filter(
        person_id=person_id, room__slug=slug, muted_until__lt=until, level=Level.EVERYTHING
    )
    return found.values_list("room__name", "muted_until", "is_kept_unread", named=True)


def test_it_answers_each_as_a_queryset_of_their_own_does(alice, bob, charlie, lobby):
    question, now = Question(memberships), timezone.now()
    for person, days in ((alice, 1), (bob, 2), (charlie, 9)):
        ends = now + timedelta(days=days)
        Membership.objects.filter(person=person).update(muted_until=ends)

    for person in (alice, bob, charlie):
        asked = (person.pk, lobby.slug, now + timedelta(days=3))
        answers, expected = question.ask(*asked), list(memberships(*asked))
        assert answers == expected
        assert [row._fields for row in answers] == [row._fields for row in expected]
    assert question.ask(bob.pk, "nowhere", now + timedelta(days=3)) == []


def test_as_many_as_are_asked_about_are_answered_for(alice, bob, charlie):
    question = Question(
        lambda *keys: Person.objects.filter(pk__in=keys).order_by("name").values_list("name")
    )

    assert [row.name for row in question.ask(charlie.pk, alice.pk)] == ["Alice", "Charlie"]
    assert [row.name for row in question.ask(bob.pk)] == ["Bob"]


def test_a_value_that_looks_like_sql_is_a_value(alice):
    question = Question(lambda name: Person.objects.filter(name=name).values_list("pk"))

    assert question.ask("Alice' OR 1=1 --") == []
    assert question.ask("100 % %s") == []
    assert question.ask("Alice") == [(alice.pk,)]


def test_it_is_one_query_and_sees_what_was_written_meanwhile(alice, lobby):
    question = Question(
        lambda person_id: Membership.objects.filter(person_id=person_id).values_list("level")
    )
    assert question.ask(alice.pk)[0].level == Level.EVERYTHING

    set_level(person=alice, room=lobby, level=Level.NOTHING, muted_until=None)
    with CaptureQueriesContext(connection) as captured:
        rows = question.ask(alice.pk)

    assert [row.level for row in rows] == [Level.NOTHING]
    assert len(captured) == 1
