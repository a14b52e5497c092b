"""What a page is offered while somebody types."""

import pytest

from chat import suggestions
from chat.actions.people import change_person
from chat.actions.rooms import create_room
from chat.database import in_database
from chat.models import Membership, Message, Person, Role, RoomKind
from project.environment import Rate
from tests.sockets import token_of

pytestmark = pytest.mark.django_db(transaction=True)
ROOM = "/ws/chat/general/"


@pytest.fixture
async def hers(alice, connect):
    """A page of Alice's in the lobby."""
    return await connect(token=await token_of(alice), path=ROOM, resume=0)


async def typing(socket, body, **more):
    # As htmx writes a form: the type first, without spaces.
    text = '{"type":"suggest"' + "".join(
        f',"{name}":"{value}"' for name, value in {"body": body, **more}.items()
    )
    await socket.say(text + "}")


async def offered(socket, body, **more):
    await typing(socket, body, **more)
    return await socket.until_heard("#suggestions")


async def silence(socket):
    """Whatever was said before is answered, and none of the answers offers anything."""
    await socket.say('{"type":"unknown"}')
    heard = len(socket.heard)
    await socket.until_heard("#notice")
    return all("#suggestions" not in frame for frame in socket.heard[heard:])


async def test_a_begun_name_is_offered_as_a_completed_line_and_as_a_choice(hers, bob):
    frame = await offered(hers, "hello @b")

    assert '<option value="hello @bob" label="Bob">' in frame
    assert 'type="radio" name="choice" value="@b @bob"' in frame
    assert 'name="body"' not in frame


async def test_who_is_found_by_name_has_what_was_typed_in_the_label(hers, bob):
    await in_database(Person.objects.filter(pk=bob.pk).update, name="Robert Toad")

    assert '<option value="hi @bob" label="hi @toa → Robert Toad">' in await offered(
        hers, "hi @toa"
    )


async def test_emoji_are_offered_by_name(hers):
    frame = await offered(hers, "well done :tad")

    assert '<option value="well done :tada:" label="🎉">' in frame
    assert 'value=":tad :tada:"' in frame


async def test_rooms_are_offered_by_address_and_by_name(hers, bob):
    room = await in_database(
        create_room, creator=bob, name="The Still Pond", purpose="", kind=RoomKind.PUBLIC
    )
    frame = await offered(hers, "see #gen")
    assert '<option value="see #general" label="general">' in frame
    assert 'name="choice" value="#gen #general"' in frame

    for begun in ("#the", "#still", "#pon"):
        assert f'value="{begun} #{room.slug}"' in await offered(hers, begun)


async def test_no_room_is_offered_that_would_not_be_a_link(
    alice, bob, pond, invite, lobby, connect
):
    side = await in_database(
        create_room, creator=bob, name="Pondside", purpose="", kind=RoomKind.PUBLIC
    )
    greta = await in_database(invite, "greta", Role.GUEST, [lobby])
    theirs = await connect(token=await token_of(greta), path=ROOM, resume=0)
    hers = await connect(token=await token_of(alice), path=ROOM, resume=0)

    frame = await offered(hers, "#pon")
    assert frame.count("<option") == 1
    assert f'"#{side.slug}"' in frame
    assert '"#general"' in await offered(theirs, "#gen")
    await typing(theirs, "#pon")
    assert "<option" not in await theirs.until_heard("#suggestions")


async def test_everybody_is_offered_too(hers, bob):
    frame = await offered(hers, "@")

    assert frame.index('value="@bob"') < frame.index('value="@here"') < frame.index('value="@room"')
    assert 'value="@alice"' not in frame


@pytest.mark.parametrize(
    "body",
    ("", "hello", "ada@exa", ":", "10:30", "@nobody-is-called-so", "#", "C#gen", "#no-such-room"),
)
async def test_anything_else_is_answered_by_nothing(body, hers):
    await typing(hers, body)

    assert await silence(hers)


async def test_when_nothing_is_to_be_offered_any_more_the_lists_are_emptied_once(hers, bob):
    await offered(hers, "@b")

    emptied = await offered(hers, "@bob ")
    assert "<option" not in emptied
    assert "<input" not in emptied
    await typing(hers, "@bob hi")
    assert await silence(hers)


async def test_what_was_chosen_stays_while_its_name_stands_in_the_box(hers, bob):
    await offered(hers, "@b")

    kept = await offered(hers, "@b hello", choice="@b @bob")
    assert 'type="checkbox" name="choice-1" value="@b @bob" checked' in kept
    gone = await offered(hers, "hello", **{"choice-1": "@b @bob"})
    assert "<input" not in gone


