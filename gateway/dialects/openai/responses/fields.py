"""What becomes of each field of `POST /v1/responses`."""

from typing import Any

from gateway.dialects.openai.fields import FieldTable, emulated, honoured, ignored, refused

__all__ = ["FIELDS"]


def blocks(moderation: Any) -> bool:
    return "block" in str(moderation.get("policy"))


FIELDS = FieldTable(
    "/v1/responses",
    honoured("model", "a model of Ollama's, with or without `:latest`, or an alias"),
    honoured(
        "input",
        "a text, or messages, images, sounds, reasoning, function calls and their results in any"
        " order, references to items that are kept, compactions; items of hosted tools are left"
        " out and named",
    ),
    honoured("instructions", "the first message; never inherited"),
    honoured("stream", "server-sent events"),
    honoured("stream_options", "padding (`include_obfuscation`) is never sent"),
    honoured(
        "previous_response_id",
        "unknown, deleted and unstored ones are refused; the last one of a WebSocket need not be"
        " stored",
    ),
    honoured("conversation", "input and output are appended when the response ends"),
    honoured("store", "absent: yes"),
    honoured("background", "needs `store`"),
    honoured(
        "tools",
        "functions; hosted tools (`web_search`, …) are left out and named, unknown types and `mcp`"
        " are refused",
    ),
    emulated(
        "tool_choice",
        "`none`, `auto`, `required`, a function, `allowed_tools`: a model that chats instead is"
        " asked again for the call alone",
    ),
    emulated("parallel_tool_calls", "`false` keeps the first call"),
    ignored("max_tool_calls", "counts calls of hosted tools, of which there are none"),
    honoured("max_output_tokens", "at least 16; counts reasoning, too"),
    honoured(
        "text",
        "`format`: `text`, `json_object`, `json_schema`, checked, and asked for again when it does"
        " not fit; `verbosity` has no effect",
    ),
    honoured(
        "reasoning",
        "`effort`: `none` to `max`, as Ollama's `think`; `summary`: whether reasoning comes as"
        " summary or as content of its items",
    ),
    honoured(
        "include",
        "`message.output_text.logprobs` (Ollama 0.12.11 and later) and"
        " `reasoning.encrypted_content`; others have no effect, unknown ones are refused",
    ),
    honoured("truncation", "`auto` leaves out the oldest items that do not fit"),
    honoured("temperature", "0 to 2; absent: the model's own setting"),
    honoured("top_p", "0 to 1; absent: the model's own setting"),
    honoured("top_logprobs", "0 to 20, with `include`"),
    honoured("presence_penalty", "-2 to 2"),
    honoured("frequency_penalty", "-2 to 2"),
    honoured("metadata", "at most 16 pairs of strings, kept with the response"),
    ignored("service_tier", "there is one tier", moot=lambda tier: tier in ("auto", "default")),
    ignored("user", "told back"),
    ignored("safety_identifier", "told back"),
    ignored("prompt_cache_key", "told back; Ollama reuses its cache by itself"),
    ignored("prompt_cache_retention", ""),
    ignored("prompt_cache_options", ""),
    refused("prompt", "there are no stored prompts"),
    ignored("context_management", "`/v1/responses/compact` does it", moot=lambda rules: not rules),
    ignored("moderation", "refused when it should block", refused=blocks),
    ignored("access_programs", ""),
    ignored("image", ""),
    ignored("client_metadata", "Codex sends it"),
    honoured("seed", "an option of Ollama's"),
    honoured("stop", "1 to 4 strings"),
    honoured("options", "Ollama's own options, as they are; they win over all others"),
    honoured("num_ctx", "the context window in tokens, instead of the gateway's choice"),
    honoured("top_k", "an option of Ollama's"),
    honoured("min_p", "an option of Ollama's"),
    honoured("repeat_penalty", "an option of Ollama's"),
    honoured("keep_alive", "how long the model stays loaded: `5m`, or seconds"),
    honoured("think", "Ollama's own switch, over `reasoning.effort`"),
)
