"""Responses: made, kept, continued, and read again."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from extensions.responses import compacting, counting
from extensions.responses.background import Background
from extensions.responses.compacting import CompactedResponse, compacted
from extensions.responses.conversation import Conversations
from extensions.responses.counting import counted
from extensions.responses.keeping import record_of, response_of
from extensions.responses.past import Archive, Past
from extensions.responses.question import Question, chat_request, heed_only
from extensions.responses.record import Record, failed
from extensions.responses.run import Run
from extensions.responses.store import ResponseStore
from extensions.responses.streams import once
from gateway.core.backend import Backend
from gateway.core.errors import BackendFailed, InvalidRequest, ModelNotFound, Unsupported
from gateway.core.metrics import Metrics
from gateway.dialects.openai.responses.input import Placed, kept
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.responses.replaying import replayed
from gateway.dialects.openai.responses.wire import Response

__all__ = ["Responses"]

NOTHING_RECALLED: Mapping[str, Sequence[Item]] = {}

UNKEPT = "The response has ended, and could not be kept."


class Responses:
    """Responses of the models of `backend`, kept in `store`, and made in `conversations`.

    `models` are those that count and summarise: the same without whatever acts by itself. At most
    `most_background` run with nobody waiting; at the end they have `patience` seconds.
    """

    def __init__(
        self,
        backend: Backend,
        store: ResponseStore,
        *,
        conversations: Conversations | None = None,
        models: Backend | None = None,
        most_background: int = 4096,
        patience: float = 30,
        metrics: Metrics | None = None,
    ) -> None:
        self.metrics = metrics or Metrics()
        self.store = store
        self.backend = backend
        self._models = models or backend
        self._archive = Archive(store, conversations)
        self._background = Background(
            most=most_background, patience=patience, counts=self.metrics.responses
        )

    def run(
        self, question: Question, *, recalled: Mapping[str, Sequence[Item]] = NOTHING_RECALLED
    ) -> Run:
        """The response to a question, still to be made; `recalled` has all that was said up to
        responses which are not stored."""
        archive = self._archive.recalling(recalled) if recalled else self._archive
        return Run(question, self.backend, archive, self.metrics.responses)

    async def start(self, question: Question) -> Response:
        """The response as queued, which from now on is made whether anybody waits or not.

        Whatever can be said against the question is raised, as if it were answered at once.
        """
        async with AsyncExitStack() as held:
            past, own = await self._seen(question, held)
            await chat_request(question, own, past, self.backend)
        await self._check_model(question.asked.model)

        async def begin(response: Response) -> None:
            await self.store.begin(record_of(question, kept(own), response))

        return await self._background.start(self.run(question), begin)

    async def watch(self, id: str, starting_after: int = -1) -> AsyncGenerator[bytes, None]:
        """The events of a response behind the one of this number.

        Those of one that runs come as they happen, also of one that has ended just now. Any other
        is told again, and so its numbers are others: the last event is told in any case.
        """
        record = await self.record(id)
        live = self._background.live(id)
        if live is None:
            return once(replayed(response_of(record), starting_after))
        return live.frames(starting_after)

    async def record(self, id: str) -> Record:
        """What is kept of a response; one that runs is there as it began.

        One that has ended without being kept has failed: it would seem to run for ever.
        """
        record = await self.store.get(id)
        if record.ended or self._background.runs(id):
            return record
        record = await self.store.get(id)  # it may have ended meanwhile
        return record if record.ended else failed(record, UNKEPT)

    async def running(self, id: str) -> Response | None:
        """The response as it is now, if it runs."""
        return await self._background.response(id)

    async def cancel(self, id: str) -> Record:
        """End a response that runs in the background; one that has ended stays as it is."""
        record = await self.record(id)
        if record.background is None:
            raise InvalidRequest("Only a response that runs in the background can be cancelled.")
        await self._background.cancel(id)
        return await self.record(id)

    async def delete(self, id: str) -> None:
        """Remove a response for good, and end it if it runs."""
        await self.store.delete(id)
        await self._background.cancel(id)
        self._background.forget(id)

    async def count(self, question: Question) -> int:
        """The tokens that the model would read for this question."""
        heed_only(question, counting.HEEDED)
        async with self._without_agents(question.asked.model, "count for"):
            async with AsyncExitStack() as held:
                past, own = await self._seen(question, held)
                request = await chat_request(question, own, past, self._models)
            return await counted(self._models, request)

    async def compact(self, question: Question) -> CompactedResponse:
        """The conversation with a summary in the place of what the model said."""
        heed_only(question, compacting.HEEDED)
        async with (
            self._without_agents(question.asked.model, "compact with"),
            AsyncExitStack() as held,
        ):
            past, own = await self._seen(question, held)
            return await compacted(self._models, question, [*past.items, *kept(own)])

    def drain(self) -> None:
        """The server is to stop."""
        self._background.drain()

    async def aclose(self) -> None:
        await self._background.aclose()

    @asynccontextmanager
    async def _without_agents(self, model: str, purpose: str) -> AsyncIterator[None]:
        """What is not found inside may be what acts by itself: it is there, but not for this."""
        try:
            yield
        except ModelNotFound:
            if not await self._is_agent(model):
                raise
            raise Unsupported(
                f"There is no way to {purpose} '{model}': it is an agent, which asks its model"
                " as often as it likes. Name the model itself.",
                param="model",
                reason="unsupported_value",
            ) from None

    async def _is_agent(self, model: str) -> bool:
        if self._models is self.backend:
            return False
        try:
            await self.backend.show(model)
        except (ModelNotFound, BackendFailed):
            return False
        return True

    async def _check_model(self, model: str) -> None:
        with suppress(BackendFailed):  # what only resembles Ollama may lack /api/show
            await self.backend.show(model)

    async def _seen(
        self, question: Question, held: AsyncExitStack
    ) -> tuple[Past, tuple[Placed, ...]]:
        """The past of a question as it is now, and its own items with nothing left to look up."""
        past = await self._archive.glance(question.asked, held)
        return past, await self._archive.settled(question.own, past)