async def test_nobody_is_offered_who_may_not_see_the_room(alice, bob, charlie, pond, connect):
    socket = await connect(token=await token_of(alice), path="/ws/chat/pond/", resume=0)

    assert '"@bob"' in await offered(socket, "@b")
    await typing(socket, "@char")
    assert "<option" not in await socket.until_heard("#suggestions")


async def test_who_is_switched_off_is_not_offered(alice, charlie, hers):
    await in_database(
        change_person, editor=alice, person=charlie, role=Role.MEMBER, is_active=False
    )
    await typing(hers, "@char")

    assert await silence(hers)


async def test_a_guest_is_offered_nobody_whom_they_may_not_know(alice, bob, invite, lobby, connect):
    greta = await in_database(invite, "greta", Role.GUEST, [lobby])
    await in_database(Membership.objects.filter(room=lobby, person=bob).delete)
    socket = await connect(token=await token_of(greta), path=ROOM, resume=0)

    frame = await offered(socket, "@")
    assert '"@alice"' in frame
    assert "@bob" not in frame
    assert "@room" not in frame


async def test_at_most_eight_are_offered_and_all_of_them_are_in_the_room(
    alice, bob, invite, connect
):
    for number in range(9):
        await in_database(invite, f"bert{number}")
    room = await in_database(
        create_room, creator=bob, name="Kitchen", purpose="", kind=RoomKind.PUBLIC
    )
    kitchen = await connect(token=await token_of(alice), path=f"/ws/chat/{room.slug}/", resume=0)
    lobby = await connect(token=await token_of(alice), path=ROOM, resume=0)

    frame = await offered(kitchen, "@b")
    assert '"@bob"' in frame
    assert "@bert" not in frame
    assert (await offered(lobby, "@b")).count("<option") == suggestions.MAX_OPTIONS


async def test_a_name_with_markup_in_it_is_text(hers, bob):
    await in_database(Person.objects.filter(pk=bob.pk).update, name='"><script>')

    frame = await offered(hers, "@b")
    assert "<script" not in frame
    assert "&quot;&gt;&lt;script&gt;" in frame


@pytest.mark.parametrize("text", ('"body":7', '"body":null', '"body":["@b"]', '"choice":{"a":[1]}'))
async def test_whatever_else_a_frame_holds_does_no_harm(text, hers):
    await hers.say('{"type":"suggest",' + text + "}")

    assert await silence(hers)


async def test_who_types_much_is_passed_over_and_goes_on(hers, bob, settings):
    settings.LIMIT_FRAMES = Rate(20, 3600)
    for _time in range(50):
        await typing(hers, "@b")
    await hers.say("Hello")

    await hers.until_heard('<li id="message-')
    assert len([frame for frame in hers.heard if "#suggestions" in frame]) == 20
    assert await in_database(Message.objects.count) == 1


async def test_what_was_kept_while_no_server_was_there_ends_no_socket(hers, bob, settings):
    settings.LIMIT_FRAMES = Rate(20, 3600)
    for _time in range(100):
        await hers.say('{"type":"typing"}')
        await typing(hers, "@b")
    await hers.say("Hello")

    await hers.until_heard('<li id="message-')


@pytest.mark.parametrize("text", ('{"type":"typing"}', '{"type":"suggest","body":"nothing"}'))
async def test_a_flood_ends_the_socket(text, hers, settings):
    settings.LIMIT_FRAMES = Rate(20, 3600)
    for _time in range(700):
        await hers.say(text)

    assert await hers.closed() == 4429


def test_what_begins_no_name_asks_the_database_nothing(lobby, alice, django_assert_num_queries):
    with django_assert_num_queries(0):
        for body in ("hello", "hello :ta"):
            what = suggestions.typed({"body": body})
            suggestions.options(what, person_id=alice.pk, room_id=lobby.pk)
    with django_assert_num_queries(3):
        what = suggestions.typed({"body": "@a"})
        suggestions.options(what, person_id=alice.pk, room_id=lobby.pk)


def test_a_long_text_is_not_repeated_in_each_option(lobby, alice, bob):
    what = suggestions.typed({"body": "x" * 2000 + " @b"})
    found = suggestions.options(what, person_id=alice.pk, room_id=lobby.pk)

    assert suggestions._lines(what, found) == []
    assert [each.name for each in found] == ["@bob"]
