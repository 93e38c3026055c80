"""Answers in one piece: what a right one has, and what is wrong with any other."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from gateway.commands.benching.endings import CHAT_REASONS, REASONS, reason_lacks, status_lacks
from gateway.commands.benching.faults import MALFORMED, Wrong, not_as_expected
from gateway.commands.benching.plan import Load
from gateway.commands.benching.usage import ResponseUsage, Usage, fitting

__all__ = ["whole_reader"]


class Message(Struct):
    role: str
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[Any] | None = None


class ChatChoice(Struct):
    message: Message
    finish_reason: str | None = None


class ChatCompletion(Struct):
    choices: list[ChatChoice]
    usage: Usage | None = None


class TextChoice(Struct):
    text: str
    finish_reason: str | None = None


class Completion(Struct):
    choices: list[TextChoice]
    usage: Usage | None = None


class Response(Struct):
    status: str
    output: list[Any]
    usage: ResponseUsage | None = None


class Embedding(Struct):
    index: int
    embedding: list[float] | str


class Embeddings(Struct):
    data: list[Embedding]
    usage: Usage | None = None


def whole_reader(load: Load) -> Callable[[bytes], Usage | None]:
    """Reads a body: the usage in it, if there is one. It raises `Wrong`."""
    most = None if load.endpoint == "embeddings" else load.max_tokens
    kind, check = SHAPES[load.endpoint]
    decode = msgspec.json.Decoder(kind).decode

    def read(body: bytes) -> Usage | None:
        try:
            answer = decode(body)
        except MALFORMED as error:
            raise not_as_expected(error, body) from None
        if lacking := check(answer):
            raise Wrong(lacking, body)
        usage: Usage | None = (
            answer.usage.plain if isinstance(answer.usage, ResponseUsage) else answer.usage
        )
        if usage:
            fitting(usage, most)
        return usage

    return read


def chat_lacks(answer: ChatCompletion) -> str:
    if not answer.choices:
        return "no choices"
    message = answer.choices[0].message
    if message.role != "assistant":
        return "not the role of the assistant"
    said = message.content or message.reasoning_content or message.reasoning or message.refusal
    if not said and not message.tool_calls:
        return "no content"
    return reason_lacks(answer.choices[0].finish_reason, CHAT_REASONS)


def completion_lacks(answer: Completion) -> str:
    if not answer.choices:
        return "no choices"
    if not answer.choices[0].text:
        return "no content"
    return reason_lacks(answer.choices[0].finish_reason, REASONS)


def response_lacks(answer: Response) -> str:
    return status_lacks(answer.status) or ("" if answer.output else "no content")


def embeddings_lack(answer: Embeddings) -> str:
    """One text was sent, so there is one vector."""
    if [each.index for each in answer.data] != [0]:
        return "not one embedding"
    return "" if answer.data[0].embedding else "no content"


SHAPES: dict[str, tuple[type[Any], Callable[[Any], str]]] = {
    "chat": (ChatCompletion, chat_lacks),
    "completions": (Completion, completion_lacks),
    "responses": (Response, response_lacks),
    "embeddings": (Embeddings, embeddings_lack),
}
