"""Chat completions with `store`: found again, listed, changed, deleted."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from conformance_tests.checks import completion, error_of, fold
from conformance_tests.responding import listed
from conformance_tests.wire import Answer, Server, ask

PATH = "/chat/completions"
UNKNOWN = "chatcmpl-000000000000000000000000"


def kept(server: Server, **fields: Any) -> dict[str, Any]:
    return completion(server.chat(store=True, max_tokens=5, **fields))


def found(server: Server, **query: Any) -> list[dict[str, Any]]:
    return listed(server.get(f"{PATH}?{urlencode(query)}"))


def missing(answer: Answer) -> None:
    assert (answer.status, error_of(answer)["type"]) == (404, "invalid_request_error")


def test_it_is_retrieved(stored: Server) -> None:
    """OpenAI API reference, get chat completion: the object, with its metadata."""
    made = kept(stored, metadata={"topic": "tea"})
    again = completion(stored.get(f"{PATH}/{made['id']}"))
    assert again["metadata"] == {"topic": "tea"}
    assert {name: again[name] for name in ("id", "choices", "created", "model", "usage")} == {
        name: made[name] for name in ("id", "choices", "created", "model", "usage")
    }


def test_a_streamed_one_is_kept_whole(stored: Server) -> None:
    """OpenAI API reference: `store` means the same with `stream`."""
    answer = stored.stream(store=True, max_tokens=5, metadata={"topic": "tea"})
    again = completion(stored.get(f"{PATH}/{answer.chunks[0]['id']}"))
    assert again["choices"][0]["message"]["content"] == fold(answer).content
    assert again["choices"][0]["finish_reason"]
    assert again["usage"]["completion_tokens"] > 0
    assert again["metadata"] == {"topic": "tea"}


@pytest.mark.parametrize("fields", [{}, {"store": False}, {"store": None}])
def test_nothing_is_kept_unasked(stored: Server, fields: dict[str, Any]) -> None:
    """OpenAI API reference, store: false by default."""
    missing(stored.get(f"{PATH}/{completion(stored.chat(max_tokens=1, **fields))['id']}"))


def test_its_messages_are_listed(stored: Server) -> None:
    """OpenAI API reference, get chat messages: each with an id; parts apart from text."""
    parts = [{"type": "text", "text": "Say hello."}]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]
    id = kept(stored, messages=messages)["id"]
    first, second = listed(stored.get(f"{PATH}/{id}/messages"))
    assert (first["role"], first["content"]) == ("system", "Be brief.")
    assert (second["role"], second["content_parts"]) == ("user", parts)
    assert first["id"] != second["id"]
    page = stored.get(f"{PATH}/{id}/messages?limit=1&order=desc")
    assert (listed(page), page.json["has_more"]) == ([second], True)
    assert listed(stored.get(f"{PATH}/{id}/messages?after={first['id']}")) == [second]


def test_lists_are_chosen_by_metadata_and_model(stored: Server) -> None:
    """OpenAI API reference, list: `metadata[key]=value`, all of which must fit, and `model`."""
    mark = kept(stored)["id"]
    one = kept(stored, metadata={"mark": mark, "n": "1"})
    two = kept(stored, metadata={"mark": mark, "n": "2"})
    both = {completion["id"] for completion in found(stored, **{"metadata[mark]": mark})}
    assert both == {one["id"], two["id"]}
    fitting = found(stored, **{"metadata[mark]": mark, "metadata[n]": "2"})
    assert [completion["id"] for completion in fitting] == [two["id"]]
    assert found(stored, **{"metadata[mark]": mark, "model": "there-is-no-such-model"}) == []
    assert len(found(stored, **{"metadata[mark]": mark, "model": stored.model})) == 2


def test_lists_come_in_pages_either_way(stored: Server) -> None:
    """OpenAI API reference, list: `after`, `limit`, and `order`, `asc` by default."""
    mark = kept(stored)["id"]
    for _ in range(3):
        kept(stored, metadata={"mark": mark})
    chosen = {"metadata[mark]": mark}
    everything = [completion["id"] for completion in found(stored, **chosen)]
    assert len(everything) == 3
    assert [c["id"] for c in found(stored, order="desc", **chosen)] == everything[::-1]
    page = stored.get(f"{PATH}?limit=2&metadata[mark]={mark}")
    assert ([c["id"] for c in listed(page)], page.json["has_more"]) == (everything[:2], True)
    rest = found(stored, after=everything[1], **chosen)
    assert [completion["id"] for completion in rest] == everything[2:]


def test_metadata_are_replaced(stored: Server) -> None:
    """OpenAI API reference, update: nothing but the metadata can be changed."""
    made = kept(stored, metadata={"a": "b"})
    path = f"{PATH}/{made['id']}"
    changed = completion(stored.request("POST", path, {"metadata": {"c": "d"}}))
    assert changed["metadata"] == {"c": "d"}
    assert changed["choices"] == made["choices"]
    assert completion(stored.get(path)) == changed


def test_what_is_deleted_is_gone(stored: Server) -> None:
    """OpenAI API reference, delete."""
    path = f"{PATH}/{(id := kept(stored)['id'])}"
    gone = stored.request("DELETE", path)
    assert (gone.status, gone.json) == (
        200,
        {"object": "chat.completion.deleted", "id": id, "deleted": True},
    )
    for answer in (
        stored.get(path),
        stored.get(f"{path}/messages"),
        stored.request("POST", path, {"metadata": {}}),
        stored.request("DELETE", path),
    ):
        missing(answer)


@pytest.mark.parametrize("id", [UNKNOWN, "x", "..%2F..%2Fetc%2Fpasswd", quote("ü" * 300)])
def test_an_unknown_one(stored: Server, id: str) -> None:
    """OpenAI: 404, whatever the id looks like."""
    missing(stored.get(f"{PATH}/{id}"))


@pytest.mark.parametrize(
    ("query", "param"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("order=up", "order")],
)
def test_a_bad_query_is_refused_by_name(stored: Server, query: str, param: str) -> None:
    """OpenAI API reference, list: a limit of 1 to 100, two orders."""
    answer = stored.get(f"{PATH}?{query}")
    assert (answer.status, error_of(answer)["param"]) == (400, param)


def test_bad_metadata_are_refused_by_name(stored: Server) -> None:
    """OpenAI API reference, metadata: at most 16 pairs, keys of 64 and values of 512 characters."""
    path = f"{PATH}/{kept(stored)['id']}"
    for metadata in ({"a": 1}, {"a" * 65: "b"}, {"a": "b" * 513}, {str(n): "" for n in range(17)}):
        for answer in (
            stored.request("POST", path, {"metadata": metadata}),
            stored.chat(store=True, messages=ask("Say hello."), metadata=metadata),
        ):
            error = error_of(answer)
            assert (answer.status, (error["param"] or "")[:8]) == (400, "metadata")
