"""What is asked of a model: how it is written for Ollama, how its answer is read and mended."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from adapters.ollama import asking, completing
from adapters.ollama.answering import AnswerReader
from adapters.ollama.media import check_media
from adapters.ollama.mending import mender
from adapters.ollama.reading import LineReader
from adapters.ollama.windows import Prompt, asked_window, measured, measured_text
from adapters.repair.mending import Mender
from gateway.core.models import ModelDetails
from gateway.core.requests import ChatRequest, CompletionRequest

__all__ = ["ChatQuestion", "CompletionQuestion", "Question"]


class Question(ABC):
    """One call whose answer comes line by line. It may be written twice, for two windows.

    `field` is where callers have their prompt, `insisted` the window that the caller insists on.
    """

    __slots__ = ("insisted", "model", "prompt", "reader")

    path: ClassVar[str]
    field: ClassVar[str]
    prompt: Prompt
    reader: LineReader[Any]
    request: ChatRequest | CompletionRequest

    def __init__(self, request: ChatRequest | CompletionRequest) -> None:
        self.insisted = asked_window(request)
        self.model = request.model

    @property
    @abstractmethod
    def concerned(self) -> bool:
        """Whether it matters what the model can do."""

    @abstractmethod
    def body(self, num_ctx: int | None, known: ModelDetails) -> bytes:
        """The body of the call; `Unsupported` for what the model cannot do."""

    def mender(self, known: ModelDetails, *, repair: bool) -> Mender | None:
        """What mends the answer on its way, where anything could need it."""
        return None


class ChatQuestion(Question):
    """`POST /api/chat`."""

    __slots__ = ("request",)

    path = "/api/chat"
    field = "messages"
    request: ChatRequest

    def __init__(self, request: ChatRequest) -> None:
        super().__init__(request)
        self.request = request
        self.prompt = measured(request.messages, asking.tools(request))
        self.reader = AnswerReader(request.model)

    @property
    def concerned(self) -> bool:
        return bool(self.prompt.images or self.prompt.sounds)

    def body(self, num_ctx: int | None, known: ModelDetails) -> bytes:
        if self.concerned:
            check_media(self.prompt, known)
        return asking.chat(self.request, num_ctx)

    def mender(self, known: ModelDetails, *, repair: bool) -> Mender | None:
        return mender(self.request, known, repair=repair)


class CompletionQuestion(Question):
    """`POST /api/generate`."""

    __slots__ = ("request",)

    path = "/api/generate"
    field = "prompt"
    request: CompletionRequest
    concerned = True

    def __init__(self, request: CompletionRequest) -> None:
        super().__init__(request)
        self.request = request
        self.prompt = measured_text(request.prompt + request.suffix)
        self.reader = completing.CompletionReader(request.model)

    def body(self, num_ctx: int | None, known: ModelDetails) -> bytes:
        return completing.completion(self.request, num_ctx, known)
