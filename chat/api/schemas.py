"""What comes back, for the document: chat.payloads makes it, and tests hold the two together."""

from typing import Any, Literal

from ninja import Field, Schema

_AT = "2026-01-31T12:00:00.000000Z"


class Problem(Schema):
    """Why something was not done (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(description="A sentence.", examples=["Write something first."])
    code: str = Field(description="A word that stays, whatever the sentence.", examples=["invalid"])
    errors: dict[str, list[str]] = Field(
        default={}, description="Sentences by field.", examples=[{"body": ["Write something."]}]
    )


class Person(Schema):
    id: int = Field(examples=[2])
    username: str = Field(examples=["ada"])
    name: str = Field(examples=["Ada Lovelace"])


class Profile(Person):
    role: Literal["owner", "administrator", "member", "guest", "bot"] = Field(examples=["member"])
    is_active: bool


class SiteName(Schema):
    name: str = Field(examples=["The Pond"])


class Me(Profile):
    language: str = Field(examples=["en"])
    time_zone: str = Field(examples=["Europe/Berlin"])
    scopes: list[str] = Field(examples=[["post", "read"]], description="What you may do here.")
    site: SiteName
    epoch: str = Field(description="Another one: the site was restored; begin every log anew.")


class People(Schema):
    people: list[Profile]
    has_more: bool = Field(description="Go on with “after”: the last one's id.")


class Room(Schema):
    id: int = Field(examples=[1])
    slug: str = Field(examples=["general"])
    name: str = Field(examples=["General"])
    purpose: str = Field(examples=["For everything"])
    kind: Literal["public", "private", "direct"] = Field(examples=["public"])
    is_lobby: bool
    is_archived: bool
    seq: int = Field(description="The place at which its log ends.", examples=[42])
    is_member: bool
    people: list[Person] | None = Field(description="Who is in a direct conversation; else null.")


class Rooms(Schema):
    rooms: list[Room]
    has_more: bool = Field(description="Go on with “after”: the last one's id.")


class Members(Schema):
    members: list[Profile]
    has_more: bool = Field(description="Go on with “after”: the last one's id.")


class Reactions(Schema):
    emoji: str = Field(examples=["🐸"])
    count: int
    people: list[Person] = Field(description="The first ten of them.")


class Mentions(Schema):
    people: list[int] = Field(description="The ids of whom it tells.")
    room: bool = Field(description="Whether it tells everybody in the room.")


class Message(Schema):
    id: int = Field(examples=[7])
    room: str = Field(description="The slug of its room.", examples=["general"])
    seq: int = Field(description="Its place in the room's log.", examples=[41])
    author: Person
    body: str = Field(description="As it was typed; empty when deleted.", examples=["Hello *pond*"])
    html: str = Field(description="As it is shown.", examples=["<p>Hello <em>pond</em></p>"])
    created_at: str = Field(examples=[_AT])
    edited_at: str | None = Field(examples=[None])
    deleted_at: str | None = Field(examples=[None])
    version: int = Field(examples=[1])
    reply_to: int | None = Field(description="The id of what it quotes.", examples=[None])
    thread: int | None = Field(description="The id of what it answers.", examples=[None])
    in_room: bool = Field(description="Whether it stands in the room's list.")
    reply_count: int = Field(examples=[0])
    attachments: list[dict[str, Any]] = Field(examples=[[]])
    reactions: list[Reactions]
    mentions: Mentions


class MessagePage(Schema):
    messages: list[Message] = Field(description="In order, the oldest first.")
    has_older: bool
    has_newer: bool
    seq: int = Field(description="Where the log ended when they were read: follow from here.")


class Thread(MessagePage):
    root: Message


class Part(Schema):
    text: str
    is_hit: bool


class Hit(Schema):
    message: Message
    snippet: list[Part]


class Hits(Schema):
    hits: list[Hit]
    has_more: bool = Field(description="Go on with “older”, or with “skip” for the best.")
    older: int | None
    skip: int | None


class Line(Schema):
    room: str = Field(examples=["general"])
    name: str = Field(examples=["General"])
    kind: Literal["public", "private", "direct"] = Field(examples=["public"])
    unread: int = Field(description="New messages; at most 1 where it is not unread.")
    is_unread: bool = Field(description="Whether it is, by what you want to hear of the room.")
    mentions: int
    threads: int
    is_muted: bool


class Unread(Schema):
    rooms: list[Line]
    mentions: int
    threads: int


class Read(Schema):
    room: str = Field(examples=["general"])
    seq: int = Field(description="Up to where you have read.", examples=[40])


class Event(Schema, extra="allow"):
    """An entry of a room's log. What more it has depends on its “type” (docs/protocol.md)."""

    type: str = Field(examples=["message.posted"])
    room: str = Field(examples=["general"])
    seq: int = Field(examples=[41])
    at: str = Field(examples=[_AT])
    actor: Person | None


class Events(Schema):
    room: str = Field(examples=["general"])
    after: int = Field(examples=[40])
    seq: int = Field(description="Ask on with “after” set to this.", examples=[41])
    events: list[Event]
    has_more: bool = Field(description="There are more right now: ask at once.")
    epoch: str
