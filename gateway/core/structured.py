"""The seam to whatever has a model answer in a given form."""

from typing import Protocol, TypeVar

from msgspec import Struct

from gateway.core.messages import Message

__all__ = ["StructuredAnswers", "StructuredRequest"]

T = TypeVar("T", bound=Struct)


class StructuredRequest(Struct, frozen=True, kw_only=True):
    """What a model is to answer. `context_length` is in tokens; `None` leaves it, and whether the
    model is to reason, to the server."""

    model: str
    messages: tuple[Message, ...]
    context_length: int | None = None
    thinking: bool | None = None


class StructuredAnswers(Protocol):
    """Whole answers in the form of a struct; errors are those of a Backend."""

    async def answer(self, request: StructuredRequest, form: type[T]) -> T:
        """What the model answers, as a `form`; `BackendFailed` if that cannot be had of it.

        The work upstream ends as soon as the caller is cancelled.
        """
        ...
