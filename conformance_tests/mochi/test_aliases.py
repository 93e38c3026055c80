"""A gateway with names of its own for models, for programs that have a name built in."""

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI

from conformance_tests.checks import completion, fold
from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.errors import error_of
from conformance_tests.wire import Server

ALIASES = "gpt-4o=demo, text-embedding-3-small=demo-embed, lost=nowhere:1b"


@pytest.fixture(scope="module")
def named(gateway: Gateway) -> Iterator[Server]:
    with gateway_alone(gateway.ollama, MOCHI_ALIASES=ALIASES) as running:
        yield Server(running.root + "/v1", "gpt-4o")


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4o:latest", "GPT-4o"])
def test_an_alias_answers_under_the_name_that_was_asked(named: Server, name: str) -> None:
    """Clients compare the name with the one that they sent; Ollama does not look at the case."""
    path = "/chat/completions"
    assert completion(named.request("POST", path, named.body(model=name)))["model"] == name
    answer = named.request("POST", path, named.body(model=name, stream=True))
    assert fold(answer).content
    assert {chunk["model"] for chunk in answer.chunks} == {name}


def test_an_alias_is_listed_with_the_facts_of_its_model(named: Server) -> None:
    """Set-up dialogs let people choose from the list; what is not there cannot be chosen."""
    listed = {model["id"]: model for model in named.get("/models").json["data"]}
    assert listed["gpt-4o"] == listed["demo"] | {"id": "gpt-4o"}
    assert "lost" not in listed
    assert named.get("/models/gpt-4o").json == listed["gpt-4o"]


def test_the_models_own_names_still_work(named: Server) -> None:
    """An alias is one more name."""
    path = "/chat/completions"
    assert completion(named.request("POST", path, named.body(model="demo")))["model"] == "demo"


@pytest.mark.parametrize("stream", [False, True])
def test_a_missing_model_is_told_with_both_names(named: Server, stream: bool) -> None:
    """404 model_not_found; whoever asked may not know of the alias, its owner must find it."""
    body = named.body(model="lost", stream=stream)
    answer = named.request("POST", "/chat/completions", body)
    error = error_of(answer)
    assert (answer.status, error["code"]) == (404, "model_not_found")
    assert "'lost'" in error["message"]
    assert "'nowhere:1b'" in error["message"]


def test_sdk(named: Server) -> None:
    """openai-python with the names that examples have."""
    client = OpenAI(base_url=named.base_url, api_key="mochi", timeout=20, max_retries=0)
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"
    vectors = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    assert (vectors.model, len(vectors.data)) == ("text-embedding-3-small", 2)
    with pytest.raises(openai.NotFoundError, match="nowhere:1b"):
        client.chat.completions.create(model="lost", messages=[{"role": "user", "content": "a"}])
