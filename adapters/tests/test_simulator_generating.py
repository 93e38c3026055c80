"""Chat and generate beyond the recordings: what is asked for shows in the answer."""

import base64
import json
from typing import Any

import jsonschema_rs
import pytest

from adapters.simulator import Simulator
from adapters.tests.sockets import Reply, ask

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000280000001e00806000000")
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "days": {"type": "integer"},
            },
            "required": ["city"],
        },
    },
}
TIME = {"type": "function", "function": {"name": "get_time", "description": "Time in a city"}}


def user(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, **more}


async def chat(text: str = "Hello", model: str = "demo", **more: Any) -> Reply:
    async with Simulator() as simulator:
        body = {"model": model, "messages": [user(text)], "stream": False, **more}
        return await ask(simulator, "/api/chat", body)


async def said(text: str = "Hello", model: str = "demo", **more: Any) -> str:
    content: str = (await chat(text, model, **more)).json["message"]["content"]
    return content


async def test_an_answer_is_a_function_of_the_request() -> None:
    assert await said("Why is the sky blue?") == await said("Why is the sky blue?")
    assert "sky" in await said("Why is the sky blue?")


async def test_a_seed_and_a_temperature_change_the_words() -> None:
    answers = {await said("Why?", options={"seed": seed}) for seed in range(8)}
    assert len(answers) > 3
    assert len({await said("Why?", options={"temperature": t / 4}) for t in range(8)}) > 3


async def test_the_whole_is_the_stream_joined() -> None:
    streamed = await chat("Tell me a story", stream=True)
    assert streamed.text == await said("Tell me a story")
    assert len(streamed.lines) == streamed.lines[-1]["eval_count"] + 1


async def test_what_it_is_told_to_say() -> None:
    assert await said("Say 'hi <there>'") == "hi <there>"
    assert await said("Reply with exactly: pong") == "pong"
    assert await said("Say this is a test") == "this is a test"
    assert await said("Count to 4") == "1 2 3 4"
    assert await said("What is 6 * 7?") == "6 * 7 = 42."


async def test_it_remembers_the_conversation() -> None:
    messages = [user("My name is Ada."), {"role": "assistant", "content": "Hi"}]
    messages.append(user("What is my name?"))
    assert await said(messages=messages) == "Your name is Ada."


async def test_code_is_a_fenced_block_and_a_list_is_numbered() -> None:
    assert "```python\n" in await said("Write a Python function that sorts words")
    assert "\n2. " in await said("Give me a list of ideas")


async def test_prompt_tokens_grow_with_the_prompt() -> None:
    counts = [(await chat("word " * n)).json["prompt_eval_count"] for n in (1, 2, 10, 100)]
    assert counts == sorted(set(counts))
    assert (await chat(model="demo-tools", tools=[WEATHER])).json["prompt_eval_count"] > counts[1]


async def test_stop_ends_before_the_stop_string() -> None:
    reply = (await chat("Count to 9", options={"stop": ["5", " 4"]})).json
    assert reply["message"]["content"] == "1 2 3"
    assert reply["done_reason"] == "stop"


async def test_num_predict_cuts_and_counts() -> None:
    reply = (await chat("Count to 9", options={"num_predict": 4})).json
    assert reply["message"]["content"] == "1 2 3 4"
    assert (reply["done_reason"], reply["eval_count"]) == ("length", 4)


@pytest.mark.parametrize(("model", "empty"), [("demo", True), ("demo-go", False)])
async def test_num_predict_zero_is_empty_on_the_native_path_only(model: str, empty: bool) -> None:
    reply = (await chat(model=model, options={"num_predict": 0})).json
    assert (reply["message"]["content"] == "") is empty
    assert ("eval_count" not in reply) is empty


async def test_all_tokens_may_go_to_thinking() -> None:
    reply = (await chat(model="demo-thinking", options={"num_predict": 3})).json
    assert reply["message"]["content"] == ""
    assert reply["message"]["thinking"]
    assert reply["done_reason"] == "length"


