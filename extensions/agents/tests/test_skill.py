import pytest

from extensions.agents.skill import NotASkill, Skill, read_skill

WHOLE = """\
---
description: "Keeps notes: one file each."
model: qwen3:8b
author: nobody
tool_policies: jot: never_confirm, wipe: always_confirm
---

You are a scribe.

---
Be brief.
"""


def test_a_whole_file() -> None:
    assert read_skill(WHOLE.encode()) == Skill(
        description="Keeps notes: one file each.",
        model="qwen3:8b",
        tool_policies={"jot": "never_confirm", "wipe": "always_confirm"},
        prompt="You are a scribe.\n\n---\nBe brief.",
    )


def test_as_an_editor_of_windows_writes_it() -> None:
    windows = b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode()
    assert read_skill(windows) == read_skill(WHOLE.encode())


@pytest.mark.parametrize(
    ("line", "description"),
    [
        ("description: Notes", "Notes"),
        ("description:Notes", "Notes"),
        ("description:   'Notes'  ", "Notes"),
        ('description: "Notes: all"', "Notes: all"),
        ("description: Notes: all", "Notes: all"),
        ("description: Don't", "Don't"),
        ("# a comment: nothing\ndescription: Notes", "Notes"),
        ("tags:\n  description: of a tag\ndescription: Notes", "Notes"),
        ("nothing\n\ndescription: Notes", "Notes"),
    ],
)
def test_values(line: str, description: str) -> None:
    assert read_skill(f"---\n{line}\n---\n".encode()) == Skill(description=description, prompt="")


@pytest.mark.parametrize(
    ("value", "policies"),
    [
        ("", {}),
        ("jot: never_confirm", {"jot": "never_confirm"}),
        ("{jot: never_confirm, 'wipe': 'ask'}", {"jot": "never_confirm", "wipe": "ask"}),
        ("jot, : never_confirm, wipe:", {"jot": "", "": "never_confirm", "wipe": ""}),
        ("jot: always_confirm, jot: never_confirm", {"jot": "always_confirm"}),
        ("jot: never_confirm, jot: never_confirm", {"jot": "never_confirm"}),
    ],
)
def test_policies(value: str, policies: dict[str, str]) -> None:
    text = f"---\ndescription: Notes\ntool_policies: {value}\n---\n"
    assert read_skill(text.encode()).tool_policies == policies


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not begin with a line '---'"),
        (b"You are a scribe.\n---\n---\n", "does not begin with a line '---'"),
        (b"---\ndescription: Notes\nYou are", "has no end, a second line '---'"),
        (b"---\n---\nYou are", "has no description"),
        (b"---\ndescription:\n---\n", "has no description"),
        (b"---\ndescription: ''\n---\n", "has no description"),
        (b"---\ndescription: >\n  Notes\n---\n", "does not stand on one line"),
        (b"---\ndescription: \xff\n---\n", "is not UTF-8"),
        ("---\ndescription: Notes\n---\n".encode("utf-16"), "is not UTF-8"),
    ],
)
def test_what_is_none_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(NotASkill, match=reason):
        read_skill(data)


def test_lines_of_the_prompt_stay_as_they_are() -> None:
    text = "---\ndescription: Notes\n---\nOne  \ntwo\u2028\x0bthree\t\n"
    assert read_skill(text.encode()).prompt == "One  \ntwo\u2028\x0bthree"
