"""What an agent is."""

from msgspec import Struct

__all__ = ["Agent"]


class Agent(Struct, frozen=True, kw_only=True):
    """An agent as its folder has it. It is valid unless there is an `error`, a phrase for people.

    `model` is the one it wants, `tools` are the names of its own; `tool_policies` hold where there
    is no session with policies. `prompt` is what it is told to be, as it stood when it was read.
    `changed_at` is when its SKILL.md was last written before it was found, in seconds since 1970.
    """

    name: str
    description: str = ""
    model: str | None = None
    tool_policies: dict[str, str] = {}
    tools: tuple[str, ...] = ()
    prompt: str = ""
    changed_at: float = 0
    error: str | None = None

    @property
    def valid(self) -> bool:
        return self.error is None
