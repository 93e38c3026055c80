"""`client.conversations`, and responses that are made in one."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from conformance_tests.responding import Responses
from conformance_tests.wire import Server


@pytest.fixture
def talk(client: OpenAI, conversations: Server) -> Iterator[str]:
    """A conversation that ends with the test."""
    id = client.conversations.create().id
    yield id
    client.conversations.delete(id)


def texts(client: OpenAI, id: str, **query: Any) -> list[tuple[str, str]]:
    items: Any = client.conversations.items.list(id, order="asc", **query)
    return [(item.role, item.content[0].text) for item in items]


def test_it_lives_and_dies(client: OpenAI, conversations: Server) -> None:
    """openai-python with strict validation: made with items, updated, retrieved, deleted."""
    made = client.conversations.create(
        items=[{"role": "system", "content": "Be brief."}], metadata={"a": "b"}
    )
    assert client.conversations.retrieve(made.id) == made
    changed = client.conversations.update(made.id, metadata={"c": "d"})
    assert changed.metadata == {"c": "d"}
    assert texts(client, made.id) == [("system", "Be brief.")]
    assert client.conversations.delete(made.id).deleted is True
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(made.id)


@pytest.mark.cooperation(times=3, least=2)
def test_responses_are_appended(
    client: OpenAI, responses: Responses, conversations: Server
) -> None:
    """OpenAI's guide to conversation state: one id for the whole of a conversation."""
    model = responses.server.model
    talk = client.conversations.create().id
    first = client.responses.create(model=model, input="My name is Ada.", conversation=talk)
    assert first.conversation
    assert first.conversation.id == talk
    with client.responses.stream(
        model=model, input="What is my name?", conversation=talk
    ) as stream:
        second = stream.get_final_response()
    assert "Ada" in second.output_text
    assert texts(client, talk) == [
        ("user", "My name is Ada."),
        ("assistant", first.output_text),
        ("user", "What is my name?"),
        ("assistant", second.output_text),
    ]
    client.conversations.delete(talk)


def test_items_page_by_themselves(client: OpenAI, talk: str) -> None:
    """openai-python's pages of items go on after `last_id`."""
    new: Any = [{"role": "user", "content": f"Number {n}."} for n in range(5)]
    created = client.conversations.items.create(talk, items=new)
    assert len(created.data) == 5
    assert texts(client, talk, limit=2) == [("user", f"Number {n}.") for n in range(5)]
    id = created.data[0].id or ""
    assert client.conversations.items.retrieve(id, conversation_id=talk) == created.data[0]
    assert client.conversations.items.delete(id, conversation_id=talk).id == talk
    assert texts(client, talk) == [("user", f"Number {n}.") for n in range(1, 5)]
