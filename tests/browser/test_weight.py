"""What the room page costs a cold browser."""

import re

from django.conf import settings

from chat import assets
from tests.browser.windows import wait

MAX_REQUESTS = 6
MAX_STYLE_BYTES = 10_000
MAX_SCRIPT_BYTES = 25_000
MAX_BYTES = 60_000

# The rules of a style sheet as the browser has understood them.
RULES = """text => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    return [...sheet.cssRules].map(rule => rule.cssText)
}"""


def test_the_room_page_is_six_requests_and_60_kilobytes(windows):
    window = windows.person("member1")
    listener = window.page.context.new_cdp_session(window.page)
    listener.send("Network.enable")
    urls, sizes = {}, {}
    listener.on(
        "Network.requestWillBeSent",
        lambda event: urls.update({event["requestId"]: event["request"]["url"]}),
    )
    listener.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    window.go_live("general")
    window.page.wait_for_load_state("networkidle")
    wait(window, lambda: set(urls) == set(sizes))
    assert window.page.locator("#messages > .message").count() == 50

    # What comes out of the cache has no size: the icon stands in the page and on the tab.
    weights = {urls[key]: size for key, size in sizes.items() if size}
    requests = [f"{urls[key]} {size}" for key, size in sizes.items() if size]
    assert len(requests) <= MAX_REQUESTS, "\n".join(requests)
    assert sum(sizes.values()) <= MAX_BYTES, weights
    styles = {url: size for url, size in weights.items() if ".css" in url}
    assert len(styles) == 2
    assert sum(styles.values()) <= MAX_STYLE_BYTES, styles
    scripts = {url: size for url, size in weights.items() if url.endswith(".js")}
    assert len(scripts) == 2
    assert sum(scripts.values()) <= MAX_SCRIPT_BYTES, scripts
    # Typing and sending asks for nothing but the post itself.
    before = set(sizes)
    window.say("without another request")
    window.sees("without another request")
    wait(window, lambda: window.composer.count() == 1 and set(urls) == set(sizes))
    new = [urls[key] for key in sizes.keys() - before if sizes[key]]
    assert [url.rpartition("/rooms/")[2] for url in new] == ["general/messages/"]


def test_the_stylesheet_that_is_served_says_what_its_sources_say(windows):
    page = windows.person("member1").go("/people/").page
    folder = settings.BASE_DIR / "static/css"

    def rules(text):
        # A custom property is kept as it was written.
        return [re.sub(r"\s+", " ", rule) for rule in page.evaluate(RULES, text)]

    served = rules(assets.joined())

    sources = [rule for path in folder.glob("**/*.css") for rule in rules(path.read_text())]
    assert sorted(served) == sorted(sources)
    assert len(served) > 20
