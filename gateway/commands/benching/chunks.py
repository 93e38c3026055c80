"""The chunks of streamed chat completions and completions: what a right stream has of them."""

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.commands.benching.endings import CHAT_REASONS, REASONS, reason_lacks
from gateway.commands.benching.faults import MALFORMED, Wrong, not_as_expected
from gateway.commands.benching.usage import Usage, fitting

__all__ = ["ChunkReader"]

DONE = b"[DONE]"


class Delta(Struct, gc=False):
    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[Any] | None = None


class Choice(Struct, gc=False):
    """`text` is that of completions, `delta` that of chat completions."""

    delta: Delta | None = None
    text: str | None = None
    finish_reason: str | None = None


class Chunk(Struct, gc=False):
    choices: list[Choice] | UnsetType = UNSET
    usage: Usage | None = None
    error: Any = None


DECODE = msgspec.json.Decoder(Chunk).decode


class ChunkReader:
    """The chunks of chat completions (`chat`) or completions, which have no roles."""

    def __init__(self, most: int, *, chat: bool) -> None:
        self.usage: Usage | None = None
        self._most = most
        self._chat = chat
        self._reasons = CHAT_REASONS if chat else REASONS
        self._begun = not chat
        self._brought = False
        self._ready = False
        self._reason = ""
        self._done = False

    def read(self, data: bytes) -> bool:
        if self._done:
            raise Wrong("more than one [DONE]" if data == DONE else "data after [DONE]", data)
        if data == DONE:
            self._done = True
            return False
        chunk = self._chunk(data)
        if chunk.usage:
            self.usage = chunk.usage
        brought = False
        for choice in chunk.choices or ():
            delta = choice.delta
            if delta and delta.content and self._ready and not (delta.role or choice.finish_reason):
                return True  # as nearly every chunk does
            brought = self._choice(choice, data) or brought
        self._brought = self._brought or brought
        self._ready = self._begun and self._brought and not self._reason
        return brought

    def end(self) -> None:
        for there, kind in (
            (self._done, "no [DONE]"),
            (self._begun, "no role"),
            (self._brought, "no content"),
            (self._reason, "no finish reason"),
        ):
            if not there:
                raise Wrong(kind)
        if self.usage:
            fitting(self.usage, self._most)

    def _chunk(self, data: bytes) -> Chunk:
        try:
            chunk = DECODE(data)
        except MALFORMED as error:
            raise not_as_expected(error, data) from None
        if chunk.error:
            raise Wrong("error in the stream", data)
        if chunk.choices is UNSET:
            raise Wrong("a chunk without choices", data)
        return chunk

    def _choice(self, choice: Choice, data: bytes) -> bool:
        delta = choice.delta
        if delta and delta.role:
            self._begun = True
            if delta.role != "assistant":
                raise Wrong("not the role of the assistant", data)
        brought = said(delta) if delta else bool(choice.text) and not self._chat
        if brought and self._reason:
            raise Wrong("content after the finish reason", data)
        if choice.finish_reason:
            if self._reason:
                raise Wrong("more than one finish reason", data)
            if lacking := reason_lacks(choice.finish_reason, self._reasons):
                raise Wrong(lacking, data)
            self._reason = choice.finish_reason
        return brought


def said(delta: Delta) -> bool:
    """Whether there is output in it, of whatever kind."""
    text = delta.content or delta.reasoning_content or delta.reasoning or delta.refusal
    return bool(text or delta.tool_calls)
