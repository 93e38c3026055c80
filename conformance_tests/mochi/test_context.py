"""The context window: large enough for every prompt, and never loaded anew without need.

Ollama cuts prompts that do not fit, and takes seconds to minutes to load a model with another
window. The simulator's tokens are words in parts of six letters, so that `x x x …` is far more
tokens than its bytes let one think.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from conformance_tests.checks import completion, fold
from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.errors import error_of
from conformance_tests.openai.test_vision import image, shown
from conformance_tests.wire import Answer, Server, ask

LARGEST = 131_072
"""Tokens that `demo-long` has room for."""

_fresh = itertools.count()


def words(tokens: int) -> str:
    """A text of so many tokens, of 5 bytes each, as English has them."""
    return "tree " * tokens


def letters(tokens: int) -> str:
    """A text of so many tokens, of 2 bytes each."""
    return "x " * tokens


def window(answer: Answer) -> int:
    """The window that Ollama was asked for."""
    assert answer.status == 200, answer.body[:500]
    return int(answer.headers["x-mochi-num-ctx"])


@pytest.fixture
def long(gateway: Gateway) -> str:
    """A large model that nobody has asked before, so that what is remembered of it is known."""
    return f"demo-long:unasked-{next(_fresh)}"


@pytest.fixture(scope="module")
def ollama(gateway: Gateway) -> Server:
    """The simulated Ollama itself."""
    return Server(gateway.ollama)


def loaded(ollama: Server, model: str) -> int:
    """The window with which Ollama has the model in memory."""
    (one,) = [one for one in ollama.get("/api/ps").json["models"] if one["name"] == model]
    window: int = one["context_length"]
    return window


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_short_prompt_gets_8192(server: Server, ollama: Server, long: str, stream: bool) -> None:
    """Ollama's own default is 4096, less than what agents send before the first question."""
    answer = server.chat(model=long, stream=stream)
    assert window(answer) == loaded(ollama, long) == 8192


def test_it_grows_in_doublings_and_never_shrinks(server: Server, ollama: Server, long: str) -> None:
    """A change of the window is a reload of the model: rare, and never for a short prompt."""
    sizes = [100, 3_000, 8_000, 100, 20_000, 9_000, 100]
    windows = []
    for size in sizes:
        windows.append(window(server.chat(model=long, messages=ask(words(size)), max_tokens=5)))
        assert loaded(ollama, long) == windows[-1]
    assert windows == [8192, 8192, 32_768, 32_768, 65_536, 65_536, 65_536]


def test_each_model_has_its_own(server: Server, long: str) -> None:
    """A long conversation with one model is no reason to load another with a larger window."""
    server.chat(model=long, messages=ask(words(20_000)), max_tokens=5)
    assert window(server.chat(model=f"{long}-other", max_tokens=5)) == 8192


def test_names_of_one_model_share_one(server: Server, ollama: Server) -> None:
    """`demo-long` and `demo-long:latest` are one model, and reload each other."""
    grown = window(server.chat(model="demo-long", messages=ask(words(20_000)), max_tokens=5))
    for name in ("demo-long:latest", "library/demo-long", "DEMO-LONG"):
        assert window(server.chat(model=name, max_tokens=5)) == grown
    assert loaded(ollama, "demo-long:latest") == grown


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_prompt_of_many_tokens_fits_all_the_same(
    server: Server, ollama: Server, long: str, stream: bool
) -> None:
    """What looks short may be long: Ollama's refusal tells how long, and it is asked again."""
    options = {"stream_options": {"include_usage": True}} if stream else {}
    messages = ask(letters(9_000))
    answer = server.chat(model=long, messages=messages, stream=stream, max_tokens=5, **options)
    usage: Any = fold(answer).usage if stream else completion(answer)["usage"]
    assert usage["prompt_tokens"] > 9_000
    assert window(answer) == loaded(ollama, long) == 16_384
    assert window(server.chat(model=long, max_tokens=5)) == 16_384


def test_the_answer_has_room(server: Server, long: str) -> None:
    """`max_tokens` is a limit and no forecast: some room is kept for it, and not all of it."""
    messages = ask(words(3_500))
    assert window(server.chat(model=long, messages=messages, max_tokens=5)) == 8192
    assert window(server.chat(model=long, messages=messages, max_tokens=100_000)) == 16_384


def test_tools_and_images_are_counted(server: Server, long: str) -> None:
    """Ollama reckons an image with 768 tokens; tools are text, and agents send 50 kB of them."""
    pictures = shown(*[image() for _ in range(8)])
    assert window(server.chat(model=long, messages=pictures, max_tokens=5)) == 16_384
    tool = {"name": "clock", "description": words(10_000)}
    tools = [{"type": "function", "function": tool}]
    answer = server.chat(model=f"{long}-tools", tools=tools, max_tokens=5)
    assert window(answer) == 32_768


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_completions_as_well(server: Server, ollama: Server, long: str, stream: bool) -> None:
    """The older API shares the memory: what the one has grown the other does not shrink."""
    path = "/completions"
    fields = {"model": long, "max_tokens": 5, "stream": stream}
    assert window(server.request("POST", path, {"prompt": "Hello", **fields})) == 8192
    answer = server.request("POST", path, {"prompt": letters(9_000), **fields})
    assert window(answer) == loaded(ollama, long) == 16_384
    assert window(server.chat(model=long, max_tokens=5)) == 16_384


