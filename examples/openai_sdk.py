"""A streamed answer, a tool call and a picture, with the official OpenAI SDK.

uv run mochi demo                     # in one terminal
uv run python examples/openai_sdk.py  # in another
"""

import json
import os

from openai import OpenAI

BASE_URL = os.environ.get("MOCHI_URL", "http://127.0.0.1:8000")
client = OpenAI(base_url=f"{BASE_URL}/v1", api_key=os.environ.get("MOCHI_API_KEY", "mochi"))

GET_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
DOT = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="  # noqa: E501


def stream() -> None:
    """Text, piece by piece."""
    chunks = client.chat.completions.create(
        model="demo",
        messages=[{"role": "user", "content": "Hello! What can you do?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in chunks:
        if chunk.choices:
            print(chunk.choices[0].delta.content or "", end="", flush=True)
        elif chunk.usage:
            print(f"\n({chunk.usage.total_tokens} tokens)")


def call_a_tool() -> None:
    """The model asks for a call, the program makes it, the model reads the result."""
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    asked = client.chat.completions.create(
        model="demo-tools", messages=messages, tools=[GET_WEATHER]
    )
    message = asked.choices[0].message
    messages.append(message.model_dump(exclude_none=True))
    for call in message.tool_calls or []:
        print(f"{call.function.name}({call.function.arguments})")
        result = {"city": json.loads(call.function.arguments)["city"], "sky": "clear"}
        messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
    answer = client.chat.completions.create(
        model="demo-tools", messages=messages, tools=[GET_WEATHER]
    )
    print(answer.choices[0].message.content)


def show_a_picture() -> None:
    """An image in a data URI, for a model that can see."""
    answer = client.chat.completions.create(
        model="demo-vision",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is in this picture?"},
                    {"type": "image_url", "image_url": {"url": DOT}},
                ],
            }
        ],
    )
    print(answer.choices[0].message.content)


if __name__ == "__main__":
    stream()
    call_a_tool()
    show_a_picture()
