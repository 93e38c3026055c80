"""Tool calls that are lost, merged or mangled, and choices of tools that are not kept."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from conformance_tests.tests.broken.defect import (
    CHAT,
    BrokenOff,
    Chunk,
    Defect,
    Frames,
    chunk_by_chunk,
    chunk_of,
    framed,
)
from conformance_tests.tests.broken.messages import Reply, Request, error

__all__ = ["DEFECTS"]

Fragment = dict[str, Any]


def fragments(chunk: Chunk) -> list[Fragment]:
    return [
        fragment
        for choice in chunk.get("choices", ())
        for fragment in choice["delta"].get("tool_calls", ())
    ]


def each_fragment(change: Callable[[Fragment], None]) -> Callable[[Request, Frames], Frames]:
    def changed(chunk: Chunk) -> Iterable[Chunk]:
        for fragment in fragments(chunk):
            change(fragment)
        return [chunk]

    return chunk_by_chunk(changed)


def without_index(fragment: Fragment) -> None:
    del fragment["index"]


def always_the_first(fragment: Fragment) -> None:
    fragment["index"] = 0


def without_type(fragment: Fragment) -> None:
    del fragment["type"]


def named_without_type(request: Request, frames: Frames) -> Frames:
    named = isinstance(request.fields.get("tool_choice"), dict)
    return each_fragment(without_type)(request, frames) if named else frames


def without_id(fragment: Fragment) -> None:
    del fragment["id"]


def without_id_and_name(fragment: Fragment) -> None:
    del fragment["id"], fragment["function"]["name"]


def pieces(chunk: Chunk, *, later: Callable[[Fragment], Fragment]) -> Iterable[Chunk]:
    """A whole call as an introduction and two pieces of its arguments; `later` makes the pieces
    from the call without its type and its name."""
    calls = fragments(chunk)
    if not calls:
        return [chunk]
    (call,), (choice,) = calls, chunk["choices"]
    arguments = call["function"]["arguments"]
    half = len(arguments) // 2
    introduction = {**call, "function": {**call["function"], "arguments": ""}}
    rest = [
        later({**call, "type": None, "function": {"arguments": piece}})
        for piece in (arguments[:half], arguments[half:])
    ]
    return [
        {**chunk, "choices": [{**choice, "delta": {"tool_calls": [fragment]}}]}
        for fragment in (introduction, *rest)
    ]


def with_id(fragment: Fragment) -> Fragment:
    return {name: fragment[name] for name in ("index", "id", "function")}


def with_nothing(fragment: Fragment) -> Fragment:
    return {"function": fragment["function"]}


def repeated(request: Request, frames: Frames) -> Frames:
    """The id on every fragment, and all arguments once more beside the reason."""
    said: list[Fragment] = []
    for frame in frames:
        chunk = chunk_of(frame)
        if chunk is None:
            yield frame
            continue
        said += [{"index": f["index"], "function": dict(f["function"])} for f in fragments(chunk)]
        if said and chunk["choices"] and chunk["choices"][0]["finish_reason"]:
            for fragment in said:
                fragment["function"].pop("name", None)
            chunk["choices"][0]["delta"] = {"tool_calls": said}
            yield framed(chunk)
        else:
            yield from map(framed, pieces(chunk, later=with_id))


def dropped(chunk: Chunk) -> Iterable[Chunk]:
    return [] if fragments(chunk) else finished_by_stop(chunk)


def finished_by_stop(chunk: Chunk) -> Iterable[Chunk]:
    for choice in chunk.get("choices", ()):
        if choice["finish_reason"] == "tool_calls":
            choice["finish_reason"] = "stop"
    return [chunk]


def broken_by_the_limit(request: Request, frames: Frames) -> Frames:
    for frame in frames:
        chunk = chunk_of(frame)
        reasons = [choice["finish_reason"] for choice in (chunk or {}).get("choices", ())]
        if request.fields.get("tools") and "length" in reasons:
            raise BrokenOff
        yield frame


def arguments_as_objects(request: Request, reply: Reply) -> Reply:
    if reply.fields.get("object") != "chat.completion":
        return reply
    whole = reply.fields
    for choice in whole["choices"]:
        for call in choice["message"].get("tool_calls", ()):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return reply.saying(whole)


def words_only(request: Request) -> Request | Reply:
    if not isinstance(request.fields.get("tool_choice"), dict):
        return request
    told = "Invalid tool_choice type: 'object'. Supported string values: none, auto, required"
    return error(400, told, "tool_choice", "invalid_type")


def without_choice(request: Request) -> Request:
    return request.without("tool_choice")


DEFECTS = {
    1: Defect(CHAT, streamed=each_fragment(without_index)),
    2: Defect(CHAT, streamed=each_fragment(always_the_first)),
    3: Defect(CHAT, streamed=named_without_type),
    4: Defect(CHAT, streamed=each_fragment(without_id)),
    5: Defect(CHAT, streamed=repeated),
    6: Defect(CHAT, streamed=each_fragment(without_id_and_name)),
    7: Defect(CHAT, streamed=chunk_by_chunk(lambda chunk: pieces(chunk, later=with_nothing))),
    8: Defect(CHAT, streamed=chunk_by_chunk(dropped)),
    9: Defect(CHAT, streamed=chunk_by_chunk(finished_by_stop)),
    12: Defect(CHAT, streamed=broken_by_the_limit),
    13: Defect(CHAT, answered=arguments_as_objects),
    14: Defect(CHAT, asked=words_only),
    15: Defect((*CHAT, "/responses"), asked=without_choice),
}
