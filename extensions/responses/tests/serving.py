"""Responses behind a server, and the clients that ask for them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from msgspec.structs import replace
from openai import AsyncOpenAI

from extensions.responses.routes import ResponsesExtension
from extensions.responses.service import Responses
from extensions.responses.store import ResponseStore
from extensions.sessions.tests.disks import HastyDisk
from gateway.app import create_app
from gateway.core.backend import Backend
from gateway.core.errors import ConversationNotFound
from gateway.core.events import ChatEvent, Finished, TextDelta, ThinkingDelta, Usage
from gateway.core.messages import Message, text_of
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.responses.wire import Response
from gateway.http.guards import GuardRules
from gateway.http.openai.hot import Rules
from gateway.testing import ScriptedBackend, live_server

__all__ = ["HI", "Gateway", "Notebook", "Page", "files", "said", "serving", "told", "until"]

HI: list[ChatEvent] = [TextDelta("Hi "), TextDelta("there."), Finished("stop", Usage(3, 2))]
THOUGHT: list[ChatEvent] = [ThinkingDelta("Hm."), *HI]


class Notebook:
    """Conversations in memory, as responses need them."""

    def __init__(self, *ids: str) -> None:
        self.pages: dict[str, list[Item]] = {id: [] for id in ids}
        self.responses: list[Response] = []
        self._turns = {id: asyncio.Lock() for id in ids}

    @asynccontextmanager
    async def open(self, id: str) -> AsyncGenerator["Page", None]:
        if id not in self.pages:
            raise ConversationNotFound(id)
        async with self._turns[id]:
            yield Page(self, id)

    async def items(self, id: str) -> Sequence[Item]:
        if id not in self.pages:
            raise ConversationNotFound(id)
        return self.pages[id]

    async def beginning(self, id: str, length: int) -> Sequence[Item]:
        return (await self.items(id))[:length]


class Page:
    def __init__(self, notebook: Notebook, id: str) -> None:
        self.id = id
        self.notebook = notebook

    @property
    def items(self) -> Sequence[Item]:
        return tuple(self.notebook.pages[self.id])

    async def append(self, input: Sequence[Item], response: Response) -> int:
        page = self.notebook.pages[self.id]
        page += [*input, *[replace(item) for item in response.output]]
        self.notebook.responses.append(response)
        return len(page)


class Gateway:
    """Responses behind `/v1`, for both kinds of clients."""

    def __init__(self, backend: Any, store: ResponseStore, sdk: AsyncOpenAI, url: str) -> None:
        self.backend = backend
        self.store = store
        self.sdk = sdk
        self.url = url
        self.http = httpx.AsyncClient(base_url=url, trust_env=False)

    async def post(self, path: str = "", **fields: Any) -> httpx.Response:
        asked = {"model": "demo", "input": "Hello", **fields}
        return await self.http.post(f"/responses{path}", json=asked)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(f"/responses/{path}", params=query)

    async def made(self, **fields: Any) -> dict[str, Any]:
        """The response to what must be a good request."""
        answer = await self.post(**fields)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def ended(self, id: str) -> dict[str, Any]:
        """A response once it does not run any more."""
        async with asyncio.timeout(5):
            while True:
                found: dict[str, Any] = (await self.get(id)).json()
                # One whose client has left may be about to be kept.
                if found.get("status", "in_progress") not in ("queued", "in_progress"):
                    return found
                await asyncio.sleep(0.01)

    def heard(self, at: int = -1) -> list[str]:
        """What was said to the model."""
        return told(self.backend.requests[at].messages)


@asynccontextmanager
async def serving(
    folder: Path,
    backend: Backend | None = None,
    *,
    conversations: Notebook | None = None,
    models: Backend | None = None,
    rules: Rules | None = None,
    guards: GuardRules | None = None,
    patience: float = 1,
    most_background: int = 8,
) -> AsyncGenerator[Gateway, None]:
    backend = backend or ScriptedBackend(HI)
    store = ResponseStore(folder, disk=HastyDisk())
    responses = Responses(
        backend,
        store,
        conversations=conversations,
        models=models,
        most_background=most_background,
        patience=patience,
    )
    extension = ResponsesExtension(responses, days=30)
    app = create_app(
        backend,
        extensions=[extension],
        mounted=[extension.mounted(rules or Rules())],
        guards=guards or GuardRules(),
        rules=rules,
    )
    async with (
        live_server(app) as url,
        AsyncOpenAI(
            base_url=f"{url}/v1",
            api_key="unused",
            max_retries=0,
            _strict_response_validation=True,
        ) as sdk,
    ):
        gateway = Gateway(backend, store, sdk, f"{url}/v1")
        async with gateway.http:
            yield gateway


def said(response: dict[str, Any]) -> str:
    """The text of a response object."""
    messages = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part["text"] for item in messages for part in item["content"])


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def told(messages: Sequence[Message]) -> list[str]:
    return [text_of(message.content) for message in messages]
