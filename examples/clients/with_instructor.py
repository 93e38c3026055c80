# /// script
# requires-python = ">=3.11"
# dependencies = ["instructor>=1.17"]
# ///
"""instructor: a streamed answer, a tool call as an object, and objects, whole and as they grow.

uv run mochi demo                              # in one terminal
uv run examples/clients/with_instructor.py     # in another
"""

import os

import instructor
from openai import OpenAI
from pydantic import BaseModel

MODEL = os.environ.get("MOCHI_MODEL", "demo-tools")
openai = OpenAI(
    base_url=os.environ.get("MOCHI_BASE_URL", "http://127.0.0.1:8000/v1"),
    api_key=os.environ.get("MOCHI_API_KEY", "mochi"),
)
client = instructor.from_openai(openai, model=MODEL)


class City(BaseModel):
    """A city of this world."""

    name: str
    people: int


class GetWeather(BaseModel):
    """The weather of a city."""

    city: str

    def run(self) -> str:
        return f"{self.city}: clear sky, 21 degrees"


def stream() -> None:
    messages = [{"role": "user", "content": "Hello! What can you do?"}]
    pieces = []
    for chunk in openai.chat.completions.create(model=MODEL, messages=messages, stream=True):
        pieces.append(chunk.choices[0].delta.content or "")
        print(pieces[-1], end="", flush=True)
    print()
    assert sum(map(bool, pieces)) > 1, "the answer was not streamed"


def call_a_tool() -> None:
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    wanted, asked = client.create_with_completion(messages=messages, response_model=GetWeather)
    assert wanted.city, "the call does not say for which city"
    call = asked.choices[0].message.tool_calls[0]
    messages.append(asked.choices[0].message.model_dump())
    messages.append({"role": "tool", "tool_call_id": call.id, "content": wanted.run()})
    answer = client.create(messages=messages, response_model=None)
    print(answer.choices[0].message.content)
    assert "21 degrees" in answer.choices[0].message.content, "the tool's result is not used"


def fill_an_object() -> None:
    messages = [{"role": "user", "content": "About 2100000 people live in Paris."}]
    city = client.create(messages=messages, response_model=City)
    print(repr(city))
    assert (city.name, city.people) == ("Paris", 2100000), "not what the text says"
    *_, grown = client.create_partial(messages=messages, response_model=City)
    print(repr(grown))
    assert grown.model_dump() == city.model_dump(), "the stream ended with half an object"


if __name__ == "__main__":
    stream()
    call_a_tool()
    fill_an_object()
