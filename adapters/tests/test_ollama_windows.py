"""Context windows: large enough, in doublings, and never smaller than before."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from adapters.ollama.windows import Prompt, Windows, asked_window, measured
from gateway.core.errors import InvalidRequest
from gateway.core.messages import (
    AssistantMessage,
    ImagePart,
    JSONTextPart,
    ToolCall,
    UserMessage,
    text,
)
from gateway.core.models import ModelDetails
from gateway.core.requests import ChatRequest


def known(name: str = "demo", **fields: Any) -> ModelDetails:
    return ModelDetails(name=name, capabilities=None, **fields)


def test_a_prompt_is_measured_by_its_bytes() -> None:
    ascii_ = measured((UserMessage(text("x" * 3500)),)).tokens
    raw = measured((UserMessage((JSONTextPart(Raw(b'"%s"' % (b"x" * 3498))),)),)).tokens
    assert ascii_ == raw == 1004
    assert measured((UserMessage(text("日" * 1000)),)).tokens == 862
    tools = Raw(b"x" * 350)
    assert measured((), tools).tokens == 100
    picture = UserMessage((ImagePart("A" * 100_000, "image/png"),))
    assert measured((picture,)) == Prompt(772, images=1)
    call = AssistantMessage((), "", (ToolCall("c", "f", {"a": "x" * 700}),))
    assert measured((call,)).tokens > 200


def sent(
    windows: Windows, asked: int | None, tokens: int, model: ModelDetails, answer: int | None = None
) -> int | None:
    """The window of a request that Ollama answered."""
    window = windows.choose(model.name, asked, Prompt(tokens), answer, model)
    if window is not None:
        windows.loaded(model.name, window)
    return window


def test_half_as_much_again_and_room_for_the_answer() -> None:
    windows = Windows("auto")
    assert sent(windows, None, 5461, known()) == 8192
    assert sent(windows, None, 5462, known("a")) == 16384
    assert sent(windows, None, 5000, known("b"), 4000) == 16384
    assert sent(windows, None, 1000, known("c"), 100_000) == 8192


def test_a_window_never_shrinks_and_never_exceeds_the_model() -> None:
    windows = Windows("auto")
    model = known(context_length=40_000)
    assert sent(windows, None, 9000, model) == 16384
    assert sent(windows, None, 1, known("Demo:latest")) == 16384
    assert sent(windows, None, 30_000, model) == 40_000
    assert sent(windows, None, 1, known("other")) == 8192


def test_a_window_that_never_came_about_is_nobodys() -> None:
    windows, model = Windows("auto"), known()
    assert windows.choose("demo", None, Prompt(100_000), None, model) == 262144
    assert windows.choose("demo", None, Prompt(1), None, model) == 8192


def test_a_model_that_cannot_be_loaded_any_more_begins_anew() -> None:
    windows, model = Windows("auto"), known()
    assert sent(windows, None, 100_000, model) == 262144
    assert sent(windows, None, 1, model) == 262144
    windows.failed("demo:latest")
    assert sent(windows, None, 1, model) == 8192


def test_the_window_of_the_model_file_is_the_least() -> None:
    own = known(parameters='stop           "<|end|>"\nnum_ctx                        32768')
    assert sent(Windows("auto"), None, 1, own) == 32768


def test_what_the_caller_insists_on_is_sent_and_remembered() -> None:
    windows = Windows("auto")
    assert sent(windows, 20_000, 1, known()) == 20_000
    assert sent(windows, None, 1, known()) == 20_000


def test_two_doors_do_not_make_ollama_load_in_turns() -> None:
    """A kept conversation sends at most nine tenths of what the model has."""
    windows, model = Windows("auto"), known(context_length=8192)
    for _ in range(2):
        assert sent(windows, 7372, 1, model) == 7372
        assert sent(windows, None, 1000, model) == 7372
    assert sent(windows, None, 6000, model) == 8192


def test_a_small_window_stays_its_callers_own() -> None:
    windows, model = Windows("auto"), known()
    for _ in range(2):
        assert sent(windows, 512, 1, model) == 512
        assert sent(windows, None, 1, model) == 8192
    own = known("own", parameters="num_ctx 32768")
    assert sent(windows, None, 1, own) == 32768
    assert sent(windows, 512, 1, own) == 512
    assert sent(windows, None, 1, own) == 32768


def test_the_operator_may_choose_a_number_or_leave_it_to_ollama() -> None:
    assert sent(Windows(4096), None, 9000, known()) == 4096
    assert sent(Windows("ollama"), None, 9000, known()) is None
    assert sent(Windows("ollama"), 2048, 9000, known()) == 2048


def test_a_window_grows_to_the_true_length_if_the_model_can() -> None:
    model = known(context_length=40_000)
    windows = Windows("auto")
    assert windows.grown(12_000, 8192, model) == 32768
    assert windows.grown(39_000, 8192, model) == 40_000
    assert windows.grown(41_000, 8192, model) is None
    assert windows.grown(39_000, 40_000, model) is None
    assert Windows(8192).grown(12_000, 8192, model) is None


def test_the_window_may_stand_among_the_options() -> None:
    request = ChatRequest(model="demo", messages=(), context_length=5000)
    assert asked_window(request) == 5000
    assert asked_window(msgspec.structs.replace(request, options={"num_ctx": 6000})) == 6000
    with pytest.raises(InvalidRequest):
        asked_window(msgspec.structs.replace(request, options={"num_ctx": 0}))
    with pytest.raises(InvalidRequest):
        asked_window(msgspec.structs.replace(request, options={"num_ctx": 10**30}))
    assert asked_window(msgspec.structs.replace(request, options={"num_ctx": True})) == 5000


def test_more_than_the_model_has_is_not_sent() -> None:
    windows, model = Windows("auto"), known(context_length=40_000)
    assert sent(windows, 2**31 - 1, 1, model) == 40_000
    assert sent(windows, None, 1, model) == 40_000


def test_a_caller_may_leave_the_window_to_ollama_whatever_the_policy() -> None:
    request = ChatRequest(model="demo", messages=(), context_length="ollama")
    for policy in ("auto", 4096):
        windows = Windows(policy)
        assert windows.choose("demo", asked_window(request), Prompt(9), None, known()) is None
