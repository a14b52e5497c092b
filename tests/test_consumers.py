import pytest

from tests.sockets import token_of

pytestmark = pytest.mark.django_db(transaction=True)


async def test_plain_text_is_a_message_to_everybody_in_the_room(alice, bob, connect):
    hers = await connect(token=await token_of(alice), path="/ws/chat/general/", resume=0)
    his = await connect(token=await token_of(bob), path="/ws/chat/general/", resume=0)

    await his.say("Hello, server!")

    assert "Hello, server!" in await hers.until_heard('<li id="message-')
    assert "Hello, server!" in await his.until_heard('<li id="message-')
