"""A conversation made shorter: a summary stands for it.

OpenAI puts the user's messages before the summary, which its own SDK's types do not allow; here the
summary has what they said.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from extensions.responses.past import Past
from extensions.responses.question import Question, chat_request
from gateway.core.backend import Backend
from gateway.core.errors import BackendFailed, InvalidRequest
from gateway.core.messages import UserMessage, text, text_of
from gateway.core.replies import collect
from gateway.core.requests import AnyText
from gateway.dialects.openai.responses import items, opaque, wire
from gateway.dialects.openai.responses.input import placed
from gateway.dialects.openai.responses.writing import write_usage

__all__ = ["HEEDED", "CompactedResponse", "compacted"]

HEEDED = {
    *["model", "input", "instructions", "previous_response_id", "conversation"],
    *["max_output_tokens", "reasoning", "think", "temperature", "top_p", "presence_penalty"],
    *["frequency_penalty", "seed", "stop", "options", "num_ctx", "top_k", "min_p"],
    *["repeat_penalty", "keep_alive"],
}
"""The fields of a question that its summary depends on."""

TASK = (
    "Summarise the conversation so far for yourself, so that it can go on from your summary alone:"
    " what was asked, in the words it was asked in, what was done and found, by which tools, what"
    " was decided, and what is still to be done. Keep names, numbers, paths and code that will be"
    " needed. Write the summary and nothing else."
)


class CompactedResponse(Struct, kw_only=True):
    """`output` is the input of the next request, which only has to have what is new behind it."""

    id: str
    object: str = "response.compaction"
    created_at: int
    output: list[items.Compaction]
    usage: wire.Usage


async def compacted(
    backend: Backend, question: Question, conversation: Sequence[items.Item]
) -> CompactedResponse:
    """The conversation as short as the model can tell it; `InvalidRequest` if there is none."""
    if not conversation:
        raise InvalidRequest("There is nothing to compact.", param="input")
    request = await chat_request(question, placed(conversation), Past(), backend)
    asking = replace(
        request,
        messages=(*request.messages, UserMessage(text(TASK))),
        tools=(),
        tool_choice="auto",
        response_format=AnyText(),
    )
    reply = await collect(backend.chat(asking))
    if reply.reason == "length":
        raise BackendFailed("The summary was cut off: allow more tokens for it.")
    summary = text_of(reply.message.content).strip()
    if not summary:
        raise BackendFailed("The model gave no summary.")
    sealed = items.Compaction(id=question.ids("cmp_"), encrypted_content=opaque.sealed(summary))
    return CompactedResponse(
        id=question.id,
        created_at=question.created_at,
        output=[sealed],
        usage=write_usage(reply.usage),
    )
