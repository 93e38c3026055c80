"""A real Ollama as a Backend."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from time import perf_counter
from typing import Final, TypeVar

import msgspec

from adapters.ollama import answering, asking, wire
from adapters.ollama.described import DescribedCards
from adapters.ollama.errors import garbled, refused, reported, unanswered
from adapters.ollama.questions import ChatQuestion, CompletionQuestion, Question
from adapters.ollama.queue import Queue
from adapters.ollama.shown import ShownModels
from adapters.ollama.windows import ContextPolicy, Windows
from adapters.upstream.client import UpstreamClient
from adapters.upstream.errors import LimitExceeded, Silent, UpstreamError
from adapters.upstream.lines import Lines
from adapters.upstream.response import UpstreamResponse
from gateway.core.errors import (
    BackendFailed,
    ContextOverflow,
    MochiError,
    ModelLoadFailed,
    ModelNotFound,
)
from gateway.core.events import Batch, Finished, Usage
from gateway.core.metrics import Metrics
from gateway.core.models import Embeddings, ModelCard, ModelDetails
from gateway.core.requests import ChatRequest, CompletionRequest, EmbedRequest

__all__ = ["OllamaBackend"]

MIB: Final = 1024 * 1024
OBJECT_LIMIT: Final = 64 * MIB
ERROR_LIMIT: Final = MIB
PATIENCE: Final = 0.25
"""Seconds for the end of a body to follow the last line."""
LONGEST_PAUSE: Final = 24 * 60 * 60

_Whole = TypeVar("_Whole", bound=wire.ErrorAnswer)
_Request = TypeVar("_Request", ChatRequest, CompletionRequest)

_tags = msgspec.json.Decoder(wire.TagsAnswer)
_show = msgspec.json.Decoder(wire.ShowAnswer)
_embed = msgspec.json.Decoder(wire.EmbedAnswer)
_version = msgspec.json.Decoder(wire.VersionAnswer)


_NOTHING_KNOWN: Final = ModelDetails(name="", capabilities=None)


class OllamaBackend:
    """The models of the Ollama that `client` talks to. The client is the backend's from now on.

    `context` says how windows are chosen, `queue_limit` how many requests may wait for Ollama to
    begin an answer; with `repair` calls that a model wrote as text become calls. `probe_seconds` is
    how long `version` may take: whoever asks wants to know if Ollama is well. Answers are counted
    in `metrics`, and noted in the notes of their requests.
    """

    def __init__(
        self,
        client: UpstreamClient,
        *,
        context: ContextPolicy = "ollama",
        queue_limit: int = 256,
        repair: bool = False,
        probe_seconds: float = 2,
        metrics: Metrics | None = None,
    ) -> None:
        self._client = client
        self._queue = Queue(queue_limit)
        metrics = metrics or Metrics()
        metrics.queues.append(self._queue)
        metrics.connections.append(client)
        self._answered = metrics.models.answered
        self._repair = repair
        self._probe_seconds = probe_seconds
        self._shown = ShownModels(self._show)
        self._described = DescribedCards(self._shown)
        self._windows = Windows(context)

    async def models(self) -> list[ModelCard]:
        """As Ollama lists them: the newest first; with what is known of each."""
        answer = await self._whole(_tags, "GET", "/api/tags")
        cards = [answering.card(model) for model in answer.models or ()]
        self._shown.listed(cards)
        return await self._described.complete(cards)

    async def show(self, model: str) -> ModelDetails:
        """Asked once, and again when a list of the models, or a 404, says the model changed."""
        return await self._shown.get(model)

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """One batch per read: a burst costs one wake-up, and no token waits for another."""
        return self._batches(ChatQuestion, request)

    def complete(self, request: CompletionRequest) -> AsyncGenerator[Batch, None]:
        """As `chat`, once it is known what the model can do."""
        return self._batches(CompletionQuestion, request)

    async def _batches(
        self, kind: Callable[[_Request], Question], request: _Request
    ) -> AsyncGenerator[Batch, None]:
        asked = perf_counter()
        question = kind(request)
        reader, lines, mender = question.reader, Lines(), None
        first = 0.0
        try:
            known = _NOTHING_KNOWN
            if self._windows.by_need or self._repair or question.concerned:
                known = self._shown.known(question.model) or await self._known(question.model)
            mender = question.mender(known, repair=self._repair)
            with await self._asked(question, known) as response:
                while not reader.finished:
                    block = await response.block()
                    # The answer to an empty list of messages is one object without a newline.
                    batch = reader.read(lines.feed(block) if block else lines.rest())
                    if reader.finished:
                        await response.finish(PATIENCE)
                    if mender is not None and batch:
                        batch = mender.feed(batch)
                        mender = None if mender.idle else mender
                    if batch:
                        if not first:
                            first = perf_counter() - asked
                        if reader.end is not None:
                            notes = request.notes
                            answer = request.model, reader.end, first, notes.last_answer
                            notes.last_answer = answer
                            self._answered(answer)
                        yield batch
                    if reader.failure is not None:
                        raise reader.failure
                    if not block and not reader.finished:
                        raise BackendFailed("Ollama's answer broke off before its end.")
        except (UpstreamError, MochiError) as error:
            if mender is not None and (held := mender.rest()):
                yield held
            if isinstance(error, UpstreamError):
                raise self._unanswered(error) from error
            raise

    async def _asked(self, question: Question, known: ModelDetails) -> UpstreamResponse:
        """The answer to a question in a window that is large enough.

        The estimate of a prompt may be too low by far; Ollama then refuses, and says how long the
        prompt is.
        """
        request = question.request
        request.notes.model = request.model
        window = self._windows.choose(
            request.model, question.insisted, question.prompt, request.sampling.max_tokens, known
        )
        while True:
            request.notes.num_ctx = window
            body = question.body(window, known)
            self._queue.join(request.notes)
            try:
                # Not through `_open`: a coroutine less for every answer.
                response = await self._client.open("POST", question.path, body)
                if not _is_answer(response):
                    raise await self._refusal(response, request.model)
            except ContextOverflow as error:
                larger = self._larger(question, window, known, error)
                if larger is None:
                    error.param = question.field
                    raise
                window = larger
                continue
            except ModelLoadFailed:
                self._windows.failed(request.model)
                raise
            finally:
                self._queue.leave(request.notes)
            if window is not None:
                self._windows.loaded(request.model, window)
            return response

    def _larger(
        self, question: Question, window: int | None, known: ModelDetails, error: ContextOverflow
    ) -> int | None:
        """The window that the prompt needs by its true length; `None` where there is none."""
        length = error.details.get("n_prompt_tokens")
        if length is None or window is None or question.insisted is not None:
            return None
        return self._windows.grown(length, window, known)

    async def _known(self, model: str) -> ModelDetails:
        """What is known of a model; what is no true Ollama may not know `/api/show`."""
        try:
            return await self._shown.get(model)
        except BackendFailed:
            return msgspec.structs.replace(_NOTHING_KNOWN, name=model)

    async def embed(self, request: EmbedRequest) -> Embeddings:
        """All inputs in one call; one bad input fails them all."""
        body = asking.embed(request)
        request.notes.model = request.model
        self._queue.join(request.notes)
        try:
            found = await self._whole(_embed, "POST", "/api/embed", body, request.model)
        except ContextOverflow as error:
            raise ContextOverflow(error.message, param="input", **error.details) from error
        finally:
            self._queue.leave(request.notes)
        embeddings = answering.embeddings(found, expected=len(request.inputs))
        end = Finished("stop", Usage(prompt_tokens=embeddings.prompt_tokens))
        request.notes.last_answer = answer = request.model, end, 0.0, None
        self._answered(answer)
        return embeddings

    async def version(self) -> str:
        """`BackendTimeout` after `probe_seconds`."""
        try:
            async with asyncio.timeout(self._probe_seconds):
                answer = await self._whole(_version, "GET", "/api/version")
        except TimeoutError:
            raise self._unanswered(Silent("No answer to the probe.")) from None
        if not answer.version:
            raise garbled()
        return answer.version

    async def aclose(self) -> None:
        """Close every connection; what still runs ends with an error."""
        await self._client.aclose()
        await self._described.aclose()
        await self._shown.aclose()

    async def _show(self, model: str) -> ModelDetails:
        answer = await self._whole(_show, "POST", "/api/show", asking.show(model), model)
        return answering.details(answer, name=model)

    async def _whole(
        self,
        decoder: msgspec.json.Decoder[_Whole],
        method: str,
        path: str,
        body: bytes = b"",
        model: str = "",
    ) -> _Whole:
        """An answer that is one object."""
        try:
            with await self._open(method, path, body, model) as response:
                data = await response.read(OBJECT_LIMIT)
        except UpstreamError as error:
            raise self._unanswered(error) from error
        try:
            answer = decoder.decode(data)
        except (ValueError, RecursionError) as error:
            raise garbled() from error
        if answer.error:
            raise reported(answer.error, model=model)
        return answer

    async def _open(self, method: str, path: str, body: bytes, model: str) -> UpstreamResponse:
        """An answer with status 200 that does not call itself something else than JSON."""
        response = await self._client.open(method, path, body)
        if not _is_answer(response):
            raise await self._refusal(response, model)
        return response

    async def _refusal(self, response: UpstreamResponse, model: str) -> MochiError:
        """What an answer that is none means; it is closed."""
        with response:
            if response.status == 200:
                return BackendFailed(
                    f"What answers at {self._client.authority} sends pages, not Ollama's JSON."
                )
            try:
                body = await response.read(ERROR_LIMIT)
            except LimitExceeded:
                body = b""
        retry_after = _seconds(response.headers.get("retry-after", ""))
        error = refused(response.status, body, model=model, retry_after=retry_after)
        if isinstance(error, ModelNotFound):
            self._shown.forget(model)
        return error

    def _unanswered(self, error: UpstreamError) -> MochiError:
        return unanswered(error, self._client.authority)


def _is_answer(response: UpstreamResponse) -> bool:
    """Status 200, and what does not call itself something else than JSON."""
    kind = response.content_type
    return response.status == 200 and (not kind or "json" in kind.lower())


def _seconds(retry_after: str) -> float | None:
    """The header may also be a date, which says nothing reliable between two clocks."""
    return min(float(retry_after), LONGEST_PAUSE) if retry_after.isdecimal() else None
