"""Which model is asked when nobody has named one."""

import pytest

from conformance_tests.judging.preflight import CannotJudge, first_model, is_embedding

URL = "http://h/v1"


def test_the_first_that_chats() -> None:
    assert first_model(URL, ["nomic-embed-text:latest", "bge-m3", "qwen3:8b", "x"]) == "qwen3:8b"


@pytest.mark.parametrize("names", [None, [], ["all-minilm"]])
def test_there_may_be_none(names: list[str] | None) -> None:
    with pytest.raises(CannotJudge, match="--model"):
        first_model(URL, names)


def test_models_that_embed_are_told_by_their_names() -> None:
    assert is_embedding("text-embedding-3-small")
    assert not is_embedding("gemma3:4b")
