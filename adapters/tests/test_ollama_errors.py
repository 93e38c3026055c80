"""Which of our errors each of Ollama's becomes."""

from typing import Any

import msgspec
import pytest

from adapters.ollama.errors import refused, unanswered
from adapters.upstream.errors import (
    ConnectFailed,
    ConnectionBroken,
    LimitExceeded,
    Malformed,
    Silent,
    UpstreamError,
)
from gateway.core.errors import (
    BackendBusy,
    BackendFailed,
    BackendRateLimited,
    BackendTimeout,
    BackendUnreachable,
    CloudDisabled,
    ContextOverflow,
    InvalidRequest,
    MochiError,
    ModelLoadFailed,
    ModelNotFound,
    Unsupported,
)


def refusal(status: int, text: str, **known: Any) -> MochiError:
    return refused(status, msgspec.json.encode({"error": text}), model="m", **known)


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (404, "model 'm' not found", ModelNotFound),
        (404, 'model "m" not found, try pulling it first', ModelNotFound),
        (400, "invalid model name", ModelNotFound),
        (400, "missing request body", InvalidRequest),
        (401, "unauthorized", BackendFailed),
        (402, "payment required", BackendFailed),
        (403, "ollama cloud is disabled: remote model is unavailable", CloudDisabled),
        (403, "this model requires a subscription", BackendFailed),
        (429, "too many requests", BackendRateLimited),
        (499, "request canceled", BackendFailed),
        (500, "llama-server process has terminated: signal: killed", ModelLoadFailed),
        (500, "llama-server reported out-of-memory during startup: cudaMalloc", ModelLoadFailed),
        (500, "model requires more system memory (5.1 GiB) than is available", ModelLoadFailed),
        (500, "timed out waiting for llama-server to start - progress 0.00", ModelLoadFailed),
        (500, "unable to load model: sha256-abc", ModelLoadFailed),
        (500, "model runner has unexpectedly stopped, this may be due to", BackendFailed),
        (500, "an error was encountered while running the model: unexpected EOF", BackendFailed),
        (502, "cloud unreachable", BackendFailed),
        (503, "server busy, please try again.  maximum pending requests exceeded", BackendBusy),
        (200, "server busy, please try again.", BackendBusy),
        (200, "model 'm' not found", ModelNotFound),
    ],
)
def test_by_status_and_text(status: int, text: str, kind: type[MochiError]) -> None:
    assert type(refusal(status, text)) is kind


@pytest.mark.parametrize(
    ("status", "text", "param", "reason"),
    [
        (400, "registry.ollama.ai/library/m:latest does not support tools", "tools", "parameter"),
        (400, '"m" does not support thinking', "reasoning_effort", "parameter"),
        (400, "registry.ollama.ai/library/m:latest does not support insert", "suffix", "parameter"),
        (400, '"m" does not support chat', "model", "value"),
        (501, "This server does not support embeddings. Start it with", "model", "value"),
        (500, '{"error":{"message":"image input is not supported"}}', "messages", "value"),
    ],
)
def test_what_a_model_cannot_do(status: int, text: str, param: str, reason: str) -> None:
    error = refusal(status, text)
    assert isinstance(error, Unsupported)
    assert (error.param, error.reason) == (param, f"unsupported_{reason}")
    assert "'m'" in error.message


@pytest.mark.parametrize(
    ("status", "text", "param"),
    [
        (500, 'option "stop" must be of type array', "options"),
        (500, 'invalid format: "\\"out of memory\\""; expected "json" or', "response_format"),
        (400, 'invalid think value: "huge" (must be "high"', "reasoning_effort"),
        (400, "model is required", "model"),
        (400, "illegal base64 data at input byte 4", "messages"),
        (400, 'time: missing unit in duration "300"', "keep_alive"),
        (400, "top_logprobs must be between 0 and 20", "top_logprobs"),
        (400, "json: cannot unmarshal string into Go struct field", None),
    ],
)
def test_what_the_caller_got_wrong(status: int, text: str, param: str | None) -> None:
    error = refusal(status, text)
    assert type(error) is InvalidRequest
    assert (error.param, error.message) == (param, text)


