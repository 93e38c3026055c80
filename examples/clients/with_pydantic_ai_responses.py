# /// script
# requires-python = ">=3.11"
# dependencies = ["pydantic-ai-slim[openai]>=2"]
# ///
"""pydantic-ai over the Responses API: a streamed answer, a tool, an object, and a chain.

uv run mochi demo                                      # in one terminal
uv run examples/clients/with_pydantic_ai_responses.py  # in another
"""

import asyncio
import os

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIResponsesModel, OpenAIResponsesModelSettings
from pydantic_ai.providers.openai import OpenAIProvider

model = OpenAIResponsesModel(
    os.environ.get("MOCHI_MODEL", "demo-tools"),
    provider=OpenAIProvider(
        base_url=os.environ.get("MOCHI_BASE_URL", "http://127.0.0.1:8000/v1"),
        api_key=os.environ.get("MOCHI_API_KEY", "mochi"),
    ),
)


class City(BaseModel):
    """A city of this world."""

    name: str
    people: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: clear sky, 21 degrees"


async def stream() -> None:
    pieces = []
    async with Agent(model).run_stream("Hello! What can you do?") as answer:
        async for piece in answer.stream_text(delta=True, debounce_by=None):
            print(piece, end="", flush=True)
            pieces.append(piece)
    print(f"\n({answer.usage.total_tokens} tokens)")
    assert len(pieces) > 1, "the answer was not streamed"
    assert answer.usage.output_tokens, "the stream brought no usage"


async def call_a_tool() -> None:
    answer = await Agent(model, tools=[get_weather]).run("What is the weather in Paris?")
    print(answer.output)
    assert answer.usage.tool_calls, "no call of the tool"
    assert "21 degrees" in answer.output, "the tool's result is not used"


async def fill_an_object() -> None:
    agent = Agent(model, output_type=City)
    answer = await agent.run("About 2100000 people live in Paris.")
    print(repr(answer.output))
    assert answer.output == City(name="Paris", people=2100000), "not what the text says"


async def chain() -> None:
    """It leaves out what the response before it has, and sends that one's id."""
    settings = OpenAIResponsesModelSettings(openai_previous_response_id="auto")
    agent = Agent(model, model_settings=settings)
    first = await agent.run("My name is Ada.")
    second = await agent.run("What is my name?", message_history=first.all_messages())
    print(second.output)
    assert "Ada" in second.output, "what was said before is forgotten"


async def main() -> None:
    await stream()
    await call_a_tool()
    await fill_an_object()
    await chain()


if __name__ == "__main__":
    asyncio.run(main())
