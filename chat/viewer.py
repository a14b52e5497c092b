"""A viewer's own few style rules. Fragments know no viewer; these show each their own controls.

Hiding is not permission: the verbs check. The address holds a digest of all that the rules
depend on, so that browsers may keep them for ever.
"""

import hashlib
from typing import Any

from chat.models import Person


def stylesheet(person: Person) -> str:
    rules = [f'[data-author="{person.pk}"] .author-only {{ display: revert; }}']
    if person.is_administrator:
        rules.append(".administrator-only { display: revert; }")
    return "\n".join(rules) + "\n"


def stylesheet_digest(viewer: Any) -> str:
    text = stylesheet(viewer) if isinstance(viewer, Person) else ""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
