"""Whose chat is continued, with which model and prompt; and many at once."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from extensions.agents.tests.folders import agent
from extensions.agents.tests.working import (
    Minds,
    Office,
    asking,
    jot,
    office,
    roles,
    task,
)
from extensions.chat.tests.stream import names
from extensions.chat.tests.talking import ID, NOW, Rounds, Script, calls, said
from extensions.sessions.records import read, write
from extensions.sessions.session import Session
from gateway.core import messages as core
from gateway.core.messages import text_of
from gateway.core.requests import ChatRequest

WORK = [said("Plan."), said("A."), said("B.")]
OTHER = "1f1e2d3c4b"


async def said_to(place: Office, number: int = 0) -> list[str]:
    return [text for role, text in roles((await place.chat(number)).messages) if role == "user"]


async def test_a_chat_is_continued_by_its_id(tmp_path: Path) -> None:
    backend = Rounds(task("First."), *WORK, said("Done."))
    async with office(backend, tmp_path, jot()) as place:
        first = dict(await place.told())["agent_complete"]["session_id"]
        backend._scripts = iter([task("Second.", id=first), *WORK, said("Done.")])
        again = dict(await place.told())["agent_complete"]
        assert again["session_id"] == first
        assert again["output"] == f"Session ID: {first}\n\nPlan.\nA.\nB."
        assert await said_to(place) == ["First.", "Second."]
        plan = backend.requests[6]
        assert [text_of(each.content) for each in plan.messages][:6] == [
            "You are a scribe.",
            "First.",
            "Plan.",
            "A.",
            "B.",
            "Second.",
        ]


@pytest.mark.parametrize("id", ["0000000000", "../../etc/passwd", "x" * 300, ID, "null\x00"])
async def test_an_unknown_id_begins_a_new_chat(tmp_path: Path, id: str) -> None:
    async with office(Rounds(task(id=id), *WORK, said("Done.")), tmp_path, jot()) as place:
        complete = dict(await place.told())["agent_complete"]
        assert complete["session_id"] != id
        assert complete["session_id"] == (await place.chat()).id


async def test_a_chat_that_must_not_be_written_is_not_continued(tmp_path: Path) -> None:
    later = Session(id=OTHER, model="demo", created_at=NOW, updated_at=NOW)
    chats = tmp_path / "agents" / "agent_chats"
    chats.mkdir(parents=True)
    text = write(later).replace(b'"1.3"', b'"2.0"')
    (chats / f"{OTHER}.json").write_bytes(text)
    async with office(Rounds(task(id=OTHER), *WORK, said("Done.")), tmp_path, jot()) as place:
        assert dict(await place.told())["agent_complete"]["session_id"] != OTHER
        assert (chats / f"{OTHER}.json").read_bytes() == text


async def test_the_chat_of_another_agent_is_left_to_it(tmp_path: Path) -> None:
    backend = Rounds(task(), *WORK, said("Done."))
    async with office(backend, tmp_path, jot(), enabled=("scribe", "clerk")) as place:
        first = dict(await place.told())["agent_complete"]["session_id"]
        backend._scripts = iter([task(name="clerk", id=first), *WORK, said("Done.")])
        second = dict(await place.told())["agent_complete"]["session_id"]
        assert second != first
        sources = {
            chat.messages[0].source_file  # type: ignore[union-attr]
            for chat in (await place.chats.get(first), await place.chats.get(second))
        }
        assert sources == {"scribe/SKILL.md", "clerk/SKILL.md"}


async def test_the_prompt_is_the_one_on_disk_at_every_run(tmp_path: Path) -> None:
    backend = Rounds(task(), *WORK, said("Done."))
    async with office(backend, tmp_path, jot()) as place:
        first = dict(await place.told())["agent_complete"]["session_id"]
        file = tmp_path / "agents" / "scribe" / "SKILL.md"
        for prompt, begins in (("Be bold.", ["system"]), ("", ["user"]), ("Be back.", ["system"])):
            file.write_text(f"---\ndescription: Notes.\n---\n{prompt}")
            backend._scripts = iter([task("More.", id=first), *WORK, said("Done.")])
            await place.told()
            chat = await place.chats.get(first)
            assert [role for role, _ in roles(chat.messages)][:1] == begins
            if prompt:
                assert chat.messages[0].content == prompt
                [sent] = [
                    m for m in backend.requests[-2].messages if isinstance(m, core.SystemMessage)
                ]
                assert text_of(sent.content) == prompt
        assert len(await place.chats.items()) == 1


async def test_an_agent_that_broke_meanwhile_does_not_work(tmp_path: Path) -> None:
    async with office(Rounds(task(), said("Oh.")), tmp_path, jot()) as place:
        await place.agents.all()
        (tmp_path / "agents" / "scribe" / "SKILL.md").unlink()
        told = await place.told()
        assert names(told)[0] == "tool_result"
        assert dict(told)["tool_result"]["error_message"].endswith("it has no SKILL.md.")


@pytest.mark.parametrize(
    ("wanted", "used"),
    [("model: big:7b", "big:7b"), ("model: nowhere", "demo:latest"), ("", "demo:latest")],
)
async def test_the_model_of_an_agent(tmp_path: Path, wanted: str, used: str) -> None:
    agent(tmp_path / "agents", skill=f"---\ndescription: Notes.\n{wanted}\n---\nWrite.")
    backend = Rounds(task(), *WORK, said("Done."), models=("demo:latest", "big:7b"))
    async with office(backend, tmp_path, jot()) as place:
        await place.told()
        assert (await place.chat()).model == used
        models = [request.model for request in backend.requests]
        assert models == ["demo:latest", used, used, used, "demo:latest"]


async def test_a_chat_goes_on_with_the_model_of_now(tmp_path: Path) -> None:
    backend = Rounds(task(), *WORK, said("Done."), models=("demo:latest", "big:7b"))
    async with office(backend, tmp_path, jot()) as place:
        first = dict(await place.told())["agent_complete"]["session_id"]
        path = f"/api/v1/sessions/{ID}"
        await place.gateway.http.patch(path, json={"model": "big:7b"})
        backend._scripts = iter([task(id=first), *WORK, said("Done.")])
        await place.told()
        assert (await place.chats.get(first)).model == "big:7b"
        assert backend.requests[-1].model == "big:7b"


def colleagues(request: ChatRequest) -> Script:
    """Whoever is asked something for an agent hands it on, the agent notes it, and both say so."""
    last, tools = asking(request)
    names = {tool.name for tool in request.tools}
    told = [text_of(each.content) for each in request.messages]
    match request.messages[-1], names:
        case core.UserMessage(), _ if "agent" in names:
            agent, _, id = last.partition(" ")
            return task(f"Note {last}.", agent, id)
        case core.ToolMessage(), _ if "agent" in names:
            return said(last)
        case core.UserMessage(), _ if not tools:
            return said("I will note it.")
        case _ if isinstance(request.messages[-2], core.ToolMessage):
            return said(f"Noted: {[each for each in told if each.startswith('Note ')][-1]}")
    return calls(("jot", {"text": [each for each in told if each.startswith("Note ")][-1]}))


async def test_two_agents_at_once_in_two_sessions(tmp_path: Path) -> None:
    tool = jot()
    enabled = ("scribe", "clerk")
    async with office(Minds(colleagues), tmp_path, tool, enabled=enabled) as place:
        session = await place.gateway.sessions.get(ID)
        await place.gateway.sessions.create(replace(session, id=OTHER))
        both = [(ID, "scribe"), (OTHER, "clerk")] * 5
        streams = await asyncio.gather(*(place.told(agent, id) for id, agent in both))
        for (id, agent), told in zip(both, streams, strict=True):
            assert names(told) == [
                "agent_start",
                "agent_planning",
                "agent_tool_call",
                "agent_tool_result",
                "agent_execution",
                "agent_complete",
                "tool_continuation_start",
                "content_delta",
                "message_complete",
                "done",
            ]
            data = dict(told)
            assert {each["agent_name"] for each in data.values() if "agent_name" in each} == {agent}
            assert data["agent_tool_call"]["arguments"] == {"text": f"Note {agent}."}
            assert data["done"] == {"session_id": id}
        assert len({dict(told)["agent_complete"]["session_id"] for told in streams}) == 10
        assert len(tool.ran) == len(await place.chats.items()) == 10


async def test_the_same_chat_from_two_sessions_at_once(tmp_path: Path) -> None:
    """One run after the other; each tells of its own work alone."""
    async with office(Minds(colleagues), tmp_path, jot()) as place:
        session = await place.gateway.sessions.get(ID)
        await place.gateway.sessions.create(replace(session, id=OTHER))
        first = dict(await place.told("scribe"))["agent_complete"]["session_id"]
        streams = await asyncio.gather(
            *(place.told(f"scribe {first}", id) for id in (ID, OTHER, ID, OTHER))
        )
        outputs = [dict(told)["agent_complete"]["output"] for told in streams]
        assert {output.split("\n")[0] for output in outputs} == {f"Session ID: {first}"}
        assert {output.count("I will note it.") for output in outputs} == {1}
        history = [role for role, _ in roles((await place.chats.get(first)).messages)]
        assert history == ["system", *["user", "assistant", "assistant", "tool", "assistant"] * 5]


async def fifty_runs(folder: Path) -> list[Path]:
    """The files of a session and of the chat that half of its agents' runs are in."""
    async with office(Minds(colleagues), folder, jot()) as place:
        first = dict(await place.told("scribe"))["agent_complete"]["session_id"]
        for number in range(49):
            told = await place.told(f"scribe {first}" if number % 2 else "scribe")
            assert names(told)[-2:] == ["message_complete", "done"]
        main = await place.gateway.sessions.get(ID)
    (folder / f"{ID}.json").write_bytes(write(main))
    return [folder / f"{ID}.json", folder / "agents" / "agent_chats" / f"{first}.json"]


def opened(file: Path) -> list[tuple[str, str]]:
    messages = read(file.read_bytes(), id=file.stem, modified=NOW).messages
    return [(str(each.__struct_config__.tag), each.content) for each in messages]


async def test_fifty_runs_in_one_session(tmp_path: Path) -> None:
    main, chat = await fifty_runs(tmp_path)
    assert len(list(chat.parent.iterdir())) == 26
    assert [role for role, _ in opened(main)] == ["user", "assistant", "tool", "assistant"] * 50
    work = ["user", "assistant", "assistant", "tool", "assistant"]
    assert [role for role, _ in opened(chat)] == ["system", *work * 25]


async def test_mochi_coco_reads_what_fifty_runs_left(tmp_path: Path) -> None:
    coco = pytest.importorskip("mochi_coco.chat.session", exc_type=ImportError)
    for file in await fifty_runs(tmp_path):
        theirs = coco.ChatSession("other:1b", session_id=file.stem, sessions_dir=str(file.parent))
        assert [(each.role, each.content) for each in theirs.messages] == opened(file)
