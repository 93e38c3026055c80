"""Which agents there are, why others are none, and their chats."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance_tests.mochi.agentboxes import (
    DESK,
    AgentBox,
    agentbox,
    complete,
    put_agent,
    skill,
)
from conformance_tests.mochi.caller import Caller, script
from conformance_tests.mochi.sessions import refusal

FIELDS = ["name", "description", "model", "valid", "tool_count", "tools", "error_message"]


@pytest.fixture
def empty(caller: Caller, tmp_path: Path) -> Iterator[AgentBox]:
    """A gateway whose folder of agents has nothing in it."""
    with agentbox(caller, tmp_path) as box:
        yield box


def test_all_agents(desk: AgentBox) -> None:
    agents = desk.agents_listed()
    assert list(agents) == ["clerk", "scribe"]
    assert agents["clerk"] == {
        "name": "clerk",
        "description": "Files things: all of them.",
        "model": None,
        "valid": True,
        "tool_count": 3,
        "tools": ["jot", "nap", "fail"],
        "error_message": None,
    }
    assert all(list(each) == FIELDS for each in agents.values())


def test_one_agent(desk: AgentBox) -> None:
    answer = desk.http.get("/agents/agent/scribe")
    assert answer.status == 200
    assert list(answer.json) == [*FIELDS, "system_prompt"]
    assert answer.json["system_prompt"] == "You are a scribe."
    for name in ("nobody", "agent_chats", "%2e%2e", "SCRIBE"):
        assert refusal(desk.http.get(f"/agents/agent/{name}")) == (404, "AGENT_NOT_FOUND")


def no_file(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def text(name: str, content: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_text(content, "utf-8")

    return write


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "skilless": (no_file("SKILL.md"), "SKILL.md"),
    "initless": (no_file("__init__.py"), "__init__.py"),
    "moduleless": (no_file("moduleless.py"), "moduleless.py"),
    "speechless": (text("SKILL.md", "---\nmodel: caller\n---\nYou."), "description"),
    "blank": (text("SKILL.md", "---\ndescription:\n---\nYou."), "description"),
    "frontless": (text("SKILL.md", "description: It.\n\nYou."), "'---'"),
    "endless": (text("SKILL.md", "---\ndescription: It.\nYou."), "'---'"),
    "toolless": (text("__init__.py", "__all__ = []"), "__all__"),
    "undocumented": (
        text("__init__.py", "__all__ = ['f']\ndef f(): pass"),
        "docstring",
    ),
    "unheard": (text("__init__.py", "__all__ = ['f']"), "f"),
    "raising": (text("__init__.py", "raise RuntimeError('not today')"), "not today"),
    "garbled": (text("__init__.py", "def f(:"), "SyntaxError"),
    "leaving": (text("__init__.py", "import sys; sys.exit(0)"), "SystemExit"),
}


@pytest.fixture(scope="module")
def ruin(caller: Caller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentBox]:
    """A gateway with one agent that works, and one for each way not to."""
    folder = tmp_path_factory.mktemp("ruin")
    (folder / "agents").mkdir()
    for name, (spoil, _) in BROKEN.items():
        spoil(put_agent(folder / "agents", name))
    for name in ("_own", ".hidden", "whole"):
        put_agent(folder / "agents", name)
    (folder / "agents" / "notes.txt").write_text("not an agent")
    with agentbox(caller, folder) as box:
        yield box


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_none_is_listed_with_the_reason(ruin: AgentBox, name: str) -> None:
    agent = ruin.agents_listed()[name]
    assert agent["valid"] is False
    assert BROKEN[name][1] in agent["error_message"]
    assert str(ruin.agents) not in agent["error_message"]
    assert ruin.http.get(f"/agents/agent/{name}").json["valid"] is False


def test_the_others_are_not_harmed(ruin: AgentBox) -> None:
    agents = ruin.agents_listed()
    assert list(agents) == sorted([*BROKEN, "whole"])
    assert agents["whole"]["valid"] is True


@pytest.mark.parametrize("name", ["skilless", "raising"])
def test_what_is_none_cannot_be_enabled(ruin: AgentBox, name: str) -> None:
    """Neither at the beginning nor later, nor with one that works; nothing is changed."""
    id = ruin.enabled("whole")
    enabled = {"agent_settings": {"enabled_agents": ["whole", name]}}
    answer = ruin.http.request("POST", "/sessions", {"model": "caller", **enabled})
    assert refusal(answer) == (422, "AGENT_INVALID")
    answer = ruin.http.request("PATCH", f"/sessions/{id}", enabled)
    assert refusal(answer) == (422, "AGENT_INVALID")
    assert ruin.detail(id)["agent_settings"] == {"enabled_agents": ["whole"]}


def test_a_name_that_nobody_has_yet_is_kept(desk: AgentBox) -> None:
    id = desk.enabled("scribe", "poet")
    assert desk.detail(id)["agent_settings"] == {"enabled_agents": ["scribe", "poet"]}
    assert desk.say(id, "Say it.").status == 200


def test_skill_files_as_people_write_them(empty: AgentBox) -> None:
    """Quotes, Windows' line ends, a byte order mark, unknown keys, and colons in values."""
    texts = {
        "quoted": '---\ndescription: "Quotes: yes."\n---\nYou quote.\n',
        "windows": "---\r\ndescription: Old.\r\nmodel: caller\r\n---\r\nOne.\r\nTwo.\r\n",
        "marked": "\ufeff---\ndescription: Marked.\n---\nYou.",
        "unknown": "---\nname: x\nlicense: MIT\ndescription: Known.\n---\n\n\nYou.\n---\nMore.\n\n",
    }
    for name, content in texts.items():
        put_agent(empty.agents, name)
        (empty.agents / name / "SKILL.md").write_bytes(content.encode())
    agents = empty.agents_listed()
    assert [each["error_message"] for each in agents.values()] == [None] * 4
    assert agents["quoted"]["description"] == "Quotes: yes."
    assert agents["windows"]["model"] == "caller"
    prompts = [empty.http.get(f"/agents/agent/{name}").json["system_prompt"] for name in texts]
    assert [" ".join(each.split()) for each in prompts] == [
        *["You quote.", "One. Two.", "You.", "You. --- More."]
    ]


