"""Embeddings through the official SDK, which asks for base64 by itself."""

import pytest
from openai import OpenAI


def test_the_default_and_floats_are_the_same(client: OpenAI, embedding_model: str) -> None:
    """openai-python `embeddings.create` decodes base64 when no format was given."""
    # Not the strict client: it refuses the base64 that the SDK itself has asked for.
    lenient = OpenAI(base_url=client.base_url, api_key=client.api_key)
    default = lenient.embeddings.create(model=embedding_model, input=["a", "b"])
    floats = client.embeddings.create(
        model=embedding_model, input=["a", "b"], encoding_format="float"
    )
    assert len(default.data) == 2
    for one, other in zip(default.data, floats.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
