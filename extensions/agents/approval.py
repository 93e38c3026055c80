"""Who decides about the calls that an agent makes within its work."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from msgspec import Struct

from extensions.confirmation.approvers import Refuse
from extensions.tools.approval import Approver, Question
from extensions.tools.outcome import ToolOutcome
from gateway.core.errors import ToolExecutionDenied
from gateway.core.messages import ToolCall

__all__ = ["NOBODY", "InWords", "within_work"]

UNASKED = ToolOutcome.failed(
    "This tool needs a person's confirmation, and nobody can be asked here"
)

NOBODY = ""
"""The id of a question that is put to nobody."""


def within_work(approver: Approver) -> Approver:
    """For an answer that comes as a whole a refusal would take back what an agent has kept and
    done already, so there the agent is told in words that nobody can be asked."""
    match approver:
        case Refuse():
            return InWords(approver)
    return approver


class InWords:
    """Where `refusing` raises, the call is denied."""

    denied = UNASKED

    def __init__(self, refusing: Refuse) -> None:
        self._refusing = refusing

    def admit(self, calls: Sequence[ToolCall]) -> None:
        """Whatever is called, it gets an answer."""

    def asking(self, call: ToolCall) -> AbstractContextManager[Question] | None:
        try:
            self._refusing.asking(call)
        except ToolExecutionDenied:
            return put_to_nobody(call)
        return None


class Unasked(Struct, frozen=True):
    """A question with one answer."""

    call: ToolCall
    id: str = NOBODY

    async def approved(self) -> bool:
        return False


@contextmanager
def put_to_nobody(call: ToolCall) -> Iterator[Question]:
    yield Unasked(call)
