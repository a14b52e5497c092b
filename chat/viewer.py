"""What is a viewer's own: a few style rules, and what a page has to have at hand.

Fragments know no viewer; the rules show each their own controls. Hiding is not permission: the
verbs check. Every page fetches them before it shows anything, under an address with a digest
of all that they depend on, so that browsers may keep them for ever. Hence the composer takes
from there, out of the browser's cache, what can't wait for the server: see at_hand.html.
"""

import hashlib
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import get_language

from chat.models import Person

LINES_MODES = ("one", "many")


def stylesheet(person: Person, lines_mode: str) -> str:
    """The rules, and behind them in a comment what is to be at hand."""
    return f"{_rules(person)}/*\n{_at_hand(lines_mode, get_language())}*/\n"


def stylesheet_digest(viewer: Any) -> str:
    if not isinstance(viewer, Person):
        return ""
    text = "".join(stylesheet(viewer, mode) for mode in LINES_MODES)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lines_mode(request: HttpRequest) -> str:
    """Whether this browser types in one line, where Enter sends, or in many."""
    return str(request.session.get("lines", "one"))


def _rules(person: Person) -> str:
    reaction = f'.reaction[data-people~="{person.pk}"]'
    own = f'.message:has([data-mentions~="{person.pk}"])'
    # Who tells the whole room is not told by it.
    everybody = f'.message:not([data-author="{person.pk}"]):has([data-mentions~="room"])'
    named = [
        f'.mention[data-person="{person.pk}"]',
        f'{own} .mention[data-person="here"]',
        f'{everybody} .mention[data-person="room"]',
    ]
    rules = [
        f'[data-author="{person.pk}"] .author-only {{ display: revert; }}',
        f"{reaction} {{ --reaction-edge: var(--color-accent); --reaction-ring: 1px; }}",
        f"{reaction} .reaction-count {{ font-weight: 700; }}",
        f"{reaction} .reaction-own {{ display: revert; }}",
        f":is({own}, {everybody}) {{ --message-stripe: var(--color-new); }}",
        f":is({', '.join(named)}) {{ --mention-stripe: var(--color-new); }}",
    ]
    if person.is_administrator:
        rules.append(".administrator-only { display: revert; }")
    return "".join(f"{rule}\n" for rule in rules)


@lru_cache(maxsize=256)
def _at_hand(lines_mode: str, _language: str) -> str:
    # In the language that is active, which is why it is a part of the key.
    text = render_to_string("chat/fragments/at_hand.html", {"lines_mode": lines_mode})
    return text.replace("*/", "*&#47;")
