"""The routes of `/v1`."""

from abc import ABC, abstractmethod
from typing import Any

import msgspec
from litestar import Router, get
from litestar.enums import ScopeType
from litestar.params import FromPath
from litestar.types import Receive, Scope, Send

from gateway.core.backend import Backend
from gateway.core.clock import unix_now
from gateway.core.errors import MethodNotAllowed, Overloaded
from gateway.core.ids import new_id
from gateway.core.replies import collect
from gateway.core.requests import ChatRequest
from gateway.dialects.decoding import decode
from gateway.dialects.openai import embeddings
from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.chat.reading import read
from gateway.dialects.openai.chat.writing import ChunkWriter, write
from gateway.dialects.openai.models import Model, ModelList, find_model, write_models
from gateway.http.ahead import RawRoutes
from gateway.http.body import ClientGone, read_body
from gateway.http.leaving import WhileConnected
from gateway.http.operations import RawOperation
from gateway.http.requests import answer_headers
from gateway.http.streams import send_events, send_json

__all__ = ["OPERATIONS", "openai_routes"]

ERRORS = (
    (400, "A field is wrong or cannot be honoured (`param`), or the prompt is too long."),
    (404, "There is no such model."),
    (413, "The body is too large."),
    (415, "The body is not `application/json`."),
    (502, "Ollama cannot be reached, or it failed."),
    (503, "Too busy, or the model cannot be loaded."),
    (504, "Ollama went silent."),
)

OPERATIONS = (
    RawOperation(
        path="/v1/chat/completions",
        method="post",
        summary="Answer a conversation",
        tag="OpenAI",
        description=(
            "The next message of a conversation, whole or, with `stream`, as server-sent events"
            " that end with `data: [DONE]`. A field that would change the answer and cannot be"
            " honoured is refused by its name; unknown fields are ignored."
        ),
        request=wire.ChatCompletionRequest,
        mentioned=(wire.Part, wire.FunctionTool),
        response=wire.ChatCompletion,
        streams=True,
        errors=ERRORS,
    ),
    RawOperation(
        path="/v1/embeddings",
        method="post",
        summary="Turn texts into vectors",
        tag="OpenAI",
        description="One vector for each text. A text that is too long is refused, never cut.",
        request=embeddings.EmbeddingRequest,
        response=embeddings.EmbeddingList,
        errors=ERRORS,
    ),
)

CHAT = msgspec.json.Decoder(wire.ChatCompletionRequest)
EMBEDDINGS = msgspec.json.Decoder(embeddings.EmbeddingRequest)


def openai_routes(backend: Backend, *, max_body: int, max_open: int) -> tuple[Router, RawRoutes]:
    """OpenAI's API over this backend: the router, and the hot routes that go ahead of it.

    `max_body` in bytes; `max_open` is how many answers of a route may be under way at a time, more
    are `Overloaded`.
    """
    router = Router("/v1", route_handlers=model_routes(backend), tags=["OpenAI"])
    return router, {
        "/v1/chat/completions": ChatCompletions(backend, max_body, max_open).serve,
        "/v1/embeddings": Embeddings(backend, max_body, max_open).serve,
    }


class HotRoute(ABC):
    """A POST that is a raw ASGI application, with what all of them share."""

    def __init__(self, backend: Backend, max_body: int, max_open: int) -> None:
        self.backend = backend
        self._max_body = max_body
        self._max_open = max_open
        self._open = 0

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
            raise MethodNotAllowed("Only POST is allowed here.", ("POST",))
        if self._open >= self._max_open:
            raise Overloaded(f"{self._max_open} requests are being answered already.")
        self._open += 1
        try:
            body = await read_body(receive, self._max_body)
            with WhileConnected(scope, receive):
                await self.answer(body, scope, send)
        except ClientGone:
            pass
        finally:
            self._open -= 1

    @abstractmethod
    async def answer(self, body: bytes, scope: Scope, send: Send) -> None:
        """Answer a request with this body."""


class Embeddings(HotRoute):
    """`POST /v1/embeddings`."""

    async def answer(self, body: bytes, scope: Scope, send: Send) -> None:
        asked = decode(EMBEDDINGS, body)
        found = await self.backend.embed(embeddings.read(asked))
        await send_json(send, embeddings.write(found, asked))


class ChatCompletions(HotRoute):
    """`POST /v1/chat/completions`."""

    async def answer(self, body: bytes, scope: Scope, send: Send) -> None:
        asked = decode(CHAT, body)
        request = read(asked)
        if request.thinking:
            request = await self._thinking_if_it_can(request, scope)
        batches = self.backend.chat(request)
        id, created = new_id("chatcmpl-"), unix_now()
        logprobs = request.logprobs is not None
        if asked.stream:
            usage = bool(asked.stream_options and asked.stream_options.include_usage)
            writer = ChunkWriter(
                id=id,
                model=asked.model,
                created=created,
                include_usage=usage,
                logprobs=logprobs,
            )
            await send_events(send, writer, batches)
        else:
            reply = await collect(batches)
            answer = write(reply, id=id, model=asked.model, created=created, logprobs=logprobs)
            await send_json(send, answer)

    async def _thinking_if_it_can(self, request: ChatRequest, scope: Scope) -> ChatRequest:
        """Agents send an effort to every model; one that cannot think is asked without, and the
        caller is told so. Ollama itself refuses the request."""
        can = (await self.backend.show(request.model)).capabilities
        if can is None or "thinking" in can:
            return request
        answer_headers(scope).append((b"x-mochi-ignored", b"reasoning_effort"))
        return msgspec.structs.replace(request, thinking=None)


def model_routes(backend: Backend) -> list[Any]:
    @get("/models", operation_id="listModels", summary="List the models")
    async def list_models() -> ModelList:
        """The models that Ollama has, each under the shortest name that finds it."""
        return write_models(await backend.models())

    @get("/models/{id:path}", operation_id="retrieveModel", summary="Look a model up")
    async def retrieve_model(id: FromPath[str]) -> Model:
        """One model by its name, which may hold `/` and `:`."""
        return find_model(await backend.models(), id.removeprefix("/"))

    return [list_models, retrieve_model]
