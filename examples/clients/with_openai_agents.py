# /// script
# requires-python = ">=3.11"
# dependencies = ["openai-agents>=0.24"]
# ///
"""openai-agents: a streamed answer, an agent with a tool, and an agent that answers an object.

uv run mochi demo                              # in one terminal
uv run examples/clients/with_openai_agents.py  # in another
"""

import asyncio
import os

from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    Runner,
    ToolCallItem,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from openai.types.responses import ResponseTextDeltaEvent
from pydantic import BaseModel

set_tracing_disabled(True)  # traces go to OpenAI
client = AsyncOpenAI(
    base_url=os.environ.get("MOCHI_BASE_URL", "http://127.0.0.1:8000/v1"),
    api_key=os.environ.get("MOCHI_API_KEY", "mochi"),
)
model = OpenAIChatCompletionsModel(os.environ.get("MOCHI_MODEL", "demo-tools"), client)


class City(BaseModel):
    """A city of this world."""

    name: str
    people: int


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: clear sky, 21 degrees"


async def stream() -> None:
    answer = Runner.run_streamed(Agent("talker", model=model), "Hello! What can you do?")
    pieces = []
    async for event in answer.stream_events():
        if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent):
            print(event.data.delta, end="", flush=True)
            pieces.append(event.data.delta)
    print()
    assert len(pieces) > 1, "the answer was not streamed"


async def call_a_tool() -> None:
    agent = Agent("weather", model=model, tools=[get_weather])
    answer = await Runner.run(agent, "What is the weather in Paris?")
    print(answer.final_output)
    assert any(isinstance(item, ToolCallItem) for item in answer.new_items), "no call of the tool"
    assert "21 degrees" in answer.final_output, "the tool's result is not used"


async def fill_an_object() -> None:
    agent = Agent("atlas", model=model, output_type=City)
    answer = await Runner.run(agent, "About 2100000 people live in Paris.")
    print(repr(answer.final_output))
    assert answer.final_output == City(name="Paris", people=2100000), "not what the text says"


async def main() -> None:
    await stream()
    await call_a_tool()
    await fill_an_object()


if __name__ == "__main__":
    asyncio.run(main())
