"""What a fault has in its hands: the chat, and the lines that lead to it."""

from dataclasses import dataclass

from soak.sites import Backend
from tests.server.proxy import Line
from tests.servers import Server


@dataclass(kw_only=True)
class Scene:
    """The chat, the lines to its processes, and the line to Redis where there is one."""

    chat: Backend
    lines: list[Line]
    bell: Line | None = None

    @property
    def pid(self) -> int:
        """The only process of the chat, or the first."""
        assert self.chat.site.process is not None
        return self.chat.site.process.pid

    @property
    def database(self) -> Server:
        assert self.chat.database is not None
        return self.chat.database

    @property
    def redis(self) -> Server:
        assert self.chat.redis is not None
        return self.chat.redis
