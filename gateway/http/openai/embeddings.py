"""`POST /v1/embeddings`."""

from litestar.types import Scope, Send

from gateway.core.notes import Notes
from gateway.dialects.decoding import RequestDecoder
from gateway.dialects.openai import embeddings
from gateway.http.notes import note_headers
from gateway.http.openai.hot import ERRORS, HotRoute
from gateway.http.operations import RawOperation
from gateway.http.streams import send_json

__all__ = ["OPERATION", "Embeddings"]

OPERATION = RawOperation(
    path=embeddings.FIELDS.path,
    method="post",
    summary="Turn texts into vectors",
    tag="OpenAI",
    description="One vector for each text. A text that is too long is refused, never cut.",
    request=embeddings.EmbeddingRequest,
    fields=embeddings.FIELDS,
    response=embeddings.EmbeddingList,
    errors=ERRORS,
)

BODY = RequestDecoder[embeddings.EmbeddingRequest](embeddings.EmbeddingRequest)


class Embeddings(HotRoute):
    """Vectors for texts."""

    async def answer(self, scope: Scope, body: bytes, notes: Notes, send: Send) -> None:
        asked, unknown = BODY.decode(body)
        notes.model = asked.model
        found = await self.backend.embed(embeddings.read(asked, notes, unknown))
        await send_json(send, embeddings.write(found, asked), note_headers(notes))
