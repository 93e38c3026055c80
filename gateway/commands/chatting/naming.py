"""Names as somebody types them: `a,b`."""

from collections.abc import Iterable

from gateway.commands.chatting.display import line_of

__all__ = ["missing", "names_in"]


def names_in(typed: str) -> list[str]:
    """Each name once, in the order they were typed in."""
    return list(dict.fromkeys(typed.replace(",", " ").split()))


def missing(names: Iterable[str], kind: str, there: Iterable[str]) -> str:
    """That there are no such `kind`, and which there are."""
    quoted = ", ".join(map(repr, names))
    return f"There is no {quoted} among the {kind}: {line_of(', '.join(there))}."
