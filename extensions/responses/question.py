"""A request for a response, read as far as can be without its past."""

from collections.abc import AsyncGenerator, Collection, Sequence

from msgspec import Struct
from msgspec.structs import fields

from extensions.responses.ids import ItemIds, new_response_id
from extensions.responses.past import Past
from gateway.core.backend import Backend
from gateway.core.clock import unix_now
from gateway.core.errors import BackendFailed, ContextOverflow
from gateway.core.events import Batch
from gateway.core.notes import Notes
from gateway.core.requests import ChatRequest
from gateway.dialects.decoding import RequestDecoder
from gateway.dialects.openai.responses import wire
from gateway.dialects.openai.responses.answer import Answer, answering
from gateway.dialects.openai.responses.input import Placed, placed, read_input
from gateway.dialects.openai.responses.reading import check, read
from gateway.dialects.openai.responses.tools import RECURRING
from gateway.dialects.openai.responses.truncation import exchanges, shortened
from gateway.http.openai.thinking import thinking_if_it_can

__all__ = [
    "Question",
    "chat_request",
    "fitting",
    "heed_only",
    "question",
    "read_question",
]

BODY = RequestDecoder[wire.ResponseRequest](wire.ResponseRequest, RECURRING)


class Question(Struct, frozen=True, kw_only=True):
    """What was asked, the `own` items of its input, and what it settles about the answer."""

    asked: wire.ResponseRequest
    own: tuple[Placed, ...]
    answer: Answer
    ids: ItemIds
    notes: Notes

    @property
    def id(self) -> str:
        return self.answer.response.id

    @property
    def created_at(self) -> int:
        return self.answer.response.created_at

    @property
    def stored(self) -> bool:
        return self.answer.response.store


def read_question(body: bytes, notes: Notes) -> Question:
    """The question in a request's body; `Invalid` for what no past could make good."""
    return question(*BODY.decode(body), notes)


def question(asked: wire.ResponseRequest, unknown: Sequence[str], notes: Notes) -> Question:
    """The question in a request that was decoded, `unknown` being the fields without a place."""
    notes.model = asked.model
    check(asked, notes, unknown)
    id = notes.answer = new_response_id()
    ids = ItemIds(id)
    return Question(
        asked=asked,
        own=read_input(asked, notes, ids),
        answer=answering(asked, id=id, created=unix_now()),
        ids=ids,
        notes=notes,
    )


def heed_only(question: Question, names: Collection[str]) -> None:
    """Note every field of a question but these, for a route that has no use for it."""
    for field in fields(wire.ResponseRequest):
        value = getattr(question.asked, field.name)
        moot = value is None or value is False or value is wire.ABSENT or value == "disabled"
        if field.name not in names and not moot:
            question.notes.ignore(field.name)


async def chat_request(
    question: Question, own: Sequence[Placed], past: Past, backend: Backend
) -> ChatRequest:
    """The question, its `own` items resolved, in core terms."""
    request = read(question.asked, own, question.notes, history=past.items)
    if not request.thinking:
        return request
    named = [name for name in ("think", "reasoning") if getattr(question.asked, name)]
    return await thinking_if_it_can(backend, request, named)


async def fitting(
    question: Question, own: Sequence[Placed], past: Past, backend: Backend
) -> AsyncGenerator[Batch, None]:
    """The answer to as much of the conversation as fits into the model.

    Whether it does only the model can tell, so twice as many of the oldest exchanges are left out
    at every attempt.
    """
    whole = [*placed(past.items), *own]
    without, most = 0, exchanges(whole) - 1
    while True:
        items = shortened(whole, without) if without else whole
        request = await chat_request(question, items, Past(), backend)
        batches = backend.chat(request)
        try:
            first = await anext(batches)
            break
        except StopAsyncIteration:
            raise BackendFailed("Ollama answered nothing.") from None
        except ContextOverflow:
            if without >= most:
                raise
            without = min(max(1, 2 * without), most)
    try:
        yield first
        async for batch in batches:
            yield batch
    finally:
        await batches.aclose()
