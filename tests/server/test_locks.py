"""On PostgreSQL, who takes a right away and who uses one never wait for each other in a circle."""

import pytest

from tests.server.site import Site, populated
from tests.servers import postgresql_server

FROM = "from tests.server import locking"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with postgresql_server() as database:
        variables = {"DATABASE_URL": database.url}
        folder = populated(tmp_path_factory.mktemp("data"), variables, people=8)
        yield Site(data_dir=folder, port=1, variables=variables)


def test_two_revocations_of_one_owner_wait_for_each_other_in_one_order(site):
    assert site.shell(f"{FROM}; print(locking.meet())").strip() == "(False, False)"


def test_a_webhook_is_deleted_while_its_bot_is_changed(site):
    assert site.shell(f"{FROM}; print(locking.part())").strip() == "False"


def test_nobody_is_refused_because_two_wait_for_each_other(site):
    assert site.shell(f"{FROM}; print(locking.crowd(threads=12, deeds=600))").strip() == "[]"


def test_nobody_is_refused_because_they_talk_and_read_at_once(site):
    assert site.shell(f"{FROM}; print(locking.talk(threads=12, deeds=600))").strip() == "[]"
