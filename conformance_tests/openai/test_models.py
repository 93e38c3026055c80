"""`GET /models` and `GET /models/{model}`."""

from urllib.parse import quote

import pytest

from conformance_tests.checks import error_of
from conformance_tests.judging.verdicts import route_offered
from conformance_tests.wire import Server


def test_the_list(server: Server) -> None:
    """OpenAI API reference, list models: id, object, created and owned_by, for each model once."""
    answer = server.get("/models")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json["object"] == "list"
    for model in answer.json["data"]:
        assert model["object"] == "model"
        assert isinstance(model["created"], int)
        assert model["id"]
        assert model["owned_by"]
    ids = [model["id"] for model in answer.json["data"]]
    assert len(set(ids)) == len(ids) > 0


@pytest.mark.parametrize("safe", ["/:", "/", ""], ids=["plain", "colon escaped", "all escaped"])
def test_each_listed_model_can_be_retrieved(server: Server, safe: str) -> None:
    """openai-python escapes the id as one path segment: `/` arrives as `%2F`."""
    for model in server.get("/models").json["data"][:20]:
        answer = route_offered(server.get("/models/" + quote(model["id"], safe=safe)))
        assert answer.status == 200
        assert answer.json == model


def test_the_model_that_answers_can_be_retrieved(server: Server) -> None:
    """OpenAI API reference, retrieve model: by the name that completions take."""
    answer = route_offered(server.get(f"/models/{quote(server.model, safe='')}"))
    assert answer.status == 200
    assert answer.json["object"] == "model"


UNKNOWN = ["there-is-no-such-model", "nor:this", "no/such/model:1b", "no%2Fsuch%2Fmodel", "%C3%A9"]


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_model_is_not_found(server: Server, name: str) -> None:
    """OpenAI: 404, invalid_request_error, code model_not_found, param model."""
    answer = server.get(f"/models/{name}")
    error = error_of(answer)
    assert (answer.status, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert error["type"] == "invalid_request_error"


def test_a_trailing_slash_names_no_model(server: Server) -> None:
    """Clients join URLs carelessly: the list or a plain 404, not a model without a name."""
    answer = server.get("/models/")
    if answer.status == 200:
        assert answer.json["object"] == "list"
    else:
        assert (answer.status, error_of(answer)["code"]) == (404, None)


def test_query_parameters_do_no_harm(server: Server) -> None:
    """SDKs pass `extra_query`, UIs add a cache breaker; neither asks for anything else."""
    plain, queried = server.get("/models").json, server.get("/models?limit=5&_=1").json
    assert {model["id"] for model in queried["data"]} == {model["id"] for model in plain["data"]}
