"""The session routes over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from extensions.prompts.store import PromptFiles
from extensions.sessions.changes import MessageAppended
from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.routes import SessionsExtension
from extensions.sessions.service import Sessions
from extensions.sessions.session import (
    AssistantMessage,
    Call,
    Message,
    Session,
    SystemMessage,
    ToolMessage,
    UserMessage,
    WindowConfig,
)
from extensions.sessions.store import SessionStore
from extensions.tests.serving import refusal, serving
from gateway.core.errors import (
    BackendBusy,
    BackendFailed,
    BackendTimeout,
    BackendUnreachable,
    InvalidRequest,
    SessionReadOnly,
    StorageUnavailable,
)
from gateway.core.models import ModelDetails
from gateway.testing import ScriptedBackend

ID = "0f1e2d3c4b"
NOW = "2026-03-04T05:06:07.000890"
DEFAULT_TOOLS: dict[str, Any] = {
    "tools": [],
    "tool_group": None,
    "execution_policy": "always_confirm",
    "tool_policies": {},
}
JSON = {"content-type": "application/json"}


def window(longest: int | None) -> WindowConfig:
    return WindowConfig(current_window=longest or 8192, last_adjustment="initial_setup")


class Served:
    """The routes with a store in memory, and prompt files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.backend = Ollama()
        self.store: SessionStore = MemorySessionStore()
        ids = (f"{number:010x}" for number in range(1000))
        self.sessions = Sessions(self.store, clock=lambda: NOW, new_id=lambda: next(ids))
        self.folder = folder
        self.http: httpx.AsyncClient

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        if isinstance(body, bytes):
            return await self.http.request(method, path, content=body, headers=JSON)
        return await self.http.request(method, path, json=body)

    async def keep(self, *messages: Message) -> None:
        """A session with these messages."""
        made = Session(id=ID, model="demo", created_at=NOW, updated_at=NOW, messages=messages)
        await self.sessions.create(made)


class Ollama(ScriptedBackend):
    """Knows `demo` and `other`, unless it is broken."""

    def __init__(self) -> None:
        super().__init__(models=["demo:latest", "other:latest"])
        self.broken: Exception | None = None

    async def show(self, model: str) -> ModelDetails:
        if self.broken:
            raise self.broken
        return await super().show(model)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    served = Served(tmp_path)
    extension = SessionsExtension(served.sessions, served.backend, PromptFiles(tmp_path), window)
    async with serving(served.backend, extension) as served.http:
        yield served


def said(text: str, id: str = "u") -> UserMessage:
    return UserMessage(id=id, timestamp=NOW, content=text)


async def test_a_new_session(served: Served) -> None:
    tools = {
        "tools": ["read_clock"],
        "execution_policy": None,
        "tool_policies": {"read_clock": "never_confirm"},
    }
    body = {"model": "demo", "system_prompt": "One line.", "tool_settings": tools, "unknown": 1}
    answer = await served.ask("POST", "/sessions", body)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    session = answer.json()
    assert session == {
        "session_id": session["session_id"],
        "model": "demo",
        "created_at": NOW,
        "updated_at": NOW,
        "message_count": 1,
        "tool_settings": {
            "tools": ["read_clock"],
            "tool_group": None,
            "execution_policy": "always_confirm",
            "tool_policies": {"read_clock": "never_confirm"},
        },
        "agent_settings": {"enabled_agents": []},
    }
    whole = (await served.ask("GET", f"/sessions/{session['session_id']}")).json()
    assert whole["context_window_config"] == {
        "dynamic_enabled": True,
        "current_window": 8192,
        "last_adjustment": "initial_setup",
        "adjustment_history": [],
        "manual_override": False,
    }
    assert (whole["summary"], whole["summary_model"]) == (None, None)
    assert [message["content"] for message in whole["messages"]] == ["One line."]


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ({}, None),
        ({"system_prompt": None, "system_prompt_source_file": None}, None),
        ({"system_prompt": "Text.", "system_prompt_source_file": "a.md"}, ("Text.", "a.md")),
        ({"system_prompt": "Text.", "system_prompt_source_file": "no.md"}, ("Text.", "no.md")),
        ({"system_prompt_source_file": "a.md"}, ("From the file.", "a.md")),
    ],
)
async def test_the_prompt_of_a_new_session(
    asked: dict[str, Any], stored: tuple[str, str | None] | None, served: Served
) -> None:
    (served.folder / "a.md").write_text("From the file.")
    made = (await served.ask("POST", "/sessions", {"model": "demo", **asked})).json()
    path = f"/sessions/{made['session_id']}/messages"
    messages = (await served.ask("GET", path)).json()["messages"]
    found = [(message["content"], message["source_file"]) for message in messages]
    assert found == ([stored] if stored else [])


