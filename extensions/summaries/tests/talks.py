"""Sessions that can be summarised, and models that do so when they are told to."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct

from extensions.chat.tests.talking import ID, MODEL, NOW
from extensions.sessions.session import AssistantMessage, Message, UserMessage
from extensions.summaries.asking import SummaryDraft
from gateway.core.structured import StructuredRequest

__all__ = ["ANSWERED", "ID", "MODEL", "NOW", "Answers", "answered"]

T = TypeVar("T", bound=Struct)

ANSWERED: tuple[Message, ...] = (
    UserMessage(id="u1", timestamp=NOW, content="Morning?"),
    AssistantMessage(id="a1", timestamp=NOW, content="Yes.", model=MODEL),
)


def answered(text: str, **fields: Any) -> AssistantMessage:
    return AssistantMessage(id=f"a-{text}", timestamp=NOW, content=text, model=MODEL, **fields)


class Answers:
    """`StructuredAnswers` that come when `free` is set, and tell of the last thing that was said.

    `failure` is raised in their place. `left` counts those who did not wait for theirs, and `gone` is set with the first.
    """

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.free = asyncio.Event()
        self.free.set()
        self.begun = asyncio.Event()
        self.gone = asyncio.Event()
        self.requests: list[StructuredRequest] = []
        self.at_work = self.most = self.left = 0

    async def answer(self, request: StructuredRequest, form: type[T]) -> T:
        self.requests.append(request)
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        self.begun.set()
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.left += 1
            self.gone.set()
            raise
        finally:
            self.at_work -= 1
        if self.failure:
            raise self.failure
        assert form is SummaryDraft
        make: Callable[..., T] = form
        last = request.messages[-2].content[0]
        return make(summary=f"Up to: {getattr(last, 'text', '')}", topics=["talk"])
