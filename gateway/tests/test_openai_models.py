"""Models under the names by which they are asked for."""

from datetime import UTC, datetime

import msgspec
import pytest

from gateway.core.errors import ModelNotFound
from gateway.core.models import ModelCard
from gateway.dialects.openai.models import Model, ModelList, find_model, write_models

CHANGED = datetime(2026, 1, 2, tzinfo=UTC)
CARDS = [
    ModelCard(name=name, modified_at=CHANGED)
    for name in ("demo:latest", "demo:8b", "someone/demo:latest", "hf.co/else/demo:Q4_K_M")
]


def model(id: str, owned_by: str = "library") -> Model:
    return Model(id=id, created=1767312000, owned_by=owned_by)


def test_the_list_has_the_shortest_names_and_their_owners() -> None:
    assert write_models(CARDS) == ModelList(
        data=[
            model("demo"),
            model("demo:8b"),
            model("someone/demo", "someone"),
            model("hf.co/else/demo:Q4_K_M", "else"),
        ]
    )


@pytest.mark.parametrize("asked", ["demo", "demo:latest", "DEMO", "demo:8B", "library/demo"])
def test_a_model_is_found_and_named_as_it_was_asked_for(asked: str) -> None:
    assert find_model(CARDS, asked) == model(asked)


@pytest.mark.parametrize("asked", ["", "dem", "demo:7b", "someone", "else/demo"])
def test_a_part_of_a_name_is_none(asked: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        find_model(CARDS, asked)
    assert caught.value.param == "model"


def test_what_is_known_beside_openais_fields_is_told_and_nothing_else() -> None:
    known = msgspec.structs.replace(
        CARDS[0], context_length=8192, capabilities=frozenset({"tools", "completion"})
    )
    told = msgspec.to_builtins(write_models([known, CARDS[1]]).data)
    openai = {"object": "model", "created": 1767312000, "owned_by": "library"}
    assert told == [
        {
            "id": "demo",
            **openai,
            "context_length": 8192,
            "max_model_len": 8192,
            "capabilities": ["completion", "tools"],
        },
        {"id": "demo:8b", **openai},
    ]
