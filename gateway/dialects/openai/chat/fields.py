"""What becomes of each field of `POST /v1/chat/completions`."""

from typing import Any

from gateway.dialects.openai.fields import FieldTable, emulated, honoured, ignored, refused

__all__ = ["FIELDS"]


def blocks(moderation: Any) -> bool:
    return "block" in str(moderation.get("policy"))


def beyond_text(modalities: Any) -> bool:
    return bool({*modalities} - {"text"})


FIELDS = FieldTable(
    "/v1/chat/completions",
    honoured("model", "a model of Ollama's, with or without `:latest`; an alias; `agent/NAME`"),
    honoured(
        "messages",
        "text, images (data URIs; http and https URLs with `MOCHI_ALLOW_REMOTE_IMAGES`), sounds,"
        " tool calls and their results; `name` counts for tool results alone, and"
        " `image_url.detail` not at all",
    ),
    honoured("stream", "server-sent events"),
    honoured("stream_options", "`include_usage`; padding (`include_obfuscation`) is never sent"),
    honoured("max_completion_tokens", "wins over `max_tokens`; counts reasoning, too"),
    honoured("max_tokens", "the old name of `max_completion_tokens`"),
    honoured("temperature", "0 to 2; absent: the model's own setting"),
    honoured("top_p", "0 to 1; absent: the model's own setting"),
    honoured("presence_penalty", "-2 to 2"),
    honoured("frequency_penalty", "-2 to 2"),
    honoured("seed", "choice `i` of `n` gets `seed + i`"),
    honoured("stop", "1 to 4 strings"),
    emulated("n", "so many calls of Ollama at the same time; `MOCHI_MAX_N` is the most"),
    honoured("logprobs", "by Ollama 0.12.11 and later, else refused"),
    honoured("top_logprobs", "0 to 20, with `logprobs`"),
    honoured(
        "response_format",
        "`text`, `json_object`, `json_schema`; the answer is checked, and asked for again when it"
        " does not fit",
    ),
    honoured(
        "tools",
        "functions; what Ollama drops of their schemas is put into descriptions, and `strict`"
        " arguments are checked",
    ),
    emulated(
        "tool_choice",
        "`none`, `auto`, `required`, a function, `allowed_tools`: a model that chats instead is"
        " asked again for the call alone",
    ),
    emulated("parallel_tool_calls", "`false` keeps the first call"),
    emulated("functions", "the old form of `tools`; answered as `function_call`"),
    emulated("function_call", "the old form of `tool_choice`"),
    honoured(
        "reasoning_effort",
        "`none` to `max`, as Ollama's `think`; named in `x-mochi-ignored` for a model that cannot"
        " reason",
    ),
    honoured("reasoning", "`effort`, as in `reasoning_effort`, over which it wins"),
    honoured("modalities", "only `text`", refused=beyond_text),
    ignored("verbosity", "Ollama has nothing like it", moot=lambda value: value == "medium"),
    honoured("store", "the completion is kept until it is deleted, with messages and metadata"),
    honoured(
        "metadata",
        "at most 16 pairs of strings, kept with `store`; named in `x-mochi-ignored` without it",
    ),
    ignored("service_tier", "there is one tier", moot=lambda tier: tier in ("auto", "default")),
    ignored("user", ""),
    ignored("safety_identifier", ""),
    ignored("prompt_cache_key", "Ollama reuses its cache by itself"),
    ignored("prompt_cache_retention", ""),
    ignored("prompt_cache_options", ""),
    ignored("prediction", "only the speed would change"),
    ignored("moderation", "refused when it should block", refused=blocks),
    refused("logit_bias", "Ollama has no token ids", moot=lambda bias: not bias),
    refused("audio", "Ollama does not speak"),
    refused("web_search_options", "nothing here searches the web"),
    honoured("options", "Ollama's own options, as they are; they win over all others"),
    honoured("num_ctx", "the context window in tokens, instead of the gateway's choice"),
    honoured("top_k", "an option of Ollama's"),
    honoured("min_p", "an option of Ollama's"),
    honoured("repeat_penalty", "an option of Ollama's"),
    honoured("keep_alive", "how long the model stays loaded: `5m`, or seconds"),
    honoured("think", "Ollama's own switch, over `reasoning_effort`"),
)