OVERFLOW = "request (9000 tokens) exceeds the available context size (4096 tokens), try"
COUNTS = {"n_prompt_tokens": 9000, "n_ctx": 4096}


@pytest.mark.parametrize(
    ("text", "message", "counts"),
    [
        (OVERFLOW, OVERFLOW, COUNTS),
        (
            '{"error": {"code": 400, "message": "too long", "type": "exceed_context_size_error", '
            '"n_prompt_tokens": 9000, "n_ctx": 4096}}',
            "too long",
            COUNTS,
        ),
        (
            "llama-server chat error: map[code:400 message:too long n_ctx:4096 "
            "n_prompt_tokens:9000 type:exceed_context_size_error]",
            "too long",
            COUNTS,
        ),
        *(
            (text, text, {})
            for text in (
                "the input length exceeds the context length",
                "the prompt is longer than the context length currently available to the model",
            )
        ),
    ],
)
def test_a_prompt_that_does_not_fit(text: str, message: str, counts: dict[str, int]) -> None:
    for status in (400, 200):
        error = refusal(status, text)
        assert isinstance(error, ContextOverflow)
        assert (error.message, error.details) == (message, counts)


@pytest.mark.parametrize(
    "body", [b"", b"404 page not found", b"<html>", b"[]", b'{"error":5}', b"{" * 100_000, b"\xff"]
)
def test_bodies_that_are_not_ollamas(body: bytes) -> None:
    for status in (301, 404, 405, 500, 502):
        error = refused(status, body, model="m")
        assert type(error) is BackendFailed
        assert str(status) in error.message
    assert type(refused(400, body, model="m")) is InvalidRequest
    assert isinstance(refused(503, body, model="m"), BackendBusy)


def test_a_401_is_ollamas_only_with_its_words() -> None:
    assert "ollama signin" in refusal(401, "unauthorized").message
    assert "credentials" in refused(401, b"<html>", model="m").message


def test_an_empty_403_is_about_the_gateway_itself() -> None:
    error = refused(403, b"", model="m")
    assert type(error) is BackendFailed
    assert "turned the gateway itself away" in error.message


def test_how_long_to_wait() -> None:
    busy, limited = refusal(503, "server busy"), refusal(429, "slow down")
    assert isinstance(busy, BackendBusy)
    assert isinstance(limited, BackendRateLimited)
    assert (busy.retry_after, limited.retry_after) == (1, None)
    busy, limited = (refusal(status, "", retry_after=7) for status in (503, 429))
    assert isinstance(busy, BackendBusy)
    assert isinstance(limited, BackendRateLimited)
    assert (busy.retry_after, limited.retry_after) == (7, 7)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectFailed("x"), BackendUnreachable),
        (ConnectionBroken("x"), BackendFailed),
        (Silent("x"), BackendTimeout),
        (Malformed("x"), BackendFailed),
        (LimitExceeded("x"), BackendFailed),
        (UpstreamError("x"), BackendFailed),
    ],
)
def test_calls_without_an_answer(error: UpstreamError, kind: type[MochiError]) -> None:
    assert type(unanswered(error, "ollama.local:11434")) is kind


def test_an_unreachable_ollama_says_where_and_what_to_check() -> None:
    message = str(unanswered(ConnectFailed("x"), "127.0.0.1:11434"))
    assert "127.0.0.1:11434" in message
    assert "ollama serve" in message


def test_the_inner_text_is_told() -> None:
    inner = '{"error": {"code": 500, "message": "scripted failure", "type": "server_error"}}'
    assert str(refusal(500, inner)) == "Ollama reported: scripted failure"


def test_what_a_model_wrote_does_not_decide() -> None:
    text = "map[code:500 message:The model produced output: out of memory type:server_error]"
    assert type(refusal(500, text)) is BackendFailed
