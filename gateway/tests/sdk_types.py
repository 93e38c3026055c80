"""The official SDK's types as judges, at their strictest."""

from collections.abc import Iterator
from typing import Any

from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

__all__ = ["judge_event", "judge_response"]

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)

# Keys that Open Responses demands and the SDK's types do not have.
BEYOND = {"presence_penalty", "frequency_penalty", "store"}


def judge_event(event: dict[str, Any]) -> Any:
    """The event as the SDK's type for it; fails for a key that the type does not know."""
    judged = EVENT.validate_python(event, strict=True)
    # A union would settle for the closest type.
    assert judged.type == event["type"]
    check(judged, event["type"])
    return judged


def judge_response(response: dict[str, Any]) -> Response:
    judged = Response.model_validate(response, strict=True)
    check(judged, "response")
    return judged


def check(model: BaseModel, at: str) -> None:
    unknown = {*(model.model_extra or ())} - BEYOND
    # Logprobs of deltas have bytes as all others have.
    assert unknown <= ({"bytes"} if "logprob" in type(model).__name__.lower() else set()), at
    for name, value in model:
        for each in models_in(value):
            check(each, f"{at}.{name}")


def models_in(value: Any) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from models_in(each)
