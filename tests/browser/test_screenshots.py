"""The README's pictures, taken anew each time; SCREENSHOTS=1 puts them into docs/images.

SCREENSHOTS=1 make test PYTEST_ARGS=tests/browser/test_screenshots.py
"""

import os
import struct

import pytest
from playwright.sync_api import expect

from tests.server import site as sites

IMAGES = sites.CHECKOUT / "docs" / "images"
# A page of one colour is smaller by far.
LEAST_BYTES = 15_000

TALK = (
    ("member3", "The new pond liner has arrived. **Who has a van** on Saturday?", "general"),
    ("member6", "I have one, and the morning free. 🐸", "general"),
    ("member3", "Wonderful! Shall we say nine, at the gate?", "general"),
    ("member2", "I'll bring the pump. It hums at last:", "general"),
    (
        "member2",
        "```python\ndef croak(times: int) -> str:\n    return 'rrr' * times\n```",
        "general",
    ),
    ("member5", "> Shall we say nine?\n\nNine is fine. I'll tell the others.", "general"),
    ("member1", "Then that is settled: *nine, at the gate*. See you there!", "general"),
    ("member4", "Has anybody seen the small whiteboard?", "room-3"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = sites.populated(
        tmp_path_factory.mktemp("pond") / "data", people=12, rooms=6, messages=400
    )
    with sites.running(folder) as site:
        site.shell(f"for author, body, room in {TALK!r}: say(body, author, room)")
        yield site


def test_a_room_on_a_wide_screen_by_day(windows, tmp_path):
    window = windows.person(
        "member1", viewport={"width": 1280, "height": 800}, color_scheme="light"
    )
    window.go_live()
    expect(window.page.locator("#rooms [data-unread]")).to_have_count(1)
    window.composer.fill("And who brings the cake?")
    _take(window, tmp_path / "room-light.png", (1280, 800))


def test_a_room_on_a_phone_by_night_without_javascript(windows, tmp_path):
    window = windows.person(
        "member2",
        java_script_enabled=False,
        viewport={"width": 360, "height": 740},
        color_scheme="dark",
    )
    window.go()
    window.page.frame_locator("iframe.stream").get_by_text("See you there!").wait_for()
    _take(window, tmp_path / "phone-dark.png", (360, 740))


def _take(window, path, size):
    picture = window.page.screenshot(path=path)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == size
    assert len(picture) > LEAST_BYTES
    if os.environ.get("SCREENSHOTS"):
        IMAGES.mkdir(parents=True, exist_ok=True)
        (IMAGES / path.name).write_bytes(picture)
    assert (IMAGES / path.name).is_file(), f"{path.name} is missing: {__doc__}"
