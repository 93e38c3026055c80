"""Structured output: an answer that is JSON, or an error."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from adapters.enforcing.answers import Asker, CutOff, JSONText, read_json
from adapters.enforcing.wording import told_format
from gateway.core.backend import Backend
from gateway.core.errors import InvalidAnswer
from gateway.core.events import (
    Batch,
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCalled,
)
from gateway.core.requests import AnyJSON, ChatRequest, JSONOf

__all__ = ["FormattedChat"]

LONGEST_BLANK = 1000
"""Characters of white space in a row, after which a model is taken to have lost its way."""


class FormattedChat:
    """One chat whose answer has to be JSON.

    Where the caller shows the answer as it grows it cannot be taken back: it is checked before its
    end, and what does not fit ends in an error. Elsewhere the model is asked again.
    """

    def __init__(
        self, backend: Backend, request: ChatRequest, wanted: AnyJSON | JSONOf, retries: int
    ) -> None:
        self._backend = backend
        self._wanted = wanted
        self._request = msgspec.structs.replace(
            request, messages=told_format(request.messages, wanted)
        )
        self._asker = Asker(backend, self._request, retries)
        self._said: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._blank = 0

    async def batches(self) -> AsyncGenerator[Batch, None]:
        read_json("{}", self._wanted)  # a schema that cannot be used is refused before Ollama works
        finished = Finished("stop")
        async with aclosing(self._backend.chat(self._request)) as batches:
            async for batch in batches:
                shown: list[ChatEvent] = []
                for event in batch:
                    match event:
                        case Finished():
                            finished = event
                            self._asker.heard(event)
                        case TextDelta():
                            self._hear(event)
                            if self._request.stream:
                                shown.append(event)
                        case ThinkingDelta() | ToolCalled():
                            shown.append(event)
                if shown:
                    yield shown
                if self._blank > LONGEST_BLANK:
                    break
        yield await self._end(finished)

    def _hear(self, delta: TextDelta) -> None:
        self._said.append(delta.text)
        self._logprobs.extend(delta.logprobs)
        self._blank = self._blank + len(delta.text) if delta.text.isspace() else 0

    async def _end(self, finished: Finished) -> Batch:
        said = JSONText("".join(self._said), logprobs=tuple(self._logprobs))
        reason = finished.reason
        if reason != "length":
            try:
                said = await self._fitting(said)
            except CutOff:
                reason = "length"
        ended = Finished(reason, self._asker.usage, finished.timings)
        if self._request.stream:
            return [ended]
        return [TextDelta(said.text, said.logprobs), ended]

    async def _fitting(self, said: JSONText) -> JSONText:
        read = read_json(said.text, self._wanted)
        if not read.mistakes:
            return said if read.text == said.text else self._unfenced(said, read)
        if self._request.stream:
            raise InvalidAnswer(f"The model did not give what was demanded: {read.mistakes}.")
        return await self._asker.json(self._request, self._wanted, read, "")

    def _unfenced(self, said: JSONText, read: JSONText) -> JSONText:
        """The JSON without the fence around it, unless that was shown already."""
        if self._request.stream:
            raise InvalidAnswer("The model put its JSON into a code fence.")
        self._request.notes.repair("fence")
        return read
