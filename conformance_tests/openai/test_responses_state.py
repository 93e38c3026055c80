"""What is kept of a response: chains, branches, input items, deletion."""

from typing import Any
from urllib.parse import urlencode

import pytest

from conformance_tests.checks import error_of
from conformance_tests.judging.verdicts import offered
from conformance_tests.responding import Responses, listed, response_of, text_of, user
from conformance_tests.wire import Answer

NAME = "My name is Ada."
ASK = "What is my name?"


pytestmark = pytest.mark.usefixtures("stateful")


@pytest.fixture(scope="module")
def named(responses: Responses) -> dict[str, Any]:
    """A first turn that later ones may follow."""
    return responses.made(NAME)


def missing(answer: Answer) -> None:
    assert (answer.status, error_of(answer)["type"]) == (404, "invalid_request_error")


def no_predecessor(answer: Answer) -> None:
    error = error_of(answer)
    assert (answer.status, error["param"]) == (400, "previous_response_id")
    assert error["code"] == "previous_response_not_found"


def test_a_response_is_retrieved_as_it_was(responses: Responses, named: dict[str, Any]) -> None:
    """gradient-python 96: `store` is true by default, and what is stored can be retrieved."""
    assert named.get("store", True) is True
    assert responses.found(named["id"]) == named


@pytest.mark.cooperation(times=3, least=2)
def test_a_turn_follows_another(responses: Responses, named: dict[str, Any]) -> None:
    """mlx-vlm 1046: `previous_response_id` accepted and ignored; the model must know."""
    second = responses.made(ASK, previous_response_id=named["id"])
    assert second["previous_response_id"] == named["id"]
    assert "Ada" in text_of(second)
    third = responses.made("What is my name, again?", previous_response_id=second["id"])
    assert third["usage"]["input_tokens"] > second["usage"]["input_tokens"]


@pytest.mark.cooperation(times=3, least=2)
def test_a_turn_follows_a_streamed_one(responses: Responses) -> None:
    """OpenAI API reference, previous_response_id: a turn is one, however it was sent."""
    first = responses.told(NAME)
    second = response_of(responses.create(ASK, previous_response_id=first["id"]))
    assert "Ada" in text_of(second)


def test_a_streamed_turn_is_known_afterwards(responses: Responses) -> None:
    """lmstudio 1188: previous_response_not_found for an id that a stream has handed out."""
    first = responses.told(NAME)
    answer = responses.create(ASK, previous_response_id=first["id"])
    assert answer.status == 200, answer.body[:500]


def test_two_turns_follow_one(responses: Responses, named: dict[str, Any]) -> None:
    """A response is immutable: a branch sees nothing of the other."""
    one = responses.made("My dog is called Rex.", previous_response_id=named["id"])
    other = responses.made(ASK, previous_response_id=named["id"])
    again = responses.made(ASK, previous_response_id=named["id"])
    assert other["usage"]["input_tokens"] == again["usage"]["input_tokens"]
    longer = responses.made(ASK, previous_response_id=one["id"])
    assert longer["usage"]["input_tokens"] > other["usage"]["input_tokens"]


def test_instructions_are_not_inherited(responses: Responses) -> None:
    """OpenAI API reference, instructions: not carried over to the next response."""
    instructions = "Answer like a pirate. " * 50
    first = responses.made(NAME, instructions=instructions)
    second = responses.made(ASK, previous_response_id=first["id"])
    assert second["instructions"] is None
    told = responses.made(ASK, previous_response_id=first["id"], instructions=instructions)
    assert told["usage"]["input_tokens"] > second["usage"]["input_tokens"] + 50


@pytest.fixture(scope="module")
def unstored(responses: Responses) -> list[str]:
    """The ids of two responses with `store` false, one whole and one streamed."""
    return [responses.made(NAME, store=False)["id"], responses.told(NAME, store=False)["id"]]


def test_what_is_not_stored_is_not_there(responses: Responses, unstored: list[str]) -> None:
    """OpenAI API reference, store: what is not stored cannot be retrieved."""
    for id in unstored:
        assert responses.get(id).status == 404
        assert responses.input_items(id).status == 404


def test_what_is_not_stored_is_not_followed(responses: Responses, unstored: list[str]) -> None:
    """Bamboo-agent 513: ids of what was not stored, handed out and chained all the same."""
    for id in unstored:
        no_predecessor(responses.create(ASK, previous_response_id=id))


