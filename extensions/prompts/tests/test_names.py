"""Which names a prompt file can have."""

import pytest

from extensions.prompts.names import is_prompt_name


@pytest.mark.parametrize(
    "name",
    ["a.md", "Two words.md", "für Köche.md", "日本.md", "a.b.md", "con2.md", "x" * 117 + ".md"],
)
def test_names(name: str) -> None:
    assert is_prompt_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".md",
        ".hidden.md",
        "a.txt",
        "a.MD",
        "a.md ",
        "a.md\n",
        "a",
        "../a.md",
        "/etc/a.md",
        "b/a.md",
        "b\\a.md",
        "..",
        "a\0.md",
        "a\x1f.md",
        "a:b.md",
        "a?.md",
        "CON.md",
        "con .md",
        "nul.a.md",
        "COM1.md",
        "lpt¹.md",
        "CONIN$.md",
        "x" * 118 + ".md",
        "日" * 70 + ".md",
        "u\u0308ber.md",
        "\udcff.md",
    ],
)
def test_what_is_none(name: str) -> None:
    assert not is_prompt_name(name)
