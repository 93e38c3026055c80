"""`POST /v1/chat/completions`."""

from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing

import msgspec
from litestar.types import Scope, Send

from gateway.core.backend import Backend
from gateway.core.clock import unix_now
from gateway.core.errors import InvalidRequest
from gateway.core.events import Batch
from gateway.core.ids import new_id
from gateway.core.notes import Notes
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
    SESSION,
    History,
    answered_calls,
    session_named,
    without_session,
)
from gateway.http.openai.hot import ERRORS, HotRoute, Rules
from gateway.http.openai.keeping import Keeper, Keeping
from gateway.http.openai.thinking import thinking_if_it_can
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
        " `metadata.session_id`, the request joins that session, which may be named as a"
        " conversation, too (`conv_…`): what was said in it goes first,"
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

THINKING = ("think", "reasoning", "reasoning_effort")

BODY = RequestDecoder[wire.ChatCompletionRequest](wire.ChatCompletionRequest, RECURRING)


class ChatCompletions(HotRoute):
    """The next message of a conversation.

    What `store` asks for is the `keeper`'s; `history` has the sessions that a request may join.
    """

    def __init__(
        self,
        backend: Backend,
        rules: Rules,
        *,
        keeper: Keeper | None = None,
        history: History | None = None,
        beside: Sequence[str] = (),
    ) -> None:
        super().__init__(backend, rules, beside=beside, joins=history is not None)
        self._keeper = keeper
        self._history = history

    async def answer(self, scope: Scope, body: bytes, notes: Notes, send: Send) -> None:
        asked, unknown = BODY.decode(body)
        answer = Answer(
            id=new_id("chatcmpl-"),
            model=asked.model,
            created=unix_now(),
            logprobs=bool(asked.logprobs),
            functions=bool(asked.functions),
        )
        notes.model, notes.answer = asked.model, answer.id
        history, session = self._history, None
        if SESSION in (headers := request_headers(scope)) or asked.metadata:
            session = session_named(headers, asked)
        if history is None or session is None:
            request = read(asked, notes, unknown)
            if request.thinking:
                request = await self._thinking_if_it_can(asked, request)
            choices = self._choices(request, asked.n or 1)
        else:
            choices = [self._joined(history, session, asked, unknown, notes)]
        keeping = self._keeping(body, asked, answer, notes) if asked.store else None
        if asked.stream:
            await stream(send, choices, asked, answer, keeping, notes)
            return
        completion = write(await collected(choices), answer)
        if keeping:
            completion = await keeping.keep(completion)
        await send_json(send, completion, note_headers(notes))

    def _choices(self, request: ChatRequest, count: int) -> list[AsyncGenerator[Batch, None]]:
        """The answers that were asked for, each with a seed of its own where one was given."""
        if count > self.rules.max_n:
            raise InvalidRequest(
                f"'n' is at most {self.rules.max_n} here (MOCHI_MAX_N).",
                param="n",
                reason="integer_above_max_value",
            )
        return [self.backend.chat(seeded(request, index)) for index in range(count)]

    async def _joined(
        self,
        history: History,
        session: str,
        asked: wire.ChatCompletionRequest,
        unknown: Sequence[str],
        notes: Notes,
    ) -> AsyncGenerator[Batch, None]:
        """Wait for the session, and answer what was said in it and what is asked now."""
        if (asked.n or 1) > 1:
            raise InvalidRequest("A session has one answer: 'n' is at most 1.", param="n")
        notes.session = session
        async with history.join(session) as joined:
            before = joined.messages(answered_calls(asked))
            request = read(without_session(asked), notes, unknown, before)
            if request.thinking:
                request = await self._thinking_if_it_can(asked, request)
            whole = msgspec.structs.replace(request, messages=(*before, *request.messages))
            batches = joined.kept(request.messages, asked.model, self.backend.chat(whole))
            async with aclosing(batches):
                async for batch in batches:
                    yield batch

    async def _thinking_if_it_can(
        self, asked: wire.ChatCompletionRequest, request: ChatRequest
    ) -> ChatRequest:
        named = [name for name in THINKING if getattr(asked, name)]
        return await thinking_if_it_can(self.backend, request, named)

    def _keeping(
        self, body: bytes, asked: wire.ChatCompletionRequest, answer: Answer, notes: Notes
    ) -> Keeping | None:
        if self._keeper is not None:
            return Keeping(self._keeper, body, asked, answer)
        for name in ("store", "metadata"):
            if getattr(asked, name):
                notes.ignore(name, why="has no effect, because nothing is kept here")
        return None


# A plain function: one coroutine less for every request.
def stream(
    send: Send,
    choices: Sequence[AsyncGenerator[Batch, None]],
    asked: wire.ChatCompletionRequest,
    answer: Answer,
    keeping: Keeping | None,
    notes: Notes,
) -> Awaitable[None]:
    """Send the choices as they come, and have them kept at their end if they are to be."""
    usage = bool(asked.stream_options and asked.stream_options.include_usage)
    if len(choices) == 1 and keeping is None:
        writer = ChunkWriter(answer, include_usage=usage)
        return send_events(send, writer, choices[0], notes)
    if keeping is None:
        batches = merged(choices)
    else:
        batches = keeping.at_the_end(merged(keeping.overheard(choices)))
    writers = [
        ChunkWriter(answer, include_usage=usage, index=index) for index in range(len(choices))
    ]
    return send_events(send, ChoicesWriter(writers), batches, notes)


def seeded(request: ChatRequest, index: int) -> ChatRequest:
    """The request for one choice: the same seed would give the same choice again."""
    seed = request.sampling.seed
    if not index or seed is None:
        return request
    sampling = msgspec.structs.replace(request.sampling, seed=min(seed + index, LARGEST_SEED))
    return msgspec.structs.replace(request, sampling=sampling)
