"""A session to talk in, a model that says something else every time, and a server around them."""

import itertools
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from litestar.plugins import InitPlugin

from extensions.chat.asked import ChatQuestion
from extensions.chat.routes import ChatExtension
from extensions.chat.service import Chats
from extensions.chat.turn import Turn
from extensions.confirmation.approvers import Refuse
from extensions.confirmation.routes import ConfirmationExtension
from extensions.confirmation.service import Confirmations
from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.session import (
    AssistantMessage,
    Message,
    Session,
    ToolSettings,
    UserMessage,
    WindowConfig,
)
from extensions.sessions.store import SessionStore
from extensions.tests.toolbox import Fixed
from extensions.tools.approval import Approver
from extensions.tools.tool import NoTools, Toolbox, Tools
from gateway.app import create_app
from gateway.core.backend import Backend
from gateway.core.events import Batch, ChatEvent, Finished, TextDelta, ToolCalled, Usage
from gateway.core.messages import ToolCall
from gateway.core.requests import ChatRequest
from gateway.http.guards import GuardRules
from gateway.testing import ScriptedBackend, live_server

__all__ = [
    "ID",
    "NOW",
    "OLD",
    "Gateway",
    "Rounds",
    "Script",
    "calls",
    "end",
    "kept",
    "said",
    "serving",
    "sessions_with",
    "turn_of",
]

UNASKED = ToolSettings(execution_policy="never_confirm")

ID, MODEL, NOW = "0f1e2d3c4b", "demo:latest", "2026-03-04T05:06:07.000890"

OLD: tuple[Message, ...] = (
    UserMessage(id="u1", timestamp=NOW, content="Morning?"),
    AssistantMessage(
        id="a1", timestamp=NOW, content="Yes.", model=MODEL, eval_count=2, prompt_eval_count=9
    ),
)

Part = Sequence[ChatEvent] | Exception | float
Script = Sequence[Part]


class Rounds(ScriptedBackend):
    """Plays one script after the other, each request the next, and the last one for ever."""

    def __init__(self, *scripts: Script, **settings: Any) -> None:
        super().__init__(**settings)
        self._scripts = iter([*scripts[:-1], *itertools.repeat(scripts[-1], 1000)])

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        self.script = tuple(next(self._scripts))
        return super().chat(request)


def end(prompt: int = 11, completion: int = 4) -> Finished:
    return Finished("stop", Usage(prompt, completion))


def said(*pieces: str, **usage: int) -> Script:
    """A reply in so many batches, and its end."""
    return [*([TextDelta(piece)] for piece in pieces), [end(**usage)]]


def calls(*wanted: tuple[str, dict[str, Any]]) -> Script:
    """A reply that calls tools, one batch each."""
    called = [[ToolCalled(ToolCall(f"call_{n}", *call))] for n, call in enumerate(wanted)]
    return [*called, [Finished("tool_calls", Usage(60, 7))]]


def counting() -> Iterator[str]:
    return (f"{number:010x}" for number in itertools.count(0xA0))


async def sessions_with(
    *messages: Message, store: SessionStore | None = None, **fields: Any
) -> Sessions:
    """Sessions of which `ID` has these messages; time stands still, ids count from a0."""
    sessions = Sessions(
        store or MemorySessionStore(), clock=lambda: NOW, new_id=counting().__next__
    )
    await sessions.create(
        Session(
            id=ID,
            model=MODEL,
            created_at=NOW,
            updated_at=NOW,
            messages=messages,
            window=WindowConfig(current_window=8192, last_adjustment="initial_setup"),
            **fields,
        )
    )
    return sessions


def turn_of(
    sessions: Sessions,
    backend: Backend,
    message: str | None = "Hi",
    *,
    think: bool | None = None,
    tools: Tools | None = None,
    approver: Approver | None = None,
) -> Turn:
    return Turn(
        ID,
        ChatQuestion(message=message, think=think),
        sessions=sessions,
        backend=backend,
        toolbox=Fixed(tools or NoTools()),
        approver=lambda _: approver or Refuse(UNASKED),
    )


async def kept(sessions: Sessions) -> list[tuple[str, str]]:
    """Who said what, as it is kept; a partial reply is by `partial`."""
    return [(who(message), message.content) for message in (await sessions.get(ID)).messages]


def who(message: Message) -> str:
    match message:
        case AssistantMessage(eval_count=None, prompt_eval_count=None, calls=()):
            return "partial"
        case _:
            return str(message.__struct_config__.tag)


class Gateway:
    """The routes at work, and a client of them."""

    def __init__(
        self,
        url: str,
        http: httpx.AsyncClient,
        sessions: Sessions,
        confirmations: Confirmations,
    ) -> None:
        self.url = url
        self.http = http
        self.sessions = sessions
        self.confirmations = confirmations

    async def chat(self, message: str | None = "Hi", **fields: Any) -> httpx.Response:
        return await self.http.post(f"/api/v1/chat/{ID}", json={"message": message, **fields})

    async def stream(self, message: str | None = "Hi", **fields: Any) -> httpx.Response:
        path = f"/api/v1/chat/{ID}/stream"
        return await self.http.post(path, json={"message": message, **fields})

    async def confirm(self, id: str, approved: bool = True, session: str = ID) -> httpx.Response:
        path = f"/api/v1/chat/{session}/confirm-tool"
        return await self.http.post(path, json={"confirmation_id": id, "approved": approved})


@asynccontextmanager
async def serving(
    backend: Backend,
    *messages: Message,
    ping: float = 15,
    toolbox: Toolbox | None = None,
    tool_settings: ToolSettings | None = None,
    confirmation_timeout: float = 0,
    others: Callable[[Sessions], Sequence[InitPlugin]] = lambda _: (),
    **settings: Any,
) -> AsyncGenerator[Gateway, None]:
    """The chat routes for one session; `others` makes the extensions beside them."""
    sessions = await sessions_with(*messages, tool_settings=tool_settings or ToolSettings())
    confirmations = Confirmations(timeout=confirmation_timeout)
    chats = Chats(
        sessions,
        backend,
        toolbox=toolbox or Fixed(NoTools()),
        confirmations=confirmations,
        **settings,
    )
    chat = [ChatExtension(chats, ping=ping), ConfirmationExtension(confirmations)]
    app = create_app(backend, extensions=[*chat, *others(sessions)], guards=GuardRules())
    # The client outlives the server, and sees how it goes down.
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http, live_server(app) as url:
        http.base_url = httpx.URL(url)
        yield Gateway(url, http, sessions, confirmations)
