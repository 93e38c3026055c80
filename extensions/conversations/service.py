"""The conversations: the sessions, as OpenAI's API has them."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext

from msgspec.structs import replace

from extensions.conversations.adding import Answered, added
from extensions.conversations.beside import Noted, beside_of, noted_in, noting
from extensions.conversations.ids import conversation_id, session_of
from extensions.conversations.projection import items_of, projected
from extensions.conversations.removing import removed, with_points
from extensions.conversations.turns import held
from extensions.sessions.changes import (
    Change,
    MessagesReplaced,
    MetadataNoted,
    SettingsChanged,
    apply,
)
from extensions.sessions.service import OpenSession, Sessions
from extensions.sessions.session import Session, WindowConfig
from extensions.sessions.threads import unbroken
from gateway.core.errors import (
    ConversationCut,
    ConversationNotFound,
    ItemNotFound,
    NotFound,
    SessionNotFound,
    StorageUnavailable,
)
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.responses.wire import Response

__all__ = ["Conversations", "OpenConversation"]


class Conversations:
    """The sessions as conversations; all ids are those of conversations, with their prefix.

    `window` is that of a new session, which goes on with the first model that answers in it and
    `lasts`: not every one can be asked by another door. `talking` is entered for a session while
    somebody answers in it, and `replied` called when an answer is whole and kept.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        window: WindowConfig,
        lasts: Callable[[str], bool] = lambda _: True,
        talking: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
        replied: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._sessions = sessions
        self._window = window
        self._lasts = lasts
        self._talking = talking
        self._replied = replied

    async def create(self, items: Sequence[Item], metadata: dict[str, str]) -> Session:
        """A new session, without a model."""
        now = self._sessions.clock()
        key, value = noting(Noted(metadata=metadata))
        empty = Session(
            id=self._sessions.new_id(),
            model="",
            created_at=now,
            updated_at=now,
            window=self._window,
        )
        changes = [*self._added(empty, items), MetadataNoted(key, value)]
        return await self._sessions.create(after(empty, changes))

    async def get(self, id: str) -> Session:
        with unknown(id):
            return await self._sessions.get(session_of(id))

    async def update(self, id: str, metadata: dict[str, str]) -> Session:
        """Give the conversation other metadata, in the place of all that it had."""
        async with self._turn(id) as opened:
            noted = replace(noted_in(opened.session), metadata=metadata)
            return await unbroken(opened.commit(MetadataNoted(*noting(noted))))

    async def delete(self, id: str) -> None:
        """For good; answers under way in it end."""
        with unknown(id):
            await self._sessions.delete(session_of(id))

    async def items(self, id: str) -> list[Item]:
        return items_of((await self.get(id)).messages)

    async def item(self, id: str, item_id: str) -> Item:
        for item in await self.items(id):
            if item.id == item_id:
                return item
        raise ItemNotFound(item_id)

    async def add(self, id: str, items: Sequence[Item]) -> list[Item]:
        """The items as they are then, each with its id."""
        async with self._turn(id) as opened:
            before = {item.id for item in items_of(opened.session.messages)}
            changes = self._added(opened.session, items)
            session = await unbroken(opened.commit(*changes)) if changes else opened.session
        return [item for item in items_of(session.messages) if item.id not in before]

    async def remove(self, id: str, item_id: str) -> Session:
        async with self._turn(id) as opened:
            return await unbroken(opened.commit(*removed(opened.session, item_id)))

    @asynccontextmanager
    async def open(self, id: str) -> AsyncIterator["OpenConversation"]:
        """The conversation while its turn is held."""
        with unknown(id):
            async with self.joined(session_of(id), ConversationNotFound(id)) as conversation:
                yield conversation

    @asynccontextmanager
    async def joined(self, session_id: str, gone: NotFound) -> AsyncIterator["OpenConversation"]:
        """The conversation that is this session; `gone` is raised if it is deleted meanwhile."""
        with self._talking(session_id):
            async with held(self._sessions, session_id, gone) as opened:
                conversation = OpenConversation(opened, self._sessions, self._lasts)
                yield conversation
            if conversation.replied:
                self._replied(session_id)

    async def beginning(self, id: str, length: int) -> Sequence[Item]:
        """Its items as they were when there were this many of them, but for removed ones.

        A message tells that it was the last one then, since items can go, and results come between.
        `ConversationCut` where that message was cut away, as by an edit of an earlier one.
        """
        session = await self.get(id)
        points = [beside_of(message).points for message in session.messages]
        if length > noted_in(session).length or not any(points):
            return items_of(session.messages)[:length]
        for at, lengths in enumerate(points):
            if length in lengths:
                return items_of(session.messages[: at + 1])
        raise ConversationCut(f"The conversation '{id}' was changed.")

    @asynccontextmanager
    async def _turn(self, id: str) -> AsyncIterator[OpenSession]:
        with unknown(id):
            async with self._sessions.turn(session_of(id)) as opened:
                yield opened

    def _added(self, session: Session, items: Sequence[Item]) -> list[Change]:
        sessions = self._sessions
        return added(session, items, new_id=sessions.new_id, now=sessions.clock())


