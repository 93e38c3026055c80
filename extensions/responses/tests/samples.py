"""Responses to keep."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from extensions.responses.record import Background, Record, State

__all__ = ["chained", "identity", "item", "record", "running", "texts"]


def item(text: str) -> Raw:
    return Raw(msgspec.json.encode({"type": "message", "role": "user", "content": text}))


def identity(number: int) -> str:
    return f"resp_{number:024x}"


def record(
    number: int = 1,
    text: str = "One.",
    *,
    after: int | None = None,
    created_at: int = 1_790_000_000,
    background: Background | None = None,
) -> Record:
    """A response whose only input item and whose response object hold the text."""
    shown = {"id": identity(number), "status": "completed", "output": [], "text": text}
    return Record(
        id=identity(number),
        created_at=created_at,
        previous_response_id=None if after is None else identity(after),
        background=background,
        input=(item(text),),
        response=Raw(msgspec.json.encode(shown)),
    )


def running(number: int = 1, text: str = "One.", state: State = "in_progress") -> Record:
    return record(number, text, background=Background(state))


def chained(length: int) -> list[Record]:
    """Responses from number 1 on, each of which follows the one before."""
    return [record(n, f"{n}", after=n - 1 or None) for n in range(1, length + 1)]


def texts(records: Sequence[Record]) -> list[str]:
    return [msgspec.json.decode(record.input[0])["content"] for record in records]
