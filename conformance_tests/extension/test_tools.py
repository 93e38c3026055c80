"""Tools, their confirmation, and agents, as far as the judged server has any."""

from typing import Any

import pytest

from conformance_tests.extension.api import Api
from conformance_tests.mochi.sessions import event_of, refusal


def test_tools_are_listed(api: Api) -> None:
    """mochi API, tools: what there is with its parameters, its groups, and what is not and why."""
    found = api.found("/tools")
    assert list(found) == ["tools", "groups", "rejected"]
    for name, tool in found["tools"].items():
        assert tool["name"] == name
        assert tool["description"]
        assert {*tool["required"]} <= tool["parameters"].keys()
    for members in found["groups"].values():
        assert {*members} <= found["tools"].keys()


def test_an_unknown_tool(api: Api) -> None:
    """mochi API, tools: 404 TOOL_NOT_FOUND."""
    assert refusal(api.http.get("/tools/there_is_no_such_tool")) == (404, "TOOL_NOT_FOUND")


def test_a_call_waits_for_its_confirmation(api: Api, tools_model: str) -> None:
    """mochi API, confirmation: asked under an id that is good once; a denial is told to the model.

    The tool is never run.
    """
    tools = list(api.found("/tools")["tools"])
    if not tools:
        pytest.skip("this server has no tools")
    settings = {"tools": tools[:1], "execution_policy": "always_confirm"}
    with api.session(model=tools_model, tool_settings=settings) as id:
        events = denied(api, id, f"Call the tool {tools[0]}.")
    asked = [data for name, data in events if name == "tool_call_confirmation_required"]
    if not asked:
        pytest.skip(f"{tools_model} called no tool")
    results = [data for name, data in events if name == "tool_result"]
    assert not any(result["success"] for result in results)
    assert "denied" in results[0]["error_message"]
    assert events[-1][0] == "done"


def denied(api: Api, id: str, message: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream in which every question is answered with no."""
    events: list[tuple[str, dict[str, Any]]] = []
    with api.http.open("POST", f"/chat/{id}/stream", {"message": message}) as live:
        assert live.begin() == 200
        frame = b""
        while line := live.line():
            frame += line
            if line == b"\n" and not frame.startswith(b":"):
                event = event_of(frame.decode().strip("\n"))
                events.append((event.name, event.data))
                if event.name == "tool_call_confirmation_required":
                    deny(api, id, event.data["confirmation_id"])
            frame = b"" if line == b"\n" else frame
    return events


def deny(api: Api, id: str, confirmation: str) -> None:
    body = {"confirmation_id": confirmation, "approved": False}
    path = f"/chat/{id}/confirm-tool"
    answers = [api.http.request("POST", path, body).status for _ in range(2)]
    assert answers == [200, 404], "a confirmation is good once"


def test_an_unknown_confirmation(api: Api, session: str) -> None:
    """mochi API, confirmation: an id that nobody was asked under has no effect."""
    body = {"confirmation_id": "conf_" + "0" * 32, "approved": True}
    answer = api.http.request("POST", f"/chat/{session}/confirm-tool", body)
    assert refusal(answer) == (404, "CONFIRMATION_NOT_FOUND")


def test_agents_are_listed(api: Api) -> None:
    """mochi API, agents: each with its tools, or with what makes it invalid."""
    fields = ["name", "description", "model", "valid", "tool_count", "tools", "error_message"]
    found = api.found("/agents")
    assert isinstance(found["agents"], dict)
    for name, agent in found["agents"].items():
        assert list(agent) == fields
        assert agent["name"] == name
        assert agent["valid"] == (agent["error_message"] is None)
    assert isinstance(api.found("/agents/chats")["sessions"], list)


def test_an_unknown_agent(api: Api) -> None:
    """mochi API, agents: 404, for an agent and for a chat of one."""
    unknown = api.http.get("/agents/agent/there-is-no-such-agent")
    assert refusal(unknown) == (404, "AGENT_NOT_FOUND")
    assert refusal(api.http.get("/agents/chats/0000000000")) == (404, "SESSION_NOT_FOUND")
