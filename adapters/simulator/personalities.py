"""What models do of their own accord, switched on by the name of the model.

Unlike the faults these keep all of Ollama's rules: it passes on what such models say. Every name in
`PERSONALITIES` is a model that exists but is not listed.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from adapters.simulator.combining import resolved
from adapters.simulator.fitting import Judge
from adapters.simulator.tools import Tool, repeated_calls
from adapters.simulator.words import Talk, compose, think_aloud
from adapters.simulator.writing import FAMILIES, Call, Family

__all__ = ["ORDINARY", "PERSONALITIES", "Answer", "Asked", "Personality"]


class Answer(Struct, frozen=True):
    """What the model says before anything cuts it."""

    thinking: str = ""
    text: str = ""
    calls: tuple[Call, ...] = ()


class Asked(Struct, frozen=True):
    """`format` is None, `"json"` or a schema."""

    talk: Talk
    format: Any = None
    tools: Sequence[Tool] = ()


Change = Callable[[Answer, Asked], Answer]


class Personality(Struct, frozen=True, kw_only=True):
    """`on` is the model that would give the answer which `change` makes another one of.

    `template_end` is what its template says after that of `on`.
    """

    says: str
    on: str = "demo-tools"
    change: Change = lambda answer, asked: answer
    template_end: str = ""


ORDINARY = Personality(says="nothing special")


def _chatty(answer: Answer, asked: Asked) -> Answer:
    return Answer(answer.thinking, compose(asked.talk)) if answer.calls else answer


def _hopeless(answer: Answer, asked: Asked) -> Answer:
    return replace(answer, text=_misfit(answer.text, asked)) if asked.format else answer


def _sloppy(answer: Answer, asked: Asked) -> Answer:
    return answer if _corrected(asked.talk) else _hopeless(answer, asked)


def _corrected(talk: Talk) -> bool:
    """Whether the user speaks again, after an answer to the original question."""
    roles = [message.role for message in talk.messages if message.role != "system"]
    return roles[:1] == ["user"] and roles[-2:] == ["assistant", "user"]


def _misfit(text: str, asked: Asked) -> str:
    """Prose, or JSON without a property that is required: by a hash of the question."""
    if _chance(asked.talk.question) % 2:
        value, schema = json.loads(text), asked.format
        required = resolved(schema, schema).get("required", ()) if schema != "json" else ()
        if isinstance(value, dict) and isinstance(required, list) and required:
            rest = {name: member for name, member in value.items() if name != required[0]}
            if not Judge(schema).fits(rest, schema):
                return json.dumps(rest, ensure_ascii=False)
    return f"Of course! {compose(asked.talk)}"


def _writes(family: Family) -> Personality:
    def change(answer: Answer, asked: Asked) -> Answer:
        return Answer(answer.thinking, family.write(answer.calls)) if answer.calls else answer

    past = family.write([("{{ call.name }}", {"{{ key }}": "{{ value }}"})])
    return Personality(
        says=f"writes its tool calls as text, the way of {family.models}",
        change=change,
        template_end=f"{{% for call in message.tool_calls %}}{past}{{% endfor %}}",
    )


def _thinking_in_text(opening: str) -> Change:
    """A grammar leaves no room for thoughts, so an answer to `format` has none."""

    def change(answer: Answer, asked: Asked) -> Answer:
        if asked.format:
            return answer
        thoughts = think_aloud(asked.talk, True)
        return replace(answer, text=f"{opening}{thoughts}\n</think>\n\n{answer.text}")

    return change


def _careless(answer: Answer, asked: Asked) -> Answer:
    """The first call's name is damaged in one of two ways, the second's in the other."""
    first = _chance(asked.talk.question)
    calls = enumerate(answer.calls, first)
    return replace(
        answer,
        calls=tuple((_misnamed(name, turn), _as_text(given)) for turn, (name, given) in calls),
    )


def _misnamed(name: str, turn: int) -> str:
    return f"functions.{name}" if turn % 2 else name[:1].swapcase() + name[1:]


def _as_text(given: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in given.items()
    }


def _repeats(answer: Answer, asked: Asked) -> Answer:
    if not answer.calls:
        return answer
    return replace(answer, calls=tuple(repeated_calls(asked.tools[0], asked.talk.question)))


def _chance(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[0]


PERSONALITIES: dict[str, Personality] = {
    "demo-chatty": Personality(says="answers in words whatever tools it has", change=_chatty),
    "demo-sloppy": Personality(
        says="misses `format` at first: prose, or a property too few; right once it is told",
        change=_sloppy,
    ),
    "demo-hopeless": Personality(says="never gives what `format` demands", change=_hopeless),
    **{f"demo-writes-{name}": _writes(family) for name, family in FAMILIES.items()},
    "demo-thinks-aloud": Personality(
        says="begins its text with `<think>…</think>`, without the capability to think",
        change=_thinking_in_text("<think>\n"),
    ),
    "demo-thinks-open": Personality(
        says="the same without `<think>`, with which its template ends",
        change=_thinking_in_text(""),
        template_end="assistant: <think>\n",
    ),
    "demo-careless": Personality(
        says="calls tools by almost their names, with all arguments as strings", change=_careless
    ),
    "demo-repeats": Personality(
        says="calls its first tool two or three times in one answer", change=_repeats
    ),
}
