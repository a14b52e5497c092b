"""The page as a screen reader tells it, under a thumb, and at four times its size."""

from playwright.sync_api import expect

REACTS = """
from chat.actions.changes import toggle_reaction
alice, said = Person.objects.get(username="member1"), Message.objects.latest("pk")
toggle_reaction(person=alice, message=said, emoji="🐸")
"""
WEIGHT = "(element) => getComputedStyle(element).fontWeight"


def told(window, text):
    """What is read out of the message that says this."""
    return window.page.locator("#messages > .message").filter(has_text=text).aria_snapshot()


def test_a_message_that_continues_another_says_who_speaks(windows):
    bob = windows.person("member2").go_live("room-2")
    alice = windows.person("member1").go_live("room-2")
    bob.say("The liner is here")
    bob.say("It is heavy")
    alice.sees("The liner is here", "It is heavy")
    name = alice.page.locator(".message-author").last.inner_text()

    message = alice.page.locator("#messages > .message").last
    assert message.get_attribute("data-continues") is not None
    assert name in told(alice, "It is heavy").split("It is heavy")[0]
    # Once for each, and no more ways to go past than before.
    assert told(alice, "The liner is here").split("The liner is here")[0].count(name) == 1
    assert message.locator(".message-author").is_hidden()


def test_ones_own_reaction_is_told_apart_without_colours(site, windows):
    bob = windows.person("member2").go_live("room-2")
    alice = windows.person("member1").go_live("room-2")
    bob.say("Who comes along?")
    alice.sees("Who comes along?")
    site.shell(REACTS)

    hers = alice.page.locator("#messages > .message").last.locator(".reaction")
    his = bob.page.locator("#messages > .message").last.locator(".reaction")
    expect(hers).to_have_count(1)
    expect(his).to_have_count(1)
    assert "You reacted." in hers.aria_snapshot()
    assert "You reacted." not in his.aria_snapshot()
    weights = [each.locator(".reaction-count").evaluate(WEIGHT) for each in (hers, his)]
    assert weights == ["700", "400"]
