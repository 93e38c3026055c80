"""The route by which questions are answered."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from extensions.confirmation.routes import ConfirmationAnswer, ConfirmationExtension
from extensions.confirmation.service import Confirmation, Confirmations
from extensions.tests.serving import refusal, serving
from gateway.core.messages import ToolCall
from gateway.testing import ScriptedBackend

HERE, THERE = "0f1e2d3c4b", "1f1e2d3c4b"
CALL = ToolCall("call_0", "drop_file", {"path": "a.txt"})
NOT_FOUND: tuple[int, str, dict[str, Any]] = (404, "CONFIRMATION_NOT_FOUND", {})


@asynccontextmanager
async def asked() -> AsyncGenerator[tuple[httpx.AsyncClient, Confirmation]]:
    questions = Confirmations()
    with questions.asking(HERE, CALL) as question:
        async with serving(ScriptedBackend(), ConfirmationExtension(questions)) as http:
            yield http, question


async def answer(http: httpx.AsyncClient, session: str, body: Any) -> httpx.Response:
    return await http.post(f"/chat/{session}/confirm-tool", json=body)


@pytest.mark.parametrize(("approved", "message"), [(True, "Approved."), (False, "Denied.")])
async def test_an_answer_is_taken_once(approved: bool, message: str) -> None:
    async with asked() as (http, question):
        body = {"confirmation_id": question.id, "approved": approved}
        taken = await answer(http, HERE, body)
        assert (taken.status_code, taken.json()) == (
            200,
            {"success": True, "tool_name": "drop_file", "message": message},
        )
        assert await question.approved() is approved
        assert refusal(await answer(http, HERE, body)) == NOT_FOUND


async def test_what_has_no_effect_is_one_answer_whatever_the_reason() -> None:
    async with asked() as (http, question):
        tries = [
            (THERE, question.id),
            ("no such session", question.id),
            (HERE, "conf_" + "0" * 32),
            (HERE, question.id.upper()),
            (HERE, f" {question.id}"),
            (HERE, ""),
        ]
        answers = [
            await answer(http, session, {"confirmation_id": id, "approved": True})
            for session, id in tries
        ]
        assert [refusal(each) for each in answers] == [NOT_FOUND] * len(tries)
        assert len({each.content for each in answers}) == 1
        body = {"confirmation_id": question.id, "approved": False}
        assert (await answer(http, HERE, body)).status_code == 200


async def test_a_body_that_says_nothing_clear_answers_nothing() -> None:
    async with asked() as (http, question):
        bodies: list[Any] = [
            {"confirmation_id": question.id},
            {"confirmation_id": question.id, "approved": "true"},
            {"confirmation_id": question.id, "approved": 1},
            {"confirmation_id": question.id, "approved": None},
            {"confirmation_id": [question.id], "approved": True},
            {"approved": True},
            [question.id, True],
        ]
        for body in bodies:
            refused = await answer(http, HERE, body)
            assert refusal(refused)[:2] == (422, "VALIDATION_ERROR")
            assert question.id not in refused.text
        body = {"confirmation_id": question.id, "approved": True}
        assert (await answer(http, HERE, body)).status_code == 200


async def test_no_get_shows_a_question() -> None:
    async with asked() as (http, question):
        for path in ("confirm-tool", "confirmations", ""):
            shown = await http.get(f"/chat/{HERE}/{path}")
            assert shown.status_code in (404, 405)
            assert question.id not in shown.text


async def test_no_log_has_an_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    async with asked() as (http, question):
        for approved in ("?", True, True):
            await answer(http, HERE, {"confirmation_id": question.id, "approved": approved})
    assert question.id not in caplog.text
    assert question.id not in repr(ConfirmationAnswer(question.id, True))
