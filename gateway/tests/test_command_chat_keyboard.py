"""What is typed, over one line or several."""

import stat
from pathlib import Path

import pytest

from gateway.commands.chatting.keyboard import (
    Keyboard,
    Typed,
    completer,
    history_file,
    prepared,
)


@pytest.mark.parametrize(
    ("lines", "typed"),
    [
        (["hello"], Typed("hello")),
        (["  hello  "], Typed("hello")),
        (["one \\", "two\\", "three"], Typed("one \ntwo\nthree")),
        (['"""one', "", "  /two", 'three"""'], Typed("one\n\n  /two\nthree")),
        (['"""', "one", '"""'], Typed("one")),
        (['"""one"""'], Typed("one")),
        (['"""', '"""'], Typed("")),
        (["/help"], Typed("/help", command=True)),
        ([" /help"], Typed("/help")),
        (['"""/help"""'], Typed("/help")),
        (["/system one\\", "two"], Typed("/system one\ntwo", command=True)),
        (["caf\udcc3\udca9"], Typed("café")),
        (["\udcff"], Typed("�")),
        ([""], Typed("")),
    ],
)
def test_a_message(
    lines: list[str], typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    coming = iter(lines)
    monkeypatch.setattr("builtins.input", lambda prompt: next(coming))
    assert Keyboard(tmp_path / "history", coloured=False).message("> ") == typed
    assert list(coming) == []


def test_the_history_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "history"
    assert prepared(path) == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    prepared(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_place_for_it_there_is_no_history(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert prepared(tmp_path / "file" / "history") is None


def test_the_history_is_kept_with_the_user_s_data() -> None:
    assert history_file({"XDG_DATA_HOME": "/data"}) == Path("/data/mochi/chat_history")
    assert history_file({}) == Path.home() / ".local/share/mochi/chat_history"


def test_commands_are_completed_and_text_is_not() -> None:
    complete = completer(["/edit", "/exit", "/new"])
    assert [complete("/e", number) for number in range(3)] == ["/edit", "/exit", None]
    assert complete("", 0) is None
