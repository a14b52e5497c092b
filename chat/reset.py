"""The one-time link with which somebody sets a new password: allauth's, valid for a day."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.urls import reverse

from chat.models import Person


def reset_path(person: Person) -> str:
    """Ends with the first use: the token is made from the password's hash."""
    key = default_token_generator.make_token(person)
    return reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])
