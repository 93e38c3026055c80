"""How many tokens a question has.

Ollama has no way to ask but to answer: it tells how many tokens it has read once it has written
one. So a count costs the reading of the prompt, which the question itself need not pay again.
"""

from contextlib import aclosing

from msgspec.structs import replace

from gateway.core.backend import Backend
from gateway.core.errors import BackendFailed
from gateway.core.events import Finished
from gateway.core.requests import AnyText, ChatRequest

__all__ = ["HEEDED", "counted"]

HEEDED = {
    *["model", "input", "instructions", "previous_response_id", "conversation"],
    *["tools", "tool_choice", "parallel_tool_calls", "text", "reasoning", "think"],
    *["options", "num_ctx", "keep_alive"],
}
"""The fields of a question that its count depends on."""


async def counted(backend: Backend, request: ChatRequest) -> int:
    """The tokens of the request's prompt, exactly; `BackendFailed` if Ollama does not tell.

    Nothing is demanded of the one token, for a demand would be asked for again and again.
    """
    asked = replace(
        request,
        sampling=replace(request.sampling, max_tokens=1),
        tools=() if request.tool_choice == "none" else request.tools,
        tool_choice="auto",
        parallel_tool_calls=True,
        response_format=AnyText(),
        options={name: value for name, value in request.options.items() if name != "num_predict"},
    )
    async with aclosing(backend.chat(asked)) as batches:
        async for batch in batches:
            match batch[-1]:
                case Finished(usage=usage) if usage.prompt_tokens:
                    return usage.prompt_tokens
    raise BackendFailed("Ollama did not tell how many tokens the prompt has.")
