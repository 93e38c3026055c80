"""Reasoning items as the thinking of a message, and the thinking as the items again."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from extensions.conversations.beside import ThoughtBeside
from extensions.conversations.ids import reasoning_id
from extensions.conversations.layout import cut
from gateway.dialects.openai.responses import items, opaque, parts

__all__ = ["reasoning_of", "thinking_and_beside"]

BETWEEN = "\n\n"


def thinking_and_beside(
    reasoning: Sequence[items.Reasoning], kept_ids: Sequence[str]
) -> tuple[str, tuple[ThoughtBeside, ...]]:
    """The thinking of a message before which these items stand, and what it cannot tell of them."""
    noted = [thought_of(item, id) for item, id in zip(reasoning, kept_ids, strict=True)]
    thinking = BETWEEN.join([thought for thought, _ in noted])
    length = len(thinking)
    if [beside for _, beside in noted] == [ThoughtBeside(length=length, content=(length,))]:
        return thinking, ()
    return thinking, tuple([beside for _, beside in noted])


def thought_of(item: items.Reasoning, id: str) -> tuple[str, ThoughtBeside]:
    """What is kept of an item: its content, or else what it seals or sums up."""
    sealed, summary = item.encrypted_content, [part.text for part in item.summary]
    content = [part.text for part in item.content] if item.content else None
    opened = opaque.opened(sealed) if isinstance(sealed, str) else None
    noted: tuple[int | str, ...] = tuple(summary)
    if content:
        thought = BETWEEN.join(content)
    elif opened is None or opened == BETWEEN.join(summary):
        thought = BETWEEN.join(summary)
        noted = tuple([len(text) for text in summary])
    else:
        thought = opened
    return thought, ThoughtBeside(
        id=id,
        length=len(thought),
        content=lengths_of(item.content),
        summary=noted,
        encrypted=True if isinstance(sealed, str) and opened == thought else sealed,
        status=item.status,
    )


def lengths_of(
    content: Sequence[parts.ReasoningText] | UnsetType | None,
) -> tuple[int, ...] | UnsetType | None:
    if content is None or content is UNSET:
        return content
    return tuple([len(part.text) for part in content])


def reasoning_of(
    thinking: str, noted: Sequence[ThoughtBeside], message: str
) -> list[items.Reasoning]:
    """The reasoning items of the message with this id."""
    if not noted:
        return [plain(reasoning_id(message, 0), thinking)] if thinking else []
    thoughts = cut(thinking, [beside.length for beside in noted], BETWEEN)
    if thoughts is None:
        return [plain(noted[0].id or reasoning_id(message, 0), thinking)] if thinking else []
    return [
        reasoning(beside.id or reasoning_id(message, index), thought, beside)
        for index, (thought, beside) in enumerate(zip(thoughts, noted, strict=True))
    ]


def plain(id: str, thinking: str) -> items.Reasoning:
    """The item of a thinking about which nothing is noted."""
    return items.Reasoning(id=id, summary=[], content=[parts.ReasoningText(thinking)])


def reasoning(id: str, thought: str, beside: ThoughtBeside) -> items.Reasoning:
    content, lengths = beside.content, [entry for entry in beside.summary if isinstance(entry, int)]
    said = cut(thought, content, BETWEEN) if isinstance(content, tuple) and content else []
    summed = cut(thought, lengths, BETWEEN) if lengths else []
    if said is None or summed is None:
        return plain(id, thought)
    return items.Reasoning(
        id=id,
        summary=[
            parts.SummaryText(text)
            for text in (summed or [text for text in beside.summary if isinstance(text, str)])
        ],
        content=[parts.ReasoningText(text) for text in said]
        if isinstance(content, tuple)
        else content,
        encrypted_content=opaque.sealed(thought)
        if isinstance(beside.encrypted, bool)
        else beside.encrypted,
        status=beside.status,
    )
