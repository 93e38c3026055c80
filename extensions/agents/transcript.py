"""What the work of an agent looks like from outside."""

import json
from collections import deque
from collections.abc import Iterable

from extensions.chat.steps import Called, Said, Step
from extensions.sessions.session import AssistantMessage, Call, Message, ToolMessage
from extensions.tools.results import LONGEST

__all__ = [
    "LEFT_OUT",
    "Transcript",
    "call_line",
    "limit_line",
    "result_line",
    "shortened",
    "transcript_of",
]

LEFT_OUT = "[What came between is left out: it is in the chat of this id.]"


def call_line(name: str, arguments: dict[str, object]) -> str:
    """`Tool call: jot({"text": "4 March"})`."""
    return f"Tool call: {name}({json.dumps(arguments, ensure_ascii=False)})"


def result_line(name: str, result: str) -> str:
    """`Tool result (jot): stored`."""
    return f"Tool result ({name}): {result}"


def limit_line(most: int) -> str:
    """`Warning: stopped after 50 iterations.`"""
    return f"Warning: stopped after {most} iterations."


class Transcript:
    """The texts of an agent, its calls and their results, each on lines of its own."""

    def __init__(self) -> None:
        self._passages: list[str] = []
        self._saying: list[str] = []

    def __str__(self) -> str:
        return "\n".join([*self._passages, *self._text()])

    def take(self, happened: Iterable[Step]) -> None:
        """Go on with these steps. A text ends with whatever is no more of it."""
        for step in happened:
            if isinstance(step, Said):
                self._saying.append(step.text)
                continue
            self._end_of_text()
            if isinstance(step, Called):
                self._passages += [
                    call_line(step.call.name, step.call.arguments),
                    result_line(step.call.name, step.outcome.result),
                ]

    def note(self, line: str) -> None:
        """Add a line that nobody said."""
        self._end_of_text()
        self._passages.append(line)

    def _end_of_text(self) -> None:
        self._passages += self._text()
        self._saying.clear()

    def _text(self) -> list[str]:
        text = "".join(self._saying).strip()
        return [text] if text else []


def transcript_of(messages: Iterable[Message]) -> str:
    """The same of what was kept: after work that was broken off it knows more than who watched."""
    lines: list[str] = []
    waiting: deque[Call] = deque()
    for message in messages:
        match message:
            case AssistantMessage(content=text, calls=calls):
                lines += [text.strip()] if text.strip() else []
                waiting = deque(calls)
            case ToolMessage(tool_name=name, content=result):
                if waiting:
                    lines.append(call_line(name, waiting.popleft().arguments))
                lines.append(result_line(name, result))
    return "\n".join(lines)


def shortened(output: str) -> str:
    """Its beginning and its end, where the plan and the answer stand, if it takes more than a tool
    may return: no model could read on after it, and the session would be stuck."""
    data = output.encode("utf-8", "replace")
    if len(data) <= LONGEST:
        return output
    begin, end = data[: LONGEST // 2], data[-LONGEST // 2 :]
    return f"{begin.decode('utf-8', 'ignore')}\n{LEFT_OUT}\n{end.decode('utf-8', 'ignore')}"
