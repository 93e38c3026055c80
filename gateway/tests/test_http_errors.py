import msgspec
import pytest

from gateway.core import errors
from gateway.http.errors import render

MISSING = errors.InvalidRequest("Missing.", param="model", reason="missing_required_parameter")


def body(path: str, error: Exception) -> object:
    return msgspec.json.decode(render(path, error).body)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/nothing", "/"])
def test_openai_is_the_default_family(path: str) -> None:
    assert body(path, MISSING) == {
        "error": {
            "message": "Missing.",
            "type": "invalid_request_error",
            "param": "model",
            "code": "missing_required_parameter",
        }
    }
    assert render(path, MISSING).status == 400


def test_mochi_lists_the_field_at_fault_and_answers_422() -> None:
    assert render("/api/v1/sessions", MISSING).status == 422
    assert body("/api/v1/sessions", MISSING) == {
        "error": {
            "code": "VALIDATION_ERROR",
            "message": "Missing.",
            "details": {"errors": [{"field": "model", "message": "Missing."}]},
        }
    }


def test_mochi_has_one_status_for_whatever_ollama_failed_at() -> None:
    for error in (errors.BackendFailed("x"), errors.ModelLoadFailed("x")):
        rendered = render("/api/v1/chat/0123456789", error)
        assert (rendered.status, b"OLLAMA_ERROR" in rendered.body) == (502, True)


def test_other_api_paths_speak_as_ollama_does() -> None:
    assert body("/api/chat", errors.RouteNotFound("No such route.")) == {"error": "No such route."}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.ModelNotFound("x"), 404, "model_not_found"),
        (errors.ContextOverflow("Too long."), 400, "context_length_exceeded"),
        (errors.Unsupported("No.", param="n"), 400, "unsupported_parameter"),
        (errors.Unsupported("No.", reason="unsupported_value"), 400, "unsupported_value"),
        (errors.InvalidAPIKey("No key.", given=False), 401, None),
        (errors.InvalidAPIKey("Wrong key.", given=True), 401, "invalid_api_key"),
        (errors.ModelLoadFailed("No memory."), 503, "model_load_failed"),
        (errors.BackendFailed("Broke."), 502, "upstream_error"),
        (errors.BackendTimeout("Silent."), 504, "upstream_timeout"),
        (errors.BackendUnreachable("Refused."), 502, "upstream_unavailable"),
        (KeyError("secret"), 500, None),
    ],
)
def test_openai_statuses_and_codes(error: Exception, status: int, code: str | None) -> None:
    rendered = render("/v1/x", error)
    answer = msgspec.json.decode(rendered.body)["error"]
    assert (rendered.status, answer["code"]) == (status, code)
    assert b"secret" not in rendered.body


def test_headers_say_whether_and_when_to_ask_again() -> None:
    assert (b"x-should-retry", b"false") in render("/v1/x", errors.ModelLoadFailed("x")).headers
    assert (b"retry-after", b"2.5") in render("/v1/x", errors.BackendBusy("x", 2.5)).headers
    assert (b"allow", b"GET, POST") in render(
        "/", errors.MethodNotAllowed("x", ("GET", "POST"))
    ).headers
    assert (b"www-authenticate", b"Bearer") in render(
        "/", errors.InvalidAPIKey("x", given=True)
    ).headers


def test_a_name_is_repeated_in_part_and_in_no_command() -> None:
    answer = render("/v1/models/x", errors.ModelNotFound("x; rm -rf ~ " + "y" * 10_000))
    assert len(answer.body) < 500
    assert b"pull x" not in answer.body
