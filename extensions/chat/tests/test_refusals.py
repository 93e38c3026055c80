"""What Ollama finds invalid, where the client has sent none of it."""

from typing import Any

import pytest

from extensions.chat.tests.talking import Rounds, serving
from gateway.core.errors import ContextOverflow, InvalidRequest, MochiError, Unsupported
from gateway.core.models import ModelDetails


class Refusing(Rounds):
    """Does not even say anything about the model."""

    def __init__(self, error: MochiError) -> None:
        super().__init__([error])
        self._error = error

    async def show(self, model: str) -> ModelDetails:
        raise self._error


REFUSALS = [
    (
        ContextOverflow("Too long.", n_prompt_tokens=20_000, n_ctx=8192),
        502,
        "OLLAMA_ERROR",
        {"reason": "context_length_exceeded", "n_prompt_tokens": 20_000, "n_ctx": 8192},
    ),
    (
        InvalidRequest("invalid model name", param="model"),
        404,
        "MODEL_NOT_FOUND",
        {"model": "demo:latest"},
    ),
    (InvalidRequest("bad image", param="messages"), 502, "OLLAMA_ERROR", {}),
    (Unsupported("No tools.", param="tools"), 502, "OLLAMA_ERROR", {}),
]


@pytest.mark.parametrize(("error", "status", "code", "details"), REFUSALS)
async def test_no_field_is_blamed(
    error: MochiError, status: int, code: str, details: dict[str, Any]
) -> None:
    async with serving(Refusing(error)) as gateway:
        whole, stream = await gateway.chat(), await gateway.stream()
    told = whole.json()["error"]
    assert (whole.status_code, told["code"], told["details"]) == (status, code, details)
    assert f'event: error\ndata: {{"code":"{code}"' in stream.text
    assert "errors" not in stream.text