async def test_a_low_level_thinks_less() -> None:
    low = (await chat(model="demo-thinking", think="low")).json["message"]["thinking"]
    high = (await chat(model="demo-thinking", think="high")).json["message"]["thinking"]
    assert len(low) < len(high)


async def test_without_shift_the_window_ends_the_answer() -> None:
    options = {"num_ctx": 16}
    cut = (await chat("Tell me a story", shift=False, options=options)).json
    assert (cut["done_reason"], cut["prompt_eval_count"] + cut["eval_count"]) == ("length", 16)
    assert (await chat("Tell me a story", options=options)).json["done_reason"] == "stop"


async def test_arguments_come_from_the_schema_and_the_message() -> None:
    text = "What is the weather in Lisbon in fahrenheit for 3 days?"
    reply = (await chat(text, "demo-tools", tools=[TIME, WEATHER])).json
    (call,) = reply["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert call["function"]["arguments"] == {"city": "Lisbon", "unit": "fahrenheit", "days": 3}


async def test_a_tool_without_parameters_is_called_without_arguments() -> None:
    reply = (await chat("What time is it?", "demo-go", tools=[WEATHER, TIME])).json
    (call,) = reply["message"]["tool_calls"]
    assert call["function"]["name"] == "get_time"
    assert call["function"]["arguments"] == {}


async def test_what_may_be_left_out_is_unless_the_message_offers_it() -> None:
    properties = {name: {"type": "string"} for name in ("path", "expression", "folder")}
    parameters = {"type": "object", "properties": properties, "required": ["path"]}
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    for message, arguments in (
        ("Use it", {"path": "notes.txt"}),
        ("Use (3 + 4) * 12", {"path": "notes.txt", "expression": "(3 + 4) * 12"}),
    ):
        reply = (await chat(message, "demo-tools", tools=[tool])).json
        assert reply["message"]["tool_calls"][0]["function"]["arguments"] == arguments


async def test_the_model_does_not_see_what_ollama_drops_from_a_schema() -> None:
    parameters = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1000}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    reply = (await chat("Use it", "demo-tools", tools=[tool])).json
    assert reply["message"]["tool_calls"][0]["function"]["arguments"] == {"n": 7}


GO_ON = user("Now carry out the plan for the instruction above. Use your tools.")


async def test_the_last_message_may_refer_back() -> None:
    """An agent is told what is wanted, asked for a plan, and then told to go on at every step."""
    wanted = user("What is the weather in Lisbon?")
    planned = await said(messages=[wanted, user("Plan how you will follow the instruction.")])
    assert planned.startswith("1. ")
    assert "the weather in Lisbon" in planned
    history = [wanted, {"role": "assistant", "content": planned}]
    tools = [TIME, WEATHER]
    acted = (await chat(model="demo-tools", tools=tools, messages=[*history, GO_ON])).json
    (call,) = acted["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert call["function"]["arguments"]["city"] == "Lisbon"
    history += [acted["message"], {"role": "tool", "tool_name": "get_weather", "content": "18 C"}]
    done = (await chat(model="demo-tools", tools=tools, messages=[*history, GO_ON])).json
    assert "tool_calls" not in done["message"]
    assert "18 C" in done["message"]["content"]


async def test_what_is_wanted_next_is_another_thing() -> None:
    """Old results do not answer it, whatever comes after it."""
    history = [user("Weather in Paris?"), {"role": "tool", "content": "18 C"}]
    messages = [*history, user("And in Rome?"), GO_ON]
    reply = (await chat(model="demo-tools", tools=[WEATHER], messages=messages)).json
    assert reply["message"]["tool_calls"][0]["function"]["arguments"]["city"] == "Rome"


async def test_ids_are_new_in_every_turn() -> None:
    first = (await chat("Weather?", "demo-tools", tools=[WEATHER])).json["message"]
    call = first["tool_calls"][0]
    history = [user("Weather?"), first, {"role": "tool", "content": "18"}, user("Weather?")]
    again = (await chat("", "demo-tools", tools=[WEATHER], messages=history)).json["message"]
    assert again["tool_calls"][0]["id"] != call["id"]


async def test_a_result_is_used_in_the_answer() -> None:
    messages = [
        user("Weather in Paris?"),
        {"role": "assistant", "content": "", "tool_calls": []},
        {"role": "tool", "tool_name": "get_weather", "content": "18 C and sunny"},
    ]
    answer = await said(model="demo-tools", tools=[WEATHER], messages=messages)
    assert "18 C and sunny" in answer
    assert "get_weather" in answer


async def test_a_format_that_fits() -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "score": {"type": "integer", "maximum": 5}},
        "required": ["city", "score"],
        "additionalProperties": False,
    }
    answer = json.loads(await said("How do you like Rome?", format=schema))
    assert jsonschema_rs.is_valid(schema, answer)
    assert answer["city"] == "Rome"
    assert isinstance(json.loads(await said(format="json")), dict)


