"""The page as a screen reader tells it, under a thumb, and at four times its size."""


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
