"""Single items on their way out of a session."""

from collections.abc import Sequence

from msgspec.structs import replace

from extensions.conversations.adding import Block, blocks_of
from extensions.conversations.beside import beside_of, with_beside
from extensions.conversations.projection import Shown, projected
from extensions.conversations.writing import KeptIds, assistant_of
from extensions.sessions.changes import Change, MessagesReplaced
from extensions.sessions.session import AssistantMessage, Message, Session, ToolMessage
from gateway.core.errors import ItemNotFound
from gateway.dialects.openai.responses import items

__all__ = ["removed", "with_points"]


def removed(session: Session, item_id: str) -> list[Change]:
    """What takes the item away; with a call goes its result. `ItemNotFound` if there is none."""
    shown = [*projected(session.messages)]
    out = next((each for each in shown if each.item.id == item_id), None)
    if out is None:
        raise ItemNotFound(item_id)
    message = session.messages[out.at]
    match message:
        case AssistantMessage():
            block = block_of(session, message)
            rest = without_step(block, message, [each for each in shown if each.at == out.at], out)
            return replacing(session, out.at, block.old, rest)
        case ToolMessage():
            block = block_of(session, message)
            left = {at: kept for at, kept in block.results.items() if kept.id != message.id}
            rest = Block(block.assistant, left).messages()
            first = session.messages.index(block.assistant)
            return replacing(session, first, block.old, rest)
    return replacing(session, out.at, (message.id,), ())


def block_of(session: Session, message: Message) -> Block:
    for block in blocks_of(session.messages):
        if message.id in block.old:
            return block
    assert isinstance(message, AssistantMessage)
    return Block(message, old=(message.id,))


def without_step(
    block: Block, message: AssistantMessage, shown: Sequence[Shown], out: Shown
) -> tuple[Message, ...]:
    """What is left of a message and of the results behind it."""
    steps = [each.item for each in shown if each is not out]
    calls = [each for each in shown if isinstance(each.item, items.Call)]
    left = [at for at, call in enumerate(calls) if call is not out]
    results = {new: block.results[old] for new, old in enumerate(left) if old in block.results}
    acting = [
        step for step in steps if isinstance(step, items.Reasoning | items.Message | items.Call)
    ]
    if not acting:
        return ()
    return Block(assistant_of(acting, KeptIds(set()), message), results).messages()


def replacing(
    session: Session, first: int, old: tuple[str, ...], rest: tuple[Message, ...]
) -> list[Change]:
    """The change; that a conversation ended here once is then noted a message earlier."""
    stay = {message.id for message in rest}
    lost = [
        point
        for message in session.messages
        if message.id in old and message.id not in stay
        for point in beside_of(message).points
    ]
    if lost and rest:
        rest = (*rest[:-1], with_points(rest[-1], lost))
    changes: list[Change] = [MessagesReplaced(old, rest)]
    if lost and not rest and first:
        before = session.messages[first - 1]
        changes.append(MessagesReplaced((before.id,), (with_points(before, lost),)))
    return changes


def with_points(message: Message, points: Sequence[int]) -> Message:
    """The message, and that the conversation had these lengths when it was the last."""
    beside = beside_of(message)
    noted = replace(beside, points=tuple(sorted({*beside.points, *points})))
    return replace(message, extra=with_beside(message.extra, noted))
