"""Requests to addresses that people of the site have typed, from a machine that may see more than
they do: nothing behind the site's firewall is reached by them (SSRF).

A name is resolved once. Every address that it has must be a public one, by IANA's registries of
special addresses, or allowed by whoever runs the server (`WEBHOOK_ALLOW`); the socket goes to the
address that was checked, under the name that was asked for. Without being allowed there is no http,
no port but 80 and 443, no host without a dot, none of this site. Redirects are answers as all
others. Whoever is connected to holds a thread no longer than `TIMEOUT_SECONDS`, however slowly they
answer, nor makes it read more than `MAX_ANSWER_BYTES`. How long a name may take to be resolved is
the system's resolver's to say.
"""

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from chat.errors import Invalid

TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 4096
MAX_URL_CHARACTERS = 2000
_PORTS = {"https": 443, "http": 80}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Strict, so that no two programs read it in two ways: ASCII, no name or password, no backslash,
# no zone, no white space.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[!$%&'()*+,./0-9:;=@A-Z_a-z~-]*)?(?P<query>\?[!$%&'()*+,./0-9:;=?@A-Z_a-z~-]*)?",
    re.ASCII,
)
_INNER_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home.arpa")

# Beside what `ipaddress` knows: relays and translations into other networks, and what is for many.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_SPECIAL = [
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24",  # protocols' own
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # Teredo, benchmarks, ORCHID and others of the protocols' own
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
]


class Unsafe(Invalid):
    """An address that is not to be reached from here."""


class Unreachable(Exception):
    """Nobody answered, or not as HTTP does. Its text is a sentence."""


@dataclass(frozen=True)
class Target:
    """An address in its parts. `needs_leave`: only with the owner's leave is it reached at all."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def needs_leave(self) -> bool:
        is_usual = self.scheme == "https" and self.port in _PORTS.values()
        return not is_usual or _is_inner(self.host)


@dataclass(frozen=True)
class Answer:
    """What came back. `body` is the beginning of it, `is_whole` whether that is all."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool
    latency_ms: int


def check(url: str) -> Target:
    """The address in its parts, as far as can be said without asking anybody. Raises Unsafe."""
    target = _parse(url)
    if target.host in settings.WEBHOOK_ALLOW.hosts:
        return target
    if (address := _literal(target.host)) is not None:
        _check_address(target, address)
    elif target.needs_leave and not settings.WEBHOOK_ALLOW.networks:
        raise Unsafe(_refusal(target))
    return target


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """What the address answers. Raises Unsafe where it may not be asked, Unreachable."""
    target = check(url)
    addresses = _resolve(target)
    started = time.monotonic()
    with _opened(addresses, target.port) as (opened, watch):
        try:
            return _ask(target, opened, watch, body, headers, started)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise Unreachable(_why(error, is_late=watch.is_over)) from None


def is_public(address: Address) -> bool:
    """Whether IANA's registries have it as an address of the open internet, of one machine."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_UNICAST:
            return False
    is_special = any(address.version == each.version and address in each for each in _SPECIAL)
    return address.is_global and not address.is_multicast and not is_special


def _parse(url: str) -> Target:
    lowered = re.sub(r"\A[^/?]*//[^/?]*", lambda found: found[0].lower(), url, count=1)
    match = _URL.fullmatch(lowered) if len(url) <= MAX_URL_CHARACTERS else None
    if match is None:
        raise Unsafe(_("This is no web address, such as https://example.org/hook."))
    host, scheme = match["host"].strip("[]"), match["scheme"]
    port = int(match["port"] or _PORTS[scheme])
    if not 0 < port < 65536:
        raise Unsafe(_("This is no web address, such as https://example.org/hook."))
    is_number = re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2])
    if (is_number or ":" in host) and _literal(host) is None:
        # What some resolvers take for an address, and others for a name.
        raise Unsafe(_("This is no web address, such as https://example.org/hook."))
    return Target(scheme, host, port, f"{match['path'] or '/'}{match['query'] or ''}")


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_inner(host: str) -> bool:
    """A name that only some network knows, or this site itself."""
    if _literal(host) is not None:
        return host == urlsplit(settings.SITE_URL).hostname
    own = urlsplit(settings.SITE_URL).hostname
    return "." not in host or host.endswith(_INNER_SUFFIXES) or host == own


def _resolve(target: Target) -> list[Address]:
    """The addresses of the name, all of them checked. The one place that asks for them."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(_("There is no such host.")) from None
    addresses = [*dict.fromkeys(ipaddress.ip_address(each[4][0]) for each in found)]
    if target.host not in settings.WEBHOOK_ALLOW.hosts:
        for address in addresses:
            _check_address(target, address)
    return addresses


