"""What has come over an open socket and is not taken yet."""

import asyncio
from typing import Any


class Arrivals:
    """Stands in the place of asyncio's Queue, which keeps four deques of 760 bytes for each page
    that is open and quiet. One at a time takes from it."""

    __slots__ = ("_arrival", "_messages")

    def __init__(self) -> None:
        self._messages: list[dict[str, Any]] = []
        self._arrival: asyncio.Future[None] | None = None

    def qsize(self) -> int:
        return len(self._messages)

    def put_nowait(self, message: dict[str, Any]) -> None:
        self._messages.append(message)
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    async def get(self) -> dict[str, Any]:
        """The oldest one, as soon as there is one. Whoever is cancelled has taken none."""
        while not self._messages:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        return self._messages.pop(0)
