"""Names while they are typed: the lists follow, and the box keeps its text, caret and focus."""

import pytest
from playwright.sync_api import expect

BOX = "() => [document.activeElement.value, document.activeElement.selectionStart]"


def options(window):
    return window.page.locator("#suggestions option")


def values(window):
    return options(window).evaluate_all("options => options.map(option => option.value)")


def mark(window):
    """Marks the box, to see that it is the same one later."""
    window.page.locator("[name=body]").evaluate("box => { box.isTheSame = true }")


def is_the_same(window):
    return window.page.evaluate("() => document.activeElement.isTheSame === true")


def test_the_list_follows_what_is_typed_and_the_box_is_never_touched(windows):
    writer = windows.person("member1").go_live("room-2")
    reader = windows.person("member2").go_live("room-2")
    expect(writer.composer).to_be_focused()
    mark(writer)
    writer.page.keyboard.type("hello @mem", delay=40)
    expect(writer.page.locator("#suggestions [value='hello @member2']")).to_be_attached()
    assert "hello @member1" not in values(writer)
    reader.say("meanwhile")
    writer.sees("meanwhile")

    writer.page.keyboard.type("ber2", delay=40)
    expect(options(writer)).to_have_count(0)
    writer.page.keyboard.type(" :tad", delay=40)
    expect(options(writer).first).to_have_attribute("value", "hello @member2 :tada:")
    assert writer.page.evaluate(BOX) == ["hello @member2 :tad", 19]
    assert is_the_same(writer)

    writer.page.keyboard.type("a:\n", delay=40)
    reader.sees("meanwhile", "hello @member2 🎉")
    expect(options(writer)).to_have_count(0)
    mention = reader.page.locator("#messages > .message").last
    stripe = "element => getComputedStyle(element).boxShadow"
    other = reader.page.locator("#messages > .message").nth(-2)
    assert mention.evaluate(stripe) != other.evaluate(stripe)
    unmarked = writer.page.locator("#messages > .message").last
    assert unmarked.evaluate(stripe) == other.evaluate(stripe)


def test_a_choice_beside_several_lines_is_what_is_posted(windows):
    writer = windows.person("member1").go_live("room-3")
    writer.page.locator(".composer-lines").click()
    expect(writer.page.locator("textarea[name=body]")).to_be_focused()
    mark(writer)
    writer.page.keyboard.type("one\nhi @member", delay=40)
    # The answer to the last letter: it would take the place of what was chosen before it came.
    expect(writer.page.locator('#choices [value="@member @member3"]')).to_be_visible()
    choice = writer.page.locator("#choices").get_by_text("@member3")
    choice.click()
    assert writer.page.locator("[name=body]").input_value() == "one\nhi @member"
    writer.page.locator("[name=body]").focus()
    assert is_the_same(writer)
    writer.page.keyboard.press("Control+End")
    writer.page.keyboard.type(" and bye", delay=40)
    expect(writer.page.locator("#choices [type=checkbox]")).to_be_checked()
    writer.page.locator(".composer-send").click()

    last = writer.page.locator("#messages > .message").last
    expect(last.locator(".mention")).to_have_text("@member3")
    expect(last.locator(".message-body")).to_have_text("one\nhi @member3 and bye")
    expect(writer.page.locator("#choices label")).to_have_count(0)


# Each in a room of its own, and the message from elsewhere: who has just typed there is told of
# again a few seconds later.
@pytest.mark.parametrize(("deed", "room"), (("Reply", "room-3"), ("Edit", "general")))
def test_a_box_in_a_messages_place_has_choices_too_and_is_never_touched(windows, site, deed, room):
    reader = windows.person("member2").go_live(room)
    writer = windows.person("member1").go_live(room)
    site.post("before", room=room)
    writer.sees("before")
    message = writer.page.locator("#messages > .message").last
    message.hover()
    message.locator(".message-slot").get_by_title("More").click()
    # Not before that htmx hears of a click in it.
    expect(message.locator(".menu").get_by_role("link", name="React")).to_be_focused()
    message.get_by_role("link", name=deed, exact=True).click()
    box = message.locator(".slot-form textarea")
    expect(box).to_be_focused()
    box.fill("")
    box.evaluate("box => { box.isTheSame = true }")
    writer.page.keyboard.type("see #kit", delay=40)
    expect(reader.page.locator("#typing")).to_contain_text("is typing…")
    writer.page.locator("#choices [value='#kit #room-2']").check()
    box.focus()
    writer.page.keyboard.press("Control+End")
    writer.page.keyboard.type(", @mem", delay=40)
    choice = writer.page.locator("#choices [value='@mem @member3']")
    expect(choice).to_be_visible()
    assert writer.page.evaluate(BOX) == ["see #kit, @mem", 14]
    assert is_the_same(writer)
    choice.check()
    message.locator(".slot-form").get_by_role("button").first.click()

    said = reader.page.locator("#messages > .message").last.locator(".message-body")
    expect(said).to_have_text("see #room-2, @member3")
    expect(said.locator("a.room-link")).to_have_text("#room-2")
    expect(writer.page.locator("#choices label")).to_have_count(0)


def test_without_javascript_a_begun_name_is_asked_back(windows):
    windows.allow("status of 422")
    writer = windows.person("member1", java_script_enabled=False).go("/rooms/room-2/?plain=1")
    writer.page.locator("[name=body]").fill("lunch, @member?")
    writer.page.locator(".composer-send").click()

    writer.page.get_by_text("@member4").click()
    expect(writer.page.locator("#kept-body")).to_have_value("lunch, @member?")
    writer.page.locator("main form [type=submit]").last.click()
    expect(writer.page.locator(".mention").last).to_have_text("@member4")


def test_telling_very_many_is_confirmed_beside_the_box(windows, site):
    windows.allow("status of 422", "htmx:responseError", "Response Status Error Code 422")
    site.shell(
        "room = Room.objects.get(slug='room-2')\n"
        "for number in range(20):\n"
        "    name = f'frog{number}'\n"
        "    person = Person.objects.create(username=name, skeleton=name, name=name)\n"
        "    Membership.objects.create(room=room, person=person)\n"
    )
    writer = windows.person("member1").go_live("room-2")
    expect(writer.composer).to_be_focused()
    writer.page.keyboard.type("@room lunch\n", delay=40)

    answer = writer.page.locator(".composer-answer:not(:empty)")
    expect(answer).to_contain_text("Send it again to do so.")
    answer.get_by_role("button").click()
    expect(writer.page.locator("#messages > .message").last).to_contain_text("@room lunch")
    expect(writer.page.locator(".composer-answer:not(:empty)")).to_have_count(0)
    expect(writer.composer).to_have_count(1)
