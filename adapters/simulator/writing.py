"""Tool calls as text, the way families of models write them when nobody parses what they say."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

__all__ = ["FAMILIES", "Call", "Family"]

Call = tuple[str, dict[str, Any]]


def _hermes(calls: Sequence[Call]) -> str:
    blocks = (_json({"name": name, "arguments": given}) for name, given in calls)
    return "\n".join(f"<tool_call>\n{block}\n</tool_call>" for block in blocks)


def _qwen(calls: Sequence[Call]) -> str:
    def block(name: str, given: dict[str, Any]) -> str:
        lines = (
            f"<parameter={key}>\n{_plain(value)}\n</parameter>\n" for key, value in given.items()
        )
        return f"<tool_call>\n<function={name}>\n{''.join(lines)}</function>\n</tool_call>"

    return "\n".join(block(name, given) for name, given in calls)


def _mistral(calls: Sequence[Call]) -> str:
    return "".join(f"[TOOL_CALLS]{name}[ARGS]{_json(given)}" for name, given in calls)


def _mistral_old(calls: Sequence[Call]) -> str:
    return f"[TOOL_CALLS]{_json([{'name': name, 'arguments': given} for name, given in calls])}"


def _llama(calls: Sequence[Call]) -> str:
    blocks = (_json({"name": name, "parameters": given}) for name, given in calls)
    return f"<|python_tag|>{'; '.join(blocks)}"


def _minimax(calls: Sequence[Call]) -> str:
    def invoke(name: str, given: dict[str, Any]) -> str:
        lines = (
            f'<parameter name="{key}">{_plain(value)}</parameter>\n' for key, value in given.items()
        )
        return f'<invoke name="{name}">\n{"".join(lines)}</invoke>\n'

    invokes = "".join(invoke(name, given) for name, given in calls)
    return f"<minimax:tool_call>\n{invokes}</minimax:tool_call>"


def _glm(calls: Sequence[Call]) -> str:
    def block(name: str, given: dict[str, Any]) -> str:
        pairs = (
            f"<arg_key>{key}</arg_key>\n<arg_value>{_plain(value)}</arg_value>\n"
            for key, value in given.items()
        )
        return f"<tool_call>{name}\n{''.join(pairs)}</tool_call>"

    return "\n".join(block(name, given) for name, given in calls)


def _harmony(calls: Sequence[Call]) -> str:
    said = "<|channel|>analysis<|message|>I need a tool for this.<|end|>"
    return said + "".join(
        f"<|start|>assistant<|channel|>commentary to=functions.{name} "
        f"<|constrain|>json<|message|>{_json(given)}<|call|>"
        for name, given in calls
    )


def _markdown(calls: Sequence[Call]) -> str:
    blocks = (_json({"name": name, "arguments": given}) for name, given in calls)
    return "Let me look that up:\n\n" + "\n".join(f"```json\n{block}\n```" for block in blocks)


class Family(Struct, frozen=True):
    """`models` are those that write calls like this."""

    models: str
    write: Callable[[Sequence[Call]], str]


FAMILIES = {
    "hermes": Family("Hermes, Qwen2.5 and Qwen3", _hermes),
    "qwen": Family("Qwen3-Coder and Qwen3.5", _qwen),
    "mistral": Family("Mistral from v11 on", _mistral),
    "mistral-old": Family("Mistral v3 to v7", _mistral_old),
    "llama": Family("Llama 3.1 and 3.2", _llama),
    "minimax": Family("MiniMax M2", _minimax),
    "glm": Family("GLM 4.5 to 4.7", _glm),
    "harmony": Family("gpt-oss", _harmony),
    "markdown": Family("small models that fence JSON", _markdown),
}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> str:
    """Between tags a string stands as it is, so that `5` and `"5"` look the same."""
    return value if isinstance(value, str) else _json(value)