NEW: list[tuple[Any, int, str, str | None]] = [
    (b"", 422, "VALIDATION_ERROR", ""),
    (b"{", 422, "VALIDATION_ERROR", ""),
    (b"[]", 422, "VALIDATION_ERROR", ""),
    (b'{"model": "\xff"}', 422, "VALIDATION_ERROR", ""),
    (b'{"model": "demo", "x": ' + b"[" * 200_000, 422, "VALIDATION_ERROR", ""),
    ({}, 422, "VALIDATION_ERROR", "model"),
    ({"model": None}, 422, "VALIDATION_ERROR", "model"),
    ({"model": 5}, 422, "VALIDATION_ERROR", "model"),
    ({"model": ""}, 422, "VALIDATION_ERROR", "model"),
    ({"model": "demo", "system_prompt": " \n"}, 422, "VALIDATION_ERROR", "system_prompt"),
    ({"model": "demo", "system_prompt": "x" * 10_000}, 422, "VALIDATION_ERROR", "system_prompt"),
    (
        {"model": "demo", "system_prompt": "x", "system_prompt_source_file": "../x.md"},
        422,
        "VALIDATION_ERROR",
        "system_prompt_source_file",
    ),
    ({"model": "demo", "system_prompt_source_file": "../x.md"}, 404, "PROMPT_NOT_FOUND", None),
    ({"model": "demo", "system_prompt_source_file": "no.md"}, 404, "PROMPT_NOT_FOUND", None),
    (
        {"model": "demo", "tool_settings": {"execution_policy": "confirm_destructive"}},
        422,
        "VALIDATION_ERROR",
        "tool_settings.execution_policy",
    ),
    (
        {"model": "demo", "tool_settings": {"tool_policies": {"a": "never"}}},
        422,
        "VALIDATION_ERROR",
        "tool_settings.tool_policies.a",
    ),
    (
        {"model": "demo", "tool_settings": {"tools": "add"}},
        422,
        "VALIDATION_ERROR",
        "tool_settings.tools",
    ),
    (
        {"model": "demo", "agent_settings": {"enabled_agents": [1]}},
        422,
        "VALIDATION_ERROR",
        "agent_settings.enabled_agents[0]",
    ),
    ({"model": "nowhere"}, 404, "MODEL_NOT_FOUND", None),
]


@pytest.mark.parametrize(("body", "status", "code", "field"), NEW)
async def test_what_no_session_begins_with(
    body: Any, status: int, code: str, field: str | None, served: Served
) -> None:
    answer = await served.ask("POST", "/sessions", body)
    found = refusal(answer)
    assert found[:2] == (status, code)
    if field is not None:
        (wrong,) = found[2]["errors"]
        assert wrong == {"field": field, "message": answer.json()["error"]["message"]}
    assert (await served.ask("GET", "/sessions")).json() == {"sessions": []}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BackendUnreachable("Nobody listens."), 502, "OLLAMA_UNREACHABLE"),
        (BackendFailed("It broke."), 502, "OLLAMA_ERROR"),
        (BackendBusy("Too many."), 503, "OLLAMA_BUSY"),
        (BackendTimeout("Silence."), 504, "OLLAMA_TIMEOUT"),
        (RuntimeError("secret"), 500, "INTERNAL_ERROR"),
    ],
)
async def test_an_ollama_that_cannot_be_asked(
    error: Exception, status: int, code: str, served: Served
) -> None:
    await served.keep()
    served.backend.broken = error
    for method, path in (("POST", "/sessions"), ("PATCH", f"/sessions/{ID}")):
        answer = await served.ask(method, path, {"model": "other"})
        assert refusal(answer)[:2] == (status, code)
        assert "secret" not in answer.text
    (kept,) = (await served.ask("GET", "/sessions")).json()["sessions"]
    assert (kept["session_id"], kept["model"]) == (ID, "demo")


