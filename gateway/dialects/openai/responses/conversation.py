"""Items as the messages of a conversation.

Items stand in any order, messages do not: the calls of one turn belong into one message, and their
results right behind it. Calls and results find each other by `call_id` at any distance (Codex puts
other items between).
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field

from gateway.core.errors import LONGEST_NAME, InvalidRequest, Unsupported
from gateway.core.messages import (
    AssistantMessage,
    Content,
    ContentPart,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    text,
)
from gateway.core.notes import Notes
from gateway.dialects.decoding import missing
from gateway.dialects.openai.images import read_image
from gateway.dialects.openai.responses import items, opaque, parts
from gateway.dialects.openai.responses.input import Placed
from gateway.dialects.openai.sounds import read_sound
from gateway.dialects.openai.tools import read_arguments

__all__ = ["read_messages"]

SUMMARY = "This is a summary of the conversation so far:\n\n"


def read_messages(placed: Sequence[Placed], notes: Notes) -> tuple[Message, ...]:
    """The conversation in core terms; `InvalidRequest` where it could not have happened."""
    results = Results(placed, notes)
    turn = Turn()
    read: list[Message] = []
    for item, at in placed:
        if not turn.takes(item):
            read += turn.ended(results)
            turn = Turn()
        if isinstance(item, Step) and getattr(item, "role", "assistant") == "assistant":
            turn.add(item, at, notes)
        else:
            read += spoken(item, at, notes)
    read += turn.ended(results)
    results.check()
    return tuple(read)


Step = items.Reasoning | items.Message | items.FunctionCall | items.CustomToolCall


class Turn(Struct):
    """What the model said in one go: reasoning, then a message, then calls."""

    thoughts: list[str] = field(default_factory=list)
    said: Content | None = None
    calls: list[ToolCall] = field(default_factory=list)

    def takes(self, item: items.Item | items.ItemReference) -> bool:
        """Whether this can be of the same turn still."""
        match item:
            case items.Reasoning() | items.Message(role="assistant"):
                return self.said is None and not self.calls
        return isinstance(item, items.Call)

    def add(self, step: Step, at: str, notes: Notes) -> None:
        match step:
            case items.Reasoning():
                self.thoughts.append(read_reasoning(step, at, notes))
            case items.Message():
                self.said = read_content(step.content, f"{at}.content", SAID, notes)
            case items.FunctionCall():
                arguments = read_arguments(step.arguments, f"{at}.arguments")
                self.calls.append(ToolCall(step.call_id, step.name, arguments))
            case items.CustomToolCall():
                self.calls.append(ToolCall(step.call_id, step.name, {"input": step.input}))

    def ended(self, results: "Results") -> Iterator[Message]:
        """The message, and the results of its calls."""
        thinking = "\n\n".join(filter(None, self.thoughts))
        if self.said is not None or self.calls or thinking:
            yield AssistantMessage(self.said or (), thinking, tuple(self.calls))
        for call in self.calls:
            yield results.of(call)


class Results:
    """The results of all calls, wherever they stand."""

    def __init__(self, placed: Iterable[Placed], notes: Notes) -> None:
        self._by_call: defaultdict[str, deque[Content]] = defaultdict(deque)
        for item, at in placed:
            if isinstance(item, items.FunctionCallOutput | items.CustomToolCallOutput):
                content = read_content(item.output, f"{at}.output", RETURNED, notes)
                self._by_call[item.call_id].append(content)

    def of(self, call: ToolCall) -> ToolMessage:
        waiting = self._by_call.get(call.id)
        if not waiting:
            raise InvalidRequest(
                f"No tool output found for function call {call.id[:LONGEST_NAME]}.", param="input"
            )
        return ToolMessage(waiting.popleft(), call.id, call.name)

    def check(self) -> None:
        """`InvalidRequest` if there is a result to which there was no call."""
        for call_id, waiting in self._by_call.items():
            if waiting:
                raise InvalidRequest(
                    "No tool call found for function call output with call_id"
                    f" {call_id[:LONGEST_NAME]}.",
                    param="input",
                )


def spoken(item: items.Item | items.ItemReference, at: str, notes: Notes) -> tuple[Message, ...]:
    """What stands between the model's turns; results are no messages of their own."""
    match item:
        case items.Message(role="user"):
            return (UserMessage(read_content(item.content, f"{at}.content", ASKED, notes)),)
        case items.Message():
            # `developer` is today's name of `system`.
            return (SystemMessage(read_content(item.content, f"{at}.content", ASKED, notes)),)
        case items.Compaction():
            return (SystemMessage(text(SUMMARY + read_compaction(item, at))),)
    return ()


def read_compaction(item: items.Compaction, at: str) -> str:
    summary = opaque.opened(item.encrypted_content)
    if summary is None:
        raise InvalidRequest(
            "This compaction was not made here, so nobody here can read it.",
            param=f"{at}.encrypted_content",
            reason="invalid_value",
        )
    return summary


def read_reasoning(item: items.Reasoning, at: str, notes: Notes) -> str:
    """The reasoning in the best of its forms; another server's secret is none."""
    if item.content:
        return "\n\n".join([part.text for part in item.content])
    if item.encrypted_content:
        thought = opaque.opened(item.encrypted_content)
        if thought is not None:
            return thought
        notes.ignore(f"{at}.encrypted_content", why="was not made here and has no effect")
    return "\n\n".join([part.text for part in item.summary])


ASKED = ("input_text", "input_image", "input_audio")
SAID = ("output_text", "refusal")
RETURNED = ("input_text", "input_image")


def read_content(
    content: str | Sequence[parts.Part], at: str, types: tuple[str, ...], notes: Notes
) -> Content:
    if isinstance(content, str):
        return text(content)
    return tuple([read_part(part, f"{at}[{i}]", types, notes) for i, part in enumerate(content)])


def read_part(part: parts.Part, at: str, types: tuple[str, ...], notes: Notes) -> ContentPart:
    # Most parts by far are these two; the pattern below takes ten times as long.
    if type(part) is parts.InputText and types is not SAID:
        return TextPart(part.text)
    if type(part) is parts.OutputText and types is SAID:
        return TextPart(part.text)
    kind = str(part.__struct_config__.tag)
    if kind not in types:
        raise Unsupported(
            f"Parts of type '{kind}' are not supported here; these are: {', '.join(types)}.",
            param=f"{at}.type",
            reason="unsupported_value",
        )
    match part:
        case parts.InputText(value) | parts.OutputText(text=value) | parts.Refusal(value):
            return TextPart(value)
        case parts.InputImage(image_url=str(url)):
            if part.detail not in (None, "auto"):
                notes.ignore(f"{at}.detail")
            return read_image(url, f"{at}.image_url")
        case parts.InputAudio(sound):
            return read_sound(sound.data, sound.format, f"{at}.input_audio")
        case parts.InputImage(file_id=str()):
            raise Unsupported("There are no files here.", param=f"{at}.file_id")
    raise missing(f"{at}.image_url")
