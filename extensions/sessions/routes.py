"""`/api/v1/sessions`."""

import re
from collections.abc import Awaitable, Callable, Iterable

from litestar import delete, get, patch, post, put
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.plugins import InitPlugin

from extensions.sessions.asked import EditedContent, NewSession, PromptChoice, SessionPatch
from extensions.sessions.editing import SessionEditing
from extensions.sessions.prompt import PromptReader
from extensions.sessions.service import Sessions
from extensions.sessions.session import WindowConfig
from extensions.sessions.shown import (
    EditedMessage,
    MessageList,
    SessionDetail,
    SessionInfo,
    SessionList,
    SessionPrompt,
    detail_of,
    info_of,
    messages_of,
)
from gateway.core.backend import Backend
from gateway.core.errors import InvalidMessageIndex, InvalidRequest
from gateway.http.extensions import error_responses, extension_router

__all__ = ["SessionsExtension"]

INDEX = re.compile(r"-?[0-9]+")
MOST_DIGITS = 18

UNKNOWN = {404: "There is no such session."}
UNKNOWN_MODEL = {404: "There is no such session, model or prompt file."}
READ_ONLY = {409: "The session's file is of a later version, which must not be written."}
OLLAMA = {502: "Ollama cannot be reached, or it failed."}
STORAGE = {503: "The folder cannot be used: a full disk, a missing permission."}


async def any_agents(names: Iterable[str]) -> None:
    """Where there are no agents, a name is as good as another: nothing follows from it."""


class SessionsExtension(InitPlugin):
    """The sessions, except talking in them; for the other arguments see `SessionEditing`."""

    def __init__(
        self,
        sessions: Sessions,
        backend: Backend,
        prompts: PromptReader,
        first_window: Callable[[int | None], WindowConfig],
        check_agents: Callable[[Iterable[str]], Awaitable[None]] = any_agents,
    ) -> None:
        self._sessions = sessions
        self._editing = SessionEditing(sessions, backend, prompts, first_window, check_agents)

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        router = extension_router(
            "/sessions", HANDLERS, tag="Sessions", sessions=self._sessions, editing=self._editing
        )
        app_config.route_handlers.append(router)
        return app_config


@post(
    operation_id="createSession",
    summary="Begin a session",
    status_code=201,
    responses=error_responses(UNKNOWN_MODEL | OLLAMA | STORAGE),
)
async def create_session(
    data: JSONBody[NewSession], editing: NamedDependency[SessionEditing]
) -> SessionInfo:
    """The model must be there. A system prompt, if one is given, becomes message 0."""
    return info_of(await editing.create(data))


@get(operation_id="listSessions", summary="List the sessions", responses=error_responses(STORAGE))
async def list_sessions(sessions: NamedDependency[Sessions]) -> SessionList:
    """The newest first. Files that cannot be read are left out."""
    return SessionList(await sessions.items())


@get(
    "/{session_id:str}",
    operation_id="getSession",
    summary="Read a session",
    responses=error_responses(UNKNOWN | STORAGE),
)
async def get_session(
    session_id: FromPath[str], sessions: NamedDependency[Sessions]
) -> SessionDetail:
    """The session with its whole conversation."""
    return detail_of(await sessions.get(session_id))


@delete(
    "/{session_id:str}",
    operation_id="deleteSession",
    summary="Delete a session",
    status_code=204,
    responses=error_responses(UNKNOWN | STORAGE),
)
async def delete_session(session_id: FromPath[str], sessions: NamedDependency[Sessions]) -> None:
    """For good. Answers that are under way in the session end."""
    await sessions.delete(session_id)


@patch(
    "/{session_id:str}",
    operation_id="changeSession",
    summary="Change the model or the settings",
    responses=error_responses(UNKNOWN_MODEL | READ_ONLY | OLLAMA | STORAGE),
)
async def change_session(
    session_id: FromPath[str],
    data: JSONBody[SessionPatch],
    editing: NamedDependency[SessionEditing],
) -> SessionInfo:
    """What is not named stays; settings that are named are replaced wholly."""
    return info_of(await editing.change(session_id, data))


@get(
    "/{session_id:str}/messages",
    operation_id="listMessages",
    summary="Read the messages",
    responses=error_responses(UNKNOWN | STORAGE),
)
async def list_messages(
    session_id: FromPath[str], sessions: NamedDependency[Sessions]
) -> MessageList:
    """All stored messages in order, the system prompt included."""
    return MessageList(messages_of(await sessions.get(session_id)))


@put(
    "/{session_id:str}/messages/{index:str}",
    operation_id="editMessage",
    summary="Edit a user message",
    responses=error_responses(
        {400: "There is no user message at this index.", 422: "The input is not valid."}
        | UNKNOWN
        | READ_ONLY
        | STORAGE
    ),
)
async def edit_message(
    session_id: FromPath[str],
    index: FromPath[str],
    data: JSONBody[EditedContent],
    editing: NamedDependency[SessionEditing],
) -> EditedMessage:
    """The index counts all messages from 0. What followed the message is dropped."""
    number = number_of(index)
    session = await editing.edit(session_id, number, data.content)
    return EditedMessage(
        session_id=session.id, message_index=number, message_count=len(session.messages)
    )


@put(
    "/{session_id:str}/system-prompt",
    operation_id="setSystemPrompt",
    summary="Set the system prompt",
    responses=error_responses(
        {404: "There is no such session or prompt file."} | READ_ONLY | STORAGE
    ),
)
async def set_system_prompt(
    session_id: FromPath[str],
    data: JSONBody[PromptChoice],
    editing: NamedDependency[SessionEditing],
) -> SessionPrompt:
    """As text, or from a prompt file, which wins. The conversation stays as it is."""
    message = await editing.set_prompt(session_id, data)
    return SessionPrompt(content=message.content, source_file=message.source_file)


@delete(
    "/{session_id:str}/system-prompt",
    operation_id="removeSystemPrompt",
    summary="Remove the system prompt",
    status_code=204,
    responses=error_responses(
        {404: "There is no such session, or it has no system prompt."} | READ_ONLY | STORAGE
    ),
)
async def remove_system_prompt(
    session_id: FromPath[str], editing: NamedDependency[SessionEditing]
) -> None:
    """The conversation stays as it is."""
    await editing.remove_prompt(session_id)


HANDLERS = (
    create_session,
    list_sessions,
    get_session,
    delete_session,
    change_session,
    list_messages,
    edit_message,
    set_system_prompt,
    remove_system_prompt,
)


def number_of(index: str) -> int:
    """The index that stands in a path. Litestar's own would be lax, and a 404 for what is none."""
    if not INDEX.fullmatch(index):
        raise InvalidRequest("The index of a message is a whole number.", param="index")
    if len(index) > MOST_DIGITS:
        raise InvalidMessageIndex("No session has so many messages.")
    return int(index)
