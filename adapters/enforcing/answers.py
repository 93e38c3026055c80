"""Text that has to be JSON, and the asking again when it is not."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec
from msgspec import Raw, Struct

from adapters.enforcing.schemas import BadSchema, complaint
from adapters.enforcing.wording import again
from gateway.core.backend import Backend
from gateway.core.errors import InvalidAnswer, InvalidRequest
from gateway.core.events import Batch, TextDelta, TokenLogprob, Usage
from gateway.core.messages import text_of
from gateway.core.replies import collect
from gateway.core.requests import AnyJSON, ChatRequest, JSONOf

__all__ = [
    "NOTHING_BUT_BLANKS",
    "Asker",
    "CutOff",
    "JSONText",
    "LostInBlanks",
    "check_usable",
    "guarded",
    "never_came",
    "read_json",
]

_decode = msgspec.json.Decoder().decode

LONGEST_BLANK = 1000
"""Characters of white space in a row, after which a model is taken to have lost its way."""
NOTHING_BUT_BLANKS = "it is white space without end"

FENCED = re.compile(r"\A\s*```[a-zA-Z]*[ \t]*\n(.*)\n?```\s*\Z", re.DOTALL)


class CutOff(Exception):
    """The answer reached its limit of tokens before it was whole: the caller is told so, and gets
    what there is of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class LostInBlanks(Exception):
    """The model writes white space without end, as under a format that it was not told of."""


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
    """What is wrong with a value; `InvalidRequest` for a schema nothing can be checked with."""
    try:
        return complaint(bytes(schema), value)
    except BadSchema as error:
        raise InvalidRequest(
            f"Answers cannot be checked against this JSON Schema: {error}.",
            param="response_format.json_schema.schema",
            reason="invalid_value",
        ) from None


def check_usable(wanted: AnyJSON | JSONOf) -> None:
    """Refuse a schema that cannot be used before a model works for it."""
    if isinstance(wanted, JSONOf):
        checked(wanted.schema, {})


async def guarded(batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
    """The answer, until it is nothing but white space; `LostInBlanks` then."""
    blank = 0
    async with aclosing(batches):
        async for batch in batches:
            yield batch
            for event in batch:
                if isinstance(event, TextDelta):
                    blank = blank + len(event.text) if event.text.isspace() else 0
            if blank > LONGEST_BLANK:
                raise LostInBlanks


class Asker:
    """Asks again, but not for ever, and keeps count of the tokens that all of it took.

    Each thing that is demanded may be asked for `retries` times, all of them together three times
    as often. A retry is a whole answer: only what was asked first can be shown while it grows.
    """

    def __init__(self, backend: Backend, request: ChatRequest, retries: int) -> None:
        self._backend = backend
        self._notes = request.notes
        self._retries = retries
        self._left = 3 * retries
        self._first: Usage | None = None
        self._completion = 0

    def heard(self, usage: Usage) -> None:
        """Count what an answer took."""
        self._first = self._first or usage
        self._completion += usage.completion_tokens

    @property
    def usage(self) -> Usage:
        """The tokens of the prompt as the caller wrote it, and of every answer."""
        return msgspec.structs.replace(self._first or Usage(), completion_tokens=self._completion)

    async def json(self, request: ChatRequest, wanted: AnyJSON | JSONOf, mistakes: str) -> JSONText:
        """An answer in this format, which is asked for because of these `mistakes`.

        `CutOff` when an answer was not whole, `InvalidAnswer` when there were too many.
        """
        asked = msgspec.structs.replace(
            request, response_format=wanted, tools=(), tool_choice="none", stream=False
        )
        for _ in range(self._retries):
            answer = await self._answer(asked, wanted, mistakes)
            if not answer.mistakes:
                return answer
            mistakes = answer.mistakes
            messages = again(request.messages, answer.text, mistakes)
            asked = msgspec.structs.replace(asked, messages=messages)
        raise never_came(mistakes)

    async def mended(
        self, request: ChatRequest, wanted: AnyJSON | JSONOf, bad: JSONText
    ) -> JSONText:
        """An answer in the place of a `bad` one, which is shown to the model."""
        messages = again(request.messages, bad.text, bad.mistakes)
        asked = msgspec.structs.replace(request, messages=messages)
        return await self.json(asked, wanted, bad.mistakes)

    async def _answer(
        self, request: ChatRequest, wanted: AnyJSON | JSONOf, mistakes: str
    ) -> JSONText:
        if not self._left:
            raise never_came(mistakes)
        self._left -= 1
        self._notes.retry()
        try:
            reply = await collect(guarded(self._backend.chat(request)))
        except LostInBlanks:
            return JSONText("", mistakes=NOTHING_BUT_BLANKS)
        self.heard(reply.usage)
        text = text_of(reply.message.content)
        if reply.reason == "length":
            raise CutOff(text)
        return msgspec.structs.replace(read_json(text, wanted), logprobs=reply.logprobs)


def never_came(mistakes: str) -> InvalidAnswer:
    return InvalidAnswer(f"The model did not give what was demanded: {mistakes}.")
