"""`/v1/responses`."""

from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, ClassVar, Literal

import msgspec
from litestar import Litestar, Response, Router, delete, get, post
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.plugins import InitPlugin
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Meta, Struct

from extensions.responses.compacting import CompactedResponse
from extensions.responses.listing import page_of
from extensions.responses.question import Question, read_question
from extensions.responses.service import Responses
from extensions.responses.socket import ResponseSocket
from extensions.responses.streams import FirstHand, Watched
from extensions.responses.tidying import tidied
from gateway.core.errors import InvalidRequest, MochiError
from gateway.core.notes import Notes
from gateway.dialects.openai.responses import wire
from gateway.dialects.openai.responses.failing import blamed
from gateway.dialects.openai.responses.fields import FIELDS
from gateway.dialects.openai.responses.including import check_included
from gateway.http.draining import when_draining
from gateway.http.extensions import error_responses, provided
from gateway.http.notes import note_headers, noted
from gateway.http.openai.hot import ERRORS, HotRoute, Rules
from gateway.http.openai.lists import (
    After,
    Asking,
    Limit,
    ObjectList,
    PageAsked,
    every,
    read_query,
)
from gateway.http.openai.mounting import Mounted
from gateway.http.operations import RawOperation
from gateway.http.streams import send_events, send_json

__all__ = ["ResponsesExtension"]

PATH = "/v1/responses"

encode = msgspec.json.Encoder().encode

UNKNOWN = {404: "There is no such response: never stored, deleted, or too old."}
UNCANCELLABLE = {400: "It does not run in the background."}
STORAGE = {503: "The folder cannot be used: a full disk, a missing permission."}

Streamed = Annotated[str | None, QueryParameter(description="`true`: its events, as a stream.")]
StartingAfter = Annotated[
    str | None, QueryParameter(description="The number of the last event that is known already.")
]
Ordered = Annotated[str | None, QueryParameter(description="`desc`: the last first; or `asc`.")]


class ResponsesExtension(InitPlugin):
    """Responses, which are removed after `days`, 0 being never. Those in the background are
    finished before the application ends."""

    def __init__(self, responses: Responses, *, days: int) -> None:
        self._responses = responses
        self._days = days

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        app_config.lifespan.append(self._open)
        return app_config

    def mounted(self, rules: Rules) -> Mounted:
        """The routes, to be mounted under `/v1`."""
        hot = [kind(self._responses, rules) for kind in (Create, InputTokens, Compact)]
        router = Router(
            "/responses/{id:str}",
            route_handlers=[retrieve, remove, cancel, list_input_items],
            dependencies={"responses": provided(self._responses), "rules": provided(rules)},
        )
        return Mounted(
            handlers=[router],
            raw={route.OPERATION.path: route.serve for route in hot},
            sockets={PATH: ResponseSocket(self._responses, rules).serve},
            operations=[route.OPERATION for route in hot],
        )

    @asynccontextmanager
    async def _open(self, _: Litestar) -> AsyncGenerator[None, None]:
        async with tidied(self._responses.store, self._days):
            try:
                yield
            finally:
                await self._responses.aclose()


class ResponsesRoute(HotRoute):
    """A POST over these responses."""

    OPERATION: ClassVar[RawOperation]

    def __init__(self, responses: Responses, rules: Rules) -> None:
        super().__init__(responses.backend, rules)
        self.responses = responses

    async def answer(self, scope: Scope, body: bytes, notes: Notes, send: Send) -> None:
        try:
            await self.respond(scope, body, notes, send)
        except MochiError as error:
            blamed(error)
            raise

    @abstractmethod
    async def respond(self, scope: Scope, body: bytes, notes: Notes, send: Send) -> None:
        """Answer; an error may still be in the words of another API."""


class Create(ResponsesRoute):
    """The response to a question, which may follow others."""

    OPERATION = RawOperation(
        path=PATH,
        method="post",
        summary="Answer, and keep the answer",
        tag="OpenAI",
        description=(
            "The response to an input and to what was said before it: in the responses that"
            " `previous_response_id` follows, or in a `conversation`. Whole, or with `stream` as"
            " server-sent events; with `background` it is made while nobody waits. Kept unless"
            " `store` is false. A field that would change the answer and cannot be honoured is"
            " refused by its name; what has no effect is named in the header `x-mochi-ignored`."
            " A WebSocket at this path takes `response.create` events with the same fields, and"
            " answers them one after the other with the events of a stream."
        ),
        request=wire.ResponseRequest,
        fields=FIELDS,
        mentioned=(wire.Tool,),
        response=wire.Response,
        streams=True,
        errors=ERRORS,
    )

    async def respond(self, scope: Scope, body: bytes, notes: Notes, send: Send) -> None:
        question = read_question(body, notes)
        if question.asked.background:
            when_draining(scope, self.responses.drain)
            await self._start(question, send)
            return
        run = self.responses.run(question)
        if question.asked.stream:
            await send_events(send, FirstHand(run), run.frames(), notes)
            return
        await send_json(send, encode(await run.whole()), note_headers(notes))

    async def _start(self, question: Question, send: Send) -> None:
        response = await self.responses.start(question)
        if question.asked.stream:
            frames = await self.responses.watch(question.id)
            await send_events(send, Watched(), frames, question.notes)
        else:
            await send_json(send, encode(response), note_headers(question.notes))


