"""`POST /v1/embeddings`, on the wire."""

import base64
import struct
from typing import Any

import pytest

from conformance_tests.checks import error_of
from conformance_tests.judging.verdicts import offered
from conformance_tests.wire import Answer, Server

INPUT = ["the sea", "a mountain", "the sea"]


def embed(server: Server, **fields: Any) -> Answer:
    return server.request("POST", "/embeddings", {"input": INPUT, **fields})


def test_one_vector_for_each_input_in_their_order(server: Server, embedding_model: str) -> None:
    """OpenAI API reference, embeddings/create: `data` in the order of `input`, with `index`."""
    answer = embed(server, model=embedding_model).json
    assert (answer["object"], answer["model"]) == ("list", embedding_model)
    assert [item["index"] for item in answer["data"]] == [0, 1, 2]
    first, second, third = (item["embedding"] for item in answer["data"])
    assert first == third != second
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] > 0


def test_floats_are_the_default(server: Server, embedding_model: str) -> None:
    """OpenAI API reference, encoding_format: `float` unless somebody asks for base64, which SDKs do
    and others do not.
    """
    vectors = [item["embedding"] for item in embed(server, model=embedding_model).json["data"]]
    assert all(isinstance(number, float) for vector in vectors for number in vector)
    asked = embed(server, model=embedding_model, encoding_format="float").json["data"]
    assert [item["embedding"] for item in asked] == vectors


def test_base64_holds_the_same_vectors(server: Server, embedding_model: str) -> None:
    """openai-python and openai-node ask for base64 by default: little-endian 32-bit floats."""
    floats = embed(server, model=embedding_model).json["data"][0]["embedding"]
    answer = embed(server, model=embedding_model, encoding_format="base64")
    packed = offered(answer, "encoding_format").json["data"][0]
    data = base64.b64decode(packed["embedding"])
    assert struct.unpack(f"<{len(data) // 4}f", data) == pytest.approx(floats, abs=1e-6)


def test_dimensions_are_kept_or_refused(server: Server, embedding_model: str) -> None:
    """OpenAI API reference, embeddings/create: `dimensions` is the width of the answer."""
    short = embed(server, model=embedding_model, dimensions=4)
    vectors = offered(short, "dimensions").json["data"]
    assert {len(item["embedding"]) for item in vectors} == {4}
    refused = embed(server, model=embedding_model, dimensions=100_000)
    assert (refused.status, refused.json["error"]["param"]) == (400, "dimensions")


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"input": ""}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": [1, 2]}, 400, "input"),
        ({"input": [[1], [2]]}, 400, "input"),
        ({"input": 3}, 400, "input"),
        ({"input": "x " * 20_000}, 400, "input"),
        ({"encoding_format": "hex"}, 400, "encoding_format"),
        ({"model": "nobody"}, 404, None),
    ],
)
def test_mistakes_are_named(
    server: Server, embedding_model: str, fields: dict[str, Any], status: int, param: str | None
) -> None:
    """OpenAI API reference, embeddings/create: bounds of `input`; a text is refused, not cut."""
    refused = embed(server, **{"model": embedding_model, **fields})
    assert (refused.status, refused.json["error"]["param"]) == (status, param)


def test_a_model_that_cannot_embed_is_told(server: Server, embedding_model: str) -> None:
    """llama-server refuses it with 501, which says nothing of whose mistake it is."""
    answer = embed(server, model=server.model)
    if answer.status == 200:  # some make a vector of any model
        assert len(answer.json["data"]) == len(INPUT)
    else:
        assert (answer.status, error_of(answer)["param"]) == (400, "model")
