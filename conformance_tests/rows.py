"""What OpenAI-compatible servers usually get wrong, and the tests that would notice.

Each fault was found in a real server, and reported where its thread is named. `test_rows.py` keeps
this table true.
"""

from typing import NamedTuple

__all__ = ["ROWS", "Row"]


class Row(NamedTuple):
    """`tests` are `package/module::test`, as pytest has them without `test_` and `.py` of the file.

    A row without tests says in `later` what it waits for.
    """

    fault: str
    seen: str
    tests: tuple[str, ...] = ()
    later: str = ""


ERRORS = (
    "openai/errors::test_a_required_field_is_missing",
    "openai/errors::test_a_value_of_the_wrong_type",
    "openai/errors::test_an_unknown_route",
    "sdk/errors::test_bad_request",
)
"""All of which read the error object with `checks.error_of`."""

ROWS: dict[int, Row] = {
    1: Row(
        "fragments of tool calls without `index`",
        "ollama/ollama#7881",
        ("openai/tools::test_a_streamed_call_is_the_same_call",),
    ),
    2: Row(
        "several calls that clients merge into one",
        "SamSaffron/term-llm#314",
        (
            "openai/tools::test_two_calls_are_told_apart",
            "mochi/trouble::test_odd_calls_are_put_right",
        ),
    ),
    3: Row(
        "no `type` in the first fragment of a named call",
        "vllm-project/vllm#16340",
        ("openai/tools::test_a_named_call_is_introduced_as_well",),
    ),
    4: Row(
        "no `id` of a call in a stream, but in a whole answer",
        "vllm-project/vllm#18412",
        ("openai/tools::test_the_first_fragment_introduces_the_call",),
    ),
    5: Row(
        "`id` on every fragment, and a last chunk that doubles the arguments",
        "BerriAI/litellm#20480",
        (
            "openai/tools::test_the_first_fragment_introduces_the_call",
            "openai/tools::test_a_streamed_call_is_the_same_call",
            "openai/tools::test_the_finish_reason_has_a_chunk_after_the_calls",
        ),
    ),
    6: Row(
        "a whole call in one delta that loses its id and name",
        "BerriAI/litellm#39796",
        (
            "openai/tools::test_the_first_fragment_introduces_the_call",
            "sdk/chat::test_stream_helper_collects_tool_calls",
        ),
    ),
    7: Row(
        "clients that want the id in every delta: it comes once, the index always",
        "openai/codex#7517",
        ("openai/tools::test_the_first_fragment_introduces_the_call",),
    ),
    8: Row(
        "calls that are not streamed, or dropped with finish `stop`",
        "ollama/ollama#9632",
        (
            "openai/tools::test_a_streamed_call_is_the_same_call",
            "mochi/repairs::test_what_was_written_as_text_is_a_call",
        ),
    ),
    9: Row(
        "finish reason `stop` instead of `tool_calls` in streams",
        "ollama/ollama#7963",
        (
            "openai/tools::test_a_streamed_call_is_the_same_call",
            "openai/tools::test_an_answer_that_calls_finishes_with_tool_calls",
        ),
    ),
    10: Row(
        "a finish reason of another vocabulary",
        "BerriAI/litellm#12481",
        (
            "openai/chat::test_an_answer_is_a_chat_completion",
            "openai/stream::test_each_choice_says_where_it_stands",
            "openai/sampling::test_a_limit_cuts_the_answer",
        ),
    ),
    11: Row(
        "chunks of a kind of one's own, empty deltas",
        "jjang-ai/vmlx#219",
        (
            "openai/stream::test_every_chunk_says_something",
            "openai/tools::test_every_chunk_of_a_call_says_something",
        ),
    ),
    12: Row(
        "a stream that breaks when `max_tokens` cuts a call",
        "vllm-project/vllm#37937",
        ("openai/tools::test_a_limit_in_the_middle_of_a_call",),
    ),
    13: Row(
        "`arguments` as an object instead of a string",
        "ggml-org/llama.cpp#20198",
        (
            "openai/tools::test_a_call_says_whom_and_with_what",
            "mochi/trouble::test_odd_calls_are_put_right",
        ),
    ),
    14: Row(
        "`tool_choice` as an object refused",
        "lmstudio-ai/lmstudio-bug-tracker#670",
        (
            "mochi/enforcing::test_a_model_that_chats_calls_all_the_same",
            "openai/tools::test_a_named_call_is_introduced_as_well",
            "mochi/sdk_calls::test_a_demanded_call_is_made_by_a_model_that_chats",
        ),
    ),
    15: Row(
        "`tool_choice` accepted and ignored",
        "ollama/ollama#17921",
        (
            "openai/promises::test_honoured_or_refused",
            "openai/tools::test_none_means_no_call",
            "sdk/calls::test_a_demanded_call_is_parsed",
            "mochi/enforcing::test_required_is_required_a_hundred_times",
        ),
    ),
    16: Row(
        "`json_object`, even `text`, refused as a format",
        "lmstudio-ai/lmstudio-bug-tracker#189",
        (
            "openai/json::test_json_object_is_an_object",
            "openai/json::test_text_is_no_constraint",
        ),
    ),
    17: Row(
        "a malformed `response_format` is a 500 without a message",
        "vllm-project/vllm#35438",
        ("openai/json::test_nonsense_is_refused_by_name",),
    ),
    18: Row("errors without the key `error`", "vllm-project/vllm#12886", ERRORS),
    19: Row("`error` a bare string", "antropia-studio/linguito#21", ERRORS),
    20: Row("`code` a number, `param` missing", "vllm-project/vllm#30134", ERRORS),
    21: Row(
        "500 for invalid input",
        "vllm-project/vllm#17664",
        (
            "openai/robustness::test_no_value_of_a_field_is_a_failure",
            "openai/robustness::test_no_change_of_a_request_is_a_failure",
            "openai/robustness::test_no_corruption_of_the_bytes_is_a_failure",
            "openai/completions::test_mistakes_are_named",
            "openai/embeddings::test_mistakes_are_named",
        ),
    ),
    22: Row(
        "200, and the error inside the stream",
        "ggml-org/llama.cpp#14566",
        (
            "openai/stream::test_an_error_before_the_first_token_is_no_stream",
            "mochi/trouble::test_before_the_first_token",
        ),
    ),
    23: Row(
        "a stream left open after an error, or an error as plain text",
        "EricLBuehler/mistral.rs#1874",
        ("mochi/trouble::test_after_the_first_token", "mochi/trouble::test_sdk"),
    ),
    24: Row(
        "no `[DONE]`",
        "waybarrios/vllm-mlx#101",
        ("openai/stream::test_the_end_is_done", "mochi/trouble::test_what_does_no_harm"),
    ),
    25: Row(
        "a stream that ends without a finish reason",
        "anomalyco/opencode#43379",
        (
            "openai/stream::test_each_choice_says_where_it_stands",
            "mochi/trouble::test_what_does_no_harm",
        ),
    ),
    26: Row(
        "another `id` for every chunk",
        "BerriAI/litellm#1571",
        (
            "openai/stream::test_chunks_belong_together",
            "openai/tools::test_every_chunk_of_a_call_says_something",
        ),
    ),
    27: Row(
        "no `role` in the first delta",
        "open-webui/open-webui#23930",
        (
            "openai/stream::test_the_role_comes_first_and_once",
            "openai/tools::test_a_streamed_call_is_the_same_call",
        ),
    ),
    28: Row(
        "usage in the chunk of the finish reason instead of its own",
        "ggml-org/llama.cpp#15444",
        (
            "openai/stream::test_usage_comes_last_and_alone",
            "openai/completions::test_usage_comes_last_and_alone",
        ),
    ),
    29: Row(
        "a usage chunk that nobody asked for",
        "xinnan-tech/xiaozhi-esp32-server#916",
        ("openai/stream::test_no_usage_unless_asked",),
    ),
    30: Row(
        "base64 ignored, so that vectors have a quarter of their length",
        "openai/openai-node#2150",
        (
            "openai/embeddings::test_base64_holds_the_same_vectors",
            "sdk/embeddings::test_the_default_and_floats_are_the_same",
        ),
    ),
    31: Row(
        "SDKs ask for base64 by default, the reference says float",
        "openai/openai-python#1490",
        (
            "openai/embeddings::test_floats_are_the_default",
            "sdk/embeddings::test_the_default_and_floats_are_the_same",
        ),
    ),
    32: Row(
        "prompts cut to the window in silence",
        "ollama/ollama#4967",
        (
            "openai/chat::test_everything_said_reaches_the_model",
            "openai/robustness::test_a_megabyte_of_text_is_taken_or_refused",
            "openai/completions::test_a_prompt_that_is_too_long_is_refused",
            "mochi/context::test_a_prompt_larger_than_the_model_is_refused",
            "mochi/context::test_the_conversation_is_not_cut_either",
        ),
    ),
    33: Row(
        "`num_ctx` ignored under `/v1`",
        "ollama/ollama#5902",
        ("mochi/context::test_who_asks_for_a_window_gets_it",),
    ),
    34: Row(
        "`/models` in a private shape, not without a key, not with a slash at its end",
        "open-webui/open-webui#4348",
        (
            "openai/models::test_the_list",
            "openai/models::test_a_trailing_slash_names_no_model",
            "sdk/models::test_list",
            "mochi/models::test_a_trailing_slash_is_the_list",
        ),
    ),
    35: Row(
        "bytes to keep a connection alive before a JSON body",
        "open-webui/open-webui#13277",
        ("openai/chat::test_the_body_is_the_object_and_nothing_else",),
    ),
    36: Row(
        "no `content_part.added`, an IndexError in the SDK",
        "NousResearch/hermes-agent#119758",
        (
            "openai/responses_stream::test_any_manner_of_stream_is_in_order",
            "sdk/responses_create::test_stream_helper",
        ),
    ),
    37: Row(
        "no deltas between the events",
        "Sophomoresty/gemini-web2api#57",
        ("openai/responses_stream::test_there_are_deltas_between_the_ends",),
    ),
    38: Row(
        "`response.completed` without output",
        "Oaklight/llm-rosetta#56",
        ("openai/responses_stream::test_the_last_event_has_the_whole_response",),
    ),
    39: Row(
        "error events without `sequence_number`",
        "diegosouzapw/OmniRoute#13964",
        (
            "openai/responses_refusals::test_an_unknown_model",
            "mochi/response_trouble::test_after_the_first_event",
        ),
    ),
    40: Row(
        "usage without `output_tokens_details`",
        "ggml-org/llama.cpp#22659",
        (
            "openai/responses_answers::test_the_usage_has_its_details",
            "sdk/responses_create::test_create",
        ),
    ),
    41: Row(
        "`previous_response_id` accepted and ignored",
        "Blaizzy/mlx-vlm#1046",
        (
            "openai/responses_state::test_a_turn_follows_another",
            "sdk/responses_state::test_a_chain",
        ),
    ),
    42: Row(
        "`store: true` accepted, and nothing to retrieve",
        "digitalocean/gradient-python#96",
        (
            "openai/responses_state::test_a_response_is_retrieved_as_it_was",
            "openai/stored_completions::test_it_is_retrieved",
        ),
    ),
    43: Row(
        "streamed responses not stored",
        "lmstudio-ai/lmstudio-bug-tracker#1188",
        (
            "openai/responses_state::test_a_streamed_turn_follows_a_streamed_turn",
            "openai/responses_stream::test_a_streamed_response_is_kept",
        ),
    ),
    44: Row(
        "ids of responses that are not stored, and chained all the same",
        "bigduu/Bamboo-agent#513",
        ("openai/responses_state::test_what_is_not_stored_is_not_there",),
    ),
    45: Row(
        "`response.failed` without status and error",
        "langchain-ai/langchain#39041",
        ("mochi/response_trouble::test_after_the_first_event",),
    ),
    46: Row(
        "reasoning that uses up the budget: counted, never sent, and an empty answer",
        "anomalyco/opencode#44385",
        (
            "mochi/thinking::test_a_budget_that_thinking_uses_up",
            "mochi/trouble::test_thinking_that_never_ends",
            "mochi/repairs::test_thoughts_that_are_cut_off_stay_thoughts",
        ),
    ),
}
