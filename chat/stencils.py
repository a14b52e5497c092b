"""The fragment of a usual message: rendered once for its author, and filled in for each.

A message's template takes Django 0.3 ms, which is most of what a page, a burst or a post costs. Of
a message that answers nothing, and that nobody has answered, edited or reacted to, little is its
own: its key, its place, its time and what it says. The rest is its author's.

So it is in the templates as they are shipped. One of the owner's may make anything of a message:
where any of these is replaced, each message is rendered by itself.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.template.loader_tags import IncludeNode
from django.utils.html import escape
from django.utils.translation import get_language

from chat.gaps import gap
from chat.kept import Kept
from chat.models import Message
from chat.moments import Moment, moment

_SHIPPED = settings.BASE_DIR / "templates"
# Addresses hold numbers and no words. Nobody can have written these two either.
_KEY, _SEQ = (digit * 10**17 + secrets.randbelow(10**17) for digit in (8, 9))
_TIMES = {name: gap(name.replace("_", "")) for name in Moment.__dataclass_fields__}
_BODY = gap("body")
_NAMES = {str(_KEY): "key", str(_SEQ): "seq", _BODY: "body"} | {
    text: name for name, text in _TIMES.items()
}
# The longest first: one may begin another.
_PLACE = re.compile("|".join(sorted(_NAMES, key=len, reverse=True)))

# What the templates may ask for. An author's follows from what `_look` says of them, and this from
# what it says of the message; the others are so with every usual one, or are filled in.
_OF_THE_AUTHOR = ("pk", "username", "name", "avatar", "is_bot", "get_role_display")
_OF_A_LOOK = ("author_id", "continues", "starts_day", "version", "mentioned")
_OF_A_USUAL: dict[str, object] = {
    **dict.fromkeys(("reply_to", "root_id", "edited_at")),
    "reply_count": 0,
    "is_deleted": False,
    "reaction_groups": (),
}
_OF_ITS_OWN: dict[str, object] = {
    "pk": _KEY,
    "key": str(_KEY),
    "seq": _SEQ,
    "created_at": Moment(**_TIMES),
    **dict.fromkeys(("shown", "shown_plain"), _BODY),
}

_LOOK_BYTES = 1024
_kept: Kept[str] = Kept(max_bytes=4 * 1024 * 1024)


class _Only:
    """Shows a template what is named here, and notes whether it asks for more."""

    def __init__(self, **shown: object) -> None:
        self._shown, self.is_enough = shown, True

    def __getattr__(self, name: str) -> Any:
        if name in self._shown:
            return self._shown[name]
        self.is_enough = False
        raise AttributeError(name)


def filled(
    template: str,
    message: Message,
    place: str,
    render: Callable[[Mapping[str, Any]], str],
    *,
    plain: bool,
) -> str | None:
    """The fragment in the language and time zone that are active now; None for a message that has
    to be rendered by itself. `render` renders the template."""
    if not _is_usual(message):
        return None
    key = (place, plain, get_language(), _look(message))  # of a time zone it shows its time alone
    if (stencil := _kept.get(key)) is None:
        stencil = _stencil(message, place, render) if _is_shipped(template) else ""
        _kept.put(key, stencil, _LOOK_BYTES + len(message.mentioned))
    if not stencil:
        return None
    body = message.shown_plain if plain else message.shown
    own = {"key": message.key, "seq": message.seq, "body": body}
    return stencil % (own | _written(moment(message.created_at)))


def _is_usual(message: Message) -> bool:
    return not (
        message.reply_to_id
        or message.root_id
        or message.reply_count
        or message.edited_at
        or message.is_deleted
        or message.given
    )


def _look(message: Message) -> tuple[object, ...]:
    """All that the fragment of a usual message shows besides what is filled in."""
    author = message.author
    return (
        *(author.pk, author.username, author.name, author.role),
        *(message.continues, message.starts_day, message.version, message.mentioned),
    )


def _stencil(message: Message, place: str, render: Callable[[Mapping[str, Any]], str]) -> str:
    """For `%`, with the names of what goes there; "" where the template asks for what neither
    `_look` nor `_is_usual` looks at."""
    author = _Only(**{name: getattr(message.author, name) for name in _OF_THE_AUTHOR})
    of_this_look = {name: getattr(message, name) for name in _OF_A_LOOK}
    shown = _Only(author=author, **of_this_look, **_OF_A_USUAL, **_OF_ITS_OWN)
    text = render({"message": shown, "place": place})
    if not (author.is_enough and shown.is_enough):
        return ""
    return _PLACE.sub(lambda found: f"%({_NAMES[found[0]]})s", text.replace("%", "%%"))


def _is_shipped(template: str) -> bool:
    """Whether it is one of ours, and all that it includes too."""
    try:
        loaded: Any = get_template(template)
    except (TemplateDoesNotExist, TemplateSyntaxError):  # perhaps of no concern to a usual one
        return False
    found = loaded.template
    if not Path(found.origin.name).is_relative_to(_SHIPPED):
        return False
    included = found.nodelist.get_nodes_by_type(IncludeNode)
    return all(_is_shipped(node.template.var) for node in included)


@lru_cache(maxsize=4096)
def _written(at: Moment) -> dict[str, str]:
    return {name: escape(text) for name, text in asdict(at).items()}
