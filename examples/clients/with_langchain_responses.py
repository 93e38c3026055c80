# /// script
# requires-python = ">=3.11"
# dependencies = ["langchain-openai>=1"]
# ///
"""LangChain over the Responses API: a streamed answer, a tool, an object, and a chain.

uv run mochi demo                                      # in one terminal
uv run examples/clients/with_langchain_responses.py    # in another
"""

import os

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

model = ChatOpenAI(
    model=os.environ.get("MOCHI_MODEL", "demo-tools"),
    base_url=os.environ.get("MOCHI_BASE_URL", "http://127.0.0.1:8000/v1"),
    api_key=os.environ.get("MOCHI_API_KEY", "mochi"),
    use_responses_api=True,
)


class City(BaseModel):
    """A city of this world."""

    name: str
    people: int


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: clear sky, 21 degrees"


def stream() -> None:
    chunks = []
    for chunk in model.stream("Hello! What can you do?"):
        print(chunk.text, end="", flush=True)
        chunks.append(chunk)
    usage = next((chunk.usage_metadata for chunk in chunks if chunk.usage_metadata), None)
    print(f"\n{usage}")
    assert sum(bool(chunk.text) for chunk in chunks) > 1, "the answer was not streamed"
    assert usage, "the stream brought no usage"


def call_a_tool() -> None:
    with_tools = model.bind_tools([get_weather])
    messages = [HumanMessage("What is the weather in Paris?")]
    messages.append(with_tools.invoke(messages))
    assert messages[-1].tool_calls, f"no call of the tool: {messages[-1].text}"
    messages += [get_weather.invoke(call) for call in messages[-1].tool_calls]
    answer = with_tools.invoke(messages)
    print(answer.text)
    assert "21 degrees" in answer.text, "the tool's result is not used"


def fill_an_object(method: str) -> None:
    filler = model.with_structured_output(City, method=method)
    city = filler.invoke("About 2100000 people live in Paris.")
    print(f"{method}: {city!r}")
    assert city == City(name="Paris", people=2100000), "not what the text says"


def chain() -> None:
    """It leaves out what the response before it has, and sends that one's id."""
    remembering = model.model_copy(update={"use_previous_response_id": True})
    messages = [HumanMessage("My name is Ada.")]
    messages += [remembering.invoke(messages), HumanMessage("What is my name?")]
    answer = remembering.invoke(messages)
    print(answer.text)
    assert "Ada" in answer.text, "what was said before is forgotten"


if __name__ == "__main__":
    stream()
    call_a_tool()
    fill_an_object("json_schema")
    fill_an_object("function_calling")
    chain()
