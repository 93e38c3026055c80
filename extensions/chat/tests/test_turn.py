"""A turn: what is asked of the model, and who may talk when."""

import asyncio
import sys
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from extensions.chat.public import answer_of
from extensions.chat.tests.talking import (
    ID,
    OLD,
    Gateway,
    Rounds,
    kept,
    said,
    serving,
    sessions_with,
    turn_of,
)
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.session import Session
from gateway.core.errors import (
    BackendFailed,
    ContextOverflow,
    InvalidMessageIndex,
    SessionReadOnly,
)
from gateway.core.events import TextDelta
from gateway.core.messages import text_of
from gateway.core.models import ModelDetails


@pytest.mark.parametrize(
    ("capabilities", "think", "sent"),
    [
        (("completion", "thinking"), True, True),
        (("completion", "thinking"), False, False),
        (("completion", "thinking"), None, False),
        (("completion",), True, None),
        (("completion",), False, None),
        (None, True, None),
    ],
)
async def test_only_models_that_can_think_are_told_whether_to(
    capabilities: tuple[str, ...] | None, think: bool | None, sent: bool | None
) -> None:
    backend = Rounds(said("Hi"), capabilities=capabilities)
    await answer_of(turn_of(await sessions_with(), backend, think=think))
    assert backend.requests[0].thinking is sent


async def test_the_whole_history_is_sent_and_the_window_with_it() -> None:
    backend = Rounds(said("Noon."))
    await answer_of(turn_of(await sessions_with(*OLD), backend, "Noon?"))
    [request] = backend.requests
    assert [text_of(message.content) for message in request.messages] == [
        "Morning?",
        "Yes.",
        "Noon?",
    ]
    assert request.context_length == 8192


async def test_the_decision_about_the_window_is_kept_with_the_session() -> None:
    sessions = await sessions_with(*OLD)
    backend = Rounds([BackendFailed("Broke.")])
    with pytest.raises(BackendFailed):
        await answer_of(turn_of(sessions, backend))
    window = (await sessions.get(ID)).window
    assert (window.current_window, window.last_adjustment) == (8192, "no_adjustment")


async def test_without_dynamic_windows_none_is_sent() -> None:
    backend = Rounds(said("Hi"))
    async with serving(backend, dynamic_windows=False) as gateway:
        answer = (await gateway.chat()).json()
    assert answer["context_window"] == {
        "current_window": None,
        "usage_tokens": 15,
        "reason": "no_adjustment",
    }
    assert backend.requests[0].context_length == "ollama"


TOO_LONG = ContextOverflow("Too long.", n_prompt_tokens=20_000)


class Large(Rounds):
    """Has as many tokens as anybody needs."""

    async def show(self, model: str) -> ModelDetails:
        return ModelDetails(name=model, capabilities=None, context_length=131_072)


async def test_a_prompt_that_is_longer_than_estimated_is_sent_in_a_larger_window() -> None:
    sessions = await sessions_with(*OLD)
    backend = Large([TOO_LONG], said("Hi"))
    answer = await answer_of(turn_of(sessions, backend))
    assert [request.context_length for request in backend.requests] == [8192, 65536]
    assert answer.context_window.reason == "usage_threshold"
    assert (await sessions.get(ID)).window.current_window == 65536


class Small(Rounds):
    """Has no more than 8192 tokens."""

    async def show(self, model: str) -> ModelDetails:
        return ModelDetails(name=model, capabilities=None, context_length=8192)


async def test_a_prompt_for_which_no_window_is_large_enough_is_refused_once() -> None:
    backend = Small([TOO_LONG])
    with pytest.raises(BackendFailed) as caught:
        await answer_of(turn_of(await sessions_with(*OLD), backend))
    assert caught.value.details == {"reason": "context_length_exceeded", "n_prompt_tokens": 20_000}
    assert [request.context_length for request in backend.requests] == [7372]


class Mute(Rounds):
    """Answers, but cannot say anything about its models."""

    async def show(self, model: str) -> ModelDetails:
        raise BackendFailed("No.")


async def test_a_model_that_cannot_be_looked_up_may_still_answer() -> None:
    answer = await answer_of(turn_of(await sessions_with(), Mute(said("Hi"))))
    assert answer.message.content == "Hi"


async def test_the_question_is_kept_before_anything_is_asked() -> None:
    sessions = await sessions_with()

    class Watching(Rounds):
        async def show(self, model: str) -> ModelDetails:
            assert await kept(sessions) == [("user", "Hi")]
            return await super().show(model)

    await answer_of(turn_of(sessions, Watching(said("Hello"))))


async def test_nothing_to_answer_again() -> None:
    turn = turn_of(await sessions_with(), Rounds(said("Hi")), None)
    with pytest.raises(InvalidMessageIndex):
        await turn.check()


async def test_turns_that_queue_hold_nothing_of_the_session() -> None:
    sessions = await sessions_with(*OLD)
    async with sessions.turn(ID):
        session = await sessions.get(ID)
        held = sys.getrefcount(session)
        turns = [turn_of(sessions, Rounds(said("Hi"))) for _ in range(20)]
        for turn in turns:
            await turn.check()
        queued = [asyncio.create_task(answer_of(turn)) for turn in turns]
        await asyncio.sleep(0.01)
        assert sys.getrefcount(session) == held
    await asyncio.gather(*queued)


