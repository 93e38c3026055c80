"""Responses that remember: a chain, a conversation, work in the background, a tool.

uv run mochi demo                    # in one terminal
uv run python examples/responses.py  # in another
"""

import json
import os
import time

from openai import OpenAI

BASE_URL = os.environ.get("MOCHI_URL", "http://127.0.0.1:8000")
client = OpenAI(base_url=f"{BASE_URL}/v1", api_key=os.environ.get("MOCHI_API_KEY", "mochi"))

GET_WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


def chain() -> None:
    """A response follows another by its id; two that follow the same one know nothing of each
    other."""
    first = client.responses.create(model="demo", input="My name is Ada.")
    print(first.output_text)
    second = client.responses.create(
        model="demo", input="What is my name?", previous_response_id=first.id
    )
    print(second.output_text)
    print(f"{second.id} follows {second.previous_response_id}")


def converse() -> None:
    """A conversation keeps what was said, in order; here its answer is streamed."""
    conversation = client.conversations.create(
        items=[{"role": "system", "content": "Answer in one line."}]
    )
    with client.responses.stream(
        model="demo", input="Hello!", conversation=conversation.id
    ) as events:
        for event in events:
            if event.type == "response.output_text.delta":
                print(event.delta, end="", flush=True)
    print()
    for item in client.conversations.items.list(conversation.id, order="asc"):
        print(f"{item.role:>9}: {item.content[0].text}")
    client.conversations.delete(conversation.id)


def work_in_the_background() -> None:
    """Nobody has to wait for the answer; whoever wants it asks whether it is there."""
    response = client.responses.create(model="demo", input="Count to 20", background=True)
    while response.status in ("queued", "in_progress"):
        time.sleep(0.1)
        response = client.responses.retrieve(response.id)
    print(f"{response.status}: {response.output_text}")
    client.responses.delete(response.id)


def call_a_tool() -> None:
    """The model asks for a call, the program makes it and sends the result, and nothing else."""
    asked = client.responses.create(
        model="demo-tools", input="What is the weather in Paris?", tools=[GET_WEATHER]
    )
    results = []
    for item in asked.output:
        if item.type == "function_call":
            print(f"{item.name}({item.arguments})")
            result = {"city": json.loads(item.arguments)["city"], "sky": "clear"}
            results.append(
                {
                    "type": "function_call_output",
                    "call_id": item.call_id,
                    "output": json.dumps(result),
                }
            )
    answer = client.responses.create(
        model="demo-tools", input=results, previous_response_id=asked.id, tools=[GET_WEATHER]
    )
    print(answer.output_text)


if __name__ == "__main__":
    chain()
    converse()
    work_in_the_background()
    call_a_tool()
