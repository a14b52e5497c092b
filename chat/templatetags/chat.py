"""Tags of our templates."""

import secrets
from typing import Any

from django import template
from django.urls import reverse

register = template.Library()


@register.simple_tag(takes_context=True)
def go(context: template.Context, name: str, *args: Any) -> str:
    """The address of a page; where the viewer's page is a plain one, that page is plain too."""
    return reverse(name, args=args) + ("?plain=1" if context.get("plain") else "")


@register.simple_block_tag(takes_context=True)
def titled(context: template.Context, content: str) -> str:
    """Shows the page's title and remembers it, for the socket that will count in it."""
    context["request"].page_title = content.strip()
    return content


@register.simple_tag
def fresh_nonce() -> str:
    """128 random bits: what makes a form's second arrival the same message."""
    return secrets.token_urlsafe(16)
