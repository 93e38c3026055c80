"""A run of an agent as the answer of a model."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from extensions.agents.agent import Agent
from extensions.agents.model_chat import AgentChat, admitted
from extensions.agents.prompts import EXECUTION, PLANNING, PhasePrompts
from extensions.chat.tests.talking import Rounds, Script, calls, said
from extensions.tests.toolbox import Active, AsyncTool
from gateway.core.errors import BackendFailed, InvalidRequest, Unsupported
from gateway.core.events import Batch, ChatEvent, Finished, TextDelta, ThinkingDelta, Usage
from gateway.core.messages import (
    AssistantMessage,
    ImagePart,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    text,
)
from gateway.core.notes import Notes
from gateway.core.requests import (
    AnyJSON,
    ChatRequest,
    JSONOf,
    NamedTool,
    Sampling,
    ToolDefinition,
)

SCRIBE = Agent(
    name="scribe",
    prompt="You are a scribe.",
    tools=("jot", "wipe"),
    tool_policies={"jot": "never_confirm"},
)
ASK: tuple[Message, ...] = (UserMessage(text("Note the 4th")),)
PLAN, ACT = UserMessage(text(PLANNING)), UserMessage(text(EXECUTION))
WORK = (said("Jot."), calls(("jot", {"note": "4 March"})), said("Done."))
"""A plan, a call, an answer."""


async def stored(**_: str) -> str:
    return "stored"


class Desk:
    """An agent with its tools, and the model behind it, which says this."""

    def __init__(self, folder: Path, *rounds: Script) -> None:
        self.backend = Rounds(*rounds)
        self.jot, self.wipe = AsyncTool("jot", stored), AsyncTool("wipe", stored)
        self.prompts = PhasePrompts(folder / "planning.md", folder / "execution.md")

    def chat(
        self, *messages: Message, most: int = 50, **fields: Any
    ) -> AsyncGenerator[Batch, None]:
        return AgentChat(
            backend=self.backend,
            agent=SCRIBE,
            tools=Active(self.jot, self.wipe),
            prompts=self.prompts,
            request=ChatRequest(model="demo", messages=messages or ASK, **fields),
            most=most,
        ).batches()


async def heard(batches: AsyncGenerator[Batch, None]) -> tuple[str, str, Finished]:
    """Reasoning, answer, and how it ended."""
    events = [event async for batch in batches for event in batch]
    thought = [event.text for event in events if isinstance(event, ThinkingDelta)]
    spoken = [event.text for event in events if isinstance(event, TextDelta)]
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, Finished) for event in events) == 1
    return "".join(thought), "".join(spoken), events[-1]


async def test_plan_and_tools_are_reasoning_and_the_rest_is_the_answer(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *WORK)
    thought, answer, ended = await heard(desk.chat())
    assert thought.splitlines() == [
        "Jot.",
        "",
        'Tool call: jot({"note": "4 March"})',
        "Tool result (jot): stored",
    ]
    assert answer == "Done."
    assert ended == Finished("stop", Usage(11 + 60 + 11, 4 + 7 + 4))
    assert desk.jot.ran == [{"note": "4 March"}]


async def test_every_request_has_what_was_said_and_a_prompt_that_is_in_no_other(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, *WORK)
    await heard(desk.chat())
    plan, act, again = desk.backend.requests
    told = (SystemMessage(text("You are a scribe.")), *ASK)
    planned = AssistantMessage(text("Jot."))
    assert (plan.messages, plan.tools) == ((*told, PLAN), ())
    assert act.messages == (*told, planned, ACT)
    assert [tool.name for tool in act.tools] == ["jot", "wipe"]
    call = ToolCall("call_0", "jot", {"note": "4 March"})
    assert again.messages[3:] == (
        AssistantMessage(tool_calls=(call,)),
        ToolMessage(text("stored"), "call_0", "jot"),
        ACT,
    )


async def test_earlier_messages_are_history_and_the_callers_prompt_follows_the_agents(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, *WORK)
    past = (
        UserMessage(text("Weather?")),
        AssistantMessage(tool_calls=(ToolCall("c1", "weather", {}),)),
        ToolMessage(text("Rain"), "c1", "weather"),
        AssistantMessage(text("It rains.")),
    )
    ask = UserMessage((TextPart("Note this"), ImagePart("aGk=", "image/png")))
    await heard(desk.chat(*past, SystemMessage(text("Be brief.")), ask))
    prompts = [SystemMessage(text(told)) for told in ("You are a scribe.", "Be brief.")]
    for request in desk.backend.requests:
        assert request.messages[:7] == (*prompts, *past, ask)


async def test_prompts_are_read_when_they_are_needed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *WORK)
    (tmp_path / "planning.md").write_text("Think it over.", "utf-8")
    (tmp_path / "execution.md").write_text("Go on.", "utf-8")
    await heard(desk.chat())
    last = [request.messages[-1] for request in desk.backend.requests]
    assert last == [UserMessage(text(told)) for told in ("Think it over.", "Go on.", "Go on.")]


async def test_a_call_that_needs_a_yes_is_refused_in_words(tmp_path: Path) -> None:
    desk = Desk(tmp_path, said("Wipe."), calls(("wipe", {})), said("I could not."))
    thought, answer, _ = await heard(desk.chat())
    assert desk.wipe.ran == []
    assert "Tool call: wipe({})\nTool result (wipe): Error: This tool needs a person" in thought
    assert "nobody can be asked here" in str(desk.backend.requests[2].messages[-2])
    assert answer == "I could not."


async def test_a_model_that_only_announces_gets_a_second_chance(tmp_path: Path) -> None:
    desk = Desk(tmp_path, said("Jot."), said("I will jot."), said("Nothing to jot."))
    _, answer, _ = await heard(desk.chat())
    assert answer == "I will jot.\n\nNothing to jot."


async def test_the_answer_is_cut_where_the_last_reply_is(tmp_path: Path) -> None:
    cut: Script = [[TextDelta("And th")], [Finished("length")]]
    _, _, ended = await heard(Desk(tmp_path, said("Jot."), said("So"), cut).chat())
    assert ended.reason == "length"
    _, _, ended = await heard(Desk(tmp_path, cut, cut, said("There.")).chat())
    assert ended.reason == "stop"


async def test_an_agent_that_never_stops_ends_with_a_warning(tmp_path: Path) -> None:
    desk = Desk(tmp_path, said("Jot."), calls(("jot", {})))
    _, answer, ended = await heard(desk.chat(most=3))
    assert answer == "Warning: stopped after 3 iterations."
    assert ended == Finished("stop", Usage(11 + 3 * 60, 4 + 3 * 7))
    assert len(desk.backend.requests) == 4


async def test_a_call_in_the_plan_is_not_run(tmp_path: Path) -> None:
    desk = Desk(tmp_path, calls(("jot", {})), said("So."), said("Done."))
    thought, answer, _ = await heard(desk.chat())
    assert (thought, answer, desk.jot.ran) == ("", "So.\n\nDone.", [])
    assert "not found" in str(desk.backend.requests[1].messages[-2])


async def test_what_was_asked_beside_the_messages_holds_for_every_request(tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "parallel_tool_calls": False,
        "thinking": "low",
        "stream": True,
        "context_length": 4096,
        "keep_alive": "5m",
        "options": {"num_batch": 1},
        "notes": Notes(),
    }
    desk = Desk(tmp_path, *WORK)
    await heard(desk.chat(sampling=Sampling(temperature=0, seed=7, max_tokens=99), **fields))
    assert len(desk.backend.requests) == 3
    for request in desk.backend.requests:
        assert request.sampling == Sampling(temperature=0, seed=7, max_tokens=99)
        assert {name: getattr(request, name) for name in fields} == fields
        assert request.notes is fields["notes"]


async def test_stop_is_for_the_answer_and_not_for_the_plan(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *WORK)
    await heard(desk.chat(sampling=Sampling(stop=("\n",), top_p=0.5)))
    assert [each.sampling.stop for each in desk.backend.requests] == [(), ("\n",), ("\n",)]
    assert all(each.sampling.top_p == 0.5 for each in desk.backend.requests)


@pytest.mark.parametrize(
    "messages",
    [
        (SystemMessage(text("Be brief.")),),
        (*ASK, AssistantMessage(text("The 4th is"))),
        (
            *ASK,
            AssistantMessage(tool_calls=(ToolCall("c1", "weather", {}),)),
            ToolMessage(text("Rain"), "c1", "weather"),
        ),
    ],
)
async def test_without_an_instruction_nothing_is_asked(
    tmp_path: Path, messages: tuple[Message, ...]
) -> None:
    desk = Desk(tmp_path, *WORK)
    with pytest.raises(InvalidRequest, match="must be the user's") as refused:
        await heard(desk.chat(*messages))
    assert refused.value.param == "messages"
    assert desk.backend.requests == []


@pytest.mark.parametrize("at", [0, 1, 2])
async def test_a_failure_of_the_model_ends_the_stream(tmp_path: Path, at: int) -> None:
    rounds = [*WORK]
    rounds[at] = [[TextDelta("Wel")], BackendFailed("Ollama is gone.")]
    events: list[ChatEvent] = []

    async def listen() -> None:
        async for batch in Desk(tmp_path, *rounds).chat():
            events.extend(batch)

    with pytest.raises(BackendFailed, match="gone"):
        await listen()
    assert events
    assert not any(isinstance(event, Finished) for event in events)


@pytest.mark.parametrize("number", [0, 1])
async def test_leaving_ends_the_work_of_the_model(tmp_path: Path, number: int) -> None:
    rounds = [*WORK]
    rounds[number] = [[TextDelta("Wel")], 60.0]
    desk = Desk(tmp_path, *rounds)
    async with aclosing(desk.chat()) as batches:
        async for _ in batches:
            if len(desk.backend.requests) > number:
                break
    async with asyncio.timeout(2):
        await desk.backend.left.wait()
    assert len(desk.backend.requests) == number + 1


async def test_leaving_while_a_function_runs_lets_it_finish(tmp_path: Path) -> None:
    started, going, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        started.set()
        await going.wait()
        done.set()
        return "stored"

    desk = Desk(tmp_path, said("Jot."), calls(("jot", {})), said("Done."))
    desk.jot = AsyncTool("jot", slow)
    running = asyncio.create_task(heard(desk.chat()))
    async with asyncio.timeout(2):
        await started.wait()
        running.cancel()
        await asyncio.sleep(0.01)
        assert not running.done()
        going.set()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert done.is_set()
    assert len(desk.backend.requests) == 2


WEATHER = ToolDefinition("weather", "Tells the weather.", Raw(b"{}"))


def request(**fields: Any) -> ChatRequest:
    return ChatRequest(model="agent/scribe", messages=ASK, **fields)


@pytest.mark.parametrize(
    ("param", "fields"),
    [
        ("tool_choice", {"tools": (WEATHER,), "tool_choice": "required"}),
        ("tool_choice", {"tools": (WEATHER,), "tool_choice": NamedTool("weather")}),
        ("response_format", {"response_format": AnyJSON()}),
        ("response_format", {"response_format": JSONOf("answer", Raw(b"{}"))}),
        ("logprobs", {"logprobs": 0}),
    ],
)
def test_what_an_agent_cannot_do_is_refused_by_name(param: str, fields: dict[str, Any]) -> None:
    with pytest.raises(Unsupported) as refused:
        admitted(request(**fields))
    assert (refused.value.param, refused.value.reason) == (param, "unsupported_parameter")


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_the_callers_tools_are_left_out_and_noted(choice: Any) -> None:
    left = admitted(asked := request(tools=(WEATHER,), tool_choice=choice))
    assert (left.tools, left.tool_choice) == ((), "auto")
    assert [*asked.notes.ignored] == ["tools", *(["tool_choice"] if choice == "none" else [])]


def test_where_nothing_may_be_ignored_tools_are_refused() -> None:
    with pytest.raises(Unsupported) as refused:
        admitted(request(tools=(WEATHER,), notes=Notes(strict=True)))
    assert refused.value.param == "tools"


def test_a_request_that_asks_for_nothing_else_stays_as_it_is() -> None:
    assert admitted(plain := request(sampling=Sampling(seed=1))) == plain
    assert not plain.notes.ignored
