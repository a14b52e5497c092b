"""Times as one reader's language and time zone write them: on each page the same."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language


@dataclass(frozen=True)
class Moment:
    """To the minute. `when` is day and clock, `full` names the time zone as well."""

    iso: str
    clock: str
    date: str
    when: str
    full: str
    day: str
    day_iso: str


def moment(at: datetime, zone: tzinfo | None = None) -> Moment:
    """`at` for the reader, in their time zone or in `zone`. What is of one minute shares one."""
    minute = at.replace(second=0, microsecond=0)
    return _moment(minute, zone or timezone.get_current_timezone(), get_language())


@lru_cache(maxsize=4096)
def _moment(at: datetime, zone: tzinfo, language: str | None) -> Moment:
    # The zone is asked for apart: two times of one instant are equal, wherever they are.
    local = timezone.localtime(at, zone)
    clock = f"{local:%H:%M}"
    day, short = _day(local.date(), language)
    return Moment(
        iso=local.isoformat(),
        clock=clock,
        date=short,
        when=f"{day}, {clock}",
        full=f"{day}, {clock} ({local.tzname()})",
        day=day,
        day_iso=local.date().isoformat(),
    )


@lru_cache(maxsize=1024)
def _day(day: date, _language: str | None) -> tuple[str, str]:
    """In full and short, which takes longer than all else: a page's messages have few days."""
    return date_format(day, "l, j F Y"), date_format(day, "j M")
