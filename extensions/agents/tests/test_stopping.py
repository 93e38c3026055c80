"""Clients that leave, sessions that are deleted, servers that go down, wherever an agent is."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from extensions.agents.tests.working import Office, jot, office, roles, task
from extensions.chat.tests.stream import PROMISED, Events, free, reading, until
from extensions.chat.tests.talking import ID, Rounds, Script, calls, said
from extensions.sessions.session import ToolSettings
from extensions.tests.toolbox import AsyncTool
from gateway.core.events import TextDelta

NOTE = calls(("jot", {"text": "4 March"}), ("jot", {"text": "5 March"}))
FOR_EVER = 60.0
WAITING: Script = [[TextDelta("I will")], FOR_EVER]
DENIED = "Error: Tool execution denied by user"
STOPPED = "Warning: The agent was stopped before it was done."
CALL = '[agent {"agent": "scribe", "instruction": "Note the date."}]'


class Slow(AsyncTool):
    """Notes when it is `going` on."""

    def __init__(self) -> None:
        super().__init__("jot", self._jot)
        self.going = asyncio.Event()

    async def _jot(self, text: str) -> str:
        await self.going.wait()
        return "stored"


async def nothing_left(place: Office, *kept: tuple[str, str]) -> None:
    """Both sessions are free and well formed; the chat has `kept` behind the instruction, and the
    tool message of the session tells the same."""
    await free(place.gateway)
    chat = await place.chat()
    async with asyncio.timeout(PROMISED), place.chats.turn(chat.id):
        pass
    assert roles(chat.messages)[2:] == list(kept)
    *_, asked, told = roles(await place.main())
    assert asked == ("assistant", CALL)
    id, blank, *lines = told[1].split("\n")
    assert (told[0], id, blank) == ("tool", f"Session ID: {chat.id}", "")
    assert lines[-1] == STOPPED
    assert len(lines[:-1]) == sum(bool(text) for _, text in kept)
    assert len(place.gateway.confirmations) == 0


@asynccontextmanager
async def left_at(place: Office, event: str, message: str = "Hi") -> AsyncGenerator[Events, None]:
    """A client that leaves behind this event."""
    async with reading(place.gateway, message) as events:
        await events.until(event)
        yield events


async def test_while_the_agent_plans(tmp_path: Path) -> None:
    backend = Rounds(task(), WAITING)
    async with office(backend, tmp_path, jot()) as place:
        async with left_at(place, "agent_planning"):
            pass
        await nothing_left(place, ("assistant", "I will"))


async def test_before_the_agent_says_a_word(tmp_path: Path) -> None:
    backend = Rounds(task(), [FOR_EVER])
    async with office(backend, tmp_path, jot()) as place:
        async with left_at(place, "agent_start"):
            await until(lambda: len(backend.requests) == 2)
        await nothing_left(place)


async def test_while_the_agent_talks(tmp_path: Path) -> None:
    async with office(Rounds(task(), said("Plan."), WAITING), tmp_path, jot()) as place:
        async with left_at(place, "agent_execution"):
            pass
        await nothing_left(place, ("assistant", "Plan."), ("assistant", "I will"))


async def test_while_a_tool_of_the_agent_runs(tmp_path: Path) -> None:
    """It runs to its end, and what it did is told; the call behind it is not run."""
    tool = Slow()
    async with office(Rounds(task(), said("Plan."), NOTE), tmp_path, tool) as place:
        async with left_at(place, "agent_tool_call"):
            await until(lambda: bool(tool.ran))
        await asyncio.sleep(0.05)
        tool.going.set()
        await free(place.gateway)
        assert tool.ran == [{"text": "4 March"}]
        assert [text for _, text in roles((await place.chat()).messages)][4:] == ["stored", DENIED]
        output = roles(await place.main())[-1][1].split("\n")[2:]
        assert output == [
            "Plan.",
            'Tool call: jot({"text": "4 March"})',
            "Tool result (jot): stored",
            'Tool call: jot({"text": "5 March"})',
            f"Tool result (jot): {DENIED}",
            STOPPED,
        ]


async def test_while_a_call_of_the_agent_waits_for_a_yes(tmp_path: Path) -> None:
    tool = jot()
    asked = ToolSettings(tool_policies={"agent": "never_confirm"})
    backend = Rounds(task(), said("Plan."), NOTE)
    async with office(backend, tmp_path, tool, settings=asked) as place:
        async with left_at(place, "tool_call_confirmation_required"):
            assert len(place.gateway.confirmations) == 1
        await free(place.gateway)
        assert tool.ran == []
        assert [text for _, text in roles((await place.chat()).messages)][4:] == [DENIED, DENIED]
        assert len(place.gateway.confirmations) == 0
        assert roles(await place.main())[-1][1].endswith(f"(jot): {DENIED}\n{STOPPED}")


async def test_while_the_agent_itself_waits_for_a_yes(tmp_path: Path) -> None:
    async with office(Rounds(task()), tmp_path, jot(), settings=ToolSettings()) as place:
        async with left_at(place, "tool_call_confirmation_required"):
            pass
        await free(place.gateway)
        assert await place.chats.items() == []
        assert roles(await place.main())[-1] == ("tool", DENIED)


async def test_while_the_agent_waits_for_its_chat(tmp_path: Path) -> None:
    backend = Rounds(task(), said("Plan."), said("A."), said("B."), said("Done."))
    async with office(backend, tmp_path, jot()) as place:
        await place.told()
        id = (await place.chat()).id
        backend._scripts = iter([task("More.", id=id)])
        async with place.chats.turn(id):
            async with reading(place.gateway):
                await until(lambda: len(backend.requests) == 6)
                await asyncio.sleep(0.05)
            await free(place.gateway)
        assert roles(await place.main())[-1] == (
            "tool",
            "Error: The agent was stopped before it was done.",
        )
        assert [text for _, text in roles((await place.chat()).messages)][-1] == "B."


async def test_behind_the_end_of_the_agent_its_work_counts_as_done(tmp_path: Path) -> None:
    backend = Rounds(task(), said("Plan."), said("A."), said("B."), [FOR_EVER])
    async with office(backend, tmp_path, jot()) as place:
        async with left_at(place, "agent_complete"):
            pass
        await free(place.gateway)
        assert roles(await place.main())[-1][1].endswith("\n\nPlan.\nA.\nB.")


async def test_the_session_goes_on_afterwards(tmp_path: Path) -> None:
    script = [task(), WAITING, task("Again."), said("P."), said("A."), said("B."), said("Done.")]
    async with office(Rounds(*script), tmp_path, jot()) as place:
        async with left_at(place, "agent_planning"):
            pass
        await free(place.gateway)
        assert (await place.told("Try again."))[-1] == ("done", {"session_id": ID})
        assert [role for role, _ in roles(await place.main())] == [
            "user",
            "assistant",
            "tool",
            "user",
            "assistant",
            "tool",
            "assistant",
        ]


async def test_the_session_is_deleted(tmp_path: Path) -> None:
    async with office(Rounds(task(), said("Plan."), WAITING), tmp_path, jot()) as place:
        async with reading(place.gateway) as events:
            await events.until("agent_execution")
            async with asyncio.timeout(PROMISED):
                await place.gateway.sessions.delete(ID)
            told = await events.rest()
        assert told[-2][1]["code"] == "SESSION_NOT_FOUND"
        chat = await place.chat()
        assert roles(chat.messages)[2:] == [("assistant", "Plan."), ("assistant", "I will")]
        async with asyncio.timeout(PROMISED), place.chats.turn(chat.id):
            pass


async def test_the_server_goes_down(tmp_path: Path) -> None:
    backend = Rounds(task(), said("Plan."), WAITING)
    async with office(backend, tmp_path, jot()) as place:
        stream = asyncio.create_task(place.told())
        await until(lambda: len(backend.requests) == 3)
        await asyncio.sleep(0.05)
    with suppress(AssertionError, httpx.HTTPError):
        await stream
    await nothing_left(place, ("assistant", "Plan."), ("assistant", "I will"))


async def test_a_server_that_drains_denies_what_an_agent_asks(tmp_path: Path) -> None:
    asked = ToolSettings(tool_policies={"agent": "never_confirm"})
    script = [task(), said("Plan."), NOTE, said("A."), said("Done.")]
    async with office(Rounds(*script), tmp_path, jot(), settings=asked) as place:
        stream = asyncio.create_task(place.told())
        await until(lambda: len(place.gateway.confirmations) == 1)
    assert (await stream)[-1] == ("done", {"session_id": ID})
    assert roles((await place.chat()).messages)[-1] == ("assistant", "A.")


async def test_a_whole_answer_that_nobody_waits_for(tmp_path: Path) -> None:
    async with office(Rounds(task(), said("Plan."), WAITING), tmp_path, jot()) as place:
        with pytest.raises(httpx.ReadTimeout):
            await place.gateway.http.post(
                f"/api/v1/chat/{ID}", json={"message": "Hi"}, timeout=httpx.Timeout(5, read=0.3)
            )
        await nothing_left(place, ("assistant", "Plan."), ("assistant", "I will"))


async def test_at_any_moment(tmp_path: Path) -> None:
    """Wherever it is cut, both histories are whole: every call has its result."""
    work = [task(), said("Plan."), NOTE, said("I ", "did."), said("Done.")]
    backend = Rounds(*work)
    async with office(backend, tmp_path, jot()) as place:
        before = tasks()
        for number in range(30):
            backend._scripts = iter([*work, *[said("More.")] * 9])
            async with reading(place.gateway, str(number)) as events:
                with suppress(TimeoutError):
                    async with asyncio.timeout(number * 0.004):
                        await events.rest()
            await free(place.gateway)
            well_formed(roles(await place.main()))
        for item in await place.chats.items():
            well_formed(roles((await place.chats.get(item.session_id)).messages))
        await asyncio.sleep(0.05)
        assert tasks() == before
        assert len(place.gateway.confirmations) == 0


def tasks() -> int:
    return len(asyncio.all_tasks())


def well_formed(messages: list[tuple[str, str]]) -> None:
    waiting = 0
    for role, text in messages:
        if role == "tool":
            waiting -= 1
        else:
            assert waiting == 0
        if role == "assistant":
            waiting = text.count("[jot ") + text.count("[agent ")
    assert waiting == 0
