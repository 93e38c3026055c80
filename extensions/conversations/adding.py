"""Items on their way into a session: which of them make up a message, and where a result belongs.

A result of a call stands right behind the results before it, wherever the call is: the templates of
many models fail on anything else.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from extensions.conversations.beside import CallBeside, beside_of
from extensions.conversations.ids import call_id
from extensions.conversations.projection import items_of
from extensions.conversations.writing import (
    KeptIds,
    Step,
    assistant_of,
    result_message,
    said_message,
)
from extensions.sessions.changes import Change, MessageAppended, MessagesReplaced
from extensions.sessions.session import (
    AssistantMessage,
    Message,
    Session,
    ToolMessage,
    answered,
)
from gateway.core.errors import LONGEST_NAME, InvalidRequest
from gateway.dialects.openai.responses import items
from gateway.dialects.openai.responses.items import Item

__all__ = ["Answered", "Block", "added", "blocks_of"]


class Answered(Struct, frozen=True, kw_only=True):
    """Whose answer the output is, and the tokens it took, if that is known."""

    model: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Block(Struct):
    """A message with calls, and those of their results that are there, by the calls' indices.

    `old` are the ids of the messages as they are in the session; none for a new block.
    """

    assistant: AssistantMessage
    results: dict[int, ToolMessage] = field(default_factory=dict)
    old: tuple[str, ...] = ()
    changed: bool = False

    @property
    def noted(self) -> Sequence[CallBeside]:
        calls = self.assistant.calls
        return [*beside_of(self.assistant).calls, *[CallBeside()] * len(calls)][: len(calls)]

    def unanswered(self, wanted: str) -> int | None:
        """The index of a call of this id that has no result."""
        for index, beside in enumerate(self.noted):
            if index in self.results:
                continue
            if (beside.call_id or call_id(self.assistant.id, index)) == wanted:
                return index
        return None

    def messages(self) -> tuple[Message, ...]:
        """In the order of the calls; a result that is not of the first call without one says so."""
        ordered: list[Message] = [self.assistant]
        for place, (index, result) in enumerate(sorted(self.results.items())):
            ordered.append(answering(result, None if index == place else index))
        return tuple(ordered)


def answering(result: ToolMessage, index: int | None) -> ToolMessage:
    return replace(result, answers=index)


def blocks_of(messages: Iterable[Message]) -> list[Block]:
    """The calls of a session and their results."""
    blocks: list[Block] = []
    waiting: set[int] = set()
    for message in messages:
        if isinstance(message, AssistantMessage):
            waiting = set(range(len(message.calls)))
            blocks.append(Block(message, old=(message.id,)))
        elif isinstance(message, ToolMessage):
            index = answered(message, waiting)
            if index is not None:
                waiting.discard(index)
                blocks[-1].results[index] = message
                blocks[-1].old += (message.id,)
        else:
            waiting = set()
    return [block for block in blocks if block.assistant.calls]


def added(
    session: Session,
    asked: Sequence[Item],
    output: Sequence[Item] = (),
    *,
    answer: Answered | None = None,
    new_id: Callable[[], str],
    now: str,
) -> list[Change]:
    """What makes the items that were `asked` part of the session, and behind them the output of an
    `answer`.

    `InvalidRequest` for a result to which there is no call.
    """
    adding = Adding(session, new_id, now)
    for item in asked:
        adding.take(item)
    adding.end_turn()
    if answer:
        adding.model = answer.model
    for item in output:
        adding.take(item)
    adding.end_turn(answer)
    return adding.changes()


class Adding:
    """Takes item after item; what a model did is by `model`."""

    def __init__(self, session: Session, new_id: Callable[[], str], now: str) -> None:
        self.model = session.model
        self._new_id = new_id
        self._now = now
        self._kept = KeptIds({str(item.id) for item in items_of(session.messages)})
        self._blocks = blocks_of(session.messages)
        self._new: list[Message | Block] = []
        self._turn: list[Step] = []
        self._early: list[items.Result] = []

    def take(self, item: Item) -> None:
        match item:
            case items.FunctionCallOutput() | items.CustomToolCallOutput():
                self.end_turn()
                if not self._answer(item):
                    self._early.append(item)
            case items.Message(role="user" | "system" | "developer") | items.Compaction():
                self.end_turn()
                new = {"id": self._new_id(), "timestamp": self._now}
                self._new.append(said_message(item, self._kept, **new))
            case _:
                if not follows(self._turn, item):
                    self.end_turn()
                self._turn.append(item)

    def end_turn(self, answer: Answered | None = None) -> None:
        """What the model has done so far is a message."""
        if not self._turn:
            return
        base = AssistantMessage(
            id=self._new_id(),
            timestamp=self._now,
            content="",
            model=self.model,
            eval_count=answer.completion_tokens if answer else None,
            prompt_eval_count=answer.prompt_tokens if answer else None,
        )
        block = Block(assistant_of(self._turn, self._kept, base))
        self._turn = []
        self._blocks.append(block)
        self._new.append(block)

    def changes(self) -> list[Change]:
        for result in self._early:
            if not self._answer(result):
                raise InvalidRequest(
                    "No tool call found for function call output with call_id"
                    f" {result.call_id[:LONGEST_NAME]}.",
                    param="items",
                )
        changes: list[Change] = [
            MessagesReplaced(block.old, block.messages())
            for block in self._blocks
            if block.old and block.changed
        ]
        for new in self._new:
            messages = new.messages() if isinstance(new, Block) else (new,)
            changes += map(MessageAppended, messages)
        return changes

    def _answer(self, result: items.Result) -> bool:
        """Put the result to the last call of its id that has none."""
        for block in reversed(self._blocks):
            index = block.unanswered(result.call_id)
            if index is not None:
                block.results[index] = result_message(
                    result,
                    self._kept,
                    tool=block.assistant.calls[index].name,
                    custom=block.noted[index].custom,
                    id=self._new_id(),
                    timestamp=self._now,
                )
                block.changed = True
                return True
        return False


def follows(turn: Sequence[Step], step: Step) -> bool:
    """Whether this can be of the same turn still: reasoning, then a message, then calls."""
    if isinstance(step, items.Call):
        return True
    return all(isinstance(before, items.Reasoning) for before in turn)
