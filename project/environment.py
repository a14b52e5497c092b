"""The environment, read once and checked: a bad value stops the start with one line.

Every function takes the variable's name and says what would be good. The line names the
variable, its value and the remedy; whoever starts the server never meets a traceback for
a typo in a unit file.
"""

import ipaddress
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"]
_T = TypeVar("_T")
_PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Rate:
    """`count` deeds in `seconds`."""

    count: int
    seconds: int


@dataclass(frozen=True)
class Allowed:
    """Hosts by name, and networks of addresses."""

    hosts: frozenset[str]
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


def refuse(name: str, value: str, good: str) -> NoReturn:
    """Ends the process with one line on standard error and status 1."""
    raise SystemExit(f"natterjack: {name}={value!r} is no good: {good}")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def boolean(name: str) -> bool:
    value = text(name, "off").lower()
    if value in {"1", "on", "true", "yes"}:
        return True
    if value in {"0", "off", "false", "no"}:
        return False
    refuse(name, value, "use on or off")


def port(name: str, default: int) -> int:
    value = text(name, str(default))
    if value.isascii() and value.isdigit() and 0 < int(value) < 65536:
        return int(value)
    refuse(name, value, "use a number from 1 to 65535")


def limit(name: str, default: int) -> int | None:
    """A bound on how many; None when it is switched off."""
    value = text(name, str(default))
    if value == "off":
        return None
    if value.isascii() and value.isdigit() and int(value) > 0:
        return int(value)
    refuse(name, value, f"use a number above 0, such as {default}, or off")


def rate(name: str, default: str) -> Rate | None:
    """A bound on how often, written `60/m` (s, m, h or d); None when it is switched off."""
    value = text(name, default)
    if value == "off":
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,8})/([smhd])", value, re.ASCII)
    if not match:
        refuse(name, value, f"use a count and a period (s, m, h, d), such as {default}, or off")
    return Rate(count=int(match[1]), seconds=_PERIODS[match[2]])


def allowed(name: str) -> Allowed:
    """Hosts and networks, separated by spaces or commas: `10.0.0.0/8 ci.internal`."""
    hosts, networks = set[str](), []
    for word in text(name).replace(",", " ").lower().split():
        try:
            networks.append(ipaddress.ip_network(word.strip("[]")))
        except ValueError:
            if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", word) or word[-1].isdigit():
                good = "use networks and names of hosts, such as 10.0.0.0/8 ci.internal"
                refuse(name, word, good)
            hosts.add(word)
    return Allowed(frozenset(hosts), tuple(networks))


def time_zone(name: str, default: str) -> str:
    value = text(name, default)
    if value in available_timezones():
        return str(ZoneInfo(value))
    refuse(name, value, "use a name such as Europe/Berlin or UTC")


def language(name: str, default: str) -> str:
    value = text(name, default)
    if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value, re.ASCII):
        return value.lower()
    refuse(name, value, "use a language code such as en or pt-br")


def data_dir(name: str, base: Path) -> Path:
    """The data directory, made for its owner alone when it is missing."""
    path = base / Path(text(name, "var")).expanduser()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        refuse(name, str(path), f"it has to be a directory that can be written ({error.strerror})")
    return path


def secret_key(name: str, directory: Path) -> str:
    """The variable, else the key in `directory`, made when it is missing."""
    if value := text(name):
        return value
    path = directory / "secret_key"
    try:
        # O_EXCL: of two first starts at once, one makes the key and the other reads it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    except OSError as error:
        refuse("DATA_DIR", str(directory), f"the key can't be written there ({error.strerror})")
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text().strip() or refuse(name, "", f"{path} is empty: delete it")


def site_url(name: str) -> str:
    """`https://chat.example.org` without a trailing slash, or an empty string when unset."""
    value = text(name).rstrip("/")
    if not value:
        return ""
    good = "use scheme and host alone, such as https://chat.example.org"
    parts = _parsed(name, value, urlsplit, good)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        refuse(name, value, good)
    if parts.path or parts.query or parts.fragment or parts.username:
        refuse(name, value, good)
    # Browsers leave the usual port out of Origin and Host, which have to be the same.
    return value.lower().removesuffix({"https": ":443", "http": ":80"}[parts.scheme])


def database(name: str, default: str) -> dict[str, object]:
    value = text(name, default)
    good = "use sqlite:////path/to/file or postgres://user:password@host:5432/name"
    if not value.startswith(("sqlite:///", "postgres://", "postgresql://")):
        refuse(name, value, good)
    config = _parsed(name, value, environ.Env.db_url_config, good)
    return dict(config)


def redis(name: str) -> str:
    value = text(name)
    if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
        refuse(name, value, "use redis://host:6379/0")
    return value


def email(name: str, default: str) -> dict[str, object]:
    value = text(name, default)
    return dict(_parsed(name, value, environ.Env.email_url_config, "use smtp+tls://user@host:587"))


def require_site_url_beyond_loopback(host: str, url: str) -> None:
    """A server that others can reach has to know its own name: origins and hosts depend on it."""
    if not url and not is_loopback(host):
        refuse(
            "HOST", host, "beyond this machine SITE_URL is needed, such as https://chat.example.org"
        )


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _parsed(name: str, value: str, parse: Callable[[str], _T], good: str) -> _T:
    try:
        return parse(value)
    except (ValueError, KeyError, AttributeError, ImproperlyConfigured):
        refuse(name, value, good)
