"""`natterjack rooms`: the rooms that one is in, and how much is unread in each."""

import json

from natterjack.credentials import Credentials
from natterjack.errors import UNREADABLE, Lost, Refused
from natterjack.harmless import harmless_line
from natterjack.output import write
from natterjack.wire import Frame, opened


async def rooms(credentials: Credentials, *, as_json: bool) -> None:
    """One line each: what commands call it, what is unread, what people call it."""
    hello = await greeting(credentials)
    if "read" not in hello.get("scopes", ()):
        raise Refused(UNREADABLE)
    listed = hello["rooms"]
    if as_json:
        for room in listed:
            write(json.dumps(room, ensure_ascii=True))
        return
    width = max((len(harmless_line(str(room["room"]))) for room in listed), default=0)
    for room in listed:
        unread = f"{room['unread']} unread" if room.get("unread") else "-"
        slug, name = harmless_line(str(room["room"])), harmless_line(str(room["name"]))
        write(f"{slug:<{width}}  {unread:<10}  {name}".rstrip())


async def greeting(credentials: Credentials) -> Frame:
    """What the site says at once of who we are and where; raises Refused where it does not."""
    try:
        async with opened(credentials) as wire:
            return wire.hello
    except Lost as lost:
        raise Refused(str(lost)) from None
