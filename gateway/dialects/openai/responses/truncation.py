"""`truncation: auto`: which items may be left out when a conversation does not fit."""

from collections.abc import Sequence

from gateway.dialects.openai.responses import items
from gateway.dialects.openai.responses.input import Placed

__all__ = ["exchanges", "shortened"]


def exchanges(placed: Sequence[Placed]) -> int:
    """How many exchanges there are, each of which a message of the user begins."""
    return sum(begins(item) for item, _ in placed)


def shortened(placed: Sequence[Placed], without: int) -> tuple[Placed, ...]:
    """The items less the oldest exchanges, as many as `without` says, which are not all.

    Instructions and summaries stay wherever they stand, and a call goes with its result.
    """
    old, seen = [], 0
    for item, _ in placed:
        seen += begins(item)
        old.append(0 < without >= seen and not stays(item))
    gone = {
        item.call_id
        for (item, _), left_out in zip(placed, old, strict=True)
        if left_out and isinstance(item, items.Call | items.Result)
    }
    return tuple(
        [
            each
            for each, left_out in zip(placed, old, strict=True)
            if not left_out and getattr(each.item, "call_id", None) not in gone
        ]
    )


def begins(item: items.Item | items.ItemReference) -> bool:
    return isinstance(item, items.Message) and item.role == "user"


def stays(item: items.Item | items.ItemReference) -> bool:
    match item:
        case items.Compaction() | items.Message(role="system" | "developer"):
            return True
    return False
