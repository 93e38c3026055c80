"""The turns of all sessions."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

from extensions.chat.asked import ChatQuestion
from extensions.chat.history import ContentOf, text_alone
from extensions.chat.turn import Turn
from extensions.confirmation.approvers import AskTheClient, Refuse
from extensions.confirmation.service import Confirmations
from extensions.sessions.service import Sessions
from extensions.sessions.session import ToolSettings
from extensions.tools.approval import Approver
from extensions.tools.tool import Toolbox
from gateway.core.backend import Backend
from gateway.core.errors import Overloaded
from gateway.core.metrics import Metrics

__all__ = ["Chats"]


class Chats:
    """Chat in these sessions, with at most `max_open` answers under way at a time.

    Calls of the tools in `toolbox` that need a yes are asked about in `confirmations`.
    `dynamic_windows` is whether context windows are chosen at all; `content_of` has what of a
    message a model is sent. `talking` is entered for a
    session while somebody talks in it, and `replied` called when a final reply was sent.
    """

    def __init__(
        self,
        sessions: Sessions,
        backend: Backend,
        *,
        toolbox: Toolbox,
        confirmations: Confirmations,
        dynamic_windows: bool = True,
        max_open: int = 4096,
        content_of: ContentOf = text_alone,
        talking: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
        replied: Callable[[str], None] = lambda _: None,
        metrics: Metrics | None = None,
    ) -> None:
        self._metrics = metrics or Metrics()
        self._sessions = sessions
        self._backend = backend
        self._toolbox = toolbox
        self._confirmations = confirmations
        self._dynamic_windows = dynamic_windows
        self._max_open = max_open
        self._content_of = content_of
        self._talking = talking
        self._replied = replied
        self._open = 0

    async def turn(self, session_id: str, question: ChatQuestion, *, streamed: bool) -> Turn:
        """A turn that nothing speaks against, as far as can be seen before the session is free.
        Only who reads a stream can be asked about a call."""
        approver: Callable[[ToolSettings], Approver] = Refuse
        if streamed:
            approver = partial(AskTheClient, self._confirmations, session_id)
        turn = Turn(
            session_id,
            question,
            sessions=self._sessions,
            backend=self._backend,
            toolbox=self._toolbox,
            approver=approver,
            dynamic_windows=self._dynamic_windows,
            content_of=self._content_of,
            metrics=self._metrics,
        )
        await turn.check()
        return turn

    def drain(self) -> None:
        """Let the turns come to their end without the people they might ask."""
        self._confirmations.close()

    @contextmanager
    def talking(self, turn: Turn) -> Iterator[None]:
        """To be entered while the turn is taken, and left when its answer was sent."""
        with self._talking(turn.session_id):
            try:
                yield
            finally:
                self._metrics.turns.add("replied" if turn.replied else "broken_off")
                if turn.replied:
                    self._replied(turn.session_id)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Counts as an answer while it is entered; `Overloaded` if there are too many.

        To be entered before anything is waited for, or the count comes too late.
        """
        if self._open >= self._max_open:
            raise Overloaded(f"{self._max_open} answers are under way already.")
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
