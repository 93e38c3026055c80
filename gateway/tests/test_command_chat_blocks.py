"""Where growing Markdown is cut."""

import pytest

from gateway.commands.chatting.blocks import Blocks

CODE = "```python\nif a:\n\n    b\n```"
STEPS = "1. one\n\n   more of it\n\n   ```\n   code\n\n   ```"


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("one", ["one"]),
        ("one\ntwo\n\nthree", ["one\ntwo", "three"]),
        ("one\n\n\n\ntwo\n\n", ["one", "two"]),
        (f"before\n\n{CODE}\n\nafter", ["before", CODE, "after"]),
        (f"{STEPS}\n\n2. two", [STEPS, "2. two"]),
        ("~~~\n```\n\n~~~\n\nafter", ["~~~\n```\n\n~~~", "after"]),
        ("````\n```\n\n````\n\nafter", ["````\n```\n\n````", "after"]),
        ("```code``` here\n\nafter", ["```code``` here", "after"]),
        ("```\nnever\n\nclosed", ["```\nnever\n\nclosed"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n\nafter", ["| a | b |\n|---|---|\n| 1 | 2 |", "after"]),
        ("\n\nlate", ["late"]),
        ("", []),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_block_ends_where_nothing_can_change_it(text: str, blocks: list[str], size: int) -> None:
    growing = Blocks()
    found = [
        block for at in range(0, len(text), size) for block in growing.add(text[at : at + size])
    ]
    found += [rest] if (rest := growing.end()) else []
    assert [block.strip("\n") for block in found] == blocks


def test_a_finished_block_is_given_at_once() -> None:
    growing = Blocks()
    assert growing.add("one\n\n") == []  # an indented line would belong to it
    assert growing.add("t") == ["one"]
    assert growing.rest == "t"


def test_the_tail_of_long_code_is_still_code() -> None:
    growing = Blocks()
    growing.add("```python\n" + "".join(f"line {number}\n" for number in range(100)))
    assert growing.tail(4).splitlines() == ["```python", "line 97", "line 98", "line 99"]


def test_after_the_end_a_new_text_begins() -> None:
    growing = Blocks()
    growing.add("```\ncode")
    growing.end()
    assert growing.add("one\n\ntwo") == ["one"]
