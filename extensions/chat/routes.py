"""`/api/v1/chat`."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from litestar import post
from litestar.config.app import AppConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.plugins import InitPlugin
from litestar.types import ASGIApp, Receive, Scope, Send

from extensions.chat.approval import NobodyAsked
from extensions.chat.asked import ChatAnswer, ChatQuestion
from extensions.chat.public import EventWriter, answer_of, events_of
from extensions.chat.turn import Turn
from extensions.sessions.service import Sessions
from extensions.tools.tool import NoTools
from gateway.core.backend import Backend
from gateway.core.errors import Overloaded
from gateway.http.extensions import extension_router
from gateway.http.leaving import WhileConnected
from gateway.http.streams import MOCHI, reason_of, send_events, send_json

__all__ = ["ChatExtension"]

ERRORS = {
    400: "There is no user message to answer again.",
    404: "There is no such session, or its model is gone.",
    409: "The session's file is of a later version, which must not be written.",
    502: "Ollama cannot be reached, or it failed.",
    503: "Too busy, or nothing can be written.",
    504: "Ollama went silent.",
}


class ChatExtension(InitPlugin):
    """Chat in these sessions, with at most `max_open` answers under way at a time.

    `dynamic_windows` is whether context windows are chosen at all; `ping` is after how many seconds
    without an event a stream says that it is alive.
    """

    def __init__(
        self,
        sessions: Sessions,
        backend: Backend,
        *,
        dynamic_windows: bool = True,
        max_open: int = 4096,
        ping: float = 15,
    ) -> None:
        self._sessions = sessions
        self._backend = backend
        self._dynamic_windows = dynamic_windows
        self._max_open = max_open
        self._ping = ping
        self._open = 0

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        @post(
            "/{session_id:str}",
            operation_id="chat",
            summary="Say something in a session",
            status_code=200,
            responses={200: ResponseSpec(ChatAnswer, generate_examples=False), **errors(ERRORS)},
        )
        async def chat(session_id: FromPath[str], data: ChatQuestion) -> ASGIApp:
            """What is said is kept before Ollama is asked, so no failure can lose it. Without a
            `message` the last one is answered again. Requests for the same session queue."""
            turn = await self._turn(session_id, data)
            return self._answering(lambda send: answer(turn, send))

        @post(
            "/{session_id:str}/stream",
            operation_id="streamChat",
            summary="Say something in a session, and watch the answer grow",
            status_code=200,
            responses={
                200: ResponseSpec(str, media_type="text/event-stream", generate_examples=False),
                **errors({status: ERRORS[status] for status in (400, 404, 409, 503)}),
            },
        )
        async def stream(session_id: FromPath[str], data: ChatQuestion) -> ASGIApp:
            """Server-sent events, of which `done` is always the last. What is refused before the
            stream opens is an ordinary error; what fails later is an `error` event."""
            turn = await self._turn(session_id, data)
            writer = EventWriter(session_id)
            return self._answering(
                lambda send: send_events(
                    send, writer, events_of(turn), turn.notes, manner=MOCHI, ping=self._ping
                )
            )

        app_config.route_handlers.append(extension_router("/chat", [chat, stream], tag="Chat"))
        return app_config

    async def _turn(self, session_id: str, question: ChatQuestion) -> Turn:
        """A turn that nothing speaks against as far as one can see."""
        if self._open >= self._max_open:
            raise Overloaded(f"{self._max_open} answers are under way already.")
        turn = Turn(
            session_id,
            question,
            sessions=self._sessions,
            backend=self._backend,
            tools=NoTools(),
            approver=NobodyAsked(),
            dynamic_windows=self._dynamic_windows,
        )
        await turn.check()
        return turn

    def _answering(self, work: Callable[[Send], Awaitable[None]]) -> ASGIApp:
        """An answer that ends when its client leaves. Litestar's own streams are never closed."""

        async def answering(scope: Scope, receive: Receive, send: Send) -> None:
            self._open += 1
            try:
                with WhileConnected(scope, receive):
                    await work(send)
            finally:
                self._open -= 1

        return answering


async def answer(turn: Turn, send: Send) -> None:
    """The whole answer, unless the session is deleted before it is there."""
    try:
        whole = await answer_of(turn)
    except asyncio.CancelledError as cancelled:
        if reason := reason_of(cancelled):
            raise reason from None
        raise
    await send_json(send, msgspec.json.encode(whole))


def errors(when: dict[int, str]) -> dict[int, ResponseSpec]:
    return {
        status: ResponseSpec(data_container=None, description=text, generate_examples=False)
        for status, text in when.items()
    }