@pytest.mark.cooperation(times=3, least=2)
def test_an_unstored_turn_follows_a_stored_one(responses: Responses, named: dict[str, Any]) -> None:
    """`store` is about this response, not about the one it follows."""
    response = responses.made(ASK, previous_response_id=named["id"], store=False)
    assert "Ada" in text_of(response)
    missing(responses.get(response["id"]))


def test_what_is_deleted_is_gone(responses: Responses) -> None:
    """OpenAI API reference, delete: neither read nor followed afterwards."""
    id = responses.made(NAME)["id"]
    gone = responses.delete(id)
    assert gone.status == 200
    assert (gone.json["id"], gone.json["deleted"]) == (id, True)
    missing(responses.get(id))
    missing(responses.delete(id))
    missing(responses.input_items(id))
    no_predecessor(responses.create(ASK, previous_response_id=id))


SAID = [user("One."), {"role": "assistant", "content": "Two."}, user("Say three.")]


def test_input_items_come_the_latest_first(responses: Responses) -> None:
    """OpenAI API reference, input items: `order` is `desc` unless it is given."""
    id = responses.made(SAID)["id"]
    items = listed(responses.input_items(id))
    assert [item["role"] for item in items] == ["user", "assistant", "user"]
    assert len({item["id"] for item in items}) == 3
    assert all(item["type"] == "message" for item in items)
    (part,) = items[0]["content"]
    assert (part["type"], part["text"]) == ("input_text", "Say three.")
    ascending = listed(responses.input_items(id, order="asc"))
    assert ascending == items[::-1]


def test_input_items_come_in_pages(responses: Responses) -> None:
    """OpenAI API reference, input items: `limit`, and `after` the last one seen."""
    id = responses.made(SAID)["id"]
    whole = listed(responses.input_items(id, order="asc", limit=100))
    seen: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        answer = responses.input_items(id, order="asc", limit=2, **more)
        seen += listed(answer)
        if not answer.json["has_more"]:
            break
        more = {"after": answer.json["last_id"]}
    assert seen == whole


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"order": "up"}])
def test_a_bad_page_is_refused_by_name(
    responses: Responses, named: dict[str, Any], query: dict[str, Any]
) -> None:
    """OpenAI API reference, input items: a limit of 1 to 100, two orders."""
    answer = responses.input_items(named["id"], **query)
    assert (answer.status, error_of(answer)["param"]) == (400, next(iter(query)))


@pytest.mark.parametrize("path", ["", "/input_items"])
def test_what_nobody_knows_is_not_included(
    responses: Responses, named: dict[str, Any], path: str
) -> None:
    """OpenAI API reference, include: one list of values for creating, reading and listing."""
    url = f"/responses/{named['id']}{path}?{urlencode({'include[]': 'everything'})}"
    answer = responses.server.get(url)
    assert answer.status == 400
    assert (error_of(answer)["param"] or "").startswith("include")
    url = url.replace("everything", "reasoning.encrypted_content")
    assert responses.server.get(url).status == 200


def test_an_item_is_referred_to(responses: Responses, named: dict[str, Any]) -> None:
    """OpenAI API reference, item_reference: an item that is kept, by its id."""
    reference = {"type": "item_reference", "id": named["output"][0]["id"]}
    answer = responses.create([user("Hi."), reference, user("Say hello.")])
    referred = response_of(offered(answer, "input"))
    assert text_of(referred)
    alone = responses.made([user("Hi."), user("Say hello.")])
    assert referred["usage"]["input_tokens"] > alone["usage"]["input_tokens"]


def test_who_was_never_in_the_background_cannot_be_cancelled(
    responses: Responses, named: dict[str, Any]
) -> None:
    """OpenAI API reference, cancel: only responses with `background` true."""
    answer = responses.cancel(named["id"])
    assert (answer.status, error_of(answer)["type"]) == (400, "invalid_request_error")
    assert responses.found(named["id"]) == named


def test_a_cut_response_is_followed(responses: Responses) -> None:
    """An incomplete response is kept with what it has said."""
    cut = responses.create("Count to 20", max_output_tokens=16).json
    assert responses.found(cut["id"]) == cut
    assert text_of(responses.made("Go on.", previous_response_id=cut["id"]))
