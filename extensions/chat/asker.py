"""Asking the model of a session."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from extensions.chat.history import ContentOf, conversation, text_alone
from extensions.chat.record import Record
from extensions.chat.refusals import refused
from extensions.context.window import Decision, adjusted, estimate, next_window, usage_of
from extensions.tools.tool import Tools
from gateway.core.backend import Backend
from gateway.core.errors import BackendFailed, ContextOverflow, Invalid, ModelNotFound
from gateway.core.events import Batch
from gateway.core.messages import Message, UserMessage, text
from gateway.core.models import ModelDetails
from gateway.core.notes import Notes
from gateway.core.requests import ChatRequest

__all__ = ["Asker"]


class Asker:
    """Has the model of a session answer what is recorded, in a window that is chosen anew for each
    request; `decision` is about the last one.

    `dynamic_windows` is whether windows are chosen at all; `thinking` whether the model is asked to
    reason, if it can.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        notes: Notes,
        dynamic_windows: bool = True,
        thinking: bool = False,
        content_of: ContentOf = text_alone,
    ) -> None:
        self.decision = Decision(None, "no_adjustment")
        self._backend = backend
        self._notes = notes
        self._dynamic_windows = dynamic_windows
        self._thinking = thinking
        self._content_of = content_of

    async def answer(
        self, record: Record, tools: Tools, prompt: str = ""
    ) -> AsyncGenerator[Batch, None]:
        """The model's answer to the history, and to a `prompt` behind it that nobody keeps."""
        try:
            batches, first = await self._begun(record, tools, prompt)
            async with aclosing(batches):
                yield first
                async for batch in batches:
                    yield batch
        except Invalid as error:
            raise refused(error, record.session.model) from error

    async def _begun(
        self, record: Record, tools: Tools, prompt: str
    ) -> tuple[AsyncGenerator[Batch, None], Batch]:
        """An answer, and its first batch, which has been taken.

        If Ollama finds the prompt to be longer than it was taken for, once more in a larger window:
        without an answer the session would never learn its true length, and stay stuck.
        """
        request = await self._request(record, tools, prompt)
        batches = self._backend.chat(request)
        try:
            first = await anext(batches, ())
        except ContextOverflow as error:
            larger = await self._request(record, tools, prompt, tokens_of(error))
            if larger.context_length == request.context_length:
                raise
            batches = self._backend.chat(larger)
            first = await anext(batches, ())
        return batches, first

    async def _request(
        self, record: Record, tools: Tools, prompt: str, at_least: int = 0
    ) -> ChatRequest:
        """The next request; it is taken to be `at_least` so many tokens long."""
        model = record.session.model
        details = await self._details(model)
        messages: tuple[Message, ...] = conversation(record.history, self._content_of)
        if prompt:
            messages += (UserMessage(text(prompt)),)
        offered = tuple(tools.offered())
        tokens = max(estimate(messages, offered), at_least)
        window = await self._choose_window(record, details.context_length, tokens)
        can_think = "thinking" in (details.capabilities or ())
        return ChatRequest(
            model=model,
            messages=messages,
            tools=offered,
            thinking=self._thinking if can_think else None,
            stream=True,
            context_length="ollama" if window is None else window,
            notes=self._notes,
        )

    async def _choose_window(self, record: Record, longest: int | None, tokens: int) -> int | None:
        """Decide about the window, and keep the decision."""
        session = record.session
        decision = next_window(
            session, enabled=self._dynamic_windows, max_context=longest, estimate=tokens
        )
        now, usage = record.clock(), usage_of(session) or 0
        await record.resize(adjusted(session.window, decision, at=now, usage_tokens=usage))
        self.decision = decision
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
