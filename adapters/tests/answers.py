"""A backend with another answer for every question."""

from collections.abc import AsyncGenerator, Sequence

from gateway.core.events import Batch, ChatEvent
from gateway.core.requests import ChatRequest
from gateway.testing import ScriptedBackend

__all__ = ["Answers"]


class Answers(ScriptedBackend):
    """Answers every chat with the next script."""

    def __init__(self, *scripts: Sequence[Sequence[ChatEvent]]) -> None:
        super().__init__()
        self._scripts = list(scripts)

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        self.script = tuple(self._scripts.pop(0))
        return super().chat(request)
