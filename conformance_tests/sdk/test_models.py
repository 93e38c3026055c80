"""`client.models`."""

import openai
import pytest
from openai import OpenAI

from conformance_tests.sdk.refusals import unless_refused
from conformance_tests.wire import Server


def test_list(client: OpenAI, server: Server) -> None:
    """openai-python with strict validation: a page of models, among them the one that answers."""
    models = list(client.models.list())
    assert models
    assert all(model.object == "model" and model.owned_by for model in models)
    names = {model.id.removesuffix(":latest") for model in models}
    assert server.model.removesuffix(":latest") in names


def test_retrieve(client: OpenAI) -> None:
    """openai-python escapes the id; what comes back is that model."""
    for model in list(client.models.list())[:20]:
        with unless_refused():
            assert client.models.retrieve(model.id).id == model.id


@pytest.mark.parametrize("name", ["no-such-model", "no/such:model"])
def test_retrieve_an_unknown_one(client: OpenAI, name: str) -> None:
    """openai-python: NotFoundError with code model_not_found."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve(name)
    assert caught.value.code == "model_not_found"
