"""Which marker begins which family's block."""

from typing import Final

from adapters.repair import hermes, llama, mistral, tagged
from adapters.repair.written import Family

__all__ = ["FAMILIES"]

FAMILIES: Final[dict[str, Family]] = {
    "<tool_call>": hermes.read,
    "<tool_calls>": hermes.read_list,
    "<toolcall>": hermes.read_list,
    "<|tool_call|>": hermes.read_list,
    "<function=": tagged.read_function,
    "<function_calls>": tagged.read_claude,
    "<minimax:tool_call>": tagged.read_wrapped,
    "<invoke name=": tagged.read_invoke,
    "[tool_calls]": mistral.read,
    "<|python_tag|>": llama.read,
}
"""By the marker in lower case."""
