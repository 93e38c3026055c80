"""The context window: what does not fit into it, and how large it is."""

from typing import Any

import pytest

from conformance_tests.checks import completion
from conformance_tests.wire import Server, ask

LONG = ask("word " * 200_000)
TREES = ask("tree " * 2000)
SMALL: list[dict[str, Any]] = [{"num_ctx": 256}, {"options": {"num_ctx": 256}}]


def test_no_prompt_is_cut_in_silence(server: Server) -> None:
    """ollama 4967: what does not fit is refused, or all of it is read; nobody is answered who was
    not heard out.
    """
    answer = server.chat(messages=LONG, max_tokens=1)
    assert answer.status == 400 or completion(answer)["usage"]["prompt_tokens"] >= 200_000


@pytest.fixture(scope="module")
def ollama(server: Server) -> Server:
    """The server, if its models are Ollama's: nobody else knows `num_ctx`."""
    owners = {model.get("owned_by") for model in server.get("/models").json.get("data", ())}
    if "library" not in owners:
        pytest.skip("num_ctx is Ollama's option, and these are not its models")
    return server


@pytest.mark.parametrize("fields", SMALL, ids=str)
def test_a_window_that_is_asked_for_is_kept_to(ollama: Server, fields: dict[str, Any]) -> None:
    """ollama 5902: `num_ctx` ignored under /v1. A window of 256 has no room for 2000 words."""
    if completion(ollama.chat(messages=TREES, max_tokens=1))["usage"]["prompt_tokens"] < 2000:
        pytest.skip("the window is too small for this question anyway")
    answer = ollama.chat(messages=TREES, max_tokens=1, **fields)
    assert answer.status == 400 or answer.json["usage"]["prompt_tokens"] <= 256