class OpenConversation:
    """A conversation in its turn; `replied` once a whole answer was kept."""

    def __init__(
        self, opened: OpenSession, sessions: Sessions, lasts: Callable[[str], bool]
    ) -> None:
        self.replied = False
        self._length: int | None = None
        self._opened = opened
        self._sessions = sessions
        self._lasts = lasts

    @property
    def id(self) -> str:
        return conversation_id(self._opened.session.id)

    @property
    def items(self) -> Sequence[Item]:
        return items_of(self._opened.session.messages)

    async def append(self, input: Sequence[Item], response: Response) -> int:
        """Keep what was asked and the output of the response; how long that makes it."""
        usage = response.usage
        answer = Answered(
            model=response.model,
            prompt_tokens=usage.input_tokens if usage else None,
            completion_tokens=usage.output_tokens if usage else None,
        )
        length = await self.add(input, response.output, answer)
        self.replied = response.status == "completed"
        return length

    async def add(self, asked: Sequence[Item], output: Sequence[Item], answer: Answered) -> int:
        """The same of any answer; of each turn only the first.

        Whoever is cancelled meanwhile has added it all the same, and may not know.
        """
        if self._length is None:
            await unbroken(self._add(asked, output, answer))
        assert self._length is not None
        return self._length

    async def _add(self, asked: Sequence[Item], output: Sequence[Item], answer: Answered) -> None:
        session = self._opened.session
        changes = added(
            session,
            asked,
            output,
            answer=answer,
            new_id=self._sessions.new_id,
            now=self._sessions.clock(),
        )
        if output and not session.model and self._lasts(answer.model):
            changes.append(SettingsChanged(model=answer.model))
        length, point = pointed(session, changes)
        try:
            await self._opened.commit(*changes, *point)
        except StorageUnavailable as error:
            if error.details.get("done"):
                self._length = length
            raise
        self._length = length


def pointed(session: Session, changes: Sequence[Change]) -> tuple[int, list[Change]]:
    """How many items there are after the changes, and what tells so in the session.

    A number is given once: after a cut it is one that was not heard of before.
    """
    changed = after(session, changes)
    noted = noted_in(changed)
    length = max(sum(1 for _ in projected(changed.messages)), noted.length + 1)
    point: list[Change] = [MetadataNoted(*noting(replace(noted, length=length)))]
    if changed.messages:
        last = changed.messages[-1]
        point.append(MessagesReplaced((last.id,), (with_points(last, [length]),)))
    return length, point


def after(session: Session, changes: Sequence[Change]) -> Session:
    for change in changes:
        session = apply(session, change, session.updated_at)
    return session


@contextmanager
def unknown(id: str) -> Iterator[None]:
    """An unknown session is an unknown conversation."""
    try:
        yield
    except SessionNotFound:
        raise ConversationNotFound(id) from None
