# /// script
# requires-python = ">=3.11"
# dependencies = ["llama-index-core>=0.14", "llama-index-llms-openai-like>=0.8"]
# ///
"""llama-index: a streamed answer, an agent with a tool, and an object.

uv run mochi demo                              # in one terminal
uv run examples/clients/with_llama_index.py    # in another
"""

import asyncio
import os

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

model = OpenAILike(
    model=os.environ.get("MOCHI_MODEL", "demo-tools"),
    api_base=os.environ.get("MOCHI_BASE_URL", "http://127.0.0.1:8000/v1"),
    api_key=os.environ.get("MOCHI_API_KEY", "mochi"),
    is_chat_model=True,
    is_function_calling_model=True,
)


class City(BaseModel):
    """A city of this world."""

    name: str
    people: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: clear sky, 21 degrees"


def stream() -> None:
    pieces = []
    for piece in model.stream_chat([ChatMessage("Hello! What can you do?")]):
        print(piece.delta, end="", flush=True)
        pieces.append(piece.delta)
    print()
    assert len(pieces) > 1, "the answer was not streamed"


async def call_a_tool() -> None:
    answer = await FunctionAgent(tools=[get_weather], llm=model).run(
        "What is the weather in Paris?"
    )
    print(answer)
    assert answer.tool_calls, "no call of the tool"
    assert "21 degrees" in str(answer), "the tool's result is not used"


def fill_an_object() -> None:
    city = model.as_structured_llm(City).complete("About 2100000 people live in Paris.").raw
    print(repr(city))
    assert city == City(name="Paris", people=2100000), "not what the text says"


if __name__ == "__main__":
    stream()
    asyncio.run(call_a_tool())
    fill_an_object()