async def test_the_list(served: Served) -> None:
    await served.keep(said("x" * 101))
    assert (await served.ask("GET", "/sessions")).json() == {
        "sessions": [
            {
                "session_id": ID,
                "model": "demo",
                "created_at": NOW,
                "updated_at": NOW,
                "message_count": 1,
                "summary": None,
                "preview": "x" * 97 + "...",
            }
        ]
    }


async def test_a_message_of_every_role_has_every_field(served: Served) -> None:
    call = Call("add", {"a": 1})
    await served.keep(
        said("1+2?"),
        AssistantMessage(
            id="a",
            timestamp=NOW,
            content="",
            model="demo",
            eval_count=7,
            prompt_eval_count=60,
            thinking="Hm.",
            calls=(call,),
        ),
        ToolMessage(id="t", timestamp=NOW, content="3", tool_name="add"),
    )
    messages = (await served.ask("GET", f"/sessions/{ID}/messages")).json()["messages"]
    nothing = dict.fromkeys(
        (
            "model",
            "eval_count",
            "prompt_eval_count",
            "thinking",
            "tool_calls",
            "tool_name",
            "source_file",
        )
    )
    assert messages == [
        {**nothing, "role": "user", "content": "1+2?", "message_id": "u", "timestamp": NOW},
        {
            **nothing,
            "role": "assistant",
            "content": "",
            "message_id": "a",
            "timestamp": NOW,
            "model": "demo",
            "eval_count": 7,
            "prompt_eval_count": 60,
            "thinking": "Hm.",
            "tool_calls": [{"function": {"name": "add", "arguments": {"a": 1}}}],
        },
        {
            **nothing,
            "role": "tool",
            "content": "3",
            "message_id": "t",
            "timestamp": NOW,
            "tool_name": "add",
        },
    ]
    assert (await served.ask("GET", f"/sessions/{ID}")).json()["messages"] == messages


async def test_settings_are_replaced_wholly_and_what_is_not_named_stays(served: Served) -> None:
    await served.keep()
    path = f"/sessions/{ID}"
    agents = {"agent_settings": {"enabled_agents": ["scribe"]}}
    await served.ask("PATCH", path, {"tool_settings": {"tools": ["a"], "tool_group": "g"}})
    changed = (await served.ask("PATCH", path, {"model": "other", **agents})).json()
    assert changed["model"] == "other"
    assert changed["tool_settings"] == {**DEFAULT_TOOLS, "tools": ["a"], "tool_group": "g"}
    last = {"tool_settings": {"execution_policy": "never_confirm"}, "agent_settings": None}
    changed = (await served.ask("PATCH", path, last)).json()
    assert changed["tool_settings"] == {**DEFAULT_TOOLS, "execution_policy": "never_confirm"}
    assert changed["agent_settings"] == agents["agent_settings"]


async def test_a_patch_that_asks_for_nothing_changes_nothing(served: Served) -> None:
    await served.keep()
    served.sessions.clock = lambda: "2027-01-01T00:00:00.000000"
    answer = await served.ask("PATCH", f"/sessions/{ID}", {"model": None})
    assert (answer.status_code, answer.json()["updated_at"]) == (200, NOW)


async def test_an_edit_drops_what_followed(served: Served) -> None:
    await served.keep(said("One", "1"), said("Two", "2"), said("Three", "3"))
    answer = await served.ask("PUT", f"/sessions/{ID}/messages/1", {"content": " Deux "})
    assert answer.json() == {"session_id": ID, "message_index": 1, "message_count": 2}
    messages = (await served.ask("GET", f"/sessions/{ID}/messages")).json()["messages"]
    found = [(message["message_id"], message["content"]) for message in messages]
    assert found == [("1", "One"), ("2", " Deux ")]


