"""Streams of completions that begin, go on or end otherwise than they should."""

import json
from collections.abc import Iterable
from itertools import count

from conformance_tests.tests.broken.defect import (
    CHAT,
    TEXT,
    Chunk,
    Defect,
    Frames,
    LeftOpen,
    chunk_by_chunk,
    chunk_of,
    framed,
)
from conformance_tests.tests.broken.messages import Reply, Request

__all__ = ["DEFECTS"]

COMPLETIONS = ("chat.completion", "text_completion")


def end_turn(request: Request, reply: Reply) -> Reply:
    if reply.fields.get("object") not in COMPLETIONS:
        return reply
    (whole,) = another_vocabulary(reply.fields)
    return reply.saying(whole)


def another_vocabulary(chunk: Chunk) -> Iterable[Chunk]:
    for choice in chunk.get("choices", ()):
        if choice["finish_reason"] == "stop":
            choice["finish_reason"] = "end_turn"
    return [chunk]


def with_signs_of_life(chunk: Chunk) -> Iterable[Chunk]:
    """After each chunk another one of a kind of its own, and an empty one."""
    yield chunk
    for choice in chunk.get("choices", ())[:1]:
        if choice["finish_reason"] is None:
            for delta in ({"tool_call_generating": True}, {}):
                yield {**chunk, "choices": [{**choice, "delta": delta}]}


def early_success(request: Request, reply: Reply) -> Reply:
    if request.fields.get("stream") is not True or not reply.error:
        return reply
    return reply.streaming(b"data: " + reply.body.strip())


def error_as_text(request: Request, frames: Frames) -> Frames:
    for frame in frames:
        chunk = chunk_of(frame)
        if chunk and "error" in chunk:
            yield b"data: " + chunk["error"]["message"].encode()
            raise LeftOpen
        yield frame


def without_done(request: Request, frames: Frames) -> Frames:
    return (frame for frame in frames if frame != b"data: [DONE]")


def without_reason(chunk: Chunk) -> Iterable[Chunk]:
    choices = chunk.get("choices")
    return [] if choices and choices[0]["finish_reason"] else [chunk]


def another_id_for_each(request: Request, frames: Frames) -> Frames:
    """The first keeps its own, by which a stored completion is found."""
    numbers = count()
    for frame in frames:
        chunk = chunk_of(frame)
        if chunk and "id" in chunk and (number := next(numbers)):
            yield framed({**chunk, "id": f"{chunk['id']}{number}"})
        else:
            yield frame


def without_role(chunk: Chunk) -> Iterable[Chunk]:
    choices = chunk.get("choices", ())
    return [] if any("role" in choice["delta"] for choice in choices) else [chunk]


def usage_in_the_last_choice(request: Request, frames: Frames) -> Frames:
    """Each chunk waits for the next one, whose usage it may have to take."""
    held: Chunk | None = None
    for frame in frames:
        chunk = chunk_of(frame)
        if held and chunk and chunk.get("usage"):
            held = {**held, "usage": chunk["usage"]}
            continue
        if held:
            yield framed(held)
        held = chunk
        if chunk is None:
            yield frame
    if held:
        yield framed(held)


def usage_unasked(request: Request) -> Request:
    if request.fields.get("stream") is not True:
        return request
    match request.fields.get("stream_options"):
        case None:
            options = {"include_usage": True}
        case dict(given):
            options = {**given, "include_usage": True}
        case _:
            return request
    return request.asking({**request.fields, "stream_options": options})


def comments_first(request: Request, reply: Reply) -> Reply:
    if request.method != "POST" or reply.status != 200:
        return reply
    body = b": keep-alive\n\n" + json.dumps(reply.fields).encode()
    return Reply(reply.status, reply.headers, body)


DEFECTS = {
    10: Defect(
        (*TEXT, "/chat/completions/*"),
        answered=end_turn,
        streamed=chunk_by_chunk(another_vocabulary),
    ),
    11: Defect(CHAT, streamed=chunk_by_chunk(with_signs_of_life)),
    22: Defect(TEXT, answered=early_success),
    23: Defect(TEXT, streamed=error_as_text),
    24: Defect(TEXT, streamed=without_done),
    25: Defect(TEXT, streamed=chunk_by_chunk(without_reason)),
    26: Defect(TEXT, streamed=another_id_for_each),
    27: Defect(CHAT, streamed=chunk_by_chunk(without_role)),
    28: Defect(TEXT, streamed=usage_in_the_last_choice),
    29: Defect(TEXT, asked=usage_unasked),
    35: Defect(CHAT, answered=comments_first),
}
