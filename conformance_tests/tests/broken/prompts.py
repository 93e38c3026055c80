"""Prompts that do not reach the model as they were sent, and thoughts that do not come back."""

from typing import Any

from conformance_tests.tests.broken.defect import CHAT, TEXT, Chunk, Defect, Frames, chunk_by_chunk
from conformance_tests.tests.broken.messages import Reply, Request

__all__ = ["DEFECTS"]

WINDOW = 20_000
"""Characters that are left of a prompt."""

THOUGHTS = {"reasoning", "reasoning_content"}


def cut(request: Request) -> Request:
    """Keeps the end of a text, and the last messages of a conversation."""
    match request.fields:
        case {"prompt": str(prompt)} if len(prompt) > WINDOW:
            return request.asking({**request.fields, "prompt": prompt[-WINDOW:]})
        case {"messages": [*messages]} if length(messages) > WINDOW:
            return request.asking({**request.fields, "messages": last(messages)})
    return request


def length(messages: list[Any]) -> int:
    return sum(map(content_length, messages))


def content_length(message: Any) -> int:
    content = message.get("content") if isinstance(message, dict) else None
    return len(content) if isinstance(content, str) else 0


def last(messages: list[Any]) -> list[Any]:
    while len(messages) > 1 and length(messages) > WINDOW:
        messages = messages[len(messages) // 2 :]
    *earlier, final = messages
    if content_length(final) > WINDOW:
        final = {**final, "content": final["content"][-WINDOW:]}
    return [*earlier, final]


def window_of_its_own(request: Request) -> Request:
    options = request.fields.get("options")
    if isinstance(options, dict) and "num_ctx" in options:
        kept = {name: value for name, value in options.items() if name != "num_ctx"}
        request = request.asking({**request.fields, "options": kept})
    return request.without("num_ctx")


def budgeted(request: Request) -> bool:
    return bool({"max_tokens", "max_completion_tokens"} & request.fields.keys())


def thoughts_are_lost(request: Request, reply: Reply) -> Reply:
    if reply.fields.get("object") != "chat.completion" or not budgeted(request):
        return reply
    whole = reply.fields
    for choice in whole["choices"]:
        for name in THOUGHTS:
            choice["message"].pop(name, None)
    return reply.saying(whole)


def thoughts_are_not_streamed(request: Request, frames: Frames) -> Frames:
    return without_thoughts(request, frames) if budgeted(request) else frames


def unless_thought(chunk: Chunk) -> list[Chunk]:
    return [] if any(c["delta"].keys() & THOUGHTS for c in chunk.get("choices", ())) else [chunk]


without_thoughts = chunk_by_chunk(unless_thought)

DEFECTS = {
    32: Defect(TEXT, asked=cut),
    33: Defect(TEXT, asked=window_of_its_own),
    46: Defect(CHAT, answered=thoughts_are_lost, streamed=thoughts_are_not_streamed),
}
