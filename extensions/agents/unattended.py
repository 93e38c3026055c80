"""The policies of an agent that works where nobody can be asked."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from msgspec import Struct

from extensions.sessions.session import policy_in_force
from extensions.tools.outcome import ToolOutcome
from gateway.core.messages import ToolCall

__all__ = ["Unattended"]


class Unheard(Struct, frozen=True):
    """A question that nobody hears: the answer is no."""

    call: ToolCall
    id: str = ""

    async def approved(self) -> bool:
        return False


class Unattended:
    """Lets run what may run unasked, by these policies of tools, and tells the model of every other
    call that it cannot be had here. A tool without a policy is one of those."""

    denied = ToolOutcome.failed(
        "This call needs a person's yes, and nobody can be asked here. It was not run."
    )

    def __init__(self, policies: Mapping[str, str]) -> None:
        self._policies = policies

    def admit(self, calls: Sequence[ToolCall]) -> None:
        """Whatever is called: the model is told, and may go on without it."""

    def asking(self, call: ToolCall) -> AbstractContextManager[Unheard] | None:
        if policy_in_force(self._policies.get(call.name, "")) == "never_confirm":
            return None
        return nullcontext(Unheard(call))
