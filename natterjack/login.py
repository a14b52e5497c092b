"""`natterjack login`: asks for the site and a token, tries them, and keeps them."""

import getpass
import sys

from natterjack.addresses import is_readable_on_the_way, site_address
from natterjack.credentials import Credentials, checked_token, keep
from natterjack.errors import Refused
from natterjack.output import note, write
from natterjack.rooms import greeting
from natterjack.wording import shown_name


def asked(address: str | None) -> Credentials:
    """The site and the token, from who sits at the terminal, or from a pipe: a line each."""
    site = site_address(address or _line("The site's address: "))
    if is_readable_on_the_way(site):
        note(f"{site} is not encrypted: who is on the way can read the token and all you write.")
    return Credentials(site, checked_token(_secret("Your token (it is not shown): ")))


async def login(credentials: Credentials) -> None:
    """Raises Refused, and keeps nothing, where the site does not know the token."""
    person = (await greeting(credentials)).get("person")
    place = keep(credentials)
    write(f"You are {shown_name(person)} on {credentials.site}. Kept in {place}")


def _line(question: str) -> str:
    if sys.stdin.isatty():
        sys.stderr.write(question)
        sys.stderr.flush()
    return _something(sys.stdin.readline())


def _secret(question: str) -> str:
    if sys.stdin.isatty():
        return _something(getpass.getpass(question))
    return _something(sys.stdin.readline())


def _something(text: str) -> str:
    if not text.strip():
        raise Refused("Nothing was given; nothing is kept.")
    return text
