"""Who says whether a call may run."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from extensions.tools.outcome import ToolOutcome
from gateway.core.messages import ToolCall

__all__ = ["Approver", "Question"]


class Question(Protocol):
    """A call that waits for a person. `id` is what the answer has to name, `call` what is shown
    and what a yes is good for."""

    @property
    def id(self) -> str: ...

    @property
    def call(self) -> ToolCall: ...

    async def approved(self) -> bool:
        """Wait for the answer."""
        ...


class Approver(Protocol):
    """The policies of a session, and the way to whoever decides."""

    @property
    def denied(self) -> ToolOutcome:
        """What the model is told of a call that may not run."""
        ...

    def admit(self, calls: Sequence[ToolCall]) -> None:
        """Raise where a reply must not even be kept, because one of these calls, those that would
        run, needs a yes and nobody can be asked."""
        ...

    def asking(self, call: ToolCall) -> AbstractContextManager[Question] | None:
        """The question that this call needs, which is open while it is entered; `None` if it may
        run unasked."""
        ...
