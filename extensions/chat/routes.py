"""`/api/v1/chat`."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from litestar import post
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.plugins import InitPlugin
from litestar.types import ASGIApp, Receive, Scope, Send

from extensions.chat.asked import ChatAnswer, ChatQuestion
from extensions.chat.public import EventWriter, answer_of, events_of
from extensions.chat.service import Chats
from extensions.chat.turn import Turn
from gateway.http.draining import when_draining
from gateway.http.extensions import error_responses, extension_router
from gateway.http.leaving import WhileConnected
from gateway.http.streams import MOCHI, reason_of, send_events, send_json

__all__ = ["ChatExtension"]

REFUSED = {
    400: "There is no user message to answer again.",
    404: "There is no such session, or its model is gone.",
    409: "The session's file is of a later version, which must not be written.",
    422: "The input is not valid.",
    503: "Too busy, or nothing can be written.",
}
UNASKED = {403: "A call needs a yes, which only a stream can ask for. What was said is kept."}
OLLAMA = {502: "Ollama cannot be reached, or it failed.", 504: "Ollama went silent."}


class ChatExtension(InitPlugin):
    """Chat; a stream says that it is alive after `ping` seconds without an event."""

    def __init__(self, chats: Chats, *, ping: float = 15) -> None:
        self._chats = chats
        self._ping = ping

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        router = extension_router(
            "/chat", [chat, stream_chat], tag="Chat", chats=self._chats, ping=self._ping
        )
        app_config.route_handlers.append(router)
        return app_config


@post(
    "/{session_id:str}",
    operation_id="chat",
    summary="Say something in a session",
    status_code=200,
    responses={
        200: ResponseSpec(ChatAnswer, description="The answer.", generate_examples=False),
        **error_responses(REFUSED | UNASKED | OLLAMA),
    },
)
async def chat(
    session_id: FromPath[str], data: JSONBody[ChatQuestion], chats: NamedDependency[Chats]
) -> ASGIApp:
    """What is said is kept before Ollama is asked, so no failure can lose it. Without a `message`
    the last one is answered again. Requests for the same session queue. Tools run, but for those
    that need a confirmation."""
    return answering(partial(chats.turn, session_id, data, streamed=False), chats, send_answer)


@post(
    "/{session_id:str}/stream",
    operation_id="streamChat",
    summary="Say something in a session, and watch the answer grow",
    status_code=200,
    responses={
        200: ResponseSpec(
            str,
            description="Events, each with a JSON object as its data.",
            media_type="text/event-stream",
            generate_examples=False,
        ),
        **error_responses(REFUSED),
    },
)
async def stream_chat(
    session_id: FromPath[str],
    data: JSONBody[ChatQuestion],
    chats: NamedDependency[Chats],
    ping: NamedDependency[float],
) -> ASGIApp:
    """Server-sent events: `thinking_delta` and `content_delta` as they come; for every call of a
    tool `tool_call`, or `tool_call_confirmation_required` with the id that its answer needs, and
    `tool_result`; after the results of a reply `tool_continuation_start`. In place of the call and
    the result of the tool `agent` the agent tells of its work: `agent_start`, `agent_planning`,
    `agent_execution`, `agent_tool_call`, `agent_tool_result`, `agent_complete`. Then
    `message_complete` once the final reply is kept, and `done`, always the last. What is refused
    before the stream opens is an ordinary error, what fails later an `error` event."""
    begin = partial(chats.turn, session_id, data, streamed=True)
    return answering(begin, chats, partial(send_stream, ping=ping))


def answering(
    begin: Callable[[], Awaitable[Turn]],
    chats: Chats,
    work: Callable[[Send, Turn], Awaitable[None]],
) -> ASGIApp:
    """An answer that ends when its client leaves; of Litestar's own, a stream is never closed."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        when_draining(scope, chats.drain)
        with chats.under_way(), WhileConnected(scope, receive):
            turn = await begin()
            scope["state"]["notes"] = turn.notes
            with chats.talking(turn):
                await work(send, turn)

    return answer


async def send_stream(send: Send, turn: Turn, ping: float) -> None:
    writer = EventWriter(turn.session_id)
    await send_events(send, writer, events_of(turn), turn.notes, manner=MOCHI, ping=ping)


async def send_answer(send: Send, turn: Turn) -> None:
    """The whole answer, unless the session is deleted before it is there."""
    try:
        whole = await answer_of(turn)
    except asyncio.CancelledError as cancelled:
        if reason := reason_of(cancelled):
            raise reason from None
        raise
    await send_json(send, msgspec.json.encode(whole))
