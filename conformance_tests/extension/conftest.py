"""The `/api/v1` of the server under test, if it has one."""

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("conformance_tests.extension.api")

from conformance_tests.extension.api import Api, api_of  # noqa: E402
from conformance_tests.judging.verdicts import not_offered  # noqa: E402
from conformance_tests.options import options_of  # noqa: E402
from conformance_tests.wire import Server  # noqa: E402


@pytest.fixture(scope="session")
def api(server: Server, pytestconfig: pytest.Config) -> Api:
    """Of ours it is demanded; others may do without."""
    api = api_of(server)
    if options_of(pytestconfig).base_url:
        answer = api.http.get("/health")
        if answer.status != 200 or b'"ollama_connected"' not in answer.body:
            not_offered(f"there is no /api/v1 here: GET /api/v1/health answers {answer.status}")
    return api


@pytest.fixture
def session(api: Api) -> Iterator[str]:
    """A session in which nothing was said."""
    with api.session() as id:
        yield id
