"""`POST /v1/chat/completions`."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec
from litestar.types import Scope, Send

from gateway.core.backend import Backend
from gateway.core.clock import unix_now
from gateway.core.errors import BackendFailed, InvalidRequest
from gateway.core.events import Batch
from gateway.core.ids import new_id
from gateway.core.notes import Notes
from gateway.core.replies import collect
from gateway.core.requests import ChatRequest
from gateway.dialects.decoding import RequestDecoder
from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.chat.fields import FIELDS
from gateway.dialects.openai.chat.reading import read
from gateway.dialects.openai.chat.tools import RECURRING
from gateway.dialects.openai.chat.writing import Answer, ChoicesWriter, ChunkWriter, write
from gateway.http.choices import collected, merged
from gateway.http.notes import note_headers
from gateway.http.openai.history import (
    History,
    answered_calls,
    session_named,
    without_session,
)
from gateway.http.openai.hot import ERRORS, HotRoute, Rules
from gateway.http.operations import RawOperation
from gateway.http.requests import request_headers
from gateway.http.streams import send_events, send_json

__all__ = ["OPERATION", "ChatCompletions"]

OPERATION = RawOperation(
    path=FIELDS.path,
    method="post",
    summary="Answer a conversation",
    tag="OpenAI",
    description=(
        "The next message of a conversation, whole or, with `stream`, as server-sent events"
        " that end with `data: [DONE]`. A field that would change the answer and cannot be"
        " honoured is refused by its name; what has no effect, unknown fields among it, is named"
        " in the header `x-mochi-ignored`. With the header `x-mochi-session`, or with"
        " `metadata.session_id`, the request joins that session: what was said in it goes first,"
        " and the new messages and the answer are kept in it."
    ),
    request=wire.ChatCompletionRequest,
    fields=FIELDS,
    mentioned=(wire.Part, wire.FunctionTool),
    response=wire.ChatCompletion,
    streams=True,
    errors=ERRORS,
)

LARGEST_SEED = 2**63 - 1

BODY = RequestDecoder[wire.ChatCompletionRequest](wire.ChatCompletionRequest, RECURRING)


class ChatCompletions(HotRoute):
    """The next message of a conversation; `history` has those that are kept as sessions."""

    def __init__(self, backend: Backend, rules: Rules, *, history: History | None = None) -> None:
        super().__init__(backend, rules)
        self._history = history

    async def answer(self, scope: Scope, body: bytes, notes: Notes, send: Send) -> None:
        asked, unknown = BODY.decode(body)
        if self._history is not None:
            session = session_named(request_headers(scope), asked)
            if session is not None:
                chat = self._joined(self._history, session, asked, unknown, notes)
                await self._answer_joined(asked, chat, notes, send)
                return
        request = read(asked, notes, unknown)
        if request.thinking:
            request = await self._thinking_if_it_can(request, asked)
        answer = Answer(
            id=new_id("chatcmpl-"),
            model=asked.model,
            created=unix_now(),
            logprobs=request.logprobs is not None,
            functions=bool(asked.functions),
        )
        count = asked.n or 1
        if not asked.stream:
            if count == 1:
                replies = [await collect(self.backend.chat(request))]
            else:
                replies = await collected(self._choices(request, count))
            await send_json(send, write(replies, answer), note_headers(notes))
            return
        usage = bool(asked.stream_options and asked.stream_options.include_usage)
        if count == 1:
            writer = ChunkWriter(answer, include_usage=usage)
            await send_events(send, writer, self.backend.chat(request), notes)
        else:
            writers = [ChunkWriter(answer, include_usage=usage, index=i) for i in range(count)]
            batches = merged(self._choices(request, count))
            await send_events(send, ChoicesWriter(writers), batches, notes)

    async def _answer_joined(
        self,
        asked: wire.ChatCompletionRequest,
        batches: AsyncGenerator[Batch, None],
        notes: Notes,
        send: Send,
    ) -> None:
        """Answer in a session, which has one answer to everything."""
        if (asked.n or 1) > 1:
            raise InvalidRequest("In a session there is one choice: 'n' is at most 1.", param="n")
        answer = Answer(
            id=new_id("chatcmpl-"),
            model=asked.model,
            created=unix_now(),
            logprobs=bool(asked.logprobs),
            functions=bool(asked.functions),
        )
        if asked.stream:
            usage = bool(asked.stream_options and asked.stream_options.include_usage)
            await send_events(send, ChunkWriter(answer, include_usage=usage), batches, notes)
        else:
            await send_json(send, write([await collect(batches)], answer), note_headers(notes))

    async def _joined(
        self,
        history: History,
        session: str,
        asked: wire.ChatCompletionRequest,
        unknown: Sequence[str],
        notes: Notes,
    ) -> AsyncGenerator[Batch, None]:
        """Wait for the session, and answer what was said in it and what is asked now."""
        async with history.join(session) as joined:
            before = joined.messages(answered_calls(asked))
            request = read(without_session(asked), notes, unknown, before)
            if request.thinking:
                request = await self._thinking_if_it_can(request, asked)
            whole = msgspec.structs.replace(request, messages=(*before, *request.messages))
            batches = joined.kept(request.messages, asked.model, self.backend.chat(whole))
            async with aclosing(batches):
                async for batch in batches:
                    yield batch

    def _choices(self, request: ChatRequest, count: int) -> list[AsyncGenerator[Batch, None]]:
        """The answers that were asked for, each with a seed of its own where one was given."""
        if count > self.rules.max_n:
            raise InvalidRequest(
                f"'n' is at most {self.rules.max_n} here (MOCHI_MAX_N).",
                param="n",
                reason="integer_above_max_value",
            )
        return [self.backend.chat(seeded(request, index)) for index in range(count)]

    async def _thinking_if_it_can(
        self, request: ChatRequest, asked: wire.ChatCompletionRequest
    ) -> ChatRequest:
        """Agents send an effort to every model; one that cannot think is asked without, and the
        caller is told so. Ollama itself refuses the request."""
        try:
            can = (await self.backend.show(request.model)).capabilities
        except BackendFailed:  # no true Ollama may know this call, and does not judge efforts
            return request
        if can is None or "thinking" in can:
            return request
        named = [
            name for name in ("think", "reasoning", "reasoning_effort") if getattr(asked, name)
        ]
        for name in named:
            request.notes.ignore(name, why="has no effect, because the model cannot reason")
        return msgspec.structs.replace(request, thinking=None)


def seeded(request: ChatRequest, index: int) -> ChatRequest:
    """The request for one choice: the same seed would give the same choice again."""
    seed = request.sampling.seed
    if not index or seed is None:
        return request
    sampling = msgspec.structs.replace(request.sampling, seed=min(seed + index, LARGEST_SEED))
    return msgspec.structs.replace(request, sampling=sampling)
