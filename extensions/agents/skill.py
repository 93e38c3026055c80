"""`SKILL.md`: what an agent says of itself, and the prompt behind it.

---
description: "Keeps notes: one file each."
model: qwen3:8b
tool_policies: jot: never_confirm, wipe: always_confirm
---
You are a scribe.
"""

from msgspec import Struct

__all__ = ["NotASkill", "Skill", "read_skill"]

FENCE = "---"
BLOCKS = frozenset((">", "|", ">-", "|-", ">+", "|+"))
"""How YAML begins a value of several lines."""


class NotASkill(ValueError):
    """The file is none, and the reason: a phrase for people."""


class Skill(Struct, frozen=True, kw_only=True):
    """What stands in the file. `tool_policies` are as they were found: what is no policy acts as
    `always_confirm`. `changed_at` is when it was written, in seconds since 1970."""

    description: str
    prompt: str
    model: str | None = None
    tool_policies: dict[str, str] = {}
    changed_at: float = 0


def read_skill(data: bytes) -> Skill:
    """The content of a file; `NotASkill`. A mark of the byte order, as Windows' editors write it,
    is no part of it."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotASkill("its SKILL.md is not UTF-8") from None
    front, prompt = parted(text.replace("\r\n", "\n").split("\n"))
    values = dict(pair for line in front if (pair := value_in(line)))
    description = values.get("description", "")
    if not description:
        raise NotASkill("its SKILL.md has no description")
    if description in BLOCKS:
        raise NotASkill("the description in its SKILL.md does not stand on one line")
    return Skill(
        description=description,
        prompt=prompt,
        model=values.get("model") or None,
        tool_policies=policies_in(values.get("tool_policies", "")),
    )


def parted(lines: list[str]) -> tuple[list[str], str]:
    """The lines of the front matter, and the prompt."""
    fences = [number for number, line in enumerate(lines) if line.rstrip() == FENCE]
    match fences:
        case [0, end, *_]:
            return lines[1:end], "\n".join(lines[end + 1 :]).strip()
        case [0]:
            raise NotASkill("the front matter of its SKILL.md has no end, a second line '---'")
    raise NotASkill("its SKILL.md does not begin with a line '---'")


def value_in(line: str) -> tuple[str, str] | None:
    """The key and the value of a line; `None` for comments, and for what other readers of such
    files may take as more of the value before."""
    key, colon, value = line.partition(":")
    if not colon or key[:1] in ("", " ", "\t", "#"):
        return None
    return key.strip(), unquoted(value.strip())


def unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1].strip()
    return value


def policies_in(value: str) -> dict[str, str]:
    """`jot: never_confirm, wipe: always_confirm`, in braces or not. A tool that stands there twice
    is confirmed."""
    policies: dict[str, str] = {}
    for part in filter(None, map(str.strip, value.strip("{}").split(","))):
        tool, _, policy = [unquoted(each.strip()) for each in part.partition(":")]
        policies[tool] = policy if policies.get(tool, policy) == policy else "always_confirm"
    return policies
