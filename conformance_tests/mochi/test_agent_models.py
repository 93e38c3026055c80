"""Agents as models: `agent/NAME` for whoever can talk to a model, here OpenAI's own client."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from conformance_tests.mochi.agentboxes import DESK, AgentBox, agentbox, put_agent, skill
from conformance_tests.mochi.caller import ACT, BROKEN, NOWHERE, PLAN, Caller, call, script
from conformance_tests.mochi.sessions import snapshot
from conformance_tests.mochi.toolboxes import soon
from conformance_tests.wire import Server

NEEDS_A_YES = "needs a person"
ADD: Any = {
    "type": "function",
    "function": {"name": "add", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture(scope="module")
def models(caller: Caller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentBox]:
    """A gateway with an agent that may jot unasked, and some that do not work here."""
    folder = tmp_path_factory.mktemp("models")
    agents = folder / "agents"
    agents.mkdir()
    unasked = "jot: never_confirm, fail: never_confirm, nap: always_confirm"
    put_agent(agents, "scribe", skill(tool_policies=unasked))
    put_agent(agents, "shy", skill("Asks.", "You are shy."))
    put_agent(agents, "own", skill("Own.", "You are.", model="other:7b"))
    put_agent(agents, "lost", skill("Lost.", "You are.", model=NOWHERE))
    (put_agent(agents, "broken") / "__init__.py").write_text("raise ValueError('broken')")
    with agentbox(caller, folder) as box:
        yield box


@pytest.fixture
def sdk(models: AgentBox) -> OpenAI:
    return client_of(models)


def client_of(box: AgentBox) -> OpenAI:
    url = box.http.base_url.removesuffix("/api/v1") + "/v1"
    return OpenAI(
        base_url=url,
        api_key="unused",
        max_retries=0,
        timeout=30,
        _strict_response_validation=True,
    )


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def told(sdk: OpenAI, instruction: str, model: str = "agent/scribe", **more: Any) -> Any:
    """The choice of a whole answer."""
    answer = sdk.chat.completions.create(model=model, messages=[user(instruction)], **more)
    (choice,) = answer.choices
    return choice


def sent(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["role"], one["content"]) for one in body["messages"]]


def test_agents_are_listed_with_the_models(sdk: OpenAI) -> None:
    """Those that are valid."""
    listed = [model.id for model in sdk.models.list() if model.id.startswith("agent/")]
    assert listed == ["agent/lost", "agent/own", "agent/scribe", "agent/shy"]
    assert sdk.models.retrieve("agent/scribe").id == "agent/scribe"


def test_what_it_says_is_content_and_what_it_does_is_reasoning(sdk: OpenAI) -> None:
    choice = told(sdk, script([call("jot", text="4 March")], mark="model"))
    assert choice.finish_reason == "stop"
    assert choice.message.content == "stored"
    assert choice.message.tool_calls is None
    reasoning = [line for line in choice.message.reasoning_content.splitlines() if line]
    assert reasoning == [
        *["Planned.", 'Tool call: jot({"text": "4 March"})', "Tool result (jot): stored"]
    ]


def test_a_stream(sdk: OpenAI, models: AgentBox) -> None:
    """In the order it happens, piece by piece, with one end."""
    instruction = script([call("jot", text="streamed")], plan=3, then=3)
    stream = sdk.chat.completions.create(
        model="agent/scribe",
        messages=[user(instruction)],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert {chunk.model for chunk in chunks} == {"agent/scribe"}
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    kinds = ["content" if delta.content else "reasoning" for delta in deltas if text_of(delta)]
    assert [kind for kind, _ in itertools.groupby(kinds)] == ["reasoning", "content"]
    assert "".join(delta.content or "" for delta in deltas) == "word word word stored"
    assert kinds.count("reasoning") >= 5
    ends = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert [end for end in ends if end] == ["stop"]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3 * 3  # a plan and two replies
    assert "streamed" in models.runs()


def text_of(delta: Any) -> str:
    return str(delta.content or getattr(delta, "reasoning_content", None) or "")


def test_what_it_is_asked(sdk: OpenAI, models: AgentBox) -> None:
    """Its own prompt, then the caller's, the history, and the instruction; a plan without tools,
    and work with its own."""
    instruction = script([call("jot", text="x")], mark="asked")
    history: list[Any] = [
        {"role": "system", "content": "Be brief."},
        user("Hello"),
        {"role": "assistant", "content": "Hi."},
        user(instruction),
    ]
    sdk.chat.completions.create(
        model="agent/scribe", messages=history, temperature=0.25, seed=7, stop=["#"], user="me"
    )
    plan, *acts = models.caller.about(instruction)
    first, *rest = sent(plan)
    if rest[0][0] == "system":  # two messages, or the one behind the other
        assert (first[1], rest.pop(0)[1]) == ("You are a scribe.", "Be brief.")
    else:
        assert first[1].startswith("You are a scribe.")
        assert first[1].endswith("Be brief.")
    assert rest == [
        *[("user", "Hello"), ("assistant", "Hi."), ("user", instruction), ("user", PLAN)]
    ]
    assert not plan.get("tools")
    assert len(acts) == 2
    for body in acts:
        assert sent(body)[-1] == ("user", ACT)
        assert [one["function"]["name"] for one in body["tools"]] == ["jot", "nap", "fail"]
    for body in (plan, *acts):
        assert body["model"] == "caller"
        assert (body["options"]["temperature"], body["options"]["seed"]) == (0.25, 7)
    assert [body["options"].get("stop") for body in (plan, *acts)] == [None, ["#"], ["#"]]


def test_nothing_is_stored(sdk: OpenAI, models: AgentBox) -> None:
    told(sdk, script(mark="warm"))
    before = snapshot(models.data)
    told(sdk, script(mark="not stored"))
    assert snapshot(models.data) == before
    assert models.chats() == []


def test_policies_are_those_of_the_agent(sdk: OpenAI, models: AgentBox) -> None:
    """There is nobody to ask: what needs a yes is refused in words, and the agent goes on."""
    calls = [call("nap", seconds=0, mark="refused"), call("jot", text="allowed")]
    instruction = script(calls, mark="policies")
    choice = told(sdk, instruction)
    assert "refused" not in models.runs()
    assert "allowed" in models.runs()
    assert NEEDS_A_YES in choice.message.reasoning_content
    assert "Tool result (jot): stored" in choice.message.reasoning_content
    tool = next(text for role, text in sent(models.caller.about(instruction)[-1]) if role == "tool")
    assert tool.startswith("Error: ")


def test_without_a_policy_nothing_runs(sdk: OpenAI, models: AgentBox) -> None:
    choice = told(sdk, script([call("jot", text="unsaid")]), "agent/shy")
    assert "unsaid" not in models.runs()
    assert NEEDS_A_YES in choice.message.reasoning_content


def test_the_callers_tools_are_left_out(sdk: OpenAI, models: AgentBox) -> None:
    """And named in a header."""
    instruction = script([call("jot", text="x")], mark="ignored")
    raw = sdk.chat.completions.with_raw_response.create(
        model="agent/scribe", messages=[user(instruction)], tools=[ADD], tool_choice="auto"
    )
    assert "tools" in raw.headers["x-mochi-ignored"]
    assert raw.parse().choices[0].message.tool_calls is None
    offered = [one["function"]["name"] for one in models.caller.about(instruction)[-1]["tools"]]
    assert offered == ["jot", "nap", "fail"]


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "add"}}], ids=str
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_demanded_call_is_refused(sdk: OpenAI, choice: Any, stream: bool) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        sdk.chat.completions.create(
            model="agent/scribe",
            messages=[user("x")],
            tools=[ADD],
            tool_choice=choice,
            stream=stream,
        )
    assert error.value.param == "tool_choice"


def test_its_own_model_or_the_default(sdk: OpenAI, models: AgentBox) -> None:
    for agent, model in (("own", "other:7b"), ("lost", "caller"), ("scribe", "caller")):
        instruction = script(mark=f"model of {agent}")
        told(sdk, instruction, f"agent/{agent}")
        assert {body["model"] for body in models.caller.about(instruction)} == {model}


def test_without_a_default(caller: Caller, tmp_path: Path) -> None:
    """An agent that names no model is refused, and the setting is named."""
    (tmp_path / "agents").mkdir()
    put_agent(tmp_path / "agents", "scribe")
    put_agent(tmp_path / "agents", "own", skill(model="other:7b"))
    with agentbox(caller, tmp_path, MOCHI_DEFAULT_MODEL="") as box:
        sdk = client_of(box)
        with pytest.raises(openai.BadRequestError, match="MOCHI_DEFAULT_MODEL") as error:
            told(sdk, script())
        assert error.value.param == "model"
        assert told(sdk, script(), "agent/own").message.content


def test_it_can_be_switched_off(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    put_agent(tmp_path / "agents", "scribe")
    with agentbox(caller, tmp_path, MOCHI_AGENT_MODELS="false") as box:
        assert not [one.id for one in client_of(box).models.list() if "agent" in one.id]
        instruction = script(mark="off")
        asked = client_of(box).chat.completions.create
        asked(model="agent/scribe", messages=[user(instruction)])  # the stand-in has every model
        (body,) = box.caller.about(instruction)
        assert body["model"] == "agent/scribe"


@pytest.mark.parametrize("route", ["completions", "embeddings"])
def test_an_agent_chats_and_nothing_else(models: AgentBox, route: str) -> None:
    url = models.http.base_url.removesuffix("/api/v1") + "/v1"
    body = {"model": "agent/scribe", "prompt": "x", "input": "x"}
    del body["input" if route == "completions" else "prompt"]
    answer = Server(url, "agent/scribe").request("POST", f"/{route}", body)
    assert answer.status == 400
    assert answer.json["error"]["param"] == "model"


def test_an_agent_that_does_not_work(sdk: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError, match="broken") as error:
        told(sdk, "x", "agent/broken")
    assert 400 <= error.value.status_code < 500


def test_the_last_message_is_the_instruction(sdk: OpenAI) -> None:
    messages: list[Any] = [user("x"), {"role": "assistant", "content": "y"}]
    with pytest.raises(openai.BadRequestError) as error:
        sdk.chat.completions.create(model="agent/scribe", messages=messages)
    assert error.value.param == "messages"


@pytest.mark.parametrize("phase", ["plan", "act"])
def test_a_failing_ollama(sdk: OpenAI, phase: str) -> None:
    """An error, in a stream as well; never an end as if all were well."""
    instruction = script([call("jot", text="x")], plan=2, then=2, breaks=phase)
    with pytest.raises(openai.InternalServerError):
        told(sdk, instruction)
    stream = sdk.chat.completions.create(
        model="agent/scribe", messages=[user(instruction)], stream=True
    )
    chunks: list[Any] = []
    with pytest.raises(openai.APIError, match=BROKEN):
        chunks.extend(stream)
    assert not [chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]


@pytest.mark.parametrize("phase", ["plan", "text", "then"])
def test_leaving(sdk: OpenAI, models: AgentBox, phase: str) -> None:
    """Ollama is asked no more, and nothing runs any more."""
    rounds = [[call("jot", text=f"left-{phase}")]]
    slow: dict[str, Any] = {phase: 100}
    instruction = script(*rounds, mark=f"left {phase}", **slow)
    with sdk.chat.completions.create(
        model="agent/scribe", messages=[user(instruction)], stream=True
    ) as stream:
        for chunk in stream:
            if chunk.choices and "word" in text_of(chunk.choices[0].delta):
                break
    asked = {"plan": 1, "text": 2, "then": 3}[phase]
    assert not soon(lambda: len(models.caller.about(instruction)) > asked, 0.5)
    assert (f"left-{phase}" in models.runs()) == (phase == "then")


def test_a_failing_tool_and_an_end_without_end(sdk: OpenAI) -> None:
    choice = told(sdk, script([call("fail", why="no ink")]))
    assert "Tool result (fail): Error: Tool 'fail' failed: no ink" in (
        choice.message.reasoning_content
    )
    choice = told(sdk, script([call("jot", text="x")], endless=True))
    assert choice.finish_reason in ("stop", "length")
    assert "stopped after 6 iterations" in choice.message.content


def test_an_agent_that_is_changed(models: AgentBox, sdk: OpenAI) -> None:
    """Its prompt is read at every run; who may run unasked changes with a reload alone, because a
    tool might write the file."""
    file = models.agents / "shy" / "SKILL.md"
    before = file.read_text()
    try:
        file.write_text(skill("Bold.", "You are bold.", tool_policies="jot: never_confirm"))
        told(sdk, instruction := script([call("jot", text="bold")]), "agent/shy")
        assert sent(models.caller.about(instruction)[-1])[0] == ("system", "You are bold.")
        assert "bold" not in models.runs()
        models.reload_agents()
        told(sdk, instruction, "agent/shy")
        assert "bold" in models.runs()
    finally:
        file.write_text(before)
        models.reload_agents()


def test_a_new_agent_is_a_model_after_a_reload(models: AgentBox, sdk: OpenAI) -> None:
    put_agent(models.agents, "young", skill("Young.", "You are.", model="other:7b"), DESK)
    models.reload_agents()
    assert "agent/young" in [model.id for model in sdk.models.list()]
    assert told(sdk, script(), "agent/young").message.content
