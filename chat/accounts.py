"""Our part in django-allauth: sign-in by normalised username, and no sign-up of its own."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend as Stock
from allauth.account.forms import LoginForm
from django.conf import settings
from django.http import HttpRequest

from chat import limits
from chat.actions import people as verbs
from chat.models import Person
from chat.models.people import person_by_key
from chat.names import normalise_username


class AuthenticationBackend(Stock):
    """allauth's, which asks with fewer words who a session is of: that is every request."""

    def get_user(self, user_id: int) -> Person | None:
        person = person_by_key.first(user_id)
        return person if person and self.user_can_authenticate(person) else None


class AccountAdapter(DefaultAccountAdapter):
    """People come in by the set-up link and by invitations, and no other way."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Person | None:
        """Somebody deactivated is answered like a wrong password: allauth would tell them so
        on a page of its own, which we don't have, and tell it to whoever tries names. So is a
        bot, which comes with a token alone."""
        person = super().authenticate(request, **credentials)
        may = isinstance(person, Person) and person.is_active and not person.is_bot
        return person if may else None

    def is_safe_url(self, url: str | None) -> bool:
        """Whether one may be sent there after signing in; what is no address is nowhere."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def set_password(self, user: Any, password: str) -> None:
        is_own = self.request.user == user
        session = self.request.session if is_own else None
        verbs.set_password(person=user, password=password, session=session)

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """That somebody has signed in or out, the page itself shows."""
        if message_template and "logged_" not in message_template:
            super().add_message(request, level, message_template, *args, **kwargs)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return "/settings/"


class SignInForm(LoginForm):
    """Finds `ＡＤＡ` as `ada`, and counts attempts: for the address and for the account."""

    def clean_login(self) -> str:
        return normalise_username(super().clean_login())


def count_sign_in(request: HttpRequest) -> None:
    """Raises TooMany for an address or an account with too many attempts."""
    username = normalise_username(request.POST.get("login", "")[:64])
    limits.spend(settings.LIMIT_SIGNINS, "sign-in", limits.address_of(request), username)
