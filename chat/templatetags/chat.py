"""Tags of our templates."""

import secrets
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from html import unescape
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language

from chat import fragments
from chat.sidebar import Line

register = template.Library()


@register.simple_tag(takes_context=True)
def go(context: template.Context, name: str, *args: Any) -> str:
    """The address of a page; where the viewer's page is a plain one, that page is plain too."""
    return _address(name, *args) + ("?plain=1" if context.get("plain") else "")


@lru_cache(maxsize=4096)
def _address(name: str, *args: Any) -> str:
    # Three in each message: half of what it took to look them up each time.
    return reverse(name, args=args)


@register.simple_tag(takes_context=True)
def room_line(context: template.Context, line: Line, *, swap: bool = False) -> str:
    """One room in a sidebar: `chat/fragments/room_line.html`, which hundreds of times is slow."""
    is_current = line.slug == context.get("current")
    plain = bool(context.get("plain"))
    return fragments.room_line(line, is_current=is_current, plain=plain, swap=swap)


@dataclass(frozen=True)
class Moment:
    """A time as one reader's language and time zone write it, to the minute."""

    iso: str
    clock: str
    date: str
    full: str
    day: str
    day_iso: str


@register.filter
def moment(at: datetime) -> Moment:
    """`at` for the reader. Messages of one minute share one."""
    minute = at.replace(second=0, microsecond=0)
    return _moment(minute, timezone.get_current_timezone(), get_language())


@lru_cache(maxsize=4096)
def _moment(at: datetime, zone: tzinfo, _language: str | None) -> Moment:
    # The zone is asked for apart: two times of one instant are equal, wherever they are.
    local = timezone.localtime(at, zone)
    return Moment(
        iso=local.isoformat(),
        clock=date_format(local, "H:i"),
        date=date_format(local, "j M"),
        full=f"{date_format(local, 'DATETIME_FORMAT')} ({date_format(local, 'T')})",
        day=date_format(local, "l, j F Y"),
        day_iso=local.date().isoformat(),
    )


@register.filter(is_safe=True)
def css_string(text: str) -> str:
    """`text` for the inside of a string in a style sheet: whatever is no letter or digit of ASCII
    as its code point. So nothing in it can end the string, the sheet or the element."""
    return "".join(
        each if each.isascii() and each.isalnum() else f"\\{ord(each):x} "
        for each in unescape(text)
    )


@register.simple_block_tag(takes_context=True)
def titled(context: template.Context, content: str) -> str:
    """Shows the page's title and remembers it, for the socket that will count in it."""
    context["request"].page_title = unescape(content.strip())
    return content


@register.simple_tag
def fresh_nonce() -> str:
    """128 random bits: what makes a form's second arrival the same message."""
    return secrets.token_urlsafe(16)
