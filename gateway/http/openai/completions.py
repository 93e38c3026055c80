"""`POST /v1/completions`."""

from collections.abc import AsyncGenerator

from litestar.types import Scope, Send

from gateway.core.clock import unix_now
from gateway.core.events import Batch, Finished
from gateway.core.ids import new_id
from gateway.core.notes import Notes
from gateway.dialects.decoding import RequestDecoder
from gateway.dialects.openai.completions import wire
from gateway.dialects.openai.completions.fields import FIELDS
from gateway.dialects.openai.completions.reading import Choices, read
from gateway.dialects.openai.completions.writing import TextChunkWriter, write
from gateway.http.choices import collected, merged
from gateway.http.notes import note_headers
from gateway.http.openai.hot import ERRORS, HotRoute
from gateway.http.operations import RawOperation
from gateway.http.streams import send_events, send_json

__all__ = ["OPERATION", "Completions"]

OPERATION = RawOperation(
    path=FIELDS.path,
    method="post",
    summary="Continue a text",
    tag="OpenAI",
    description=(
        "How a text goes on, or each of several, without a chat template: OpenAI's older API, which"
        " editors use for completion as you type. Whole or, with `stream`, as server-sent events"
        " that end with `data: [DONE]`."
    ),
    request=wire.CompletionRequest,
    fields=FIELDS,
    response=wire.Completion,
    streams=True,
    errors=ERRORS,
)

BODY = RequestDecoder[wire.CompletionRequest](wire.CompletionRequest)


class Completions(HotRoute):
    """The continuations of texts."""

    async def answer(self, scope: Scope, body: bytes, notes: Notes, send: Send) -> None:
        asked, unknown = BODY.decode(body)
        notes.model = asked.model
        choices = read(asked, notes, unknown, max_n=self.rules.max_n)
        streams = await self._begin(choices)
        id, created = new_id("cmpl-"), unix_now()
        notes.answer = id
        if asked.stream:
            usage = bool(asked.stream_options and asked.stream_options.include_usage)
            writer = TextChunkWriter(
                choices, id=id, model=asked.model, created=created, include_usage=usage
            )
            await send_events(send, writer, merged(streams), notes)
        else:
            replies = await collected(streams)
            answer = write(replies, choices, id=id, model=asked.model, created=created)
            await send_json(send, answer, note_headers(notes))

    async def _begin(self, choices: Choices) -> list[AsyncGenerator[Batch, None]]:
        """An answer to each request; nothing is asked of the model before they are read."""
        if choices.unasked:
            await self.backend.show(choices.requests[0].model)  # it must exist all the same
            return [nothing() for _ in choices.requests]
        return [self.backend.complete(request) for request in choices.requests]


async def nothing() -> AsyncGenerator[Batch, None]:
    """What a model says that may not say a token."""
    yield [Finished("length")]
