"""Who comes to this site, and as what: people's roles, bots, and the tokens of programs."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.forms import NameField, UsernameField
from chat.models import Person, Role, Scope

MAX_DAYS = 3650
SCOPES = (
    (Scope.READ, _("Read: messages, rooms and people, and follow what happens")),
    (Scope.POST, _("Post: write, edit, delete and react")),
    (Scope.MANAGE, _("Manage: create, join, leave and change rooms, and who is in them")),
)


class PersonRoleForm(forms.ModelForm):
    """What an administrator may change of somebody else. A bot is made as one (chat.views.bots)."""

    role = forms.ChoiceField(
        label=_("Role"), choices=[each for each in Role.choices if each[0] != Role.BOT]
    )

    class Meta:
        model = Person
        fields = ("role", "is_active")
        labels = {"is_active": _("May sign in")}


class BotForm(forms.Form):
    name = NameField(label=_("Name"), help_text=_("As others will see it."))
    username = UsernameField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs["autocomplete"] = "off"  # it is nobody's sign-in


class TokenForm(forms.Form):
    label = NameField(
        label=_("What it is for"),
        help_text=_("By this name you find it again when it has to be revoked."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What a program may do with it"),
        choices=SCOPES,
        initial=[Scope.READ, Scope.POST],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing that the token is for.")},
    )
    days = forms.IntegerField(
        label=_("Days until it ends"),
        required=False,
        min_value=1,
        max_value=MAX_DAYS,
        initial=90,
        help_text=_("Empty: it never ends."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        days = cleaned.pop("days", None)
        cleaned["expires_at"] = None if days is None else timezone.now() + timedelta(days=days)
        return cleaned
