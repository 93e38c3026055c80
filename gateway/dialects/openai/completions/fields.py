"""What becomes of each field of `POST /v1/completions`."""

from gateway.dialects.openai.fields import FieldTable, emulated, honoured, ignored, refused

__all__ = ["FIELDS"]

FIELDS = FieldTable(
    "/v1/completions",
    honoured("model", "a model of Ollama's, with or without `:latest`, or an alias"),
    honoured(
        "prompt",
        "a text, or several, continued as they stand without a chat template; token ids are"
        " refused, because Ollama takes none, and in place of an empty text it gets a blank",
    ),
    honoured("suffix", "for models that can `insert`, through their own template; else refused"),
    honoured(
        "max_tokens", "16 unless given; at 0 the model is not asked, and all of `usage` is zero"
    ),
    honoured("temperature", "0 to 2; absent: the model's own setting"),
    honoured("top_p", "0 to 1; absent: the model's own setting"),
    emulated(
        "n",
        "so many calls of Ollama at the same time for each prompt; `MOCHI_MAX_N` is the most, and"
        " eight times that for all prompts",
    ),
    emulated(
        "best_of",
        "so many calls of Ollama for each prompt, of which those with the highest mean logprob are"
        " answered; all are counted in `usage`, and none can be streamed",
    ),
    honoured("stream", "server-sent events"),
    honoured("stream_options", "`include_usage`; padding (`include_obfuscation`) is never sent"),
    honoured("logprobs", "0 to 5 alternatives, by Ollama 0.12.11 and later, else refused"),
    emulated("echo", "the prompt in front; it is one token without a logprob"),
    honoured("stop", "1 to 4 strings"),
    honoured("presence_penalty", "-2 to 2"),
    honoured("frequency_penalty", "-2 to 2"),
    honoured("seed", "choice `i` of a prompt gets `seed + i`"),
    refused("logit_bias", "Ollama has no token ids", moot=lambda bias: not bias),
    ignored("user", ""),
    honoured("options", "Ollama's own options, as they are; they win over all others"),
    honoured("num_ctx", "the context window in tokens, instead of the gateway's choice"),
    honoured("top_k", "an option of Ollama's"),
    honoured("min_p", "an option of Ollama's"),
    honoured("repeat_penalty", "an option of Ollama's"),
    honoured("keep_alive", "how long the model stays loaded: `5m`, or seconds"),
)
