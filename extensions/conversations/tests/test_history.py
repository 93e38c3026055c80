"""What becomes of a session that a chat completion joins."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from extensions.context.window import first_window
from extensions.conversations.history import SessionHistory
from extensions.conversations.projection import items_of
from extensions.conversations.service import Conversations
from extensions.conversations.tests.test_projection import NOW, SAID
from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.session import AssistantMessage, Message, Session
from gateway.core import messages as core
from gateway.core.errors import BackendFailed, SessionNotFound
from gateway.core.events import Batch, Finished, TextDelta, ThinkingDelta, ToolCalled, Usage
from gateway.dialects.openai.responses import items, parts

ID = "0f1e2d3c4b"
HI = core.UserMessage(core.text("Hi"))
CALL = core.ToolCall("call_x", "add", {"a": 1})


async def sessions_with(*messages: Message) -> Sessions:
    sessions = Sessions(MemorySessionStore())
    session = Session(id=ID, model="", created_at=NOW, updated_at=NOW, messages=messages)
    await sessions.create(session)
    return sessions


def history_of(sessions: Sessions) -> SessionHistory:
    return SessionHistory(Conversations(sessions, window=first_window(None)))


async def saying(*script: Batch | Exception) -> AsyncGenerator[Batch, None]:
    for step in script:
        if isinstance(step, Exception):
            raise step
        yield step


async def answered(
    sessions: Sessions, asked: Sequence[core.Message], *script: Batch | Exception
) -> None:
    async with history_of(sessions).join(ID) as joined:
        async for batch in joined.kept(asked, "demo", saying(*script)):
            if isinstance(batch[-1], Finished):
                messages = (await sessions.get(ID)).messages
                assert len(messages) > 1  # before the client can learn of the end


async def test_an_answer_is_kept_with_what_was_asked() -> None:
    sessions = await sessions_with()
    end = Finished("tool_calls", Usage(9, 3))
    said: list[Batch] = [[ThinkingDelta("Hm.")], [TextDelta("Let "), TextDelta("me.")]]
    await answered(sessions, [HI], *said, [ToolCalled(CALL), end])
    session = await sessions.get(ID)
    asked, answer = session.messages
    assert (session.model, asked.content, asked.extra) == ("demo", "Hi", {})
    assert isinstance(answer, AssistantMessage)
    assert (answer.content, answer.thinking) == ("Let me.", "Hm.")
    assert (answer.eval_count, answer.prompt_eval_count) == (3, 9)
    call = items_of(session.messages)[-1]
    assert isinstance(call, items.FunctionCall)
    assert call.call_id == "call_x"


async def test_of_an_answer_that_breaks_off_the_text_is_kept() -> None:
    sessions = await sessions_with()
    with pytest.raises(BackendFailed):
        await answered(
            sessions, [HI], [TextDelta("Hel")], [ToolCalled(CALL)], BackendFailed("Gone.")
        )
    assert [type(item).__name__ for item in items_of((await sessions.get(ID)).messages)] == [
        "Message",
        "Message",
    ]
    async with (
        history_of(sessions).join(ID) as joined,
        aclosing(joined.kept([HI], "demo", saying([TextDelta("Hel")], []))) as batches,
    ):
        await anext(batches)
    _, first, _, second = items_of((await sessions.get(ID)).messages)
    for item in (first, second):
        assert isinstance(item, items.Message)
        assert (item.status, item.content) == ("incomplete", [parts.OutputText(text="Hel")])


async def test_where_nothing_was_said_nothing_is_kept() -> None:
    sessions = await sessions_with()
    with pytest.raises(BackendFailed):
        await answered(sessions, [HI], BackendFailed("Gone."))
    assert (await sessions.get(ID)).messages == ()


async def test_what_was_said_before_goes_first_and_calls_may_be_answered() -> None:
    sessions = await sessions_with(*SAID[:4])
    async with history_of(sessions).join(ID) as joined:
        *before, first, lost = joined.messages(())
        assert [type(message).__name__ for message in before] == [
            "SystemMessage",
            "UserMessage",
            "AssistantMessage",
        ]
        assert isinstance(first, core.ToolMessage)
        assert isinstance(lost, core.ToolMessage)
        assert (first.call_id, lost.call_id) == ("call_a_0", "call_a_1")
        assert joined.messages({"call_a_1"}) == [*before, first]
        assert joined.messages({"call_a_0"}) == [*before, first, lost]
    result = core.ToolMessage(core.text("4"), "call_a_1", "add")
    await answered(sessions, [result, HI], [TextDelta("So."), Finished("stop")])
    messages = (await sessions.get(ID)).messages
    assert [message.content for message in messages[3:]] == ["3", "4", "Hi", "So."]


async def test_images_and_sounds_of_a_request_are_kept() -> None:
    sessions = await sessions_with()
    content = (
        core.TextPart("Look"),
        core.ImagePart("aGk=", "image/png"),
        core.RemoteImagePart("https://images.example/1", "x"),
        core.AudioPart("aGk=", "wav"),
    )
    await answered(sessions, [core.UserMessage(content)], [TextDelta("I do."), Finished("stop")])
    item = items_of((await sessions.get(ID)).messages)[0]
    assert isinstance(item, items.Message)
    assert item.content == [
        parts.InputText("Look"),
        parts.InputImage(image_url="data:image/png;base64,aGk="),
        parts.InputImage(image_url="https://images.example/1"),
        parts.InputAudio(parts.AudioData("aGk=", "wav")),
    ]


async def test_an_unknown_session_cannot_be_joined() -> None:
    sessions = await sessions_with()
    for id in ("nobody", "conv_nobody", "conv_", "../x", ""):
        with pytest.raises(SessionNotFound):
            async with history_of(sessions).join(id):
                pass