def test_a_reload_finds_what_is_new(empty: AgentBox) -> None:
    assert empty.agents_listed() == {}
    put_agent(empty.agents, "scribe")
    put_agent(empty.agents, "broken", text="")
    answer = empty.reload_agents().json
    assert list(answer) == ["success", "agents_count", "message"]
    assert answer["success"] is True
    assert answer["agents_count"] in (1, 2)
    assert [name for name, each in empty.agents_listed().items() if each["valid"]] == ["scribe"]
    changed = DESK.replace("def jot(text", "def note(text")
    (empty.agents / "scribe" / "scribe.py").write_text(changed)
    (empty.agents / "scribe" / "__init__.py").write_text(
        "from .scribe import note\n__all__ = ['note']"
    )
    empty.reload_agents()
    assert empty.agents_listed()["scribe"]["tools"] == ["note"]


def test_no_folder_of_agents(caller: Caller, tmp_path: Path) -> None:
    with agentbox(caller, tmp_path, MOCHI_AGENTS_DIR=str(tmp_path / "none")) as box:
        assert box.agents_listed() == {}
        assert box.chats() == []
        id = box.begin()
        assert box.say(id, "Say it.").status == 200
        assert "tools" not in box.caller.about("Say it.")[-1]


def test_two_agents_may_have_tools_of_one_name(desk: AgentBox) -> None:
    agents = desk.agents_listed()
    assert agents["clerk"]["tools"] == agents["scribe"]["tools"]
    assert list(desk.listing()["tools"]) == ["add"]


def test_chats_are_apart_from_sessions(desk: AgentBox) -> None:
    """Listed newest first, shown as a session is, and nowhere among the sessions."""
    id = desk.enabled()
    chats = [complete(desk.run(id, script(mark=mark)))["session_id"] for mark in "ab"]
    listed = [item["session_id"] for item in desk.chats()]
    assert listed[:2] == chats[::-1]
    sessions = [item["session_id"] for item in desk.http.get("/sessions").json["sessions"]]
    assert id in sessions
    assert not set(sessions) & set(listed)
    shown, session = desk.chat(chats[0]), desk.detail(id)
    assert list(shown) == list(session)
    assert list(desk.chats()[0]) == list(desk.http.get("/sessions").json["sessions"][0])
    assert refusal(desk.http.get(f"/sessions/{chats[0]}")) == (404, "SESSION_NOT_FOUND")
    answer = desk.http.request("POST", f"/chat/{chats[0]}", {"message": "x"})
    assert refusal(answer) == (404, "SESSION_NOT_FOUND")
    for unknown in (id, "ffffffffff", "..", "%2e%2e%2fx"):
        status = desk.http.get(f"/agents/chats/{unknown}")
        assert refusal(status)[0] == 404, unknown


def test_a_skill_that_others_could_write_is_not_followed(empty: AgentBox) -> None:
    put_agent(empty.agents, "open")
    (empty.agents / "open" / "SKILL.md").chmod(0o666)
    assert empty.agents_listed()["open"]["valid"] is False


def test_the_description_is_read_as_text(empty: AgentBox) -> None:
    """Braces, quotes and another script reach the model as they are."""
    described = "Does {agents} %s 'so' ä 茶."
    put_agent(empty.agents, "odd", skill(described))
    id = empty.enabled("odd")
    assert empty.say(id, "Say it.").status == 200
    (offered,) = empty.caller.about("Say it.")[-1]["tools"]
    assert described in offered["function"]["description"]
