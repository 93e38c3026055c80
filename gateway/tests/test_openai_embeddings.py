"""Texts in, vectors out, to the letter."""

import base64
import struct
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from gateway.core.errors import BackendFailed, Invalid
from gateway.core.models import Embeddings
from gateway.core.notes import Notes
from gateway.core.requests import EmbedRequest
from gateway.dialects.decoding import decode
from gateway.dialects.openai.embeddings import EmbeddingRequest, read, write

DECODER = msgspec.json.Decoder(EmbeddingRequest)
FOUND = Embeddings((Raw(b"[0.5,-1.0]"), Raw(b"[1e-3,0]")), 7)


def asked(**fields: Any) -> EmbeddingRequest:
    return decode(DECODER, msgspec.json.encode({"model": "demo-embed", "input": "a", **fields}))


def test_one_text_or_many() -> None:
    one = EmbedRequest(model="demo-embed", inputs=("a",))
    assert read(asked(), Notes()) == one
    assert read(asked(dimensions=None, encoding_format=None), Notes()) == one
    assert read(asked(input=["a", "b"], dimensions=2), Notes()) == EmbedRequest(
        model="demo-embed", inputs=("a", "b"), dimensions=2
    )


def test_numbers_pass_through_as_they_are() -> None:
    assert write(FOUND, asked(encoding_format="float")) == (
        b'{"object":"list","data":['
        b'{"object":"embedding","index":0,"embedding":[0.5,-1.0]},'
        b'{"object":"embedding","index":1,"embedding":[1e-3,0]}],'
        b'"model":"demo-embed","usage":{"prompt_tokens":7,"total_tokens":7}}'
    )


def test_base64_is_of_little_endian_floats() -> None:
    answer = msgspec.json.decode(write(FOUND, asked(encoding_format="base64")))
    packed = [base64.b64decode(item["embedding"]) for item in answer["data"]]
    assert packed == [struct.pack("<2f", 0.5, -1.0), struct.pack("<2f", 0.001, 0)]


@pytest.mark.parametrize(
    ("fields", "param", "reason"),
    [
        ({"input": None}, "input", "invalid_type"),
        ({"input": ""}, "input", "empty_string"),
        ({"input": []}, "input", "empty_array"),
        ({"input": ["a", ""]}, "input[1]", "empty_string"),
        ({"input": ["a", None]}, "input[1]", "invalid_type"),
        ({"input": [1, 2]}, "input", "unsupported_value"),
        ({"input": [[1, 2]]}, "input", "unsupported_value"),
        ({"input": ["a"] * 2049}, "input", "array_above_max_length"),
        ({"model": ""}, "model", "invalid_value"),
        ({"encoding_format": "hex"}, "encoding_format", "invalid_value"),
        ({"dimensions": 0}, "dimensions", "integer_below_min_value"),
    ],
)
def test_mistakes_are_named(fields: dict[str, Any], param: str, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(asked(**fields), Notes())
    assert (caught.value.param, caught.value.reason) == (param, reason)


def test_more_dimensions_than_there_are_is_a_mistake() -> None:
    assert write(FOUND, asked(dimensions=2))
    with pytest.raises(Invalid) as caught:
        write(FOUND, asked(dimensions=3))
    assert caught.value.param == "dimensions"


def test_a_vector_that_is_none_is_ollamas_fault() -> None:
    with pytest.raises(BackendFailed):
        write(Embeddings((Raw(b'["x"]'),)), asked(encoding_format="base64"))
