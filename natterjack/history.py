"""Messages that were posted before: over HTTP, page by page, in their order."""

import asyncio
import contextlib
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from natterjack import __version__
from natterjack.addresses import history_address
from natterjack.credentials import Credentials
from natterjack.errors import UNKNOWN, Lost, Refused
from natterjack.harmless import harmless_line

Message = dict[str, Any]

PAGE = 100
TIMEOUT_SECONDS = 20
MAX_ANSWER_BYTES = 32 * 2**20


@dataclass(frozen=True)
class _Page:
    messages: list[Message]
    has_older: bool
    has_newer: bool


async def newest(
    credentials: Credentials, room: str, *, count: int, until_seq: int
) -> list[Message]:
    """The last `count` messages up to this place in the room's log, the oldest of them first."""
    found: list[Message] = []
    before = until_seq + 1
    while (missing := count - len(found)) > 0:
        page = await _page(credentials, room, before=before, limit=min(missing, PAGE))
        found = page.messages + found
        if not page.messages or not page.has_older:
            break
        before = int(found[0]["seq"])
    return found


async def between(
    credentials: Credentials, room: str, *, after_seq: int, until_seq: int
) -> AsyncIterator[Message]:
    """Every message after the one place and up to the other, in order."""
    while after_seq < until_seq:
        page = await _page(credentials, room, after=after_seq, limit=PAGE)
        for message in page.messages:
            if message["seq"] > until_seq:
                return
            yield message
        if not page.messages or not page.has_newer:
            return
        after_seq = int(page.messages[-1]["seq"])


async def _page(credentials: Credentials, room: str, **query: int) -> _Page:
    address = f"{history_address(credentials.site, room)}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(  # noqa: S310
        address,
        headers=credentials.headers
        | {"Accept": "application/json", "User-Agent": f"natterjack/{__version__}"},
    )
    answer = await asyncio.to_thread(_fetch, request)
    try:
        messages = sorted(answer["messages"], key=lambda message: int(message["seq"]))
    except (KeyError, TypeError, ValueError):
        raise Refused(UNKNOWN) from None
    return _Page(messages, answer.get("has_older", True), answer.get("has_newer", True))


def _fetch(request: urllib.request.Request) -> dict[str, Any]:
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            content = json.loads(answer.read(MAX_ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Lost(f"The site's history can't be had: {type(error).__name__}.") from None
    return content if isinstance(content, dict) else {}


def _refusal(error: urllib.error.HTTPError) -> Exception:
    detail = f"The site answers with {error.code} where its history should be."
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        detail = harmless_line(str(json.loads(error.read(10_000))["detail"]))
    return (Lost if error.code >= 500 or error.code == 429 else Refused)(detail)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token goes to the site that it was made for, and not where that may send us."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)
