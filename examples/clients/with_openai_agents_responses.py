# /// script
# requires-python = ">=3.11"
# dependencies = ["openai-agents>=0.24"]
# ///
"""openai-agents with its default model, over the Responses API: a streamed answer, a tool, an
object, a chain, and a conversation that the gateway keeps.

uv run mochi demo                                        # in one terminal
uv run examples/clients/with_openai_agents_responses.py  # in another
"""

import asyncio
import os

from agents import (
    Agent,
    OpenAIConversationsSession,
    Runner,
    ToolCallItem,
    function_tool,
    set_default_openai_client,
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
set_default_openai_client(client, use_for_tracing=False)
model = os.environ.get("MOCHI_MODEL", "demo-tools")


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


async def chain() -> None:
    agent = Agent("listener", model=model)
    first = await Runner.run(agent, "My name is Ada.")
    second = await Runner.run(
        agent, "What is my name?", previous_response_id=first.last_response_id
    )
    print(second.final_output)
    assert "Ada" in second.final_output, "what was said before is forgotten"


async def converse() -> None:
    agent = Agent("listener", model=model)
    conversation = OpenAIConversationsSession(openai_client=client)
    await Runner.run(agent, "My name is Ada.", session=conversation)
    answer = await Runner.run(agent, "What is my name?", session=conversation)
    print(answer.final_output)
    assert "Ada" in answer.final_output, "the conversation is not kept"
    assert len(await conversation.get_items()) == 4, "not what was said"
    await conversation.clear_session()


async def main() -> None:
    await stream()
    await call_a_tool()
    await fill_an_object()
    await chain()
    await converse()


if __name__ == "__main__":
    asyncio.run(main())
