"""One turn of a session: a message of a person, or an old one again, up to the final reply."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from extensions.chat.approval import Approver
from extensions.chat.asked import ChatQuestion
from extensions.chat.history import conversation, last_question
from extensions.chat.loop import ChatLoop
from extensions.chat.record import Record
from extensions.chat.refusals import refused
from extensions.chat.steps import Steps
from extensions.context.window import Decision, adjusted, estimate, next_window, usage_of
from extensions.events import ContextUse
from extensions.sessions.service import Sessions
from extensions.sessions.session import AssistantMessage, Session, ToolSettings
from extensions.tools.tool import NoTools, Toolbox, Tools
from gateway.core.backend import Backend
from gateway.core.errors import (
    BackendFailed,
    ContextOverflow,
    Invalid,
    InvalidMessageIndex,
    ModelNotFound,
    SessionNotFound,
    SessionReadOnly,
)
from gateway.core.events import Batch
from gateway.core.models import ModelDetails
from gateway.core.notes import Notes
from gateway.core.requests import ChatRequest

__all__ = ["Turn"]


class Turn:
    """A turn of the session `id`, of which nothing happens before its steps are taken.

    `approver` is who decides about calls, by the settings of the session as it is when its turn
    comes; `dynamic_windows` is whether the gateway chooses context windows at all.
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
    ) -> None:
        self.session_id = id
        self.notes = Notes()
        self._question = question
        self._sessions = sessions
        self._backend = backend
        self._toolbox = toolbox
        self._approver = approver
        self._tools: Tools = NoTools()
        self._dynamic_windows = dynamic_windows
        self._seen: Session | None = None
        self._decision = Decision(None, "no_adjustment")

    async def check(self) -> None:
        """Refuse what can be refused before the session is free."""
        session = await self._sessions.get(self.session_id)
        if session.read_only:
            raise SessionReadOnly(session.id, session.version)
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
                settings = record.session.tool_settings
                self._tools = await self._toolbox.active(settings)
                async with aclosing(self._loop(record, settings).steps()) as steps:
                    async for happened in steps:
                        yield happened

    def context_use(self, reply: AssistantMessage) -> ContextUse:
        """The window of the last request, and what the final reply took of it."""
        return ContextUse(
            current_window=self._decision.window,
            usage_tokens=(reply.prompt_eval_count or 0) + (reply.eval_count or 0),
            reason=self._decision.reason,
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

    def _loop(self, record: Record, settings: ToolSettings) -> ChatLoop:
        return ChatLoop(
            ask=lambda: self._ask(record),
            record=record,
            tools=self._tools,
            approver=self._approver(settings),
            thinking=bool(self._question.think),
        )

    async def _ask(self, record: Record) -> AsyncGenerator[Batch, None]:
        """The model's answer to what is recorded."""
        try:
            batches, first = await self._begun(record)
            async with aclosing(batches):
                yield first
                async for batch in batches:
                    yield batch
        except Invalid as error:
            raise refused(error, record.session.model) from error

    async def _begun(self, record: Record) -> tuple[AsyncGenerator[Batch, None], Batch]:
        """An answer, and its first batch, which has been taken.

        If Ollama finds the prompt to be longer than it was taken for, once more in a larger window:
        without an answer the session would never learn its true length, and stay stuck.
        """
        request = await self._request(record)
        batches = self._backend.chat(request)
        try:
            first = await anext(batches, ())
        except ContextOverflow as error:
            larger = await self._request(record, tokens_of(error))
            if larger.context_length == request.context_length:
                raise
            batches = self._backend.chat(larger)
            first = await anext(batches, ())
        return batches, first

    async def _request(self, record: Record, at_least: int = 0) -> ChatRequest:
        """The next request, in a window that is chosen anew for it; `at_least` in tokens."""
        model = record.session.model
        details = await self._details(model)
        messages, tools = conversation(record.history), tuple(self._tools.offered())
        tokens = max(estimate(messages, tools), at_least)
        window = await self._choose_window(record, details.context_length, tokens)
        can_think = "thinking" in (details.capabilities or ())
        return ChatRequest(
            model=model,
            messages=messages,
            tools=tools,
            thinking=bool(self._question.think) if can_think else None,
            stream=True,
            context_length="ollama" if window is None else window,
            notes=self.notes,
        )

    async def _choose_window(self, record: Record, longest: int | None, tokens: int) -> int | None:
        """Decide about the window, and keep the decision."""
        session = record.session
        decision = next_window(
            session, enabled=self._dynamic_windows, max_context=longest, estimate=tokens
        )
        now, usage = self._sessions.clock(), usage_of(session) or 0
        await record.resize(adjusted(session.window, decision, at=now, usage_tokens=usage))
        self._decision = decision
        return decision.window

    async def _details(self, model: str) -> ModelDetails:
        """What is known of the model; whoever cannot tell may still be able to answer."""
        try:
            return await self._backend.show(model)
        except (BackendFailed, Invalid, ModelNotFound):
            return ModelDetails(name=model, capabilities=None)


def tokens_of(error: ContextOverflow) -> int:
    """How long the prompt is, where Ollama says so."""
    return int(error.details.get("n_prompt_tokens") or 0)
