"""The one parser of what people and programs send: forms, frames and API bodies."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from chat import markup, names, naming
from chat.characters import has_surrogate
from chat.models import Level, Membership, Person, Role, Room, RoomKind, Site
from chat.moments import moment

QUIET = ("quiet_from", "quiet_until")
MORNING = time(8)
# By which its sender knows a message again.
NONCE = re.compile("[A-Za-z0-9_-]{8,64}")
FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)
MUTES = (
    ("", _("Not muted")),
    ("1h", _("For an hour")),
    ("8h", _("For eight hours")),
    ("tomorrow", _("Until tomorrow, 8:00")),
    ("on", _("Until you turn it on")),
)


class BodyField(forms.CharField):
    """Message text: checked by markup.clean_body and by nothing else, so that errors are one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, required=False, **kwargs)
        self.validators = []

    def clean(self, value: Any) -> str:
        """The text as it is stored."""
        try:
            return markup.clean_body(value if isinstance(value, str) else "")
        except markup.InvalidBody as error:
            raise forms.ValidationError(str(error.sentence), code="body") from None


class ChoicesInput(forms.Widget):
    """All fields whose names begin with this one's: each question of a page has its own."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        keys = [key for key in data if key.startswith(name)]
        found = [data.getlist(key) if hasattr(data, "getlist") else [data[key]] for key in keys]
        return [value for values in found for value in values]


# More begun names than anybody chooses in one message; each is shown again while one types.
MAX_CHOICES = 30


class ChoicesField(forms.Field):
    """What somebody means by the names that they have typed: `@ad @ada`, both with their signs."""

    widget = ChoicesInput

    def clean(self, value: Any) -> dict[str, str]:
        """What was typed → what is meant. What is no pair was never a choice of ours."""
        few = list(value or [])[:MAX_CHOICES]
        pairs = [each.split() for each in few if isinstance(each, str) and not has_surrogate(each)]
        return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and _are_names(*pair)}


def _are_names(typed: str, meant: str) -> bool:
    return typed[0] == meant[0] and meant[0] in "@#:" and len(meant) <= naming.MAX_TYPED_CHARACTERS


class BodyForm(forms.Form):
    """What a message is to say. What is meant by begun names is put into it.

    `confirm`: it may tell very many at once.
    """

    choice = ChoicesField(required=False)
    body = BodyField()
    confirm = forms.BooleanField(required=False)

    def clean_body(self) -> str:
        body, meant = self.cleaned_data["body"], self.cleaned_data["choice"]
        return BodyField().clean(naming.choose(body, meant)) if meant else body

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.answered = set(cleaned.pop("choice", {}))
        return cleaned


class MessageForm(BodyForm):
    """A post. The nonce comes with the form, or from the program that wants to retry safely.

    `reply_to` is the message that it quotes, by key.
    """

    reply_to = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        error_messages={
            key: _("The message that you answer is not in this room.")
            for key in ("invalid", "min_value", "max_value")
        },
    )
    nonce = forms.CharField(
        validators=[RegexValidator(rf"\A{NONCE.pattern}\Z", _("This form is damaged. Reload."))]
    )


class LineField(forms.CharField):
    """A line that people see among others."""

    def clean(self, value: Any) -> str:
        return names.clean_line(super().clean(value))


class NameField(forms.CharField):
    """A name that people see: of a person, a room, the site."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=80, **kwargs)

    def clean(self, value: Any) -> str:
        return names.clean_display_name(super().clean(value))


class UsernameField(forms.CharField):
    """A username that is free and looks like nobody else's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Username"), max_length=64, **kwargs)
        self.widget.attrs |= {"autocomplete": "username", "autocapitalize": "none"}
        self.help_text = _("Letters, digits, dots, dashes and underscores.")

    def clean(self, value: Any) -> str:
        username = names.validate_username(super().clean(value))
        if Person.objects.has_look_alike(username):
            raise forms.ValidationError(_("This username is taken, or looks like one that is."))
        return username


class PasswordField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(label=_("Password"), strip=False, max_length=256, widget=widget, **kwargs)
        self.help_text = _("At least 12 characters. A few unrelated words are good.")


class AccountForm(forms.Form):
    """Somebody new, by an invitation."""

    name = NameField(label=_("Your name"), help_text=_("As others will see it."))
    username = UsernameField()
    password = PasswordField()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if password := cleaned.get("password"):
            person = Person(username=cleaned.get("username", ""), name=cleaned.get("name", ""))
            try:
                validate_password(password, person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


class SetupForm(AccountForm):
    """The first run: the site and its owner."""

    site_name = NameField(label=_("Name of this site"), initial="Natterjack")
    field_order = ("site_name", "name", "username", "password")


class RoomForm(forms.ModelForm):
    """A room's name and purpose."""

    name = NameField(label=_("Name"))
    purpose = LineField(
        label=_("Purpose"),
        help_text=_("What belongs in here, in a sentence."),
        max_length=250,
        required=False,
    )

    class Meta:
        model = Room
        fields = ("name", "purpose")


class NewRoomForm(RoomForm):
    kind = forms.ChoiceField(
        label=_("Who may read it"),
        choices=[choice for choice in RoomKind.choices if choice[0] != RoomKind.DIRECT],
        initial=RoomKind.PUBLIC,
        widget=forms.RadioSelect,
    )

    class Meta(RoomForm.Meta):
        fields = ("name", "purpose")


