"""One turn of a session: a message of a person, or an old one again, up to the final reply."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from extensions.chat.asked import ChatQuestion
from extensions.chat.asker import Asker
from extensions.chat.history import ContentOf, last_question, text_alone
from extensions.chat.loop import ChatLoop
from extensions.chat.record import Record
from extensions.chat.steps import Ended, Steps
from extensions.events import ContextUse
from extensions.sessions.service import Sessions
from extensions.sessions.session import AssistantMessage, Session, ToolSettings
from extensions.tools.approval import Approver
from extensions.tools.tool import Toolbox, Tools
from gateway.core.backend import Backend
from gateway.core.errors import (
    InvalidMessageIndex,
    InvalidRequest,
    SessionNotFound,
    SessionReadOnly,
)
from gateway.core.metrics import Metrics
from gateway.core.notes import Notes

__all__ = ["Turn"]


class Turn:
    """A turn of the session `id`, of which nothing happens before its steps are taken.

    `approver` is who decides about calls, by the settings of the session as it is when its turn
    comes; `dynamic_windows` is whether the gateway chooses context windows at all. `replied` tells
    that there is a final reply, and that it is kept.
    """

    def __init__(
        self,
        id: str,
        question: ChatQuestion,
        *,
        sessions: Sessions,
        backend: Backend,
        toolbox: Toolbox,
        approver: Callable[[ToolSettings], Approver],
        dynamic_windows: bool = True,
        content_of: ContentOf = text_alone,
        metrics: Metrics | None = None,
    ) -> None:
        self.session_id = id
        self._metrics = metrics or Metrics()
        self.notes = Notes(session=id, counts=self._metrics.noted)
        self.replied = False
        self._question = question
        self._sessions = sessions
        self._toolbox = toolbox
        self._approver = approver
        self._asker = Asker(
            backend,
            notes=self.notes,
            dynamic_windows=dynamic_windows,
            thinking=bool(question.think),
            content_of=content_of,
        )
        self._seen: Session | None = None

    async def check(self) -> None:
        """Refuse what can be refused before the session is free."""
        session = await self._sessions.get(self.session_id)
        if session.read_only:
            raise SessionReadOnly(session.id, session.version)
        if not session.model:
            raise InvalidRequest(
                "The session has no model yet: nobody has answered in it. PATCH"
                f" /api/v1/sessions/{session.id} can give it one."
            )
        self._kept_messages(session)
        self._seen = session

    async def steps(self) -> AsyncGenerator[Steps, None]:
        """Wait for the session, and answer. The session is free again when this is closed.

        If it is deleted meanwhile, the task that takes the steps is cancelled, with the reason.
        """
        with self._sessions.streaming(self.session_id, self._deleted()):
            async with self._sessions.turn(self.session_id, self._forget_seen()) as opened:
                record = Record(opened, self._sessions, self._kept_messages(opened.session))
                if self._question.message is not None:
                    await record.ask(self._question.message)
                # What was said is kept by now, whatever becomes of the tools.
                tools = await self._toolbox.active(record.session)
                async with aclosing(self._loop(record, tools).steps()) as steps:
                    async for happened in steps:
                        if type(happened[-1]) is Ended:
                            self.replied = True
                        yield happened

    def context_use(self, reply: AssistantMessage) -> ContextUse:
        """The window of the last request, and what the final reply took of it."""
        return ContextUse(
            current_window=self._asker.decision.window,
            usage_tokens=(reply.prompt_eval_count or 0) + (reply.eval_count or 0),
            reason=self._asker.decision.reason,
        )

    def _kept_messages(self, session: Session) -> int | None:
        """How many messages stay when the last question is answered again; `None`: all of them."""
        if self._question.message is not None:
            return None
        index = last_question(session.messages)
        if index is None:
            raise InvalidMessageIndex("There is no user message to answer again.")
        return index + 1

    def _forget_seen(self) -> Session | None:
        """What the check has read, which nobody is to hold through the turn."""
        seen, self._seen = self._seen, None
        return seen

    def _deleted(self) -> Callable[[], None]:
        task = asyncio.current_task()
        assert task is not None

        def end() -> None:
            task.cancel(SessionNotFound(self.session_id))

        return end

    def _loop(self, record: Record, tools: Tools) -> ChatLoop:
        return ChatLoop(
            ask=lambda: self._asker.answer(record, tools),
            record=record,
            tools=tools,
            approver=self._approver(record.session.tool_settings),
            thinking=bool(self._question.think),
            metrics=self._metrics,
        )
