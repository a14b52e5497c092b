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

    weights = {urls[key]: sizes[key] for key in urls}
    assert len(urls) <= MAX_REQUESTS, "\n".join(urls.values())
    assert sum(sizes.values()) <= MAX_BYTES, weights
    scripts = {url: size for url, size in weights.items() if url.endswith(".js")}
    assert len(scripts) == 2
    assert sum(scripts.values()) <= MAX_SCRIPT_BYTES, scripts
    # Typing and sending asks for nothing but the post itself.
    before = len(urls)
    window.say("without another request")
    window.sees("without another request")
    wait(window, lambda: window.composer.count() == 1)
    posted = [url for url in list(urls.values())[before:] if not url.endswith("lines=one")]
    assert [url.rsplit("/rooms/")[1] for url in posted] == ["general/messages/"]
