"""One conversation through every door: four turns through four APIs, the same four read back from
each, and a branch that knows only the first.

uv run mochi demo                           # in one terminal
uv run python examples/one_conversation.py  # in another
"""

import json
import os

import httpx
from openai import OpenAI

BASE_URL = os.environ.get("MOCHI_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("MOCHI_API_KEY", "mochi")
openai = OpenAI(base_url=f"{BASE_URL}/v1", api_key=KEY)
mochi = httpx.Client(
    base_url=f"{BASE_URL}/api/v1", headers={"Authorization": f"Bearer {KEY}"}, timeout=120
)


def tell(door: str, text: str) -> None:
    print(f"{door:>22}: {text}")


def through_responses(conversation: str, text: str) -> str:
    """The turn, and its id for whoever wants to branch there."""
    response = openai.responses.create(model="demo", input=text, conversation=conversation)
    tell("/v1/responses", response.output_text)
    return response.id


def through_a_session(session: str, text: str) -> None:
    answer = mochi.post(f"/chat/{session}", json={"message": text}).raise_for_status().json()
    tell("/api/v1/chat", answer["message"]["content"])


def through_chat_completions(session: str, text: str) -> None:
    """The header joins the session: what was said before need not be sent."""
    answer = openai.chat.completions.create(
        model="demo",
        messages=[{"role": "user", "content": text}],
        extra_headers={"x-mochi-session": session},
    )
    tell("/v1/chat/completions", answer.choices[0].message.content)


def through_a_stream(session: str, text: str) -> None:
    with mochi.stream("POST", f"/chat/{session}/stream", json={"message": text}) as answer:
        blocks = answer.read().split(b"\n\n")
    begin = b"event: content_delta\ndata: "
    deltas = [json.loads(block.removeprefix(begin)) for block in blocks if block.startswith(begin)]
    tell("/api/v1/chat, streamed", "".join(delta["content"] for delta in deltas))


def by_conversation(conversation: str) -> list[tuple[str, str]]:
    """Who said what, as OpenAI's API lists it."""
    items = openai.conversations.items.list(conversation, order="asc")
    return [(item.role, item.content[0].text) for item in items]


def by_session(session: str) -> list[tuple[str, str]]:
    """The same, as the gateway's own API lists it."""
    listed = mochi.get(f"/sessions/{session}/messages").raise_for_status().json()
    return [(message["role"], message["content"]) for message in listed["messages"]]


def main() -> None:
    conversation = openai.conversations.create().id
    session = conversation.removeprefix("conv_")  # the conversation conv_X is the session X
    first = through_responses(conversation, "My name is Ada.")
    through_a_session(session, "What is my name?")
    through_chat_completions(session, "Who am I?")
    through_a_stream(session, "Thank you, goodbye.")

    turns = by_session(session)
    if by_conversation(conversation) != turns:
        raise SystemExit("The two lists differ.")
    print(f"\n{len(turns)} messages, the same in both lists:")
    for role, content in turns:
        print(f"{role:>9}: {content}")

    branch = openai.responses.create(
        model="demo", input="What did I say first?", previous_response_id=first
    )
    print(f"\nA branch of turn 1: {branch.output_text}")
    openai.conversations.delete(conversation)


if __name__ == "__main__":
    main()
