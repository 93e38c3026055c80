"""The prose of the simulator, and what it says of images."""

import struct

import pytest

from adapters.simulator.images import described
from adapters.simulator.requests import Message
from adapters.simulator.words import Talk, compose, think_aloud


def answer(text: str, *before: Message, salt: str = "") -> str:
    return compose(Talk([*before, Message(role="user", content=text)], salt))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello", ""),
        ("Why is the sea salt?", "salt"),
        ("Summarise this: foxes jump", "foxes"),
        ("Explain recursion", "recursion"),
        ("Make a table of planets", "| planets |"),
        ("Write a short poem about rain", "rain"),
        ("Tell me a story about a fox", "# Fox"),
        ("List some cheeses", "\n3. "),
        ("Write SQL code", "```sql"),
        ("Who are you?", "demo-tools"),
        ("", "empty"),
        ("?", ""),
        ("{topic} {0} %s", ""),
        ("x" * 100_000, ""),
    ],
    ids=lambda text: text[:20],
)
def test_an_answer_refers_to_the_question(text: str, words: str) -> None:
    said = answer(text)
    assert words in said
    assert 5 < len(said) < 3000
    assert "{" not in said.replace("{topic}", "").replace("{0}", "").replace("```", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('Say "one, two"', "one, two"),
        ("Please say hello", "hello"),
        ("Say hi in one word.", "hi"),
        ("Repeat after me: a\nb", "a\nb"),
        ("Answer with the single word: yes", "yes"),
        ("count from 3 to 6", "3 4 5 6"),
        ("What is 2+3?", "2 + 3 = 5."),
        ("7.5 divided by 2", "7.5 divided by 2 = 3.75."),
    ],
)
def test_it_says_what_it_is_told_to(text: str, words: str) -> None:
    assert answer(text) == words


@pytest.mark.parametrize("text", ["On 2024-05-06 it rained", "1 / 0", "Answer in one word: why?"])
def test_what_looks_like_an_order_is_not_always_one(text: str) -> None:
    assert len(answer(text)) > 40


def test_a_system_prompt_can_ask_for_brevity() -> None:
    brief = answer("Why is the sea salt?", Message(role="system", content="Be brief."))
    assert len(brief) < len(answer("Why is the sea salt?"))


def test_it_knows_what_was_said_before() -> None:
    before = [Message(role="user", content="I like tea"), Message(role="assistant", content="ok")]
    assert answer("What did I say?", *before) == "You said: “I like tea”"
    assert answer("What did I say?") == "This is the first thing you have said to me."
    assert answer("What is my name?") == "You have not told me your name yet."


def test_results_of_several_tools() -> None:
    messages = [
        Message(role="user", content="And now?"),
        Message(role="assistant"),
        Message(role="tool", tool_name="one", content="1"),
        Message(role="tool", content="2"),
    ]
    said = compose(Talk(messages))
    assert "- `one` returned: 1" in said
    assert "- `the tool` returned: 2" in said


def test_thinking_names_the_topic() -> None:
    talk = Talk([Message(role="user", content="Tell me about volcanoes")])
    assert think_aloud(talk, "low") == "The user wants to know about volcanoes."
    assert think_aloud(talk, True).startswith("The user wants to know about volcanoes. ")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            b"\x89PNG\r\n\x1a\n" + bytes(8) + struct.pack(">II", 3, 4),
            "a PNG image of 3 by 4 pixels",
        ),
        (b"GIF89a" + struct.pack("<HH", 5, 6), "a GIF image of 5 by 6 pixels"),
        (
            b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 8, 7) + b"abc",
            "a JPEG image of 7 by 8 pixels",
        ),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP image"),
        (b"\x89PNG\r\n\x1a\n", "a damaged image"),
        (b"hello", "5 bytes that are no image I know"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",
)
def test_images(data: bytes, words: str) -> None:
    assert described(data) == words
