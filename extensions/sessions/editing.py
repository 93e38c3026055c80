"""What a client does to sessions, apart from talking in them."""

from collections.abc import Awaitable, Callable, Iterable

from extensions.sessions.asked import (
    AgentChoice,
    NewSession,
    PromptChoice,
    SessionPatch,
    ToolChoice,
)
from extensions.sessions.changes import (
    MessageEdited,
    SystemPromptRemoved,
    SystemPromptSet,
)
from extensions.sessions.prompt import PromptReader, check_prompt
from extensions.sessions.service import Sessions
from extensions.sessions.session import Session, SystemMessage, WindowConfig
from gateway.core.backend import Backend
from gateway.core.errors import InvalidRequest, ModelNotFound
from gateway.core.models import ModelDetails

__all__ = ["SessionEditing"]


class SessionEditing:
    """Makes sessions and changes them, as long as the models and prompt files they name are there.

    `first_window` makes the window of a new session from the context length of its model, `None`
    where that is not known. `check_agents` raises if a session must not enable agents of these
    names.
    """

    def __init__(
        self,
        sessions: Sessions,
        backend: Backend,
        prompts: PromptReader,
        first_window: Callable[[int | None], WindowConfig],
        check_agents: Callable[[Iterable[str]], Awaitable[None]],
    ) -> None:
        self._sessions = sessions
        self._backend = backend
        self._prompts = prompts
        self._first_window = first_window
        self._check_agents = check_agents

    async def create(self, asked: NewSession) -> Session:
        """A new session; nothing is kept of one that cannot be made."""
        prompt = await self._first_prompt(asked)
        agents = (asked.agent_settings or AgentChoice()).settings()
        await self._check_agents(agents.enabled_agents)
        model = await self._model(asked.model)
        now = self._sessions.clock()
        return await self._sessions.create(
            Session(
                id=self._sessions.new_id(),
                model=asked.model,
                created_at=now,
                updated_at=now,
                messages=() if prompt is None else (prompt,),
                tool_settings=(asked.tool_settings or ToolChoice()).settings(),
                agent_settings=agents,
                window=self._first_window(model.context_length),
            )
        )

    async def change(self, id: str, asked: SessionPatch) -> Session:
        """Give the session another model or other settings; nothing asked for is nothing done."""
        session = await self._sessions.get(id)
        if asked == SessionPatch():
            return session
        if asked.agent_settings is not None:
            await self._check_agents(asked.agent_settings.settings().enabled_agents)
        if asked.model is not None:
            await self._model(asked.model)
        async with self._sessions.turn(id) as turn:
            return await turn.commit(asked.change())

    async def edit(self, id: str, index: int, content: str) -> Session:
        """Let the user message at `index` say something else, and drop what followed it."""
        async with self._sessions.turn(id) as turn:
            return await turn.commit(
                MessageEdited(
                    index=index,
                    content=content,
                    timestamp=self._sessions.clock(),
                    dropped=tuple([message.id for message in turn.session.messages[index + 1 :]]),
                )
            )

    async def set_prompt(self, id: str, asked: PromptChoice) -> SystemMessage:
        """Put a system prompt in front of the conversation, or in the place of the one there is."""
        await self._sessions.get(id)
        content = await self._content(asked)
        async with self._sessions.turn(id) as turn:
            match turn.session.messages:
                case (SystemMessage(id=message_id), *_):
                    pass
                case _:
                    message_id = self._sessions.new_id()
            message = SystemMessage(
                id=message_id,
                timestamp=self._sessions.clock(),
                content=content,
                source_file=asked.source_file,
            )
            await turn.commit(SystemPromptSet(message))
            return message

    async def remove_prompt(self, id: str) -> None:
        async with self._sessions.turn(id) as turn:
            await turn.commit(SystemPromptRemoved())

    async def _model(self, name: str) -> ModelDetails:
        """`ModelNotFound` also for a name that no model can have, which Ollama finds invalid."""
        try:
            return await self._backend.show(name)
        except InvalidRequest as error:
            raise ModelNotFound(name) from error

    async def _first_prompt(self, asked: NewSession) -> SystemMessage | None:
        """The system message of a new session. The name of a file beside a text is only noted, but
        not just any text passes for one."""
        text, file = asked.system_prompt, asked.system_prompt_source_file
        if text is not None:
            check_prompt(text, "system_prompt")
            if file is not None and not self._prompts.may_exist(file):
                raise InvalidRequest(
                    "This cannot be the name of a prompt file.", param="system_prompt_source_file"
                )
        elif file is not None:
            text = check_prompt(await self._prompts.read(file), "system_prompt_source_file")
        else:
            return None
        return SystemMessage(
            id=self._sessions.new_id(),
            timestamp=self._sessions.clock(),
            content=text,
            source_file=file,
        )

    async def _content(self, asked: PromptChoice) -> str:
        if asked.source_file is not None:
            return check_prompt(await self._prompts.read(asked.source_file), "source_file")
        if asked.content is not None:
            return check_prompt(asked.content, "content")
        raise InvalidRequest("Either 'content' or 'source_file' is needed.", param="content")
