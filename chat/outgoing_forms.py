"""What is typed to make a hook that tells, and to change it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from chat import dialer
from chat.forms import NameField, UsernameField
from chat.models import EventKind, OutgoingHook

KINDS = (
    (EventKind.MESSAGE_POSTED, _("Messages")),
    (EventKind.MESSAGE_EDITED, _("Edited messages")),
    (EventKind.MESSAGE_DELETED, _("Deleted messages")),
    (EventKind.REACTION_ADDED, _("Reactions")),
    (EventKind.REACTION_REMOVED, _("Reactions taken back")),
    (EventKind.MEMBER_JOINED, _("Who comes in")),
    (EventKind.MEMBER_LEFT, _("Who leaves")),
    (EventKind.MEMBER_REMOVED, _("Who is taken out")),
    (EventKind.ROOM_CHANGED, _("Changes of the room")),
    (EventKind.ROOM_ARCHIVED, _("Its archiving")),
    (EventKind.ROOM_UNARCHIVED, _("Its opening again")),
)


class OutgoingHookForm(forms.Form):
    """Where to, what, and whether what comes back is said."""

    url = forms.CharField(
        label=_("Address"),
        max_length=dialer.MAX_URL_CHARACTERS,
        help_text=_("Where it is sent to, such as https://example.org/hook."),
        widget=forms.URLInput(attrs={"dir": "ltr"}),
    )
    kinds = forms.MultipleChoiceField(
        label=_("What it tells"),
        choices=KINDS,
        initial=[EventKind.MESSAGE_POSTED],
        widget=forms.CheckboxSelectMultiple,
    )
    only_mentions = forms.BooleanField(
        label=_("Only messages that mention its bot"),
        help_text=_("And what becomes of them, where that is chosen above."),
        required=False,
    )
    posts_answers = forms.BooleanField(
        label=_("Its bot says what the address answers"),
        help_text=_("A text up to 4,000 characters, or JSON with “body” or “text”."),
        required=False,
        initial=True,
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            dialer.check(url)
        except dialer.Unsafe as error:
            raise forms.ValidationError(str(error.sentence), code="unsafe") from None
        return url


class NewOutgoingHookForm(OutgoingHookForm):
    """With the bot that it gets."""

    name = NameField(label=_("Name"), help_text=_("What its bot is called in the room."))
    username = UsernameField()
    field_order = ("name", "username", "url", "kinds", "only_mentions", "posts_answers")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Its bot’s username")
        self.fields["username"].widget.attrs["autocomplete"] = "off"


def values_of(hook: OutgoingHook) -> dict[str, Any]:
    """What the form of a hook that there is begins with."""
    return {
        "url": hook.url,
        "kinds": hook.asked_kinds,
        "only_mentions": hook.only_mentions,
        "posts_answers": hook.posts_answers,
    }
