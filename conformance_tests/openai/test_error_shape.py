"""The envelope of a refusal. What stands in it is asked elsewhere, wherever it stands."""

from typing import Any

import pytest

from conformance_tests.wire import Answer, Server

WRONG = {"temperature": "hot"}
REFUSED: dict[str, tuple[str, str, Any]] = {
    "wrong type": ("POST", "/chat/completions", WRONG),
    "no such model": ("POST", "/chat/completions", {"model": "there-is-no-such-model"}),
    "before a stream": ("POST", "/chat/completions", {"stream": True, **WRONG}),
    "no JSON": ("POST", "/chat/completions", b"{"),
    "embeddings": ("POST", "/embeddings", {"input": ""}),
    "model": ("GET", "/models/there-is-no-such-model", None),
    "route": ("GET", "/there-is-no-such-route", None),
    "method": ("PUT", "/chat/completions", {}),
}


@pytest.fixture(scope="module", params=REFUSED)
def refused(request: pytest.FixtureRequest, server: Server) -> Answer:
    """A request that no server takes."""
    method, path, fields = REFUSED[request.param]
    body = server.body(**fields) if method == "POST" and isinstance(fields, dict) else fields
    answer = server.request(method, path, body)
    if answer.status < 400:
        pytest.skip(f"this was taken: {method} {path}")
    return answer


def test_it_stands_under_its_key(refused: Answer) -> None:
    """vllm 12886: openai-node up to 6 shows "400 status code (no body)" for anything else."""
    assert list(refused.json) == ["error"]


def test_it_is_an_object(refused: Answer) -> None:
    """linguito 21: clients read `error.message`, which a bare string does not have."""
    assert not isinstance(refused.json.get("error"), str)


def test_it_has_four_keys_and_no_number(refused: Answer) -> None:
    """OpenAI's OpenAPI document, Error: message, type, param and code, all of them required; code
    is a string or null (vllm 30134).
    """
    error = refused.json.get("error", refused.json)
    if isinstance(error, dict):
        assert error.keys() >= {"message", "type", "param", "code"}
        assert isinstance(error["type"], str)
        assert isinstance(error["param"], str | None)
        assert isinstance(error["code"], str | None)
