"""What somebody does to a message that is there: parsed, limited and done once, for the page's
forms and for frames."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings

from chat import limits
from chat.actions import changes
from chat.errors import Invalid
from chat.forms import BodyForm, first_error
from chat.hub import Caller
from chat.models import Message, Person


class EditForm(BodyForm):
    """Another text for a message; `version` is the one that this began from, where known."""

    version = forms.IntegerField(required=False)


def do(
    deed: str, fields: Mapping[str, Any], *, person: Person, message: Message, caller: Caller
) -> limits.Spent | None:
    """`edit` with a `body` and perhaps its `version`, `delete`, or `react` with an `emoji`.

    Raises what its verb raises. Not too often: each goes to everybody in the room. Returns what is
    left of how often.
    """
    spent = limits.spend(settings.LIMIT_POSTS, "change", person.pk)
    match deed:
        case "edit":
            changes.edit_message(editor=person, message=message, caller=caller, **_text(fields))
        case "delete":
            changes.delete_message(deleter=person, message=message, caller=caller)
        case "react":
            emoji = fields.get("emoji")
            emoji = emoji if isinstance(emoji, str) else ""
            changes.toggle_reaction(person=person, message=message, emoji=emoji, caller=caller)
        case _:
            raise ValueError(deed)
    return spent


def _text(fields: Mapping[str, Any]) -> dict[str, Any]:
    form = EditForm(fields)
    if not form.is_valid():
        raise Invalid(first_error(form))
    return form.cleaned_data