@pytest.mark.parametrize(
    ("index", "content", "status", "code"),
    [
        ("1", "x", 400, "INVALID_MESSAGE_INDEX"),
        ("2", "x", 400, "INVALID_MESSAGE_INDEX"),
        ("-1", "x", 400, "INVALID_MESSAGE_INDEX"),
        ("one", "x", 422, "VALIDATION_ERROR"),
        ("0.0", "x", 422, "VALIDATION_ERROR"),
        ("%D9%A1", "x", 422, "VALIDATION_ERROR"),
        ("9" * 19, "x", 400, "INVALID_MESSAGE_INDEX"),
        ("9" * 5000, "x", 400, "INVALID_MESSAGE_INDEX"),
        ("0", "", 422, "VALIDATION_ERROR"),
        ("0", None, 422, "VALIDATION_ERROR"),
        ("0", 5, 422, "VALIDATION_ERROR"),
    ],
)
async def test_an_edit_that_cannot_be_changes_nothing(
    index: str, content: Any, status: int, code: str, served: Served
) -> None:
    reply = AssistantMessage(id="a", timestamp=NOW, content="Hi.", model="demo")
    await served.keep(said("Hello"), reply)
    answer = await served.ask("PUT", f"/sessions/{ID}/messages/{index}", {"content": content})
    assert refusal(answer)[:2] == (status, code)
    assert (await served.sessions.get(ID)).messages == (said("Hello"), reply)


async def test_a_prompt_is_set_replaced_and_removed(served: Served) -> None:
    (served.folder / "a.md").write_text("From the file.")
    await served.keep(said("Hello"))
    path = f"/sessions/{ID}/system-prompt"
    first = await served.ask("PUT", path, {"content": "Short."})
    assert (first.status_code, first.json()) == (
        200,
        {"content": "Short.", "source_file": None, "message_index": 0},
    )
    (prompt, _) = (await served.sessions.get(ID)).messages
    both = await served.ask("PUT", path, {"content": "Short.", "source_file": "a.md"})
    assert both.json() == {"content": "From the file.", "source_file": "a.md", "message_index": 0}
    (replaced, hello) = (await served.sessions.get(ID)).messages
    assert (replaced.id, replaced.content, hello) == (prompt.id, "From the file.", said("Hello"))
    removed = await served.ask("DELETE", path)
    assert (removed.status_code, removed.content) == (204, b"")
    assert (await served.sessions.get(ID)).messages == (said("Hello"),)
    assert refusal(await served.ask("DELETE", path))[:2] == (404, "PROMPT_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "VALIDATION_ERROR"),
        ({"content": None, "source_file": None}, 422, "VALIDATION_ERROR"),
        ({"content": "\t"}, 422, "VALIDATION_ERROR"),
        ({"content": "x" * 10_000}, 422, "VALIDATION_ERROR"),
        ({"content": ["x"]}, 422, "VALIDATION_ERROR"),
        ({"source_file": "long.md"}, 422, "VALIDATION_ERROR"),
        ({"source_file": "no.md"}, 404, "PROMPT_NOT_FOUND"),
        ({"content": "x", "source_file": "../x.md"}, 404, "PROMPT_NOT_FOUND"),
    ],
)
async def test_a_prompt_that_cannot_be(body: Any, status: int, code: str, served: Served) -> None:
    (served.folder / "long.md").write_text("x" * 10_000)
    await served.keep()
    answer = await served.ask("PUT", f"/sessions/{ID}/system-prompt", body)
    assert refusal(answer)[:2] == (status, code)
    assert (await served.sessions.get(ID)).messages == ()


async def test_the_longest_prompt(served: Served) -> None:
    await served.keep()
    body = {"content": "ü" * 9_999}
    assert (await served.ask("PUT", f"/sessions/{ID}/system-prompt", body)).status_code == 200


CHANGES = [
    ("PATCH", "", {"model": "other"}),
    ("PUT", "/messages/0", {"content": "x"}),
    ("PUT", "/system-prompt", {"content": "x"}),
    ("DELETE", "/system-prompt", None),
]
EVERYTHING = [*CHANGES, ("GET", "", None), ("GET", "/messages", None), ("DELETE", "", None)]


