"""The newest page of a room's list, as it is kept."""

import pytest

from tests.visits import say

pytestmark = pytest.mark.django_db


def test_a_page_with_a_message_that_could_not_be_rendered_is_not_kept(
    alice, lobby, bobs, overrides, data_dir, settings
):
    say(alice, lobby, 1)
    overrides("chat/fragments/message.html", '{% include "late.html" %}')
    assert "This message can" in bobs.get("/rooms/general/").content.decode()

    late = data_dir / "templates" / "late.html"
    late.write_text("Here it is.")
    settings.TEMPLATES = [*settings.TEMPLATES]  # forgets that there was no such template

    try:
        assert "Here it is." in bobs.get("/rooms/general/").content.decode()
    finally:
        late.unlink()
