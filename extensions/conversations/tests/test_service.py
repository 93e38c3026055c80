"""Conversations as the responses and the routes use them."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from extensions.context.window import first_window
from extensions.conversations.beside import beside_of
from extensions.conversations.projection import items_of
from extensions.conversations.removing import removed
from extensions.conversations.service import Conversations, after
from extensions.conversations.tests.items import conversations, described
from extensions.conversations.tests.test_projection import session_with
from extensions.sessions.changes import HistoryCut, MessageEdited
from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.session import AssistantMessage
from gateway.core.errors import (
    ConversationCut,
    ConversationNotFound,
    InvalidRequest,
    ItemNotFound,
    SessionReadOnly,
)
from gateway.dialects.openai.responses import items, parts, wire
from gateway.dialects.openai.responses.items import Item
from gateway.http.streams import reason_of


def made(lasts: Callable[[str], bool] = lambda _: True) -> tuple[Sessions, Conversations]:
    sessions = Sessions(MemorySessionStore())
    return sessions, Conversations(sessions, window=first_window(None), lasts=lasts)


def user(text: str) -> Item:
    return items.Message(role="user", content=[parts.InputText(text)])


def response(text: str, status: wire.Status = "completed") -> wire.Response:
    whole: items.ItemStatus = "completed" if status == "completed" else "incomplete"
    said: list[parts.Part] = [parts.OutputText(text=text)]
    usage = wire.Usage(9, wire.InputTokensDetails(), 3, wire.OutputTokensDetails(), 12)
    return wire.Response(
        id="resp_1",
        created_at=1,
        status=status,
        model="demo",
        output=[items.Message(id=f"msg_{text}", role="assistant", status=whole, content=said)],
        text=wire.EchoedText(wire.EchoedFormat()),
        usage=usage if status == "completed" else None,
    )


async def turn(conversations: Conversations, id: str, said: str) -> int:
    async with conversations.open(id) as conversation:
        return await conversation.append([user(said)], response(f"re_{said}"))


async def begun(conversations: Conversations, *items: Item) -> str:
    return f"conv_{(await conversations.create(items, {})).id}"


def said(found: list[Item]) -> list[str]:
    return [
        part.text
        for item in found
        if isinstance(item, items.Message)
        for part in item.content
        if isinstance(part, parts.InputText | parts.OutputText)
    ]


async def test_an_answer_is_appended_once_with_its_model_and_usage() -> None:
    sessions, conversations = made()
    id = await begun(conversations)
    async with conversations.open(id) as conversation:
        assert (conversation.id, conversation.items) == (id, [])
        assert await conversation.append([user("Hi")], response("Yes")) == 2
        assert await conversation.append([user("Hi")], response("Yes")) == 2
    session = await sessions.get(id.removeprefix("conv_"))
    assert session.model == "demo"
    answer = session.messages[-1]
    assert isinstance(answer, AssistantMessage)
    assert (answer.model, answer.eval_count, answer.prompt_eval_count) == ("demo", 3, 9)
    assert [item.id for item in await conversations.items(id)][1] == "msg_Yes"


async def test_a_session_gets_the_first_model_that_can_go_on_with_it() -> None:
    sessions, conversations = made(lasts=lambda model: not model.startswith("agent/"))
    id = f"conv_{(await conversations.create((), {})).id}"
    async with conversations.open(id) as conversation:
        await conversation.append([], replace(response("One."), model="agent/clerk"))
    session = await sessions.get(id.removeprefix("conv_"))
    [answer] = session.messages
    assert isinstance(answer, AssistantMessage)
    assert (session.model, answer.model) == ("", "agent/clerk")
    await turn(conversations, id, "Two?")
    assert (await sessions.get(session.id)).model == "demo"


async def test_an_answer_that_was_cut_short_is_incomplete() -> None:
    _, conversations = made()
    id = await begun(conversations)
    async with conversations.open(id) as conversation:
        await conversation.append([user("Hi")], response("Ye", "incomplete"))
    asked, answer = await conversations.items(id)
    assert isinstance(asked, items.Message)
    assert asked.status == "completed"
    assert isinstance(answer, items.Message)
    assert answer.status == "incomplete"


async def test_the_beginning_is_the_conversation_as_it_was() -> None:
    _sessions, conversations = made()
    id = await begun(conversations, user("a"), user("b"))
    first = await turn(conversations, id, "c")
    second = await turn(conversations, id, "d")
    assert (first, second) == (4, 6)
    [gone, *_] = await conversations.items(id)
    await conversations.remove(id, str(gone.id))
    assert said([*await conversations.beginning(id, first)]) == ["b", "c", "re_c"]
    assert said([*await conversations.beginning(id, second)]) == ["b", "c", "re_c", "d", "re_d"]
    assert len(await conversations.beginning(id, 2**31)) == 5
    await conversations.remove(id, "msg_re_c")
    assert said([*await conversations.beginning(id, first)]) == ["b", "c"]
    await conversations.add(id, [user("e")])
    assert said([*await conversations.beginning(id, second)]) == ["b", "c", "d", "re_d"]


async def test_what_was_cut_away_does_not_come_back_as_something_else() -> None:
    sessions, conversations = made()
    id = await begun(conversations)
    first = await turn(conversations, id, "a")
    second = await turn(conversations, id, "b")
    async with sessions.turn(id.removeprefix("conv_")) as opened:
        messages = opened.session.messages
        dropped = tuple([message.id for message in messages[3:]])
        await opened.commit(
            MessageEdited(index=2, content="x", timestamp=sessions.clock(), dropped=dropped),
            HistoryCut(2, (messages[2].id,)),
        )
    third = await turn(conversations, id, "c")
    assert len({first, second, third}) == 3
    assert said([*await conversations.beginning(id, first)]) == ["a", "re_a"]
    with pytest.raises(ConversationCut):
        await conversations.beginning(id, second)
    assert said([*await conversations.beginning(id, third)]) == ["a", "re_a", "c", "re_c"]


async def test_a_cancelled_append_is_whole_and_is_not_made_again() -> None:
    _sessions, conversations = made()
    id = await begun(conversations)
    entered = asyncio.Event()

    async def appending() -> None:
        async with conversations.open(id) as conversation:
            try:
                entered.set()
                await conversation.append([user("Hi")], response("Yes"))
                await asyncio.sleep(9)
            finally:
                await conversation.append([user("Hi")], response("Yes"))

    task = asyncio.create_task(appending())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await conversations.items(id)) == 2


async def test_deleting_ends_a_turn_and_tells_why() -> None:
    _sessions, conversations = made()
    id = await begun(conversations)
    entered = asyncio.Event()
    reasons = []

    async def talking() -> None:
        async with conversations.open(id):
            entered.set()
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError as cancelled:
                reasons.append(reason_of(cancelled))
                raise

    task = asyncio.create_task(talking())
    await entered.wait()
    await conversations.delete(id)
    with pytest.raises(ConversationNotFound):
        await task
    assert isinstance(reasons[0], ConversationNotFound)


async def test_unknown_ones_and_those_that_can_only_be_read() -> None:
    sessions, conversations = made()
    for id in ("conv_nobody", "nobody", "conv_../x", ""):
        with pytest.raises(ConversationNotFound):
            await conversations.items(id)
        with pytest.raises(ConversationNotFound):
            async with conversations.open(id):
                pass
    id = await begun(conversations, user("a"))
    with pytest.raises(ItemNotFound):
        await conversations.item(id, "msg_nobody")
    with pytest.raises(InvalidRequest):
        await conversations.add(id, [items.FunctionCallOutput(call_id="x", output="")])
    session = await sessions.get(id.removeprefix("conv_"))
    await sessions.create(replace(session, id="later", version="2.0", read_only=True))
    with pytest.raises(SessionReadOnly):
        async with conversations.open("conv_later"):
            pass
    with pytest.raises(SessionReadOnly):
        await conversations.update("conv_later", {})
    assert said(await conversations.items("conv_later")) == ["a"]


@given(conversations())
@settings(max_examples=25, deadline=None)
def test_of_all_items_each_can_be_removed_and_the_others_stay(found: list[Item]) -> None:
    session = session_with(found)
    for item in found:
        left = after(session, removed(session, str(item.id)))
        with_it = {str(item.id)}
        if isinstance(item, items.Call):
            with_it |= {
                str(result.id)
                for result in found
                if isinstance(result, items.Result) and result.call_id == item.call_id
            }
        rest = [other for other in found if other.id not in with_it]
        assert described(items_of(left.messages)) == described(rest)
        assert not [m for m in left.messages if beside_of(m).points]


def test_the_notes_are_json() -> None:
    session = session_with([user("a"), items.Compaction(encrypted_content="mochi1.YQ==")])
    assert msgspec.json.encode([message.extra for message in session.messages])
