"""Who says whether a call may run, by how the session is talked to."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from extensions.confirmation.service import Confirmation, Confirmations
from extensions.sessions.session import ToolSettings
from extensions.tools.outcome import DENIED
from gateway.core.errors import ToolExecutionDenied
from gateway.core.messages import ToolCall

__all__ = ["AskTheClient", "Refuse"]


class AskTheClient:
    """For streams: whoever reads one is asked about the calls that need a yes."""

    denied = DENIED

    def __init__(
        self, confirmations: Confirmations, session_id: str, settings: ToolSettings
    ) -> None:
        self._confirmations = confirmations
        self._session_id = session_id
        self._settings = settings

    def admit(self, calls: Sequence[ToolCall]) -> None:
        """Whatever is called, somebody can be asked."""

    def asking(self, call: ToolCall) -> AbstractContextManager[Confirmation] | None:
        if self._settings.policy_of(call.name) == "never_confirm":
            return None
        return self._confirmations.asking(self._session_id, call)


class Refuse:
    """For answers that come as a whole, on the way to which nobody can be asked."""

    denied = DENIED

    def __init__(self, settings: ToolSettings) -> None:
        self._settings = settings

    def admit(self, calls: Sequence[ToolCall]) -> None:
        for call in calls:
            if self._settings.policy_of(call.name) != "never_confirm":
                raise ToolExecutionDenied(call.name)

    def asking(self, call: ToolCall) -> None:
        """Nothing, for all that was admitted; and nothing else runs."""
        self.admit([call])