async def test_a_schema_that_is_none_is_refused_by_the_engine() -> None:
    reply = await chat(format={"type": "string", "minLength": "many"})
    assert reply.status == 400
    assert json.loads(reply.json["error"])["error"]["type"] == "invalid_request_error"


async def test_logprobs_of_every_token() -> None:
    reply = (await chat(logprobs=True, top_logprobs=20)).json
    assert [e["token"] for e in reply["logprobs"]] == tokens(reply["message"]["content"], reply)
    first = reply["logprobs"][0]
    assert len(first["top_logprobs"]) == 20
    assert len({entry["token"] for entry in first["top_logprobs"]}) == 20
    chances = [entry["logprob"] for entry in first["top_logprobs"]]
    assert chances == sorted(chances, reverse=True)
    assert bytes(first["bytes"]).decode() == first["token"]


def tokens(text: str, reply: Any) -> list[str]:
    entries = [entry["token"] for entry in reply["logprobs"]]
    assert "".join(entries) == text
    return entries


async def test_a_parser_holds_tokens_back() -> None:
    reply = await chat("Weather?", "demo-go", tools=[WEATHER], logprobs=True, stream=True)
    held = [line for line in reply.lines if "tool_calls" not in line["message"]][:-1]
    assert held
    assert all(line["message"]["content"] == "" and line["logprobs"] for line in held)


async def test_images_are_seen_where_there_are_eyes() -> None:
    images = [base64.b64encode(PNG).decode()]
    messages = [user("What is this?", images=images)]
    assert "PNG image of 640 by 480 pixels" in await said(model="demo-vision", messages=messages)


@pytest.mark.parametrize("model", ["demo", "demo-go"])
async def test_images_without_vision_are_the_engines_refusal(model: str) -> None:
    messages = [user("What is this?", images=[base64.b64encode(PNG).decode()])]
    reply = await chat(model=model, messages=messages)
    inner = json.loads(reply.json["error"])["error"]
    assert (reply.status, inner["type"]) == (500, "server_error")
    assert inner["message"].startswith("image input is not supported")


async def test_a_rendered_prompt_that_may_not_be_cut() -> None:
    reply = await chat("w " * 5000, "demo-go", shift=False)
    assert reply.status == 400
    text = "the prompt is longer than the context length currently available to the model"
    assert reply.json["error"].startswith(text)


