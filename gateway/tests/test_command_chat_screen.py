"""What stands on a screen while an answer comes, and when it is whole."""

from io import StringIO

import pytest
from rich.console import Console

from gateway.commands.chatting.screen import Screen
from gateway.tests.terminals import seen

HEIGHT = 8


@pytest.fixture
def output() -> StringIO:
    return StringIO()


@pytest.fixture
def screen(output: StringIO) -> Screen:
    console = Console(
        file=output, force_terminal=True, width=40, height=HEIGHT, color_system="standard"
    )
    return Screen(console)


def shown(output: StringIO) -> list[str]:
    return [line for line in seen(output.getvalue(), HEIGHT) if line]


def test_a_long_answer_is_there_once_and_in_order(screen: Screen, output: StringIO) -> None:
    screen.wait()
    lines = [f"Paragraph {number}." for number in range(30)]
    for character in "\n\n".join(lines):
        screen.say(character)
    screen.settle()
    assert shown(output) == lines


def test_code_longer_than_the_screen_is_there_once(screen: Screen, output: StringIO) -> None:
    lines = [f"line {number}" for number in range(30)]
    for piece in ["```\n", *(f"{line}\n" for line in lines), "```\n"]:
        screen.say(piece)
        if screen._live:
            screen._live.refresh()
    screen.settle()
    assert [line.strip() for line in shown(output)] == lines


def test_the_block_that_grows_is_seen(screen: Screen, output: StringIO) -> None:
    screen.say("Done.\n\nHalf a **wo")
    assert screen._live
    screen._live.refresh()
    assert shown(output) == ["Done.", "Half a **wo"]
    screen.say("rd**")
    screen.settle()
    assert shown(output) == ["Done.", "Half a word"]


def test_a_finished_block_is_not_drawn_twice(screen: Screen, output: StringIO) -> None:
    screen.say("One")
    screen.say(".\n\nT")
    assert shown(output).count("One.") == 1
    assert "One" not in shown(output)
    screen.settle()


def test_blocks_keep_a_distance_of_one_line(screen: Screen, output: StringIO) -> None:
    screen.say("One.\n\n- a\n- b\n\nTwo.")
    screen.settle()
    assert seen(output.getvalue(), HEIGHT)[:6] == ["One.", "", " • a", " • b", "", "Two."]


def test_what_looks_like_html_is_text(screen: Screen, output: StringIO) -> None:
    screen.say("A vector<int> and\n\n<div>\nhi\n\n| a |\n|---|\n| <b> |")
    screen.settle()
    assert [line.strip() for line in shown(output)] == [
        "A vector<int> and",
        "<div> hi",
        "a",
        "───",
        "<b>",
    ]


def test_a_link_shows_where_it_goes(screen: Screen, output: StringIO) -> None:
    screen.say("[bank](http://evil.example)")
    screen.settle()
    assert shown(output) == ["bank (http://evil.example)"]


def test_thinking_is_dim_and_stands_apart(screen: Screen, output: StringIO) -> None:
    screen.think("Hm *hm*")
    screen.say("Yes.")
    screen.settle()
    assert "\x1b[2mHm *hm*" in output.getvalue()
    assert seen(output.getvalue(), HEIGHT)[:3] == ["Hm *hm*", "", "Yes."]


def test_the_cursor_comes_back(screen: Screen, output: StringIO) -> None:
    screen.wait()
    screen.say("x")
    screen.settle()
    assert output.getvalue().rfind("\x1b[?25h") > output.getvalue().rfind("\x1b[?25l")


def test_a_model_cannot_drive_the_terminal(screen: Screen, output: StringIO) -> None:
    screen.say("a\x1b]0;owned\x07b\x9b2J[red]c[/red]\u202ed")
    screen.note("x\x1b[2Jy\nz")
    screen.table(("A", "B"), [("\x1b[2Jq", "[bold]r")])
    assert shown(output) == ["a]0;ownedb2J[red]c[/red]d", "x[2Jy z", "A     B", "[2Jq  [bold]r"]
    assert not {"\x1b]0", "\x1b[2J", "\x9b", "\u202e"} & {
        output.getvalue()[at : at + size]
        for size in (1, 3, 4)
        for at in range(len(output.getvalue()))
    }
