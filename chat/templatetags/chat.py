"""Tags of our templates."""

import secrets
from datetime import datetime
from functools import lru_cache
from html import unescape
from typing import Any

from django import template
from django.urls import reverse

from chat import fragments, moments
from chat.moments import Moment
from chat.sidebar import Line

register = template.Library()


@register.filter
def moment(at: datetime | Moment) -> Moment:
    """A time as the reader's language and time zone write it; what is written already stays."""
    return at if isinstance(at, Moment) else moments.moment(at)


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


@register.simple_tag(takes_context=True)
def fresh_nonce(context: template.Context) -> str:
    """128 random bits: what makes a form's second arrival the same message."""
    return str(context.get("nonce_gap") or secrets.token_urlsafe(16))