def _check_address(target: Target, address: Address) -> None:
    is_allowed = any(
        address.version == network.version and address in network
        for network in settings.WEBHOOK_ALLOW.networks
    )
    if is_allowed or (is_public(address) and not target.needs_leave):
        return
    raise Unsafe(_refusal(target, address))


def _refusal(target: Target, address: Address | None = None) -> str:
    is_inside = _is_inner(target.host) or not (address is None or is_public(address))
    if target.scheme == "http" and not is_inside:
        return _("Use https: whatever is said in the room would travel for all to read.")
    return _(
        "This address is inside a network, or its port is none of the web’s. Whoever runs the "
        "server can allow it: WEBHOOK_ALLOW."
    )


class _Watch:
    """Cuts a connection off when its time is over, at whatever it is by then.

    Socket timeouts begin anew with each byte: who sends one a second would hold us for hours.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._timer: Timer | None = None
        self.is_over = False

    @property
    def left(self) -> float:
        return max(0.01, self._until - time.monotonic())

    def guard(self, opened: socket.socket) -> None:
        self._timer = Timer(self.left, self._cut, [opened.dup()])
        self._timer.daemon = True
        self._timer.start()

    def _cut(self, opened: socket.socket) -> None:
        self.is_over = True
        with opened:
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it has ended by itself

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            (opened,) = self._timer.args
            opened.close()


@contextmanager
def _opened(addresses: list[Address], port: int) -> Iterator[tuple[socket.socket, _Watch]]:
    """A connection to the first of these addresses that takes one."""
    watch = _Watch(TIMEOUT_SECONDS)
    for number, address in enumerate(addresses, 1):
        try:
            opened = _connected(address, port, watch.left)
            break
        except OSError as error:
            if number == len(addresses):
                raise Unreachable(_why(error, is_late=False)) from None
    with opened:
        watch.guard(opened)
        try:
            yield opened, watch
        finally:
            watch.end()


def _connected(address: Address, port: int, timeout_seconds: float) -> socket.socket:
    # By hand: socket.create_connection would ask for names once more.
    opened = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6)
    try:
        opened.settimeout(timeout_seconds)
        opened.connect((str(address), port))
    except OSError:
        opened.close()
        raise
    return opened


def _ask(
    target: Target,
    opened: socket.socket,
    watch: _Watch,
    body: bytes,
    headers: Mapping[str, str],
    started: float,
) -> Answer:
    connection = _connection(target, opened)
    try:
        connection.request(
            "POST", target.path, body=body, headers=headers, preload_content=False,
            decode_content=False,
        )  # fmt: skip
        response = connection.getresponse()
        if watch.is_over:  # the end of what had come passes for the end of the headers
            raise TimeoutError
        latency_ms = round(1000 * (time.monotonic() - started))
        begun, is_whole = _beginning(response)
        return Answer(response.status, response.headers, begun, is_whole, latency_ms)
    finally:
        connection.close()


def _connection(target: Target, opened: socket.socket) -> HTTPConnection:
    """urllib3's, over a socket that is open already: it resolves nothing and chooses nothing."""
    more: dict[str, Any] = {"timeout": TIMEOUT_SECONDS}
    if target.scheme == "https":
        more |= {"ssl_context": ssl.create_default_context(), "server_hostname": target.host}
    kind = {"https": _OverOpenTls, "http": _OverOpen}[target.scheme]
    connection = kind(target.host, target.port, **more)
    connection.opened = opened
    return connection


class _OverOpen(HTTPConnection):
    opened: socket.socket

    def _new_conn(self) -> socket.socket:
        return self.opened


class _OverOpenTls(HTTPSConnection):
    opened: socket.socket

    def _new_conn(self) -> socket.socket:
        return self.opened


def _beginning(response: BaseHTTPResponse) -> tuple[bytes, bool]:
    """As much of the body as we read, and whether that is all of it."""
    try:
        read = response.read(MAX_ANSWER_BYTES + 1, decode_content=False)
    except (HTTPError, HTTPException, OSError, ValueError):
        return b"", False
    return read[:MAX_ANSWER_BYTES], len(read) <= MAX_ANSWER_BYTES


def _why(error: BaseException, *, is_late: bool) -> str:
    reason = getattr(error, "reason", None)
    if is_late or isinstance(error, TimeoutError) or "timed out" in str(error):
        return _("No answer within %(seconds)d seconds.") % {"seconds": TIMEOUT_SECONDS}
    for each in (error, reason, error.__cause__):
        if isinstance(each, ssl.SSLCertVerificationError):
            return _("Its certificate is not valid: %(why)s") % {"why": each.verify_message}
        if isinstance(each, ssl.SSLError):
            return _("It does not speak TLS as it should.")
    if isinstance(error, ConnectionRefusedError):
        return _("Nobody listens there: the connection was refused.")
    return _("The connection broke, or what came is not HTTP.")
