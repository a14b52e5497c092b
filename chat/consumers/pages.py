"""Pages: finished fragments go out, and what a page's forms send comes in."""

from typing import Any

from chat import fragments, frames, hub, suggestions
from chat.consumers.base import Ended, Socket, Step, unknown
from chat.errors import Refused
from chat.fragments import Kind
from chat.handshake import Visitor


class Page(Socket):
    """A socket that receives HTML, for the ws extension of htmx."""

    def kind_of(self, visitor: Visitor) -> Kind:
        return Kind.of(visitor.person)

    def room_id_of(self, visitor: Visitor) -> int | None:
        return visitor.room.pk if visitor.room and visitor.shows_list else None

    async def say_goodbye(self, code: int, kind: Kind) -> None:
        await self.write(fragments.goodbye(code, kind))

    async def begin(self) -> None:
        self.suggester = suggestions.Suggester(self.reader)

    async def go_live(self) -> None:
        await hub.current().resume(self.reader, None)

    def admit(self, text: str) -> bool:
        if not frames.is_typed(text):
            return super().admit(text)
        if self.suggester.may_ask():
            return True
        if self.suggester.is_flooded:
            raise Ended(4429)
        return False

    def reader_of(self, frame: dict[str, Any]) -> hub.Reader:
        return self.reader

    async def handle(self, step: Step, frame: dict[str, Any]) -> None:
        # A table of our own: what a client writes never names a method or reaches the layer.
        match frame["type"]:
            case "resume":
                await self._resume(frame)
            case "read":
                self.read(frame)
            case "edit" | "delete" | "react":
                await self.change(step, frame)
            case "typing":
                hub.note(self.reader.person_id)
                await hub.current().typing.say(self.reader)
            case "suggest":
                if lists := await self.suggester.answer(frame):
                    await self.write(lists)
            case _:
                raise unknown()

    async def refuse(self, step: Step, error: Refused) -> None:
        await self.write(fragments.refusal(str(error.sentence), self.reader.kind))

    async def _resume(self, frame: dict[str, Any]) -> None:
        self.has_asked = True
        after = frames.number(frame, "after")
        async with self.turn:
            await hub.current().resume(self.reader, after, same_epoch=self.is_same_epoch(frame))
