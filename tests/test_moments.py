"""Times as one reader's language and time zone write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone, translation

from chat.moments import moment

AT = datetime(2026, 3, 9, 22, 45, 31, tzinfo=UTC)


def test_a_time_is_written_for_the_readers_time_zone():
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        shown = moment(AT)

    assert (shown.day, shown.clock) == ("Tuesday, 10 March 2026", "04:15")
    assert shown.when == "Tuesday, 10 March 2026, 04:15"
    assert shown.full == "Tuesday, 10 March 2026, 04:15 (IST)"
    assert (shown.day_iso, shown.iso) == ("2026-03-10", "2026-03-10T04:15:00+05:30")


def test_or_for_the_one_that_is_named():
    assert moment(AT, ZoneInfo("Europe/Berlin")).when == "Monday, 9 March 2026, 23:45"


def test_and_in_the_readers_language():
    with translation.override("de"):
        assert moment(AT, UTC).when == "Montag, 9 März 2026, 22:45"
