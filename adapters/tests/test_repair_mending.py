from time import process_time

import pytest
from msgspec import structs

from adapters.repair.mending import Mender
from adapters.tests.repaired import TOOLS, Call, Thought, merged
from gateway.core.events import (
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCalled,
    Usage,
)
from gateway.core.messages import ToolCall
from gateway.core.notes import Notes

CALL = '<tool_call>{"name":"now","arguments":{}}</tool_call>'
NOW = Call("now", {})


def called(name: str, call_id: str = "call_1", **arguments: object) -> ToolCalled:
    return ToolCalled(ToolCall(call_id, name, arguments))


def token(text: str) -> TextDelta:
    return TextDelta(text, (TokenLogprob(text, -1.0),))


def test_plain_text_passes_as_the_same_batch() -> None:
    mender = Mender(TOOLS, Notes())
    mender.feed([TextDelta("Hello")])
    for _ in range(100):
        batch = [TextDelta(" there, 1, 2, 3."), TextDelta("\n")]
        assert mender.feed(batch) is batch


def test_thoughts_of_ollama_pass_as_the_same_batch() -> None:
    mender = Mender(TOOLS, Notes())
    mender.feed([ThinkingDelta("Hm")])
    batch = [ThinkingDelta(", so")]
    assert mender.feed(batch) is batch


def test_text_is_held_back_only_while_it_may_be_a_marker() -> None:
    mender = Mender(TOOLS, Notes())
    assert mender.feed([TextDelta("a <tool")]) == [TextDelta("a ")]
    assert mender.feed([TextDelta("box> b")]) == [TextDelta("<tool"), TextDelta("box> b")]


def test_thoughts_are_given_out_as_they_come() -> None:
    mender = Mender((), Notes())
    assert mender.feed([TextDelta("<think>a")]) == [ThinkingDelta("a")]
    assert mender.feed([TextDelta("b</th")]) == [ThinkingDelta("b")]
    assert mender.feed([TextDelta("ink>\n")]) == []
    assert mender.feed([TextDelta("\nc")]) == [TextDelta("c")]
    assert mender.idle


def test_a_call_is_given_out_when_its_block_ends() -> None:
    mender = Mender(TOOLS, Notes())
    assert mender.feed([TextDelta(CALL[:-1])]) == []
    assert merged(mender.feed([TextDelta(">")])) == [NOW]


@pytest.mark.parametrize(
    "text", ['{"name": "Ada"', '{"city"', '{"type": "object"', "[1", "```py\n"]
)
def test_json_that_is_an_answer_is_let_go_early(text: str) -> None:
    mender = Mender(TOOLS, Notes())
    assert merged(mender.feed([TextDelta(text)])) == [text]


def test_nothing_is_to_do_without_tools_and_thoughts() -> None:
    mender = Mender((), Notes())
    assert mender.feed([TextDelta(" \n")]) == []
    assert not mender.idle
    assert merged(mender.feed([TextDelta("Hello <think>")])) == [" \nHello <think>"]
    assert mender.idle
    batch = [TextDelta(CALL), Finished("stop")]
    assert mender.feed(batch) is batch


def test_nothing_is_to_do_when_ollama_has_split_the_thoughts_and_there_are_no_tools() -> None:
    mender = Mender((), Notes(), opened=True)
    batch: list[ChatEvent] = [ThinkingDelta("Hm"), TextDelta("a</think>b"), Finished("stop")]
    assert merged(mender.feed(batch)) == [Thought("Hm"), "a</think>b", ("stop",)]
    assert mender.idle


def test_with_tools_there_is_always_something_to_do() -> None:
    mender = Mender(TOOLS, Notes())
    mender.feed([TextDelta("Hello")])
    assert not mender.idle


def test_text_is_not_inside_thoughts_that_ollama_has_split_off() -> None:
    mender = Mender(TOOLS, Notes(), opened=True)
    batch: list[ChatEvent] = [ThinkingDelta("Hm"), TextDelta("Hello"), Finished("stop")]
    assert merged(mender.feed(batch)) == [Thought("Hm"), "Hello", ("stop",)]


def test_a_call_in_thoughts_that_ollama_has_split_off() -> None:
    notes = Notes()
    mender = Mender(TOOLS, notes)
    events: list[ChatEvent] = []
    for character in f"I call {CALL} now":
        events.extend(mender.feed([ThinkingDelta(character)]))
    events.extend(mender.feed([TextDelta("Ok."), Finished("stop")]))
    assert merged(events) == [
        Thought("I call "),
        NOW,
        Thought(" now"),
        "Ok.",
        ("tool_calls",),
    ]
    assert notes.repairs == ["hermes"]


def test_what_is_held_of_a_thought_goes_out_before_text() -> None:
    mender = Mender(TOOLS, Notes())
    events = [*mender.feed([ThinkingDelta("a <tool")]), *mender.feed([TextDelta("_call> b")])]
    assert merged(events) == [Thought("a <tool"), "_call> b"]


def test_a_call_that_fits_passes_untouched() -> None:
    notes = Notes()
    call = called("get_weather", city="Paris", days=3)
    usage = Usage(prompt_tokens=1)
    [first, last] = Mender(TOOLS, notes).feed([call, Finished("stop", usage)])
    assert first == call
    assert last == Finished("tool_calls", usage)
    assert notes.repairs == []


