"""Summaries that nobody asked for, and what they may not do."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from extensions.chat.tests.talking import sessions_with
from extensions.sessions.changes import MessageAppended
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.session import Summary, UserMessage
from extensions.summaries.backlog import NAME, Backlog
from extensions.summaries.service import Summaries
from extensions.summaries.tests.talks import ANSWERED, ID, MODEL, NOW, Answers, answered
from gateway.core.errors import BackendFailed, InvalidRequest, SessionNotFound
from gateway.testing import ScriptedBackend

OTHERS = ("small:1b", "qwen3:14b", "gpt-4o")


def summaries_of(sessions: Sessions, answers: Answers, **settings: Any) -> Summaries:
    return Summaries(sessions, ScriptedBackend(models=(MODEL, *OTHERS)), answers, **settings)


async def summary(sessions: Sessions) -> str | None:
    made = (await sessions.get(ID)).summary
    return made.summary if made else None


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def append(sessions: Sessions, text: str) -> None:
    async with sessions.turn(ID) as turn:
        await turn.commit(MessageAppended(answered(text)))


async def test_a_session_is_summarised() -> None:
    sessions, answers = await sessions_with(*ANSWERED), Answers()
    summaries = summaries_of(sessions, answers)
    before = await sessions.get(ID)
    summaries.schedule(ID)
    assert await summary(sessions) is None
    await summaries.idle()
    after = await sessions.get(ID)
    assert after.summary == Summary("Up to: Yes.", ("talk",))
    assert (after.messages, after.summary_model) == (before.messages, None)
    assert answers.requests[0].model == MODEL


async def test_not_where_it_is_switched_off() -> None:
    sessions, answers = await sessions_with(*ANSWERED), Answers()
    summaries = summaries_of(sessions, answers, enabled=False)
    summaries.schedule(ID)
    await summaries.idle()
    assert answers.requests == []
    assert (await summaries.summarise(ID)).summary.summary == "Up to: Yes."


async def test_the_session_is_free_while_the_model_works() -> None:
    sessions, answers = await sessions_with(*ANSWERED), Answers()
    summaries = summaries_of(sessions, answers)
    answers.free.clear()
    summaries.schedule(ID)
    await answers.begun.wait()
    async with asyncio.timeout(1):
        await append(sessions, "More.")
    answers.free.set()
    await summaries.idle()
    session = await sessions.get(ID)
    assert [message.content for message in session.messages] == ["Morning?", "Yes.", "More."]
    assert session.summary == Summary("Up to: Yes.", ("talk",))


async def test_the_model_is_given_up_to_whoever_talks() -> None:
    sessions, answers = await sessions_with(*ANSWERED), Answers()
    summaries = summaries_of(sessions, answers)
    answers.free.clear()
    summaries.schedule(ID)
    await answers.begun.wait()
    with summaries.paused(ID):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (answers.at_work, answers.left) == (0, 1)
        await append(sessions, "More.")
        answers.free.set()
        summaries.schedule(ID)
    await summaries.idle()
    assert await summary(sessions) == "Up to: More."
    assert len(answers.requests) == 2


async def test_a_turn_that_fails_does_not_lose_the_summary_before_it() -> None:
    sessions, answers = await sessions_with(*ANSWERED), Answers()
    summaries = summaries_of(sessions, answers)
    answers.free.clear()
    summaries.schedule(ID)
    await answers.begun.wait()
    with summaries.paused(ID):
        answers.free.set()
    await summaries.idle()
    assert await summary(sessions) == "Up to: Yes."


async def test_failures_are_logged_only(caplog: pytest.LogCaptureFixture) -> None:
    sessions = await sessions_with(*ANSWERED)
    for failure in (BackendFailed("No luck."), RuntimeError("A fault of ours.")):
        summaries = summaries_of(sessions, Answers(failure))
        summaries.schedule(ID)
        await summaries.idle()
    assert await summary(sessions) is None
    first, second = caplog.records
    assert (first.levelno, second.levelno) == (logging.WARNING, logging.ERROR)
    assert "No luck." in first.getMessage()


async def test_a_session_that_is_gone_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    sessions, answers = await sessions_with(*ANSWERED), Answers()
    summaries = summaries_of(sessions, answers)
    summaries.schedule("0000000000")
    answers.free.clear()
    summaries.schedule(ID)
    await answers.begun.wait()
    await sessions.delete(ID)
    await summaries.idle()
    assert answers.left == 1
    assert caplog.records == []
    with pytest.raises(SessionNotFound):
        await sessions.get(ID)


async def test_a_file_of_a_later_version_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    sessions, answers = await sessions_with(*ANSWERED, read_only=True, version="2.0"), Answers()
    summaries = summaries_of(sessions, answers)
    summaries.schedule(ID)
    await summaries.idle()
    assert answers.requests == []
    assert caplog.records == []


async def test_nothing_is_asked_of_a_session_without_a_final_reply() -> None:
    asks = UserMessage(id="u2", timestamp=NOW, content="And then?")
    sessions, answers = await sessions_with(*ANSWERED, asks), Answers()
    summaries = summaries_of(sessions, answers)
    summaries.schedule(ID)
    await summaries.idle()
    assert answers.requests == []


async def test_a_named_model_summarises_from_now_on_where_the_own_one_cannot() -> None:
    sessions = await sessions_with(*ANSWERED)
    answers = Answers()
    summaries = summaries_of(
        sessions, answers, meant=lambda name: "qwen3:14b" if name == MODEL else name
    )
    with pytest.raises(InvalidRequest):
        await summaries.summarise(ID)
    summaries.schedule(ID)
    await summaries.idle()
    assert answers.requests == []
    made = await summaries.summarise(ID, "small:1b")
    assert made.model == "small:1b"
    assert (await sessions.get(ID)).summary_model == "small:1b"
    await append(sessions, "More.")
    summaries.schedule(ID)
    await summaries.idle()
    assert [request.model for request in answers.requests] == ["small:1b"] * 2
    assert await summary(sessions) == "Up to: More."


async def test_one_at_a_time_for_a_session_also_when_many_ask() -> None:
    sessions, answers = await sessions_with(*ANSWERED), Answers()
    summaries = summaries_of(sessions, answers)
    answers.free.clear()
    summaries.schedule(ID)
    await answers.begun.wait()
    asking = [asyncio.create_task(summaries.summarise(ID)) for _ in range(3)]
    await asyncio.sleep(0.01)
    answers.free.set()
    await asyncio.gather(*asking)
    await summaries.idle()
    assert answers.most == 1
    assert len(answers.requests) == 4


async def test_a_reply_while_a_summary_is_asked_for_is_summarised_too() -> None:
    sessions, answers = await sessions_with(*ANSWERED), Answers()
    summaries = summaries_of(sessions, answers)
    answers.free.clear()
    asking = asyncio.create_task(summaries.summarise(ID))
    await answers.begun.wait()
    with summaries.paused(ID):
        await append(sessions, "More.")
        summaries.schedule(ID)
    answers.free.set()
    assert (await asking).summary.summary == "Up to: Yes."
    await summaries.idle()
    assert await summary(sessions) == "Up to: More."


async def test_what_is_asked_for_in_vain_leaves_the_old_summary() -> None:
    sessions, answers = await sessions_with(*ANSWERED), Answers()
    summaries = summaries_of(sessions, answers)
    await summaries.summarise(ID)
    answers.failure = BackendFailed("No luck.")
    with pytest.raises(BackendFailed):
        await summaries.summarise(ID, "small:1b")
    session = await sessions.get(ID)
    assert session.summary == Summary("Up to: Yes.", ("talk",))
    assert session.summary_model is None


async def test_the_end_waits_for_what_is_due(tmp_path: Path) -> None:
    store = JSONSessionStore(tmp_path)
    sessions, answers = await sessions_with(*ANSWERED, store=store), Answers()
    summaries = summaries_of(sessions, answers, backlog=Backlog(tmp_path))
    answers.free.clear()
    summaries.schedule(ID)
    ending = asyncio.create_task(summaries.aclose())
    await asyncio.sleep(0.05)
    assert not ending.done()
    assert names(tmp_path) == [NAME, f"{ID}.json"]
    answers.free.set()
    await ending
    assert await summary(sessions) == "Up to: Yes."
    assert names(tmp_path) == [f"{ID}.json"]


@pytest.mark.parametrize("cut_short", [False, True], ids=["patience", "cut short"])
async def test_what_cannot_be_made_in_time_is_made_after_the_next_start(
    tmp_path: Path, cut_short: bool
) -> None:
    store = JSONSessionStore(tmp_path)
    sessions, answers = await sessions_with(*ANSWERED, store=store), Answers()
    patience = 60 if cut_short else 0.05
    first = summaries_of(sessions, answers, backlog=Backlog(tmp_path), patience=patience)
    answers.free.clear()
    first.schedule(ID)
    ending = asyncio.create_task(first.aclose())
    if cut_short:
        await answers.begun.wait()
        ending.cancel()
        await asyncio.wait([ending])
    else:
        await ending
        assert answers.left == 1
    assert await summary(sessions) is None
    answers.free.set()
    second = summaries_of(sessions, answers, backlog=Backlog(tmp_path))
    await second.resume()
    await second.idle()
    assert await summary(sessions) == "Up to: Yes."
    await second.aclose()
    assert names(tmp_path) == [f"{ID}.json"]