async def test_a_turn_does_not_hold_the_session_as_it_was_before() -> None:
    sessions = await sessions_with(*OLD)
    turn = turn_of(sessions, Rounds(said("Hi")))
    await turn.check()
    before, mine = await sessions.get(ID), object()
    async with aclosing(turn.steps()) as steps:
        await anext(steps)
        holders, of_mine = sys.getrefcount(before), sys.getrefcount(mine)
    assert holders == of_mine


async def test_what_others_wrote_between_the_check_and_the_turn_is_answered(tmp_path: Path) -> None:
    sessions = await sessions_with(*OLD, store=JSONSessionStore(tmp_path))
    backend = Rounds(said("Hi"))
    turn = turn_of(sessions, backend)
    await turn.check()
    file = tmp_path / f"{ID}.json"
    file.write_bytes(file.read_bytes().replace(b'"Morning?"', b'"Evening?"'))
    await answer_of(turn)
    assert text_of(backend.requests[0].messages[0].content) == "Evening?"
    assert [content for _, content in await kept(sessions)] == ["Evening?", "Yes.", "Hi", "Hi"]


async def test_a_window_that_another_program_pinned_meanwhile_stays(tmp_path: Path) -> None:
    sessions = await sessions_with(*OLD, store=JSONSessionStore(tmp_path))
    file = tmp_path / f"{ID}.json"

    class Pinned(Large):
        """While this one is looked up, somebody pins the window."""

        async def show(self, model: str) -> ModelDetails:
            written = file.read_bytes()
            pinned = written.replace(b'"manual_override": false', b'"manual_override": true')
            file.write_bytes(pinned.replace(b'"current_window": 8192', b'"current_window": 4096'))
            return await super().show(model)

    await answer_of(turn_of(sessions, Pinned(said("Hi")), "long " * 10_000))
    window = (await sessions.get(ID)).window
    assert (window.current_window, window.manual_override) == (4096, True)


async def test_a_session_of_a_later_version_is_refused_before_the_stream() -> None:
    sessions = await sessions_with(*OLD, version="2.0", read_only=True)
    with pytest.raises(SessionReadOnly):
        await turn_of(sessions, Rounds(said("Hi"))).check()


async def test_a_hundred_writers_to_one_session() -> None:
    """No turn is lost, doubled, or mixed with another, however its client behaves."""
    backend = Rounds([0.001, [TextDelta("An ")], 0.001, *said("answer.")])

    async def write(gateway: Gateway, number: int) -> None:
        match number % 4:
            case 0:
                assert (await gateway.chat(str(number))).status_code == 200
            case 1 | 2:
                assert "message_complete" in (await gateway.stream(str(number))).text
            case _:
                path = f"/api/v1/chat/{ID}/stream"
                body = {"message": str(number)}
                async with gateway.http.stream("POST", path, json=body) as response:
                    async for line in response.aiter_lines():
                        if line.startswith("data"):
                            break

    async with serving(backend) as gateway, asyncio.timeout(20):
        await asyncio.gather(*(write(gateway, number) for number in range(100)))
        async with gateway.sessions.turn(ID):
            history = await kept(gateway.sessions)
    assert sorted(int(text) for who, text in history if who == "user") == list(range(100))
    assert len({message.id for message in (await gateway.sessions.get(ID)).messages}) == 200
    for (who, question), (following, answer) in pairwise(history):
        if who == "user":
            assert (following, answer) in (
                ("assistant", "An answer."),
                ("partial", "An "),
                ("partial", "An answer."),
            )
            assert following == "assistant" or int(question) % 4 == 3
        else:
            assert following == "user"


async def test_requests_see_the_answers_of_those_before_them() -> None:
    sessions, backend = await sessions_with(), Rounds(said("Yes."))
    turns = [answer_of(turn_of(sessions, backend, str(number))) for number in range(5)]
    await asyncio.gather(*turns)
    assert [len(request.messages) for request in backend.requests] == [1, 3, 5, 7, 9]


async def test_repairs_are_told_in_a_comment_before_the_end() -> None:
    class Mending(Rounds):
        def chat(self, request: Any) -> Any:
            request.notes.repair("hermes")
            return super().chat(request)

    async with serving(Mending(said("Hi"))) as gateway:
        text = (await gateway.stream()).text
    assert ": x-mochi-repair: hermes\n\nevent: done" in text


async def test_more_answers_than_allowed_are_refused_and_not_queued() -> None:
    async with serving(Rounds([0.2, *said("Hi")]), max_open=1) as gateway:
        first = asyncio.create_task(gateway.stream())
        await asyncio.sleep(0.1)
        second = await gateway.chat()
        assert (second.status_code, second.headers["retry-after"]) == (503, "1")
        await first
        assert (await gateway.chat()).status_code == 200


async def test_answers_count_while_their_session_is_read() -> None:
    async with serving(Rounds(said("Hi")), max_open=2) as gateway:
        get = gateway.sessions.get

        async def slowly(id: str) -> Session:
            await asyncio.sleep(0.1)
            return await get(id)

        gateway.sessions.get = slowly  # type: ignore[method-assign]
        answers = await asyncio.gather(*(gateway.chat() for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [200] * 2 + [503] * 4
        assert (await gateway.chat()).status_code == 200
