"""From what somebody typed to what a database is asked: names become keys, days become times."""

from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.errors import Invalid
from chat.models import Person, Room
from chat.search.documents import has_mark, period_marks, room_mark, sender_mark
from chat.search.query import Query
from chat.search.wanted import Wanted

# As many rooms as a query names one by one: more would cost more than they spare.
NAMED_ROOMS = 64
NEVER = "=never"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def narrow(person: Person, query: Query) -> Wanted | None:
    """The query with keys for its names; None when there is no room to look in.

    Raises Invalid for who or what is not there, or not for this person: in the same words.
    """
    if "file" in query.has:
        raise Invalid(_("There are no files yet, so no message has one."))
    visible = Room.objects.visible_to(person).order_by()
    if query.rooms:
        visible = visible.filter(pk__in=_rooms(visible, query.rooms))
    rooms = list(visible.values_list("pk", flat=True)[: NAMED_ROOMS + 1])
    if not rooms:
        return None
    named, without = [room_mark(key) for key in rooms], []
    if len(rooms) > NAMED_ROOMS:
        named, without = [], _unseen(visible)
    since, until = _moment(query.after), _moment(query.before)
    marks = [
        named,
        [sender_mark(key) for key in _senders(person, query.senders)],
        *([has_mark(kind)] for kind in sorted(query.has)),
    ]
    if since:
        marks.append(_months(since, until or _soon()) or [NEVER])
    elif until:
        last = until - timedelta(microseconds=1)  # its month is one of those in question
        without += _months(last, _soon())[1:]
    if not query.terms and not any(marks):  # FTS5 can't be asked for what is not, and nothing else
        marks.append(_months(_BEGINNING, until or _soon()) or [NEVER])
    given = tuple(tuple(each) for each in marks if each)
    scope = visible.values("pk").query.sql_with_params()
    return Wanted(query.terms, given, tuple(without), scope, since, until)


def _months(first: datetime, last: datetime) -> list[str]:
    return period_marks(first.astimezone(UTC).date(), last.astimezone(UTC).date())


def _soon() -> datetime:
    return timezone.now() + timedelta(days=1)


def _unseen(visible: "QuerySet[Room]") -> list[str]:
    hidden = Room.objects.exclude(pk__in=visible.values("pk")).order_by()
    keys = list(hidden.values_list("pk", flat=True)[: NAMED_ROOMS + 1])
    return [room_mark(key) for key in keys] if len(keys) <= NAMED_ROOMS else []


def _rooms(visible: "QuerySet[Room]", names: tuple[str, ...]) -> list[int]:
    keys = []
    for name in names:
        found = visible.filter(Q(slug=name.lower()) | Q(name__iexact=name))
        if not (those := list(found.values_list("pk", flat=True))):
            raise Invalid(
                _("There is no room “%(name)s” among those you can see.") % {"name": name}
            )
        keys += those
    return keys


def _senders(person: Person, names: tuple[str, ...]) -> list[int]:
    known = Person.objects.all()
    if person.is_guest:
        known = known.filter(rooms__in=person.rooms.all())
    keys = []
    for name in names:
        if name == "me":
            keys.append(person.pk)
            continue
        found = known.filter(Q(username=name.lower()) | Q(name__iexact=name)).distinct()
        if not (those := list(found.order_by().values_list("pk", flat=True)[:20])):
            raise Invalid(_("There is nobody called “%(name)s”.") % {"name": name})
        keys += those
    return keys


def _moment(day: date | None) -> datetime | None:
    """Its beginning, where the reader is."""
    return None if day is None else timezone.make_aware(datetime.combine(day, time.min))
