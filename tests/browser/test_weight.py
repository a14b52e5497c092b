"""What the room page costs a cold browser."""

from tests.browser.windows import wait

MAX_REQUESTS = 6
MAX_SCRIPT_BYTES = 25_000
MAX_BYTES = 60_000


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
