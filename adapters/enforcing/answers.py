"""Text that has to be JSON, and the asking again when it is not."""

import re
from typing import Any

import msgspec
from msgspec import Raw, Struct

from adapters.enforcing.schemas import BadSchema, complaint
from adapters.enforcing.wording import again
from gateway.core.backend import Backend
from gateway.core.errors import InvalidAnswer, InvalidRequest
from gateway.core.events import Finished, TokenLogprob, Usage
from gateway.core.messages import text_of
from gateway.core.replies import Reply, collect
from gateway.core.requests import AnyJSON, ChatRequest, JSONOf

__all__ = ["Asker", "CutOff", "JSONText", "read_json"]

_decode = msgspec.json.Decoder().decode

FENCED = re.compile(r"\A\s*```[a-zA-Z]*[ \t]*\n(.*)\n?```\s*\Z", re.DOTALL)


class CutOff(Exception):
    """The answer reached its limit of tokens before it was whole: the caller is told so."""


class JSONText(Struct, frozen=True):
    """An answer: its text, the value in it, and what is wrong with that (`""`: nothing)."""

    text: str
    value: Any = None
    mistakes: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()


def read_json(text: str, wanted: AnyJSON | JSONOf) -> JSONText:
    """The value in a text, whether or not the model put a fence around it, and its mistakes."""
    bare = fenced[1].strip() if (fenced := FENCED.match(text)) else text
    try:
        value = _decode(bare)
    except (ValueError, RecursionError):
        return JSONText(text, mistakes="it is no valid JSON" if text.strip() else "it is empty")
    if isinstance(wanted, JSONOf):
        return JSONText(bare, value, checked(wanted.schema, value))
    return JSONText(bare, value, "" if isinstance(value, dict) else "it is no JSON object")


def checked(schema: Raw, value: Any) -> str:
    try:
        return complaint(bytes(schema), value)
    except BadSchema as error:
        raise unusable(error) from None


def unusable(error: BadSchema) -> InvalidRequest:
    return InvalidRequest(
        f"Answers cannot be checked against this JSON Schema: {error}.",
        param="response_format",
        reason="invalid_value",
    )


class Asker:
    """Asks again and again, but not for ever, and keeps count of the tokens that all of it took.

    A retry is a whole answer: only what was asked first can be shown while it grows.
    """

    def __init__(self, backend: Backend, request: ChatRequest, retries: int) -> None:
        self.request = request
        self.first: Finished | None = None
        self._backend = backend
        self._left = retries
        self._completion = 0

    def heard(self, finished: Finished) -> None:
        """Count what an answer took."""
        self.first = self.first or finished
        self._completion += finished.usage.completion_tokens

    @property
    def usage(self) -> Usage:
        """The tokens of the prompt as the caller wrote it, and of every answer."""
        usage = self.first.usage if self.first else Usage()
        return msgspec.structs.replace(usage, completion_tokens=self._completion)

    async def retried(self, request: ChatRequest, mistakes: str) -> Reply:
        """The whole answer to another question; `InvalidAnswer` when there were too many."""
        if not self._left:
            raise InvalidAnswer(f"The model did not give what was demanded: {mistakes}.")
        self._left -= 1
        self.request.notes.retries += 1
        reply = await collect(self._backend.chat(request))
        self.heard(Finished(reply.reason, reply.usage, reply.timings))
        return reply

    async def json(
        self, request: ChatRequest, wanted: AnyJSON | JSONOf, bad: JSONText | None, why: str
    ) -> JSONText:
        """An answer in the wanted format. `bad` is the one to be mended, `why` a first asking is
        needed where there is none. `CutOff` when an answer was not whole."""
        request = msgspec.structs.replace(
            request, response_format=wanted, tools=(), tool_choice="none", stream=False
        )
        while bad is None or bad.mistakes:
            if bad is not None:
                messages = again(request.messages, bad.text, bad.mistakes)
                why = bad.mistakes
            else:
                messages = request.messages
            reply = await self.retried(msgspec.structs.replace(request, messages=messages), why)
            if reply.reason == "length":
                raise CutOff
            bad = read_json(text_of(reply.message.content), wanted)
            bad = msgspec.structs.replace(bad, logprobs=reply.logprobs)
        return bad
