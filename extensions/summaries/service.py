"""Summaries of sessions: in the background after an answer, and when somebody asks for one."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from weakref import WeakValueDictionary

from msgspec import Struct

from extensions.sessions.changes import SummaryChanged
from extensions.sessions.service import Sessions
from extensions.sessions.session import Session, Summary
from extensions.sessions.threads import unbroken
from extensions.summaries.asking import (
    FEWEST,
    SummaryDraft,
    question,
    supported,
    usual,
    worthwhile,
)
from extensions.summaries.backlog import Backlog
from extensions.summaries.jobs import Jobs
from gateway.core.backend import Backend
from gateway.core.errors import (
    InvalidRequest,
    MochiError,
    ModelNotFound,
    SessionNotFound,
    SessionReadOnly,
)
from gateway.core.models import ModelDetails
from gateway.core.structured import StructuredAnswers, StructuredRequest

__all__ = ["MadeSummary", "Summaries"]

log = logging.getLogger("mochi.summaries")

AT_ONCE = 2
"""Summaries in the making: they take the models from people who wait for an answer."""


class MadeSummary(Struct, frozen=True):
    """A summary, and the model that made it, by the name it was chosen by."""

    summary: Summary
    model: str


class Summaries:
    """Summaries of the sessions, by the models of `backend`, of which `answers` has the replies.

    With `enabled` they are made after every reply. `meant` tells which model an alias stands for,
    `dynamic_windows` is whether context windows are chosen at all. Leaving takes at most `patience`
    seconds; what is not made by then goes into the `backlog` for the next start.
    """

    def __init__(
        self,
        sessions: Sessions,
        backend: Backend,
        answers: StructuredAnswers,
        *,
        backlog: Backlog | None = None,
        enabled: bool = True,
        dynamic_windows: bool = True,
        meant: Callable[[str], str] = str,
        at_once: int = AT_ONCE,
        patience: float = 30,
    ) -> None:
        self._sessions = sessions
        self._backend = backend
        self._answers = answers
        self._backlog = backlog
        self._enabled = enabled
        self._dynamic_windows = dynamic_windows
        self._meant = meant
        self._patience = patience
        self._jobs = Jobs(self._in_background, at_once=at_once)
        self._asked_for: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def schedule(self, session_id: str) -> None:
        """Summarise the session soon, as it is by then; failures are logged only."""
        if self._enabled:
            self._jobs.add(session_id)

    def paused(self, session_id: str) -> AbstractContextManager[None]:
        """To be entered while somebody talks in the session: the model is theirs."""
        return self._jobs.held(session_id)

    async def idle(self) -> None:
        """Wait until every summary that was scheduled is made, or has failed."""
        await self._jobs.idle()

    async def summarise(self, session_id: str, model: str | None = None) -> MadeSummary:
        """Summarise the session now, by this model if one is named, and by it from now on.

        `InvalidRequest` for a model that will not do, and for a session in which hardly anything
        was said; `BackendFailed` when the model gives no summary, and the old one stays.
        """
        async with self._asked_for.setdefault(session_id, asyncio.Lock()):
            with self._jobs.held(session_id):
                await self._jobs.stopped(session_id)
                session = await self._summarisable(session_id)
                chosen = usual(session, self._meant) if model is None else model
                if chosen is None:
                    raise InvalidRequest(
                        "No model of this session can summarise: name another one.", param="model"
                    )
                return await self._make(session, chosen, named=model)

    async def resume(self) -> None:
        """Schedule what was not made before the last end."""
        if self._backlog and self._enabled:
            for id in await asyncio.to_thread(self._backlog.take):
                self._jobs.add(id)

    async def aclose(self) -> None:
        """Make what is still to be made, while there is time.

        It is noted before, because nobody says how much time there is.
        """
        if left := self._jobs.unfinished:
            log.info("Summaries (%d) have %g s to finish", len(left), self._patience)
            self._note(left)
            try:
                async with asyncio.timeout(self._patience):
                    await self._jobs.idle()
            except TimeoutError:
                log.warning("Summaries (%d) are left for the next start", len(left))
            self._note(self._jobs.unfinished)
        await self._jobs.aclose()

    def _note(self, ids: list[str]) -> None:
        if self._backlog:
            self._backlog.put(ids)

    async def _in_background(self, session_id: str) -> None:
        try:
            session = await self._sessions.get(session_id)
            chosen = usual(session, self._meant)
            if chosen and worthwhile(session) and not session.read_only:
                await self._make(session, chosen)
        except (SessionNotFound, SessionReadOnly):
            pass  # meanwhile; nobody has asked for a summary
        except MochiError as error:
            log.warning("No summary of the session %s: %s", session_id, error.message)
        except Exception:
            log.exception("No summary of the session %s", session_id)

    async def _summarisable(self, session_id: str) -> Session:
        session = await self._sessions.get(session_id)
        if session.read_only:
            raise SessionReadOnly(session.id, session.version)
        if len(session.messages) < FEWEST:
            raise InvalidRequest("There is nothing to summarise yet.")
        return session

    async def _make(self, session: Session, model: str, named: str | None = None) -> MadeSummary:
        """The session is nobody's while the model works, and held only to keep what came of it.
        If nothing was said meanwhile, no other summary of it is due."""
        with self._ended_if_deleted(session.id):
            asked = await self._question(session, model)
            draft = await self._answers.answer(asked, SummaryDraft)
        summary = Summary(draft.summary, tuple(draft.topics))
        async with self._sessions.turn(session.id) as turn:
            await unbroken(turn.commit(SummaryChanged(summary, named)))
            if turn.session.messages == session.messages:
                self._jobs.drop(session.id)
        return MadeSummary(summary, model)

    async def _question(self, session: Session, model: str) -> StructuredRequest:
        details = await self._details(model)
        return question(session, model, details, dynamic_windows=self._dynamic_windows)

    async def _details(self, model: str) -> ModelDetails:
        """What is known of a model that can summarise, by its own name."""
        try:
            details = await self._backend.show(model)
        except InvalidRequest as error:  # no model can have such a name
            raise ModelNotFound(model) from error
        name = self._meant(model)
        can_chat = details.capabilities is None or "completion" in details.capabilities
        if not can_chat or not supported(name):
            raise InvalidRequest(f"The model '{model}' cannot summarise.", param="model")
        return ModelDetails(
            name=name, capabilities=details.capabilities, context_length=details.context_length
        )

    @contextmanager
    def _ended_if_deleted(self, session_id: str) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None

        def end() -> None:
            task.cancel(SessionNotFound(session_id))

        with self._sessions.streaming(session_id, end):
            yield
