"""Other names for models."""

import pytest

from adapters.aliased import AliasedBackend
from gateway.core.backend import Backend
from gateway.core.errors import BackendFailed, ModelNotFound
from gateway.core.events import Batch, Finished, TextDelta
from gateway.core.messages import UserMessage, text
from gateway.core.models import Embeddings
from gateway.core.replies import collect
from gateway.core.requests import ChatRequest, CompletionRequest, EmbedRequest
from gateway.testing import ScriptedBackend

ALIASES = {"gpt-4o": "demo", "fast": "other:1b", "lost": "nowhere", "twice": "gpt-4o"}
HI: Batch = [TextDelta("Hi"), Finished("stop")]


class Models(ScriptedBackend):
    """`demo` and `other:1b`, which make embeddings as well."""

    def __init__(self, *script: Batch | Exception) -> None:
        super().__init__(*script, models=["demo:latest", "other:1b"])
        self.embedded: list[str] = []

    async def embed(self, request: EmbedRequest) -> Embeddings:
        self.embedded.append(request.model)
        if request.model == "nowhere":
            raise ModelNotFound(request.model)
        return await super().embed(request)


def asking(model: str) -> ChatRequest:
    return ChatRequest(model=model, messages=(UserMessage(text("Hello")),))


def test_it_is_a_backend() -> None:
    assert isinstance(AliasedBackend(Models(), ALIASES), Backend)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("gpt-4o", "demo"),
        ("GPT-4o:latest", "demo"),
        ("library/gpt-4o", "demo"),
        ("fast", "other:1b"),
        ("fast:8b", "fast:8b"),
        ("demo", "demo"),
        ("twice", "gpt-4o"),
    ],
)
async def test_a_name_is_looked_up_once_in_every_spelling(asked: str, meant: str) -> None:
    inner = Models(HI)
    backend = AliasedBackend(inner, ALIASES)
    await collect(backend.chat(asking(asked)))
    await collect(backend.complete(CompletionRequest(model=asked, prompt="Hello")))
    await backend.embed(EmbedRequest(model=asked, inputs=("Hello",)))
    assert [request.model for request in inner.requests] == [meant]
    assert [request.model for request in inner.completions] == [meant]
    assert inner.embedded == [meant]


async def test_an_answer_without_an_alias_is_the_inner_one() -> None:
    backend = AliasedBackend(Models(HI), ALIASES)
    completion = CompletionRequest(model="demo", prompt="Hello")
    for answer in (backend.chat(asking("demo")), backend.complete(completion)):
        assert getattr(answer, "ag_code", None) is ScriptedBackend._play.__code__
        await answer.aclose()


async def test_aliases_are_listed_with_the_facts_of_their_models() -> None:
    cards = await AliasedBackend(Models(), ALIASES).models()
    assert [card.name for card in cards] == ["demo:latest", "other:1b", "gpt-4o", "fast"]
    assert cards[2].modified_at == cards[0].modified_at


async def test_an_alias_wins_over_a_model_of_its_name() -> None:
    inner = Models(HI)
    backend = AliasedBackend(inner, {"Demo": "other:1b"})
    assert [card.name for card in await backend.models()] == ["other:1b", "Demo"]
    await collect(backend.chat(asking("demo")))
    assert inner.requests[0].model == "other:1b"


async def test_details_are_those_of_the_model_under_the_name_that_was_asked() -> None:
    details = await AliasedBackend(Models(), ALIASES).show("gpt-4o")
    assert details.name == "gpt-4o"
    assert details.capabilities == frozenset({"completion", "tools"})


async def test_a_missing_model_is_told_with_its_alias() -> None:
    backend = AliasedBackend(Models(ModelNotFound("nowhere", param="model")), ALIASES)
    said = "The model 'lost' stands for 'nowhere', which does not exist here"
    with pytest.raises(ModelNotFound, match=said) as caught:
        await collect(backend.chat(asking("lost")))
    with pytest.raises(ModelNotFound, match=said):
        await collect(backend.complete(CompletionRequest(model="lost", prompt="Hello")))
    assert caught.value.param == "model"
    with pytest.raises(ModelNotFound, match=said):
        await backend.show("lost")
    with pytest.raises(ModelNotFound, match=said):
        await backend.embed(EmbedRequest(model="lost", inputs=("Hello",)))


async def test_a_missing_model_without_an_alias_is_told_as_ever() -> None:
    with pytest.raises(ModelNotFound, match="The model 'nobody' does not exist here"):
        await AliasedBackend(Models(), ALIASES).show("nobody")


async def test_other_errors_pass_and_so_does_leaving() -> None:
    with pytest.raises(BackendFailed, match=r"^Broke\.$"):
        await collect(
            AliasedBackend(Models(BackendFailed("Broke.")), ALIASES).chat(asking("gpt-4o"))
        )
    inner = Models(HI, HI)
    chat = AliasedBackend(inner, ALIASES).chat(asking("gpt-4o"))
    assert await anext(chat) == HI
    await chat.aclose()
    assert inner.left.is_set()