class TokenCount(Struct, frozen=True):
    """How many tokens the model would read."""

    input_tokens: int
    object: Literal["response.input_tokens"] = "response.input_tokens"


class InputTokens(ResponsesRoute):
    """The tokens of a question, counted by the model itself."""

    OPERATION = RawOperation(
        path=f"{PATH}/input_tokens",
        method="post",
        summary="Count the tokens of a question",
        tag="OpenAI",
        description=(
            "Exactly what the model would read, with everything that was said before. Ollama counts"
            " only what it reads, so this takes as long as reading does; the question itself need"
            " not be read again."
        ),
        request=wire.ResponseRequest,
        fields=FIELDS,
        response=TokenCount,
        errors=ERRORS,
    )

    async def respond(self, scope: Scope, body: bytes, notes: Notes, send: Send) -> None:
        count = await self.responses.count(read_question(body, notes))
        await send_json(send, encode(TokenCount(count)), note_headers(notes))


class Compact(ResponsesRoute):
    """A conversation made shorter."""

    OPERATION = RawOperation(
        path=f"{PATH}/compact",
        method="post",
        summary="Make a conversation shorter",
        tag="OpenAI",
        description=(
            "A summary by the model stands for all that was said: one item of type `compaction`,"
            " which only this gateway can read. The `output` begins the next request's `input`."
        ),
        request=wire.ResponseRequest,
        fields=FIELDS,
        response=CompactedResponse,
        errors=ERRORS,
    )

    async def respond(self, scope: Scope, body: bytes, notes: Notes, send: Send) -> None:
        made = await self.responses.compact(read_question(body, notes))
        await send_json(send, encode(made), note_headers(notes))


class RetrievalAsked(Struct, frozen=True):
    """With `stream` the events behind the one of the number `starting_after`."""

    stream: bool = False
    starting_after: Annotated[int, Meta(ge=0)] | None = None


@get(
    operation_id="retrieveResponse",
    summary="Read a response, or watch it",
    responses={
        200: ResponseSpec(wire.Response, description="The response.", generate_examples=False),
        **error_responses(UNKNOWN | STORAGE),
    },
)
async def retrieve(
    request: Asking,
    id: FromPath[str],
    responses: NamedDependency[Responses],
    rules: NamedDependency[Rules],
    stream: Streamed = None,
    starting_after: StartingAfter = None,
) -> ASGIApp:
    """As it was answered. With `stream` as events: those of one that runs as they come, those of
    one that has ended all at once."""
    asked = read_query(RetrievalAsked, request.query_params.multi_items())
    notes = included(request, rules)
    if not asked.stream:
        if asked.starting_after is not None:
            raise InvalidRequest("'starting_after' needs 'stream'.", param="starting_after")
        whole = await shown(responses, id)
        return lambda scope, receive, send: send_json(send, whole, note_headers(notes))
    known = -1 if asked.starting_after is None else asked.starting_after
    frames = await responses.watch(id, known)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["notes"] = notes
        await send_events(send, Watched(), frames, notes)

    return answer


class DeletedResponse(Struct, frozen=True):
    """That a response is gone."""

    id: str
    object: Literal["response"] = "response"
    deleted: Literal[True] = True


@delete(
    operation_id="deleteResponse",
    summary="Delete a response",
    status_code=200,
    responses=error_responses(UNKNOWN | STORAGE),
)
async def remove(id: FromPath[str], responses: NamedDependency[Responses]) -> DeletedResponse:
    """For good. It ends if it runs, and what follows it cannot be continued any more."""
    await responses.delete(id)
    return DeletedResponse(id)


@post(
    "/cancel",
    operation_id="cancelResponse",
    summary="Cancel a response that runs in the background",
    status_code=200,
    responses={
        200: ResponseSpec(wire.Response, description="The response.", generate_examples=False),
        **error_responses(UNCANCELLABLE | UNKNOWN | STORAGE),
    },
)
async def cancel(id: FromPath[str], responses: NamedDependency[Responses]) -> Response[bytes]:
    """What there is of it is kept. One that has ended stays as it is."""
    await responses.cancel(id)
    return document(await shown(responses, id))


@get(
    "/input_items",
    operation_id="listInputItems",
    summary="List the items of a response's input",
    responses=error_responses(UNKNOWN | STORAGE),
)
async def list_input_items(
    request: Asking,
    id: FromPath[str],
    responses: NamedDependency[Responses],
    rules: NamedDependency[Rules],
    after: After = None,
    limit: Limit = None,
    order: Ordered = None,
) -> Response[ObjectList]:
    """Those of its own request, without what was said before."""
    asked = read_query(PageAsked, request.query_params.multi_items())
    notes = included(request, rules)
    page = page_of(await responses.record(id), asked)
    return Response(page, headers=noted(notes))


def included(request: Asking, rules: Rules) -> Notes:
    """What is noted of an `include`: items are shown as they were answered, with all they have."""
    notes = Notes(strict=rules.strict, counts=rules.counts)
    check_included(every("include", request.query_params.multi_items()), notes)
    return notes


async def shown(responses: Responses, id: str) -> bytes:
    running = await responses.running(id)
    if running is not None:
        return encode(running)
    return bytes((await responses.record(id)).response)


def document(body: bytes) -> Response[bytes]:
    return Response(body, media_type="application/json")
