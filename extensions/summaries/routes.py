"""`/api/v1/sessions/{id}/summarize` and `/summary`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
from litestar import Litestar, get, post
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.plugins import InitPlugin
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from extensions.sessions.service import Sessions
from extensions.sessions.session import Session
from extensions.summaries.service import Summaries
from gateway.http.extensions import error_responses, extension_router
from gateway.http.leaving import WhileConnected
from gateway.http.streams import reason_of, send_json

__all__ = ["SummariesExtension"]

UNKNOWN = {404: "There is no such session."}
REFUSED = {
    404: "There is no such session or model.",
    409: "The session's file is of a later version, which must not be written.",
    422: "The model cannot summarise, or there is nothing to summarise yet.",
    502: "Ollama cannot be reached, it failed, or the model gave no summary.",
    503: "Nothing can be written.",
    504: "Ollama went silent.",
}


class SummaryQuestion(Struct, frozen=True):
    """Without a `model` the session's own summarises, or the one that was named the last time."""

    model: str | None = None


class SummaryAnswer(Struct, frozen=True):
    """A new summary, and which model made it."""

    summary: str
    topics: tuple[str, ...]
    model_used: str


class SummaryShown(Struct, frozen=True):
    """`summary` is `null` when there is none; `summary_model` is one that was named for it."""

    summary: str | None
    topics: tuple[str, ...]
    summary_model: str | None


class SummariesExtension(InitPlugin):
    """Summaries of these sessions. They are finished before the application ends."""

    def __init__(self, summaries: Summaries, sessions: Sessions) -> None:
        self._summaries = summaries
        self._sessions = sessions

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        router = extension_router(
            "/sessions/{session_id:str}",
            [summarize, show_summary],
            tag="Summaries",
            summaries=self._summaries,
            sessions=self._sessions,
        )
        app_config.route_handlers.append(router)
        app_config.lifespan.append(self._open)
        return app_config

    @asynccontextmanager
    async def _open(self, _: Litestar) -> AsyncGenerator[None, None]:
        await self._summaries.resume()
        try:
            yield
        finally:
            await self._summaries.aclose()


@post(
    "/summarize",
    operation_id="summarizeSession",
    summary="Summarise a session now",
    status_code=200,
    responses={
        200: ResponseSpec(SummaryAnswer, description="The summary.", generate_examples=False),
        **error_responses(REFUSED),
    },
)
async def summarize(
    session_id: FromPath[str],
    data: JSONBody[SummaryQuestion],
    summaries: NamedDependency[Summaries],
) -> ASGIApp:
    """A model that is named is kept as the session's `summary_model`. Without a usable answer of
    the model the old summary stays."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        with WhileConnected(scope, receive):
            await send_json(send, await summarised(summaries, session_id, data.model))

    return answer


async def summarised(summaries: Summaries, session_id: str, model: str | None) -> bytes:
    """The summary, unless the session is deleted before it is made."""
    try:
        made = await summaries.summarise(session_id, model)
    except asyncio.CancelledError as cancelled:
        if reason := reason_of(cancelled):
            raise reason from None
        raise
    said = made.summary
    return msgspec.json.encode(SummaryAnswer(said.summary, said.topics, made.model))


@get(
    "/summary",
    operation_id="getSummary",
    summary="Read the summary of a session",
    responses=error_responses(UNKNOWN),
)
async def show_summary(
    session_id: FromPath[str], sessions: NamedDependency[Sessions]
) -> SummaryShown:
    """As it was made the last time."""
    return shown(await sessions.get(session_id))


def shown(session: Session) -> SummaryShown:
    made = session.summary
    if made is None:
        return SummaryShown(None, (), session.summary_model)
    return SummaryShown(made.summary, made.topics, session.summary_model)
