"""An answer that is not there yet: what it waits for comes to the loop, and holds no thread."""

from collections.abc import Awaitable, Callable

from django.http import HttpResponse

Wait = Callable[[], Awaitable[HttpResponse]]


class Later(HttpResponse):
    """Is answered as it is by a server that can't wait; ours asks it to settle first."""

    def __init__(self, content: str, kind: str, wait: Wait) -> None:
        super().__init__(content, kind)
        self._wait = wait

    async def settled(self) -> HttpResponse:
        """With what has come meanwhile; the headers of the way out it has already."""
        found = await self._wait()
        self.status_code, self.content = found.status_code, found.content
        del self.headers["Content-Encoding"]  # of what it was before
        for name, value in found.items():
            self.headers[name] = value
        self.headers["Content-Length"] = str(len(found.content))
        return self
