"""Items that a client sends again, though they are known already."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from gateway.core.errors import LONGEST_NAME, InvalidRequest
from gateway.dialects.openai.responses import items, parts
from gateway.dialects.openai.responses.input import Placed

__all__ = ["distinct", "without_repetitions"]


def without_repetitions(
    own: tuple[Placed, ...], history: Sequence[items.Item]
) -> tuple[Placed, ...]:
    """The input without the results that the history has already; nothing is lost with them.

    `InvalidRequest` for a result that is another than before. The AI SDK sends those of a whole
    turn with each of its steps.
    """
    if not history or not any(isinstance(item, items.Result) for item, _ in own):
        return own
    waiting = Counter([*called(history), *called(item for item, _ in own)])
    known: defaultdict[str, list[Any]] = defaultdict(list)
    for result in history:
        if isinstance(result, items.Result):
            waiting[result.call_id] -= 1
            known[result.call_id].append(output_of(result))
    new: list[Placed] = []
    for placed in own:
        item, at = placed
        if isinstance(item, items.Result):
            if waiting[item.call_id] <= 0 and (before := known[item.call_id]):
                check(item, before, at)
                continue
            waiting[item.call_id] -= 1
        new.append(placed)
    return tuple(new)


def distinct(own: Iterable[Placed], history: Sequence[items.Item]) -> None:
    """`InvalidRequest` for an id that stands for two items: pages of them would never end."""
    seen = {item.id for item in history}
    for item, _ in own:
        if item.id in seen:
            raise InvalidRequest(
                f"Duplicate item found with id '{str(item.id)[:LONGEST_NAME]}'. Send each item"
                " once, and none that the history has.",
                param="input",
                reason="duplicate_item",
            )
        seen.add(item.id)


def called(found: Iterable[items.Item | items.ItemReference]) -> list[str]:
    return [item.call_id for item in found if isinstance(item, items.Call)]


def output_of(result: items.Result) -> Any:
    """The output in its long form, whichever struct it was read as."""
    output = result.output
    return msgspec.to_builtins([parts.InputText(output)] if isinstance(output, str) else output)


def check(result: items.Result, known: Sequence[Any], at: str) -> None:
    if output_of(result) not in known:
        raise InvalidRequest(
            f"The call '{result.call_id[:LONGEST_NAME]}' has another output already.",
            param=f"{at}.output",
            reason="invalid_value",
        )
