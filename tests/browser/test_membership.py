"""A page follows what happens to its room, and to its reader in it; what is typed stays."""

from playwright.sync_api import expect


def test_who_is_taken_out_of_a_public_room_and_let_in_again_keeps_what_they_typed(windows):
    owner, member = windows.person("member1"), windows.person("member2")
    member.go("/rooms/room-3/")
    member.wait_until_live()
    member.composer.first.fill("half a sentence")
    join = member.page.get_by_role("button", name="Join this room")
    expect(join).to_be_hidden()

    owner.go("/rooms/room-3/members/")
    row = owner.page.locator(".rows li", has_text="@member2")
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    expect(join).to_be_visible()
    expect(member.composer.first).to_be_hidden()

    owner.page.get_by_text("Add people").click()
    owner.page.get_by_label("@member2").check()
    owner.page.get_by_role("button", name="Add to this room").click()
    expect(member.composer.first).to_be_visible()
    expect(member.composer.first).to_have_value("half a sentence")
    expect(join).to_be_hidden()


def test_an_archived_room_has_no_box_on_any_open_page_until_it_is_opened_again(windows):
    owner, member = windows.person("member1"), windows.person("member2")
    member.go("/rooms/room-2/")
    member.wait_until_live()
    member.composer.first.fill("half a sentence")

    owner.go("/rooms/room-2/settings/")
    owner.page.get_by_role("button", name="Archive this room").click()
    owner.page.wait_for_url("**/rooms/room-2/")
    expect(owner.composer.first).to_be_hidden()
    sentence = member.page.get_by_text("it can be read, but not written in")
    expect(sentence).to_be_visible()
    expect(member.composer.first).to_be_hidden()
    expect(member.page.locator("#rooms a[href='/rooms/room-2/']")).to_have_count(0)

    owner.go("/rooms/room-2/settings/")
    owner.page.get_by_role("button", name="Open it again").click()
    expect(sentence).to_be_hidden()
    expect(member.composer.first).to_be_visible()
    expect(member.composer.first).to_have_value("half a sentence")
    member.composer.first.press("Enter")
    member.sees("half a sentence")


def test_without_scripts_a_room_is_made_private_and_archived_by_forms(windows):
    owner = windows.person("member1", java_script_enabled=False)
    owner.go("/rooms/room-3/settings/?plain=1")
    owner.page.get_by_text("Make this room private").click()
    owner.page.get_by_role("button", name="Make it private").click()
    expect(owner.page.get_by_text("Private: only the people in it")).to_be_visible()
    owner.page.get_by_text("Make this room public").click()
    owner.page.get_by_role("button", name="Make it public").click()
    expect(owner.page.get_by_text("Public: every member")).to_be_visible()

    owner.page.get_by_role("button", name="Archive this room").click(no_wait_after=True)
    expect(owner.page.locator("#room-state")).to_contain_text("archived")
    expect(owner.composer).to_have_count(0)
    owner.go("/rooms/room-3/settings/?plain=1")
    owner.page.get_by_role("button", name="Open it again").click(no_wait_after=True)
    expect(owner.composer.first).to_be_visible()
