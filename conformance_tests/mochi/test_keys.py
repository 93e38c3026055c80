"""A gateway with a key."""

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.errors import error_of
from conformance_tests.wire import Server

KEY = "sk-conformance-0123456789"


@pytest.fixture(scope="module")
def guarded(gateway: Gateway) -> Iterator[Server]:
    """Needs a key, and is not given one. Its Ollama is not there: no answer comes so far."""
    with gateway_alone("http://127.0.0.1:1", MOCHI_API_KEY=KEY) as running:
        yield Server(running.root, "demo")


WRONG: dict[str, tuple[dict[str, str | None], str | None]] = {
    "none": ({}, None),
    "empty": ({"Authorization": ""}, None),
    "other scheme": ({"Authorization": f"Basic {KEY}"}, None),
    "no scheme": ({"Authorization": KEY}, None),
    "other header": ({"X-API-Key": KEY}, None),
    "a cookie": ({"Cookie": f"key={KEY}"}, None),
    "wrong": ({"Authorization": "Bearer sk-wrong"}, "invalid_api_key"),
    "a prefix": ({"Authorization": f"Bearer {KEY[:-1]}"}, "invalid_api_key"),
    "more": ({"Authorization": f"Bearer {KEY}x"}, "invalid_api_key"),
    "very long": ({"Authorization": f"Bearer {'k' * 8000}"}, "invalid_api_key"),
    "two": ({"Authorization": f"Bearer {KEY}, Bearer {KEY}"}, "invalid_api_key"),
}


@pytest.mark.parametrize("case", WRONG)
def test_without_the_key(guarded: Server, case: str) -> None:
    """OpenAI: 401, code invalid_api_key for a wrong key. RFC 9110, 15.5.2: WWW-Authenticate."""
    headers, code = WRONG[case]
    answer = guarded.get("/v1/models", headers)
    error = error_of(answer)
    assert (answer.status, error["code"]) == (401, code)
    assert error["type"] == "invalid_request_error"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert KEY not in answer.body.decode()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_with_the_key(guarded: Server, scheme: str) -> None:
    """RFC 9110, 11.1: the scheme is compared without case. 502: the request went to Ollama."""
    assert guarded.get("/v1/models", {"Authorization": f"{scheme} {KEY}"}).status == 502


@pytest.mark.parametrize(
    "path",
    ["/v1/models", "/v1/no", "/no", "/docs", "/schema/openapi.json", "/api/v1/sessions", "/"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_every_path_needs_it(guarded: Server, method: str, path: str) -> None:
    """CVE-2026-45339 and CVE-2025-3248: holes beside the checked routes; 404s tell what exists."""
    assert guarded.request(method, path).status == 401


def test_a_key_in_the_query_does_not_count(guarded: Server) -> None:
    """Queries end in logs and histories; OAuth 2.1 forbids keys there."""
    assert guarded.get(f"/v1/models?api_key={KEY}&key={KEY}").status == 401


def test_health_is_open(guarded: Server) -> None:
    """Probes of containers have no key; what they read tells nothing."""
    answer = guarded.get("/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


def test_preflights_need_no_key(guarded: Server) -> None:
    """Fetch standard: browsers send preflights without credentials."""
    headers: dict[str, str | None] = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = guarded.request("OPTIONS", "/v1/chat/completions", headers=headers)
    assert answer.status in (200, 204)


def test_a_page_sees_that_the_key_is_wrong(guarded: Server) -> None:
    """Fetch standard: without CORS headers a chat UI could only say "network error"."""
    answer = guarded.get("/v1/models", {"Origin": "http://localhost:3000"})
    assert answer.status == 401
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"


def test_sdk(guarded: Server) -> None:
    """openai-python: AuthenticationError, with the code and without a retry."""
    client = OpenAI(base_url=guarded.base_url + "/v1", api_key="sk-wrong", timeout=10)
    with pytest.raises(openai.AuthenticationError) as caught:
        client.models.list()
    assert caught.value.code == "invalid_api_key"
