"""How often somebody may do something, and for whom it is counted."""

import pytest
from django.test import RequestFactory

from chat import limits
from chat.errors import TooMany
from project.environment import Rate


def address(peer, *forwarded):
    headers = {"X-Forwarded-For": ", ".join(forwarded)} if forwarded else {}
    return limits.address_of(RequestFactory(REMOTE_ADDR=peer).get("/", headers=headers))


@pytest.mark.parametrize("proxy", ("127.0.0.1", "::1"))
def test_behind_a_proxy_a_browser_is_counted_by_the_address_that_the_proxy_saw(proxy, settings):
    settings.SITE_URL = "https://chat.example.org"

    assert address(proxy, "192.0.2.7") == "192.0.2.7"
    assert address(proxy) == proxy


def test_what_a_browser_claims_of_itself_counts_for_nothing(settings):
    settings.SITE_URL = "https://chat.example.org"

    assert address("127.0.0.1", "10.0.0.1", "10.0.0.2", "192.0.2.7") == "192.0.2.7"
    assert address("192.0.2.7", "10.0.0.1") == "192.0.2.7"


def test_without_a_site_url_no_proxy_is_believed(settings):
    settings.SITE_URL = ""

    assert address("127.0.0.1", "192.0.2.7") == "127.0.0.1"


def test_a_crowd_of_others_makes_no_counter_be_forgotten(clock):
    limits.spend(Rate(1, 60), "sign-in", "mallory")

    for number in range(1500):
        limits.spend(Rate(1, 60), "sign-in", f"somebody {number}")

    with pytest.raises(TooMany):
        limits.spend(Rate(1, 60), "sign-in", "mallory")
