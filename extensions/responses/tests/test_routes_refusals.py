"""What is refused at the doors of `/v1/responses`, and which field is told to be at fault."""

from pathlib import Path
from typing import Any

import pytest

from extensions.responses.tests.serving import HI, serving
from gateway.core.errors import InvalidRequest, MochiError, ModelNotFound, Unsupported
from gateway.http.openai.hot import Rules
from gateway.testing import ScriptedBackend

DOORS = pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("", {}),
        ("", {"stream": True}),
        ("", {"truncation": "auto"}),
        ("/input_tokens", {}),
        ("/compact", {}),
    ],
    ids=["whole", "stream", "truncation", "count", "compact"],
)


@DOORS
@pytest.mark.parametrize(
    ("error", "param"),
    [
        (Unsupported("'response_format' is not for agents.", param="response_format"), "text.format"),
        (InvalidRequest("A bad effort.", param="reasoning_effort"), "reasoning.effort"),
        (InvalidRequest("No picture.", param="messages"), "input"),
        (ModelNotFound("demo"), "model"),
    ],
)  # fmt: skip
async def test_an_error_of_the_model_is_told_in_the_words_of_responses(
    tmp_path: Path, path: str, fields: dict[str, Any], error: MochiError, param: str
) -> None:
    async with serving(tmp_path, ScriptedBackend(error)) as gateway:
        told = (await gateway.post(path, **fields)).json()["error"]
        assert told["param"] == param
        assert "response_format" not in told["message"]


class Unknown(ScriptedBackend):
    """A backend that has no model at all."""

    async def show(self, model: str) -> Any:
        raise ModelNotFound(model)


@DOORS
@pytest.mark.parametrize("model", ["agent/../x", "agent/x y", "agent/nobody"])
async def test_an_unknown_model_is_named_at_every_door(
    tmp_path: Path, path: str, fields: dict[str, Any], model: str
) -> None:
    async with serving(tmp_path, Unknown(ModelNotFound(model))) as gateway:
        for effort in ({}, {"reasoning": {"effort": "high"}}):
            answer = await gateway.post(path, model=model, **fields, **effort)
            error = answer.json()["error"]
            assert (answer.status_code, error["param"]) == (404, "model")
            assert error["code"] == "model_not_found"


async def test_an_unknown_model_has_no_response_in_the_background(tmp_path: Path) -> None:
    async with serving(tmp_path, Unknown(HI)) as gateway:
        answer = await gateway.post(background=True, model="agent/nobody")
        assert (answer.status_code, answer.json()["error"]["param"]) == (404, "model")


@pytest.mark.parametrize("path", ["", "/input_items"])
async def test_what_is_to_be_included_is_judged_as_in_a_question(tmp_path: Path, path: str) -> None:
    async with serving(tmp_path) as gateway:
        id = (await gateway.made())["id"]
        wrong = await gateway.get(f"{id}{path}", **{"include[]": "everything"})
        assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "include[0]")
        known = ["reasoning.encrypted_content", "web_search_call.results"]
        right = await gateway.get(f"{id}{path}", include=known)
        assert (right.status_code, right.headers["x-mochi-ignored"]) == (200, "include[1]")
        streamed = await gateway.get(id, stream="true", include=known)
        assert streamed.headers["x-mochi-ignored"] == "include[1]"
    async with serving(tmp_path, rules=Rules(strict=True)) as gateway:
        assert (await gateway.get(f"{id}{path}", include=known)).status_code == 400


async def test_a_session_is_joined_elsewhere(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        body = {"model": "demo", "input": "Hello"}
        named = {"x-mochi-session": "0f1e2d3c4b"}
        answer = await gateway.http.post("/responses", json=body, headers=named)
        assert (answer.status_code, answer.headers["x-mochi-ignored"]) == (200, "x-mochi-session")
