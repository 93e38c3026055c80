"""Structured output: an answer that is JSON, or an error."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from adapters.enforcing.answers import (
    NOTHING_BUT_BLANKS,
    Asker,
    CutOff,
    JSONText,
    LostInBlanks,
    check_usable,
    guarded,
    never_came,
    read_json,
)
from adapters.enforcing.wording import told_format
from gateway.core.backend import Backend
from gateway.core.events import (
    Batch,
    ChatEvent,
    Finished,
    FinishReason,
    TextDelta,
    ThinkingDelta,
    Timings,
    ToolCalled,
    Usage,
)
from gateway.core.requests import AnyJSON, ChatRequest, JSONOf

__all__ = ["FormattedChat"]


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
        self._said: list[TextDelta] = []

    async def batches(self) -> AsyncGenerator[Batch, None]:
        check_usable(self._wanted)
        finished: Finished | None = None
        async with aclosing(guarded(self._backend.chat(self._request))) as batches:
            try:
                async for batch in batches:
                    shown: list[ChatEvent] = []
                    for event in batch:
                        match event:
                            case Finished():
                                finished = event
                            case TextDelta():
                                self._said.append(event)
                                if self._request.stream:
                                    shown.append(event)
                            case ThinkingDelta() | ToolCalled():
                                shown.append(event)
                    if shown:
                        yield shown
            except LostInBlanks:
                # An answer that was broken off has no counts: about a token for each piece.
                self._asker.heard(Usage(completion_tokens=len(self._said)))
        if finished is not None:
            self._asker.heard(finished.usage)
        yield await self._end(finished)

    async def _end(self, finished: Finished | None) -> Batch:
        said = JSONText(
            "".join([delta.text for delta in self._said]),
            logprobs=tuple([entry for delta in self._said for entry in delta.logprobs]),
        )
        reason: FinishReason = finished.reason if finished else "stop"
        if reason != "length":
            try:
                said = await self._fitting(said, lost=finished is None)
            except CutOff as cut:
                said, reason = JSONText(cut.text), "length"
        ended = Finished(reason, self._asker.usage, finished.timings if finished else Timings())
        if self._request.stream:
            return [ended]
        return [TextDelta(said.text, said.logprobs), ended]

    async def _fitting(self, said: JSONText, *, lost: bool) -> JSONText:
        read = read_json(said.text, self._wanted)
        if lost and read.mistakes:
            read = JSONText(said.text.rstrip(), mistakes=NOTHING_BUT_BLANKS)
        if not read.mistakes:
            return said if read.text == said.text else self._unfenced(said, read)
        if self._request.stream:
            raise never_came(read.mistakes)
        return await self._asker.mended(self._request, self._wanted, read)

    def _unfenced(self, said: JSONText, read: JSONText) -> JSONText:
        """The JSON without the fence around it, unless that was shown already."""
        if self._request.stream:
            raise never_came("it stands in a code fence")
        self._request.notes.repair("fence")
        return msgspec.structs.replace(read, logprobs=said.logprobs)
