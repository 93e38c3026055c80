"""The routes, and what a chat leads to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from extensions.chat.routes import ChatExtension
from extensions.chat.service import Chats
from extensions.chat.tests.talking import Rounds, end, said, sessions_with
from extensions.confirmation.service import Confirmations
from extensions.sessions.service import Sessions
from extensions.sessions.session import Message
from extensions.summaries.routes import SummariesExtension
from extensions.summaries.service import Summaries
from extensions.summaries.tests.talks import ANSWERED, ID, MODEL, Answers
from extensions.tests.serving import refusal, serving
from extensions.tests.toolbox import Fixed
from extensions.tools.tool import NoTools
from gateway.core.errors import BackendFailed, BackendTimeout, BackendUnreachable, ModelNotFound
from gateway.core.events import TextDelta

PATH = f"/sessions/{ID}"
NONE: dict[str, Any] = {"summary": None, "topics": [], "summary_model": None}
MADE = {"summary": "Up to: Yes.", "topics": ["talk"]}


class Talking:
    """The routes of chat and summaries at work."""

    def __init__(self, http: httpx.AsyncClient, sessions: Sessions, summaries: Summaries) -> None:
        self.http = http
        self.sessions = sessions
        self.summaries = summaries

    async def summarise(self, **body: Any) -> httpx.Response:
        return await self.http.post(f"{PATH}/summarize", json=body)

    async def shown(self) -> Any:
        answer = await self.http.get(f"{PATH}/summary")
        assert answer.status_code == 200
        return answer.json()


@asynccontextmanager
async def talking(
    answers: Answers, *messages: Message, backend: Rounds | None = None, **fields: Any
) -> AsyncGenerator[Talking, None]:
    models = (MODEL, "small:1b", "gpt-oss:20b")
    backend = backend or Rounds(said("Fine."), models=models)
    sessions = await sessions_with(*messages, **fields)
    summaries = Summaries(sessions, backend, answers)
    chats = Chats(
        sessions,
        backend,
        toolbox=Fixed(NoTools()),
        confirmations=Confirmations(),
        talking=summaries.paused,
        replied=summaries.schedule,
    )
    extensions = [ChatExtension(chats), SummariesExtension(summaries, sessions)]
    async with serving(backend, *extensions) as http:
        yield Talking(http, sessions, summaries)


async def test_a_summary_on_demand() -> None:
    async with talking(Answers(), *ANSWERED) as there:
        assert await there.shown() == NONE
        answer = await there.summarise()
        assert (answer.status_code, answer.json()) == (200, {**MADE, "model_used": MODEL})
        assert await there.shown() == {**MADE, "summary_model": None}
        answer = await there.summarise(model="small:1b")
        assert answer.json() == {**MADE, "model_used": "small:1b"}
        assert await there.shown() == {**MADE, "summary_model": "small:1b"}
        assert (await there.summarise(model=None)).json()["model_used"] == MODEL
        assert (await there.shown())["summary_model"] == "small:1b"


async def test_what_cannot_be_summarised() -> None:
    async with talking(Answers(), *ANSWERED) as there:
        for path in ("/sessions/0000000000", "/sessions/..%2f..%2fx"):
            assert (await there.http.get(f"{path}/summary")).status_code == 404
            answer = await there.http.post(f"{path}/summarize", json={})
            assert answer.status_code == 404
        assert refusal(await there.summarise(model="nowhere"))[:2] == (404, "MODEL_NOT_FOUND")
        status, code, details = refusal(await there.summarise(model="gpt-oss:20b"))
        assert (status, code) == (422, "VALIDATION_ERROR")
        assert details["errors"][0]["field"] == "model"
        assert refusal(await there.summarise(model=7))[:2] == (422, "VALIDATION_ERROR")
        assert await there.shown() == NONE


@pytest.mark.parametrize("messages", [(), ANSWERED[:1]])
async def test_hardly_anything_was_said(messages: tuple[Message, ...]) -> None:
    async with talking(Answers(), *messages) as there:
        assert refusal(await there.summarise())[:2] == (422, "VALIDATION_ERROR")


async def test_a_file_of_a_later_version() -> None:
    async with talking(Answers(), *ANSWERED, read_only=True, version="2.0") as there:
        assert refusal(await there.summarise())[:2] == (409, "SESSION_READ_ONLY")
        assert await there.shown() == NONE


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (BackendFailed("No JSON."), (502, "OLLAMA_ERROR")),
        (BackendUnreachable("Gone."), (502, "OLLAMA_UNREACHABLE")),
        (BackendTimeout("Silent."), (504, "OLLAMA_TIMEOUT")),
        (ModelNotFound(MODEL), (404, "MODEL_NOT_FOUND")),
        (RuntimeError("A fault of ours."), (500, "INTERNAL_ERROR")),
    ],
)
async def test_failures(failure: Exception, expected: tuple[int, str]) -> None:
    async with talking(Answers(failure), *ANSWERED) as there:
        assert refusal(await there.summarise(model="small:1b"))[:2] == expected
        assert await there.shown() == NONE


async def test_who_leaves_does_not_keep_the_model_busy() -> None:
    answers = Answers()
    async with talking(answers, *ANSWERED) as there:
        answers.free.clear()
        asking = asyncio.create_task(there.summarise())
        await answers.begun.wait()
        asking.cancel()
        async with asyncio.timeout(2):
            await answers.gone.wait()
        answers.free.set()
        assert (await there.summarise()).status_code == 200


async def test_a_deleted_session_is_not_summarised() -> None:
    answers = Answers()
    async with talking(answers, *ANSWERED) as there:
        answers.free.clear()
        asking = asyncio.create_task(there.summarise())
        await answers.begun.wait()
        await there.sessions.delete(ID)
        assert refusal(await asking)[:2] == (404, "SESSION_NOT_FOUND")


@pytest.mark.parametrize("path", [f"/chat/{ID}", f"/chat/{ID}/stream"])
async def test_a_reply_leads_to_a_summary(path: str) -> None:
    async with talking(Answers()) as there:
        answer = await there.http.post(path, json={"message": "Hi"})
        assert answer.status_code == 200
        assert b"ummary" not in answer.content
        await there.summaries.idle()
        assert (await there.shown())["summary"] == "Up to: Fine."


async def test_who_leaves_once_the_reply_is_complete_has_had_it() -> None:
    answers = Answers()
    async with (
        talking(answers) as there,
        there.http.stream("POST", f"/chat/{ID}/stream", json={"message": "Hi"}) as stream,
    ):
        async for line in stream.aiter_lines():
            if "message_complete" in line:
                break
        await stream.aclose()
        async with asyncio.timeout(2):
            await answers.begun.wait()
        await there.summaries.idle()
        assert (await there.shown())["summary"] == "Up to: Fine."


@pytest.mark.parametrize("path", [f"/chat/{ID}", f"/chat/{ID}/stream"])
async def test_a_turn_that_fails_leads_to_none(path: str) -> None:
    answers = Answers()
    broken = Rounds([[TextDelta("Fi")], BackendFailed("Lost.")])
    async with talking(answers, *ANSWERED, backend=broken) as there:
        await there.http.post(path, json={"message": "Hi"})
        await there.summaries.idle()
        assert answers.requests == []


async def test_who_goes_on_talking_waits_for_no_summary() -> None:
    answers = Answers()
    slow = Rounds([[TextDelta("One.")], [end()]], [[TextDelta("Two.")], 0.2, [end()]])
    async with talking(answers, backend=slow) as there:
        answers.free.clear()
        await there.http.post(f"/chat/{ID}", json={"message": "Hi"})
        await answers.begun.wait()
        talk = asyncio.create_task(there.http.post(f"/chat/{ID}", json={"message": "Hi"}))
        await asyncio.sleep(0.1)
        assert not talk.done()
        assert (answers.at_work, answers.left) == (0, 1)
        answers.free.set()
        assert (await talk).status_code == 200
        await there.summaries.idle()
        assert (await there.shown())["summary"] == "Up to: Two."


async def test_the_gateway_ends_when_the_summaries_are_made() -> None:
    answers = Answers()
    async with talking(answers) as there:
        answers.free.clear()
        await there.http.post(f"/chat/{ID}", json={"message": "Hi"})
        await answers.begun.wait()
        asyncio.get_running_loop().call_later(0.7, answers.free.set)
    made = (await there.sessions.get(ID)).summary
    assert made
    assert made.summary == "Up to: Fine."
