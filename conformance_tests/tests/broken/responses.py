"""Responses whose streams lack something, or that are not kept as they were promised to be."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from conformance_tests.tests.broken.defect import (
    RESPONSES,
    Chunk,
    Defect,
    Frames,
    chunk_by_chunk,
    chunk_of,
    framed,
)
from conformance_tests.tests.broken.messages import Reply, Request, error

__all__ = ["DEFECTS"]

Response = dict[str, Any]


def without(*ends: str) -> Callable[[Request, Frames], Frames]:
    """Leaves out the events whose names end so; the numbers of the others have no gaps."""

    def streamed(request: Request, frames: Frames) -> Frames:
        numbers: count[int] | None = None
        for frame in frames:
            event = chunk_of(frame)
            if event is None:
                yield frame
            elif not event["type"].endswith(ends):
                numbers = numbers or count(event["sequence_number"])
                yield framed({**event, "sequence_number": next(numbers)})

    return streamed


def empty_at_the_end(event: Chunk) -> Iterable[Chunk]:
    if event["type"] == "response.completed":
        event["response"]["output"] = []
    return [event]


def early_success(request: Request, reply: Reply) -> Reply:
    if request.fields.get("stream") is not True or not reply.error:
        return reply
    told = {name: reply.error[name] for name in ("code", "message", "param")}
    return reply.streaming(framed({"type": "error", **told}))


def each_response(change: Callable[[Request, Response], None]) -> dict[str, Any]:
    """Changes responses wherever they are told of: in whole answers and in events."""

    def answered(request: Request, reply: Reply) -> Reply:
        response = reply.fields
        if response.get("object") != "response":
            return reply
        change(request, response)
        return reply.saying(response)

    def streamed(request: Request, frames: Frames) -> Frames:
        for frame in frames:
            event = chunk_of(frame)
            if event and "response" in event:
                change(request, event["response"])
                yield framed(event)
            else:
                yield frame

    return {"answered": answered, "streamed": streamed}


def without_details(request: Request, response: Response) -> None:
    if usage := response.get("usage"):
        usage.pop("output_tokens_details", None)


def without_predecessor(request: Request) -> Request:
    return request.without("previous_response_id")


def as_if_it_followed(request: Request, response: Response) -> None:
    if request.method == "POST":
        response["previous_response_id"] = request.fields.get("previous_response_id")


def nothing_to_retrieve(request: Request) -> Request | Reply:
    """The id stands last in what is not found; what stands behind an id is."""
    found = request.method != "GET" or request.route.endswith(("/input_items", "/messages"))
    return request if found else error(404, "Not found")


def forgotten_when_streamed(request: Request) -> Request:
    fields = request.fields
    if fields.get("stream") is not True or fields.get("background") or fields.get("conversation"):
        return request
    return request.asking({**fields, "store": False})


def as_if_it_were_stored(request: Request, response: Response) -> None:
    if request.method == "POST":
        response["store"] = request.fields.get("store") is not False


def kept_all_the_same(request: Request) -> Request:
    return request.without("store") if request.fields.get("store") is False else request


def silent_failure(event: Chunk) -> Iterable[Chunk]:
    if event["type"] == "response.failed":
        event["response"] |= {"status": "in_progress", "error": None}
    return [event]


DEFECTS = {
    36: Defect(RESPONSES, streamed=without("content_part.added")),
    37: Defect(RESPONSES, streamed=without(".delta")),
    38: Defect(RESPONSES, streamed=chunk_by_chunk(empty_at_the_end)),
    39: Defect(("/responses",), answered=early_success),
    40: Defect(RESPONSES, **each_response(without_details)),
    41: Defect(("/responses",), asked=without_predecessor, **each_response(as_if_it_followed)),
    42: Defect(("/responses/resp_*", "/chat/completions/*"), asked=nothing_to_retrieve),
    43: Defect(
        ("/responses",), asked=forgotten_when_streamed, **each_response(as_if_it_were_stored)
    ),
    44: Defect(("/responses",), asked=kept_all_the_same),
    45: Defect(RESPONSES, streamed=chunk_by_chunk(silent_failure)),
}
