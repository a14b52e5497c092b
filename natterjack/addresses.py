"""The site's address: as people give it, and as sockets and requests need it. Pure."""

import re
from urllib.parse import quote, urlsplit

from natterjack.errors import Misused

_LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|\[::1\]")


def site_address(given: str) -> str:
    """`scheme://host[:port]` of any address on the site; raises Misused where it is none.

    Without a scheme it is https, and http on this machine itself.
    """
    text = given.strip()
    if "://" not in text:
        text = f"{'http' if _is_loopback(text) else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme) if host else ""
    if scheme not in {"http", "https"} or not re.fullmatch(r"[\w.:-]+", host or ""):
        raise Misused(f"{given!r} is no address of a site: https://chat.example.org is one.")
    shown = f"[{host}]" if ":" in str(host) else str(host)
    return f"{scheme}://{shown}" + (f":{port}" if port else "")


def socket_address(site: str, room: str | None) -> str:
    """Where the socket of one room is, or of the whole chat. It is silent until it is resumed."""
    place = f"{quote(room, safe='')}/" if room else ""
    return f"ws{site.removeprefix('http')}/ws/chat/{place}?resume=1"


def history_address(site: str, room: str) -> str:
    return f"{site}/api/v1/rooms/{quote(room, safe='')}/messages/"


def is_readable_on_the_way(site: str) -> bool:
    """True when what goes there, the token too, goes unencrypted and leaves this machine."""
    return site.startswith("http://") and not _is_loopback(site.removeprefix("http://"))


def _is_loopback(authority: str) -> bool:
    return bool(re.match(rf"({_LOOPBACK.pattern})(:|/|$)", authority, re.IGNORECASE))