@pytest.mark.parametrize(
    "name", ["GET_WEATHER", "functions.get_weather", "get_weather<|channel|>commentary"]
)
def test_the_name_of_a_call_is_mended(name: str) -> None:
    notes = Notes()
    [event] = Mender(TOOLS, notes).feed([called(name, city="Paris")])
    assert event == called("get_weather", city="Paris")
    assert notes.repairs == ["name"]


def test_a_name_that_could_be_two_tools_is_left_alone() -> None:
    twins = (TOOLS[2], structs.replace(TOOLS[2], name="NOW"))
    [event] = Mender(twins, Notes()).feed([called("Now")])
    assert event == called("Now")


def test_a_call_of_an_unknown_tool_passes_unchanged() -> None:
    notes = Notes()
    call = called("rm", days="3")
    assert Mender(TOOLS, notes).feed([call]) == [call]
    assert notes.repairs == []


def test_the_arguments_of_a_call_are_mended_if_they_fit_then() -> None:
    notes = Notes()
    mender = Mender(TOOLS, notes)
    hopeless = called("get_weather", days="3")
    assert mender.feed([hopeless]) == [hopeless]
    assert notes.repairs == []
    [event] = mender.feed([called("get_weather", "call_2", city="Paris", days="3")])
    assert event == called("get_weather", "call_2", city="Paris", days=3)
    assert notes.repairs == ["types"]


def test_missing_and_repeated_ids_are_replaced() -> None:
    notes = Notes()
    events = Mender(TOOLS, notes).feed([called("now"), called("now"), called("now", "")])
    ids = [event.call.id for event in events if isinstance(event, ToolCalled)]
    assert ids[0] == "call_1"
    assert len(set(ids)) == 3
    assert "" not in ids
    assert notes.repairs == ["ids"]


def test_length_stays_length() -> None:
    events = Mender(TOOLS, Notes()).feed([TextDelta(CALL), Finished("length")])
    assert merged(events) == [NOW, ("length",)]


def test_logprobs_stay_with_their_text() -> None:
    mender = Mender(TOOLS, Notes())
    deltas = [token("a"), token(" <tool"), token("box"), token(">")]
    events = [event for delta in deltas for event in mender.feed([delta])]
    texts = [event for event in events if isinstance(event, TextDelta)]
    assert "".join(event.text for event in texts) == "a <toolbox>"
    assert [entry for event in texts for entry in event.logprobs] == [
        entry for delta in deltas for entry in delta.logprobs
    ]


def test_logprobs_of_a_call_go_with_its_text() -> None:
    tokens = ["a", " <tool_call>", '{"name":"now","arguments":{}}', "</tool_call> b", " c"]
    mender = Mender(TOOLS, Notes())
    events = [event for text in tokens for event in mender.feed([token(text)])]
    events.extend(mender.feed([Finished("stop")]))
    assert merged(events) == ["a ", NOW, " b c", ("tool_calls",)]
    kept = [entry.token for e in events if isinstance(e, TextDelta) for entry in e.logprobs]
    assert kept == ["a", " <tool_call>", " c"]


def test_logprobs_without_text_pass() -> None:
    mender = Mender(TOOLS, Notes())
    mender.feed([token("Hi")])
    batch = [TextDelta("", (TokenLogprob("b", -1.0),))]
    assert mender.feed(batch) is batch


def test_the_rest_is_what_is_held_back() -> None:
    mender = Mender(TOOLS, Notes())
    mender.feed([TextDelta("a"), TextDelta(CALL[:20]), token("x")])
    assert mender.rest() == [TextDelta(CALL[:20]), token("x")]
    assert mender.rest() == []


def test_the_rest_of_a_plain_answer_is_nothing() -> None:
    mender = Mender(TOOLS, Notes())
    mender.feed([TextDelta("Hi")])
    assert mender.rest() == []


@pytest.mark.parametrize("size", [1_000, 300_000])
@pytest.mark.parametrize("step", [997, 1_000_000])
def test_a_block_without_end_is_text_again(size: int, step: int) -> None:
    text = '<tool_call>{"name":"now","arguments":{"a":"' + "x" * size + '"}}</tool_call>'
    mender = Mender(TOOLS, Notes())
    events: list[ChatEvent] = []
    for start in range(0, len(text), step):
        events.extend(mender.feed([TextDelta(text[start : start + step])]))
    events.extend(mender.feed([Finished("stop")]))
    if size == 1_000:
        assert merged(events) == [Call("now", {"a": "x" * size}), ("tool_calls",)]
    else:
        assert merged(events) == [text, ("stop",)]


@pytest.mark.parametrize(
    "unit",
    [
        "<tool_call>{",
        "<tool_call><function=now><parameter=a>",
        "<tool_call>now<arg_key>",
        '<tool_call>{"a":[',
        "[TOOL_CALLS]now[ARGS]",
        "<|channel|>analysis<|message|>",
        '{"name":',
        "{'a':' ' ",
        "[",
        "<",
        "```\n",
    ],
)
def test_time_is_linear_in_the_text(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    mender = Mender(TOOLS, Notes())
    begun = process_time()
    events = [*mender.feed([TextDelta(text)]), *mender.feed([Finished("stop")])]
    assert process_time() - begun < 3
    assert events[-1] == Finished("stop")


def test_depth_is_no_danger() -> None:
    text = '<tool_call>{"name":"now","arguments":{"a":' + "[" * 50_000 + "]" * 50_000 + "}}"
    mender = Mender(TOOLS, Notes())
    events = mender.feed([TextDelta(text), Finished("stop")])
    assert merged(events) == [text, ("stop",)]
