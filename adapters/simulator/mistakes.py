"""Streams of objects with something wrong in them: each takes the right stream and spoils it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

__all__ = [
    "Edit",
    "HangUp",
    "Item",
    "Line",
    "Pause",
    "Reset",
    "after",
    "blank_lines",
    "calls",
    "calls_with_text",
    "calls_with_thinking",
    "error_after",
    "foreign_letters",
    "half_line",
    "index_zero",
    "inserted",
    "megabyte",
    "no_done",
    "no_id",
    "nothing",
    "old_server",
    "only_last",
    "pause",
    "same_id",
    "string_arguments",
    "thinking_only",
    "without",
    "wrong_types",
]

Line = dict[str, Any]


class Pause(Struct, frozen=True):
    """Say nothing for so many seconds; None: until the client leaves."""

    seconds: float | None


class Reset(Struct, frozen=True):
    """End the connection with a reset."""


class HangUp(Struct, frozen=True):
    """End the connection in the middle of the body."""


Item = Line | bytes | Pause | Reset | HangUp
Edit = Callable[[Iterator[Item]], Iterator[Item]]
Call = dict[str, Any]

_MEGABYTE = 1_000_000
_FOREIGN = " Grüße aus 東京 — καλημέρα, мир 🎉"


def after(count: int, instead: Callable[[Item], Item]) -> Edit:
    """`count` objects as they are, then what `instead` makes of the next one, and no more."""

    def edit(items: Iterator[Item]) -> Iterator[Item]:
        for index, item in enumerate(items):
            if index == count or _ends(item):
                yield instead(item)
                return
            yield item

    return edit


def error_after(count: int, text: str) -> Edit:
    return after(count, lambda item: {"error": text})


def half_line(count: int, *, closing: bool) -> Edit:
    def edit(items: Iterator[Item]) -> Iterator[Item]:
        yield from after(count, _half)(items)
        if closing:
            yield HangUp()

    return edit


def _half(item: Item) -> bytes:
    line = json.dumps(item).encode()
    return line[: len(line) // 2]


def pause(count: int, seconds: float | None) -> Edit:
    def edit(items: Iterator[Item]) -> Iterator[Item]:
        for index, item in enumerate(items):
            if index == count or (index < count and _ends(item)):
                yield Pause(seconds)
            yield item

    return edit


def inserted(count: int, line: bytes) -> Edit:
    def edit(items: Iterator[Item]) -> Iterator[Item]:
        for index, item in enumerate(items):
            if index == count:
                yield line
            yield item

    return edit


def blank_lines(items: Iterator[Item]) -> Iterator[Item]:
    for item in items:
        yield b"\n"
        yield item


def no_done(items: Iterator[Item]) -> Iterator[Item]:
    return (item for item in items if not _ends(item))


def nothing(items: Iterator[Item]) -> Iterator[Item]:
    return iter(())


def only_last(items: Iterator[Item]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, dict) and _ends(item):
            yield {**item, "eval_count": 1} if "eval_count" in item else item


def without(*names: str) -> Edit:
    def edit(items: Iterator[Item]) -> Iterator[Item]:
        for item in items:
            yield _left_out(item, names) if isinstance(item, dict) else item

    return edit


def _left_out(line: Line, names: tuple[str, ...]) -> Line:
    return {name: value for name, value in line.items() if name not in names}


def thinking_only(items: Iterator[Item]) -> Iterator[Item]:
    for item in items:
        if _ends(item) and isinstance(item, dict):
            yield {**item, "done_reason": "length"}
        elif _message(item).get("thinking"):
            yield item


def megabyte(items: Iterator[Item]) -> Iterator[Item]:
    for index, item in enumerate(items):
        if index == 2 and isinstance(item, dict):
            yield _with_text(item, "mochi " * (_MEGABYTE // 6))
        yield item


def foreign_letters(items: Iterator[Item]) -> Iterator[Item]:
    for index, item in enumerate(items):
        if index == 0 and isinstance(item, dict):
            yield _with_text(item, _FOREIGN)
        yield item


def wrong_types(items: Iterator[Item]) -> Iterator[Item]:
    for index, item in enumerate(items):
        if index < 2 or not isinstance(item, dict):
            yield item
        else:
            yield {**item, "message": "hello", "response": 5, "done": "no", "eval_count": "many"}


def calls(change: Callable[[Call], Call]) -> Edit:
    """Every tool call changed on its own."""

    def edit(items: Iterator[Item]) -> Iterator[Item]:
        for item in items:
            made = _message(item).get("tool_calls")
            yield _with_message(item, tool_calls=[change(call) for call in made]) if made else item

    return edit


def index_zero(call: Call) -> Call:
    return {**call, "function": {**call["function"], "index": 0}}


def no_id(call: Call) -> Call:
    return {"function": call["function"]}


def same_id(call: Call) -> Call:
    return {**call, "id": "call_00000000"}


def string_arguments(call: Call) -> Call:
    function = call["function"]
    return {**call, "function": {**function, "arguments": json.dumps(function["arguments"])}}


def calls_with_thinking(items: Iterator[Item]) -> Iterator[Item]:
    held = ""
    for item in items:
        message = _message(item)
        if thought := message.get("thinking"):
            held += thought
        elif message.get("tool_calls"):
            yield _with_message(item, thinking=held)
        else:
            yield item


def calls_with_text(items: Iterator[Item]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, dict) and _message(item).get("tool_calls"):
            yield _with_text(item, "Let me look that up. ")
            yield item
            yield _with_text(item, "One moment.")
        else:
            yield item


def old_server(items: Iterator[Item]) -> Iterator[Item]:
    """Thinking as tags in the text, calls by name and arguments alone."""
    thinking = False
    for item in items:
        message = _message(item)
        thought, text = message.get("thinking", ""), message.get("content", "")
        tag = (
            "<think>"
            if thought and not thinking
            else "</think>"
            if thinking and not thought
            else ""
        )
        thinking = bool(thought)
        if isinstance(item, dict) and "message" in item:
            yield _without_news(item, tag + thought + text)
        else:
            yield item


def _without_news(line: Line, text: str) -> Line:
    message: Line = {"role": "assistant", "content": text}
    if made := line["message"].get("tool_calls"):
        message["tool_calls"] = [
            {"function": {k: v for k, v in call["function"].items() if k != "index"}}
            for call in made
        ]
    return {**line, "message": message}


def _ends(item: Item) -> bool:
    return isinstance(item, dict) and item.get("done") is True


def _message(item: Item) -> Line:
    message = item.get("message") if isinstance(item, dict) else None
    return message if isinstance(message, dict) else {}


def _with_message(item: Item, **changes: Any) -> Item:
    """The object with other members in its message, in the order that Ollama writes them."""
    if not isinstance(item, dict):
        return item
    message = {**item["message"], **changes}
    order = ("role", "content", "thinking", "tool_calls")
    return {**item, "message": {name: message[name] for name in order if name in message}}


def _with_text(line: Line, text: str) -> Line:
    """An object of this stream, not the last, that holds nothing but `text`."""
    line = {"model": line["model"], "created_at": line["created_at"], **_content(line, text)}
    return {**line, "done": False}


def _content(line: Line, text: str) -> Line:
    if "message" in line:
        return {"message": {"role": "assistant", "content": text}}
    return {"response": text}
