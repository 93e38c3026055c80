"""A Backend that makes another one keep to what was asked."""

from collections.abc import AsyncGenerator
from operator import attrgetter

from adapters.enforcing.calls import ToolChat
from adapters.enforcing.formats import FormattedChat
from gateway.core.backend import Backend
from gateway.core.events import Batch
from gateway.core.requests import AnyText, ChatRequest
from gateway.core.wrapping import BackendWrapper

__all__ = ["EnforcingBackend"]


class EnforcingBackend(BackendWrapper):
    """Tool choices and formats are enforced, with at most `retries` further questions a chat.

    A chat that demands nothing of the kind is the inner backend's own.
    """

    def __init__(self, backend: Backend, *, retries: int = 3) -> None:
        super().__init__(backend)
        self._retries = retries

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """`InvalidAnswer` when the model cannot be brought to what is demanded."""
        wanted = request.response_format
        if request.tools and request.tool_choice != "none":
            if demands(request) or not isinstance(wanted, AnyText):
                return ToolChat(self._inner, request, self._retries).batches()
        elif not isinstance(wanted, AnyText):
            return FormattedChat(self._inner, request, wanted, self._retries).batches()
        return self._inner.chat(request)


def demands(request: ChatRequest) -> bool:
    """Whether a chat with tools asks for more than that the model may call them."""
    if request.tool_choice != "auto" or not request.parallel_tool_calls:
        return True
    return any(map(attrgetter("strict"), request.tools))
