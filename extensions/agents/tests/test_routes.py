from pathlib import Path
from typing import Any

from extensions.agents.tests.folders import agent
from extensions.agents.tests.working import Office, jot, office, task
from extensions.chat.tests.talking import ID, Rounds, said
from extensions.tests.serving import refusal
from gateway.testing import ScriptedBackend

SCRIBE = {
    "name": "scribe",
    "description": "Keeps notes.",
    "model": None,
    "valid": True,
    "tool_count": 1,
    "tools": ["jot"],
    "error_message": None,
}
BROKEN = {
    "name": "broken",
    "description": "",
    "model": None,
    "valid": False,
    "tool_count": 1,
    "tools": ["jot"],
    "error_message": "its SKILL.md does not begin with a line '---'",
}


async def got(place: Office, path: str) -> Any:
    answer = await place.gateway.http.get(f"/api/v1{path}")
    assert answer.status_code == 200
    return answer.json()


async def test_listing_and_describing(tmp_path: Path) -> None:
    agent(tmp_path / "agents", "broken", skill="Nothing.")
    async with office(ScriptedBackend(), tmp_path, jot()) as place:
        assert await got(place, "/agents") == {"agents": {"broken": BROKEN, "scribe": SCRIBE}}
        described = {**SCRIBE, "system_prompt": "You are a scribe."}
        assert await got(place, "/agents/agent/scribe") == described
        assert await got(place, "/agents/agent/broken") == {**BROKEN, "system_prompt": ""}
        answer = await place.gateway.http.get("/api/v1/agents/agent/nobody")
        assert refusal(answer) == (404, "AGENT_NOT_FOUND", {"agent_name": "nobody"})


async def test_looking_again(tmp_path: Path) -> None:
    async with office(ScriptedBackend(), tmp_path, jot()) as place:
        assert list((await got(place, "/agents"))["agents"]) == ["scribe"]
        agent(tmp_path / "agents", "clerk")
        agent(tmp_path / "agents", "broken", skill="Nothing.")
        answer = await place.gateway.http.post("/api/v1/agents/reload")
        assert (answer.status_code, answer.json()) == (
            200,
            {"success": True, "agents_count": 2, "message": "Found 2 agents, 1 not valid."},
        )
        assert list((await got(place, "/agents"))["agents"]) == ["broken", "clerk", "scribe"]


async def test_chats_are_shown_here_and_nowhere_else(tmp_path: Path) -> None:
    script = [task(), said("Plan."), said("A."), said("B."), said("Done.")]
    async with office(Rounds(*script, *script), tmp_path, jot()) as place:
        assert await got(place, "/agents/chats") == {"sessions": []}
        await place.told()
        await place.told()
        [newest, oldest] = (await got(place, "/agents/chats"))["sessions"]
        assert newest["updated_at"] > oldest["updated_at"]
        assert (newest["message_count"], newest["preview"]) == (5, "Note the date.")
        chat = await got(place, f"/agents/chats/{newest['session_id']}")
        assert chat.keys() >= {"summary", "context_window_config", "tool_settings", "messages"}
        assert [each["role"] for each in chat["messages"]][:3] == ["system", "user", "assistant"]
        assert chat["messages"][0]["source_file"] == "scribe/SKILL.md"
        [session] = (await got(place, "/sessions"))["sessions"]
        assert session["session_id"] == ID
        for path in (
            f"/agents/chats/{ID}",
            "/agents/chats/..%2F",
            f"/sessions/{chat['session_id']}",
        ):
            answer = await place.gateway.http.get(f"/api/v1{path}")
            assert refusal(answer)[:2][0] == 404


async def test_a_session_must_not_enable_an_agent_that_is_not_valid(tmp_path: Path) -> None:
    agent(tmp_path / "agents", "broken", skill="Nothing.")
    async with office(ScriptedBackend(), tmp_path, jot()) as place:
        http = place.gateway.http
        before = await got(place, "/sessions")
        settings = {"agent_settings": {"enabled_agents": ["scribe", "broken"]}}
        created = await http.post("/api/v1/sessions", json={"model": "demo", **settings})
        patched = await http.patch(f"/api/v1/sessions/{ID}", json=settings)
        for answer in (created, patched):
            assert refusal(answer) == (422, "AGENT_INVALID", {"agent_name": "broken"})
        assert await got(place, "/sessions") == before


async def test_a_session_may_enable_an_agent_that_is_yet_to_come(tmp_path: Path) -> None:
    async with office(ScriptedBackend(), tmp_path, jot()) as place:
        settings = {"agent_settings": {"enabled_agents": ["scribe", "nobody"]}}
        patched = await place.gateway.http.patch(f"/api/v1/sessions/{ID}", json=settings)
        assert patched.status_code == 200
        assert patched.json()["agent_settings"] == settings["agent_settings"]