@pytest.mark.parametrize("id", ["0000000000", "CON", "a.b", "%2e%2e", "x" * 65, "a%00b"])
@pytest.mark.parametrize(("method", "path", "body"), EVERYTHING)
async def test_an_unknown_session(
    method: str, path: str, body: Any, id: str, served: Served
) -> None:
    answer = await served.ask(method, f"/sessions/{id}{path}", body)
    status, code, details = refusal(answer)
    assert (status, code, list(details)) == (404, "SESSION_NOT_FOUND", ["session_id"])


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (SessionReadOnly(ID, "2.0"), 409, "SESSION_READ_ONLY"),
        (StorageUnavailable("The disk is full."), 503, "STORAGE_UNAVAILABLE"),
    ],
)
@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_session_that_cannot_be_written(
    method: str,
    path: str,
    body: Any,
    error: Exception,
    status: int,
    code: str,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_: object) -> Session:
        raise error

    await served.keep(said("Hello"))
    monkeypatch.setattr(served.store, "commit", refuse)
    answer = await served.ask(method, f"/sessions/{ID}{path}", body)
    assert refusal(answer)[:2] == (status, code)


async def test_a_deleted_session_is_gone_and_its_streams_end(served: Served) -> None:
    await served.keep()
    ended: list[str] = []
    with served.sessions.streaming(ID, lambda: ended.append("ended")):
        answer = await served.ask("DELETE", f"/sessions/{ID}")
    assert (answer.status_code, answer.content, ended) == (204, b"", ["ended"])
    assert (await served.ask("GET", f"/sessions/{ID}")).status_code == 404


async def test_a_change_waits_for_whoever_holds_the_session(served: Served) -> None:
    await served.keep(said("Hello"))
    async with served.sessions.turn(ID) as turn:
        try:
            await served.http.request(
                "PUT", f"/sessions/{ID}/messages/0", json={"content": "x"}, timeout=0.2
            )
        except httpx.ReadTimeout:
            pass
        else:
            pytest.fail("The session was changed under its holder.")
        await turn.commit(MessageAppended(said("Kept", "k")))
        assert turn.session.messages == (said("Hello"), said("Kept", "k"))


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "/sessions", 405, "METHOD_NOT_ALLOWED"),
        ("POST", f"/sessions/{ID}/messages", 405, "METHOD_NOT_ALLOWED"),
        ("GET", f"/sessions/{ID}/nothing", 404, "NOT_FOUND"),
        ("GET", "/session", 404, "NOT_FOUND"),
    ],
)
async def test_routes_that_are_not_there(
    method: str, path: str, status: int, code: str, served: Served
) -> None:
    assert refusal(await served.ask(method, path))[:2] == (status, code)


async def test_bodies_of_another_kind_and_size(served: Served) -> None:
    form = await served.http.post("/sessions", data={"model": "demo"})
    assert refusal(form)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")
    large = await served.ask("POST", "/sessions", b" " * (1024 * 1024 + 1))
    assert refusal(large)[:2] == (413, "TOO_LARGE")

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 65536

    streamed = await served.http.post("/sessions", content=chunks(), headers=JSON)
    assert refusal(streamed) == (413, "TOO_LARGE", {"limit": 1024 * 1024})


async def queued(served: Served, number: int) -> None:
    """Wait until so many hold the session or wait for it."""
    async with asyncio.timeout(2):
        while served.sessions._waiting[ID] != number:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/messages/1", {"content": "Too late."}),
        ("PATCH", "", {"model": "other"}),
        ("PUT", "/system-prompt", {"content": "Too late."}),
        ("DELETE", "/system-prompt", None),
        ("DELETE", "", None),
    ],
)
async def test_a_change_whose_client_has_left_is_not_made(
    method: str, path: str, body: Any, served: Served
) -> None:
    prompt = SystemMessage(id="s", timestamp=NOW, content="Be brief.")
    await served.keep(prompt, said("Hello"), said("Again", "2"))
    before = await served.sessions.get(ID)
    async with served.sessions.turn(ID):
        asking = asyncio.create_task(served.ask(method, f"/sessions/{ID}{path}", body))
        await queued(served, 2)
        asking.cancel()
        await queued(served, 1)
    async with served.sessions.turn(ID) as turn:
        assert turn.session == before


async def test_a_name_that_no_model_can_have_is_an_unknown_model(served: Served) -> None:
    await served.keep()
    served.backend.broken = InvalidRequest("invalid model name", param="model")
    for method, path in (("POST", "/sessions"), ("PATCH", f"/sessions/{ID}")):
        answer = await served.ask(method, path, {"model": "../x"})
        assert refusal(answer) == (404, "MODEL_NOT_FOUND", {"model": "../x"})