@pytest.mark.parametrize("fields", [{"num_ctx": 5000}, {"options": {"num_ctx": 5000}}], ids=str)
def test_who_asks_for_a_window_gets_it(
    server: Server, ollama: Server, long: str, fields: dict[str, Any]
) -> None:
    """ollama/ollama 5902: `num_ctx` is ignored under Ollama's `/v1`. No prompt changes it here."""
    assert window(server.chat(model=long, max_tokens=5, **fields)) == loaded(ollama, long) == 5000
    answer = server.chat(model=long, messages=ask(letters(6_000)), max_tokens=5, **fields)
    assert (answer.status, error_of(answer)["code"]) == (400, "context_length_exceeded")
    completed = server.request("POST", "/completions", {"model": long, "prompt": "Hi", **fields})
    assert window(completed) == 5000


def test_a_small_window_stays_its_callers_own(server: Server, ollama: Server, long: str) -> None:
    """Who asked for nothing would find the answer cut or the prompt shifted out of the window; a
    larger one does no harm, and is left as it is.
    """
    for asked, after in ((None, 8192), (512, 8192), (20_000, 20_000), (512, 8192)):
        if asked:
            assert window(server.chat(model=long, num_ctx=asked, max_tokens=5)) == asked
        assert window(server.chat(model=long, max_tokens=5)) == loaded(ollama, long) == after


@pytest.mark.parametrize("asked", [0, -1, 1.5, "8192", True])
def test_what_is_no_window_is_refused(server: Server, root: Server, asked: Any) -> None:
    """OpenAI's manner: 400, with the name of the field."""
    answer = server.chat(num_ctx=asked)
    assert (answer.status, error_of(answer)["param"]) == (400, "num_ctx")


def test_no_window_is_larger_than_the_model(server: Server, ollama: Server, long: str) -> None:
    """Ollama would take the number and cap it in silence; the header tells the truth."""
    answer = server.chat(model=long, num_ctx=1_000_000, max_tokens=5)
    assert window(answer) == loaded(ollama, long) == LARGEST
    answer = server.chat(model=f"{long}-full", messages=ask(words(90_000)), max_tokens=5)
    assert window(answer) == LARGEST
    assert window(server.chat(model="demo", messages=ask(words(5_000)), max_tokens=5)) == 8192


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("text", [words, letters])
@pytest.mark.parametrize(("model", "tokens"), [("demo", 9_000), ("demo-long", LARGEST + 1)])
def test_a_prompt_larger_than_the_model_is_refused(
    server: Server, root: Server, model: str, tokens: int, text: Any, stream: bool
) -> None:
    """ollama/ollama 4967, 6026: nothing is cut in silence. By OpenAI's code agents know
    that they have to compact."""
    answer = server.chat(model=model, messages=ask(text(tokens)), stream=stream)
    error = error_of(answer)
    assert (answer.status, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == ("messages", "context_length_exceeded")
    body = {"model": model, "prompt": text(tokens), "stream": stream}
    error = error_of(server.request("POST", "/completions", body))
    assert (error["param"], error["code"]) == ("prompt", "context_length_exceeded")


def test_the_conversation_is_not_cut_either(server: Server, root: Server) -> None:
    """Ollama drops the oldest messages first, so that the beginning is forgotten unnoticed."""
    messages = [*ask("My name is Ada."), *ask(words(9_000)), *ask("What is my name?")]
    answer = server.chat(model="demo", messages=messages)
    assert error_of(answer)["code"] == "context_length_exceeded"
    assert (
        "Ada"
        in completion(server.chat(model="demo-long", messages=messages))["choices"][0]["message"][
            "content"
        ]
    )


@pytest.fixture(scope="module")
def ollamas_choice(gateway: Gateway) -> Iterator[Server]:
    with gateway_alone(gateway.ollama, MOCHI_CONTEXT="ollama") as running:
        yield Server(running.root + "/v1", "demo")


@pytest.fixture(scope="module")
def fixed(gateway: Gateway) -> Iterator[Server]:
    with gateway_alone(gateway.ollama, MOCHI_CONTEXT="4096") as running:
        yield Server(running.root + "/v1", "demo")


def test_the_choice_can_be_left_to_ollama(
    ollamas_choice: Server, ollama: Server, long: str
) -> None:
    """MOCHI_CONTEXT=ollama: OLLAMA_CONTEXT_LENGTH and the memory decide, as without a gateway."""
    answer = ollamas_choice.chat(model=long, max_tokens=5)
    assert "x-mochi-num-ctx" not in answer.headers
    assert loaded(ollama, long) == 4096
    refused = ollamas_choice.chat(model=long, messages=ask(letters(6_000)))
    assert error_of(refused)["code"] == "context_length_exceeded"
    assert window(ollamas_choice.chat(model=long, num_ctx=16_384, max_tokens=5)) == 16_384


def test_the_window_can_be_fixed(fixed: Server, ollama: Server, long: str) -> None:
    """MOCHI_CONTEXT=4096: for machines whose memory somebody has reckoned with."""
    assert window(fixed.chat(model=long, max_tokens=5)) == loaded(ollama, long) == 4096
    refused = fixed.chat(model=long, messages=ask(words(6_000)))
    assert error_of(refused)["code"] == "context_length_exceeded"
    assert window(fixed.chat(model=long, num_ctx=16_384, max_tokens=5)) == 16_384
    assert window(fixed.chat(model=long, max_tokens=5)) == 4096
