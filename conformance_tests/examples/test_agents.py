"""The sample agents at work, with the prompts that are built in. A wheel comes without them."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.sessions import Event, Sessions, events_of
from conformance_tests.wire import Server

AGENTS = Path(__file__).parents[2] / "examples" / "agents"

pytestmark = pytest.mark.skipif(not AGENTS.exists(), reason="there are no examples here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples, where they may be written to."""
    copied: Path = shutil.copytree(AGENTS, tmp_path_factory.mktemp("samples") / "agents")
    return copied


@pytest.fixture(scope="module")
def samples(gateway: Gateway, folder: Path) -> Iterator[Sessions]:
    settings = {"MOCHI_AGENTS_DIR": str(folder), "MOCHI_DEFAULT_MODEL": "demo-tools"}
    with gateway_alone(gateway.ollama, **settings) as running:
        yield Sessions(running, "demo-tools")


def worked(samples: Sessions, agent: str, message: str) -> list[Event]:
    """What a session tells of the agent, all of whose calls may run."""
    id = samples.begin(
        agent_settings={"enabled_agents": [agent]},
        tool_settings={"execution_policy": "never_confirm"},
    )
    return events_of(samples.stream(id, message))


def calls(events: list[Event]) -> list[str]:
    return [event.data["tool_name"] for event in events if event.name == "agent_tool_call"]


def test_the_samples_are_valid(samples: Sessions) -> None:
    agents = samples.http.get("/agents").json["agents"]
    assert {name: each["error_message"] for name, each in agents.items()} == {
        "builder": None,
        "scribe": None,
    }


def test_the_scribe_takes_a_note_once(samples: Sessions) -> None:
    """The simulated model plans, calls one tool, says what came of it, and is done."""
    events = worked(samples, "scribe", "Have the scribe note that the milk is gone.")
    assert calls(events) == ["jot"]
    notes = (samples.data / "sample_notes" / "notes.txt").read_text("utf-8")
    assert notes.count("the milk is gone") == 1
    plan = "".join(event.data["content"] for event in events if event.name == "agent_planning")
    assert "the milk is gone" in plan
    events = worked(samples, "scribe", "Have the scribe search the notes for milk.")
    assert calls(events) == ["search_notes"]


def test_a_draft_becomes_an_agent_by_a_person(samples: Sessions, folder: Path) -> None:
    message = 'Have the builder draft an agent named "haiku" that writes poems.'
    assert calls(worked(samples, "builder", message)) == ["draft_agent"]
    samples.http.request("POST", "/agents/reload")
    agents = samples.http.get("/agents").json["agents"]
    assert [name for name, each in agents.items() if each["valid"]] == ["builder", "scribe"]
    (folder / "drafts" / "haiku").rename(folder / "haiku")
    samples.http.request("POST", "/agents/reload")
    assert samples.http.get("/agents/agent/haiku").json["valid"] is True


def test_the_scribe_as_a_model(samples: Sessions) -> None:
    """Its own policies let its tools run unasked."""
    server = Server(samples.http.base_url.removesuffix("/api/v1") + "/v1", "agent/scribe")
    body: dict[str, Any] = {"messages": [{"role": "user", "content": "Note that I owe Ada a tea."}]}
    answer = server.request("POST", "/chat/completions", {"model": "agent/scribe", **body})
    assert answer.status == 200, answer.body
    message = answer.json["choices"][0]["message"]
    assert "stored in notes.txt" in message["content"]
    assert "Tool call: jot(" in message["reasoning_content"]
    notes = (samples.data / "sample_notes" / "notes.txt").read_text("utf-8")
    assert "Ada" in notes
