"""`/responses` as its clients call it, and what holds of every response and of every list."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from conformance_tests.judging.verdicts import offered
from conformance_tests.response_events import events_of, violations
from conformance_tests.wire import Answer, Live, Server

__all__ = [
    "CALLED",
    "PIXEL",
    "Event",
    "Responses",
    "calls_of",
    "function",
    "listed",
    "response_of",
    "stream_of",
    "text_of",
    "user",
]

Event = dict[str, Any]
Response = dict[str, Any]

REQUIRED = {
    *["id", "object", "created_at", "completed_at", "status", "error", "incomplete_details"],
    *["instructions", "model", "tools", "tool_choice", "output", "parallel_tool_calls", "metadata"],
    *["temperature", "top_p", "presence_penalty", "frequency_penalty", "previous_response_id"],
    *["usage", "text", "truncation", "safety_identifier", "prompt_cache_key"],
}
"""OpenAI's OpenAPI document and the tests of Open Responses, together."""

OPTIONAL = {
    *["background", "conversation", "include", "parallel_tool_calls", "previous_response_id"],
    *["reasoning", "store", "text", "tool_choice", "tools"],
}
"""What a server may refuse to do, if it does so by name."""

STATUSES = {"queued", "in_progress", "completed", "incomplete", "failed", "cancelled"}
OVER = STATUSES - {"queued", "in_progress"}
COUNTS = ("input_tokens", "output_tokens", "total_tokens")
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEh"
    "QGAhKmMIQAAAABJRU5ErkJggg=="
)
CALLED = "What is the weather in Paris? Call the tool."


@dataclass(frozen=True)
class Responses:
    """The `/responses` of a server."""

    server: Server

    def body(self, input: Any, **fields: Any) -> dict[str, Any]:
        return {"model": self.server.model, "input": input, **fields}

    def create(self, input: Any = "Say hello.", **fields: Any) -> Answer:
        return self.server.request("POST", "/responses", self.body(input, **fields))

    def made(self, input: Any = "Say hello.", **fields: Any) -> Response:
        """The response, which has come to an end without an error."""
        response = response_of(offered(self.create(input, **fields), *OPTIONAL & fields.keys()))
        assert response["status"] == "completed", response
        return response

    def watch(self, input: Any, **fields: Any) -> Live:
        """A stream that has been asked for; nothing of it is read."""
        return self.server.open("POST", "/responses", self.body(input, stream=True, **fields))

    def streamed(self, input: Any = "Say hello.", **fields: Any) -> list[Event]:
        """The events of a stream in which nothing is wrong."""
        answer = self.create(input, stream=True, **fields)
        return stream_of(offered(answer, *OPTIONAL & fields.keys()))

    def get(self, id: str, **query: Any) -> Answer:
        return self.server.get(f"/responses/{id}" + (f"?{urlencode(query)}" if query else ""))

    def found(self, id: str) -> Response:
        return response_of(self.get(id))

    def delete(self, id: str) -> Answer:
        return self.server.request("DELETE", f"/responses/{id}")

    def cancel(self, id: str) -> Answer:
        return self.server.request("POST", f"/responses/{id}/cancel")

    def input_items(self, id: str, **query: Any) -> Answer:
        asked = f"?{urlencode(query)}" if query else ""
        return self.server.get(f"/responses/{id}/input_items{asked}")

    def ended(self, id: str) -> Response:
        """The response once it is over; `TimeoutError` if that takes too long."""
        deadline = time.monotonic() + self.server.timeout
        while (response := self.found(id))["status"] not in OVER:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the response stays {response['status']}")
            time.sleep(0.1)
        return response


def response_of(answer: Answer) -> Response:
    """A response object, its required fields in place and its parts in accord."""
    assert answer.status == 200, answer.body[:500]
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.complete
    response: Response = answer.json
    accords(response)
    return response


def accords(response: Response) -> None:
    assert response["object"] == "response"
    assert response.keys() >= REQUIRED, REQUIRED - response.keys()
    assert response["status"] in STATUSES
    assert isinstance(response["created_at"], int)
    assert (response["error"] is not None) == (response["status"] == "failed")
    assert (response["incomplete_details"] is not None) == (response["status"] == "incomplete")
    ids = [item["id"] for item in response["output"]]
    assert all(ids)
    assert len({*ids}) == len(ids), "an item has an id of its own"
    for item in response["output"]:
        item_accords(item)
    if response["status"] == "completed":
        assert response["completed_at"] >= response["created_at"]
        assert response["output"]
        usage_adds_up(response["usage"])


def item_accords(item: dict[str, Any]) -> None:
    assert item.get("status", "completed") in ("in_progress", "completed", "incomplete")
    match item["type"]:
        case "message":
            assert (item["role"], "status" in item) == ("assistant", True)
            for part in item["content"]:
                assert part["type"] in ("output_text", "refusal")
                if part["type"] == "output_text":
                    assert isinstance(part["annotations"], list)
        case "function_call":
            assert item["call_id"]
            assert item["call_id"] != item["id"]
            assert isinstance(item["arguments"], str)
        case "reasoning":
            assert isinstance(item["summary"], list)


def usage_adds_up(usage: dict[str, Any]) -> None:
    assert all(isinstance(usage[name], int) for name in COUNTS)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert isinstance(usage["input_tokens_details"]["cached_tokens"], int)
    assert isinstance(usage["output_tokens_details"]["reasoning_tokens"], int)


def stream_of(answer: Answer, starting_after: int = -1) -> list[Event]:
    """The events of a stream, once the strict checker has found nothing wrong with them."""
    assert answer.status == 200, answer.body[:500]
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.body[:300]
    assert answer.complete
    events = events_of(answer.body)
    assert violations(events, starting_after=starting_after) == []
    return events


def text_of(response: Response) -> str:
    """What SDKs call `output_text`."""
    return "".join(
        part["text"]
        for item in response["output"]
        if item["type"] == "message"
        for part in item["content"]
        if part["type"] == "output_text"
    )


def calls_of(response: Response) -> list[dict[str, Any]]:
    return [item for item in response["output"] if item["type"] == "function_call"]


def listed(answer: Answer) -> list[dict[str, Any]]:
    """The objects of a page, whose envelope tells of its ends."""
    assert answer.status == 200, answer.body[:500]
    page = answer.json
    assert page.keys() >= {"object", "data", "first_id", "last_id", "has_more"}
    assert page["object"] == "list"
    data: list[dict[str, Any]] = page["data"]
    if data:
        assert (page["first_id"], page["last_id"]) == (data[0]["id"], data[-1]["id"])
    assert isinstance(page["has_more"], bool)
    return data


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def function(name: str = "get_weather", properties: Sequence[str] = ("city",)) -> dict[str, Any]:
    """A function tool, flat as this API has it."""
    parameters = {
        "type": "object",
        "properties": {property: {"type": "string"} for property in properties},
        "required": [*properties],
        "additionalProperties": False,
    }
    return {"type": "function", "name": name, "parameters": parameters, "strict": True}