async def test_generate_cuts_on_the_native_path_too() -> None:
    async with Simulator() as simulator:
        body = {"model": "demo", "prompt": "w " * 5000, "stream": False}
        reply = (await ask(simulator, "/api/generate", body)).json
    assert reply["prompt_eval_count"] == 2050


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("gpt-oss:cloud", 403, "ollama cloud is disabled: remote model is unavailable"),
        ("demo:local", 200, ""),
        ("x:cloud:local", 400, "invalid model name"),
        ("library/demo", 200, ""),
        ("registry.ollama.ai/library/DEMO:Latest", 200, ""),
        ("somebody/demo", 404, "model 'somebody/demo' not found"),
        ("demo:7b", 404, "model 'demo:7b' not found"),
    ],
)
async def test_names(name: str, status: int, error: str) -> None:
    reply = await chat(model=name)
    assert reply.status == status
    assert reply.json.get("error", "") == error
    assert reply.json.get("model", name) == name


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"model": ""}, 404, "model '' not found"),
        ({"model": "demo-embed", "prompt": "x"}, 400, '"demo-embed" does not support generate'),
        (
            {"model": "demo", "prompt": "x", "template": "{{ .P"},
            500,
            "template: :1: unclosed action",
        ),
        (
            {"model": "demo", "prompt": "x", "width": 5},
            400,
            "image generation models are not currently supported",
        ),
    ],
)
async def test_refusals_of_generate(body: dict[str, Any], status: int, error: str) -> None:
    async with Simulator() as simulator:
        reply = await ask(simulator, "/api/generate", body)
    assert (reply.status, reply.json["error"]) == (status, error)


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"model": "nothing", "top_logprobs": 21}, 400, "top_logprobs"),
        ({"model": "nothing", "think": "huge"}, 400, "invalid think value"),
        ({"model": "nothing", "tools": [WEATHER]}, 404, "not found"),
        ({"model": "demo", "think": True, "tools": [WEATHER]}, 400, "thinking"),
        ({"model": "demo-embed", "tools": [WEATHER]}, 400, "does not support chat"),
        ({"model": "demo", "tools": [WEATHER], "options": {"stop": "x"}}, 400, "tools"),
        ({"model": "demo", "options": {"stop": "x"}, "format": "xml"}, 500, "option"),
        ({"model": "demo", "messages": [], "format": "xml"}, 200, ""),
        ({"model": "demo", "messages": [], "think": True, "keep_alive": 0}, 200, ""),
    ],
)
async def test_the_order_of_the_checks(more: dict[str, Any], status: int, words: str) -> None:
    reply = await chat(**more)
    assert reply.status == status
    assert words in reply.json.get("error", "")


async def insert(model: str = "demo-insert", **more: Any) -> Reply:
    async with Simulator() as simulator:
        body = {"model": model, "prompt": "def add(a, b):", "suffix": "return c", "stream": False}
        return await ask(simulator, "/api/generate", {**body, **more})


async def test_a_model_with_suffix_in_its_template_fills_the_gap() -> None:
    assert (await insert()).json["response"] == " from b to return "
    shown = (await insert(_debug_render_only=True)).json["_debug_info"]["rendered_template"]
    assert shown == "<|fim_prefix|>def add(a, b):<|fim_suffix|>return c<|fim_middle|>"
    assert (await insert("demo")).status == 400


async def test_that_model_is_found_by_name_alone() -> None:
    async with Simulator() as simulator:
        card = (await ask(simulator, "/api/show", {"model": "demo-insert"})).json
        assert card["capabilities"] == ["completion", "insert"]
        assert ".Suffix" in card["template"]
        listed = (await ask(simulator, "/api/tags")).json["models"]
        assert not any("insert" in model["name"] for model in listed)


@pytest.mark.parametrize(
    ("model", "what"), [("demo", "chat request"), ("demo-go", "completion request")]
)
async def test_numbers_beyond_32_bits_cannot_be_written(model: str, what: str) -> None:
    """Seen with Ollama 0.32.15."""
    reply = await chat(model=model, options={"temperature": 1e300})
    text = f"failed to marshal {what}: json: unsupported value: +Inf"
    assert (reply.status, reply.json) == (500, {"error": text})
