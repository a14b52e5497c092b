"""Whatever the description allows is answered as it says, and nothing at all brings a 5xx.

Schemathesis makes the requests, good ones and bad ones, from the document; the server is real.
"""

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chat.api.document import document
from tests.server import site as sites

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Of each operation. All of them take some 20 s of a quiet machine.
EXAMPLES = 10
schema = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    data = sites.copied(team, tmp_path_factory.mktemp("schema") / "data")
    with sites.running(data) as site:
        yield site


@pytest.fixture(scope="module")
def headers(site):
    token = site.manage("token", "member1", "--label", "schemathesis").strip()
    # A stream would never end.
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_the_api_keeps_to_its_description(case, site, headers):
    if "wait" in (case.query or {}):
        case.query["wait"] = 0
    case.call_and_validate(base_url=site.url, headers=headers, checks=CHECKS, timeout=10)