class PeopleField(forms.ModelMultipleChoiceField):
    """A choice of people; the username tells two of one name apart."""

    def clean(self, value: Any) -> Any:
        # Nobody is called so, and PostgreSQL can't even look for it.
        for name in value or []:
            if "\0" in name:
                sentence = self.error_messages["invalid_choice"]
                shown = name.replace("\0", "")
                raise forms.ValidationError(sentence, code="invalid", params={"value": shown})
        return super().clean(value)

    def label_from_instance(self, person: Any) -> str:
        return f"{person.name} (@{person.username})"


class PeopleForm(forms.Form):
    """A choice of active people, by username."""

    people = PeopleField(
        label=_("People"),
        queryset=Person.objects.none(),
        to_field_name="username",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one person.")},
    )

    def __init__(self, *args: Any, queryset: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["people"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = queryset


class SiteForm(forms.ModelForm):
    name = NameField(label=_("Name"))

    def clean_welcome(self) -> str:
        text = self.cleaned_data["welcome"]
        return BodyField().clean(text) if text.strip() else ""

    class Meta:
        model = Site
        fields = ("name", "welcome", "edit_minutes", "has_presence", "has_typing")
        labels = {
            "welcome": _("Welcome text"),
            "edit_minutes": _("Minutes for which people may edit and delete what they wrote"),
            "has_presence": _("Show who is here"),
            "has_typing": _("Show who is typing"),
        }
        help_texts = {
            "welcome": _("Shown where people sign in and join. Markdown."),
            "edit_minutes": _("Empty: always. 0: never."),
        }
        widgets = {"welcome": forms.Textarea(attrs={"rows": 4})}


class InvitationForm(forms.Form):
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[
            (role.value, role.label) for role in (Role.MEMBER, Role.GUEST, Role.ADMINISTRATOR)
        ],
        initial=Role.MEMBER,
    )
    uses = forms.IntegerField(label=_("Number of uses"), min_value=1, max_value=1000, initial=1)
    days = forms.IntegerField(label=_("Days until it ends"), min_value=1, max_value=90, initial=7)
    rooms = forms.ModelMultipleChoiceField(
        label=_("Rooms"),
        queryset=Room.objects.none(),
        to_field_name="slug",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A guest sees these rooms and no others."),
    )

    def __init__(self, *args: Any, rooms: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["rooms"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        if rooms is not None:
            field.queryset = rooms

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "days" in cleaned:
            cleaned["expires_at"] = timezone.now() + timedelta(days=cleaned["days"])
        return cleaned


class PreferencesForm(forms.ModelForm):
    """What somebody may change of themselves."""

    name = NameField(label=_("Name"))
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lambda: [(zone, zone) for zone in sorted(available_timezones())],
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    quiet_from = forms.TimeField(
        label=_("Do not disturb from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("Between these times nothing counts in the title and the icon of your pages."),
    )
    quiet_until = forms.TimeField(
        label=_("Do not disturb until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    class Meta:
        model = Person
        fields = ("name", "time_zone", "language", *QUIET, "shows_presence", "shows_typing")
        labels = {
            "shows_presence": _("Show others when you are here"),
            "shows_typing": _("Show others when you are typing"),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and len({cleaned.get(name) is None for name in QUIET}) == 2:
            empty = QUIET[0] if cleaned.get(QUIET[0]) is None else QUIET[1]
            self.add_error(empty, _("Give both times, or none."))
        return cleaned


class LevelForm(forms.Form):
    """What somebody wants to hear of a room, and how long they want to hear nothing at all."""

    level = forms.ChoiceField(
        label=_("What you want to hear of this room"),
        choices=Level.choices,
        widget=forms.RadioSelect,
    )
    mute = forms.ChoiceField(label=_("Mute it"), required=False)

    def __init__(self, *args: Any, membership: Membership, zone: ZoneInfo, **kwargs: Any) -> None:
        self.now = timezone.now()
        self.until = membership.muted_until if membership.is_muted(self.now) else None
        self.zone = zone
        super().__init__(*args, **kwargs)
        self.initial = {"level": membership.level, "mute": "keep" if self.until else ""}
        mute = self.fields["mute"]
        assert isinstance(mute, forms.ChoiceField)
        mute.choices = [*self._as_it_is(), *MUTES]
        level = self.fields["level"]
        if membership.room.is_direct:  # it stands in no list in which it could be shown again
            assert isinstance(level, forms.ChoiceField)
            level.choices = [choice for choice in Level.choices if choice[0] != Level.HIDDEN]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["muted_until"] = self._muted_until(cleaned.pop("mute", ""))
        return cleaned

    def _as_it_is(self) -> list[tuple[str, Any]]:
        if self.until is None:
            return []
        if self.until == FOR_GOOD:
            return [("keep", _("Muted until you turn it on"))]
        shown = moment(self.until, self.zone).when
        return [("keep", format_lazy("{} {}", _("Muted until"), shown))]

    def _muted_until(self, choice: str) -> datetime | None:
        if choice == "tomorrow":
            day = self.now.astimezone(self.zone).date() + timedelta(days=1)
            return datetime.combine(day, MORNING, tzinfo=self.zone)
        if choice.endswith("h"):
            return self.now + timedelta(hours=int(choice.removesuffix("h")))
        return {"keep": self.until, "on": FOR_GOOD}.get(choice)


class DateForm(forms.Form):
    """A day to go to."""

    date = forms.DateField(error_messages={"invalid": _("This is no day: write it as 2026-01-31.")})


def first_error(form: forms.BaseForm) -> str:
    """The first thing that is wrong, in a sentence."""
    return next((str(errors[0]) for errors in form.errors.values()), "")
