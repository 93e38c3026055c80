"""Which tools the gateway has, and which of them somebody names: `a,b`, `@group`, `all`, `none`."""

from collections.abc import Sequence

from gateway.commands.chatting.client import ServerClient, Trouble
from gateway.commands.chatting.display import Display, line_of
from gateway.commands.chatting.naming import missing, names_in
from gateway.commands.chatting.records import ChosenTools, Toolbox, ToolSettings

__all__ = ["chosen_tools", "described", "show_tools"]

NO_TOOLS = "The gateway has no tools: it finds them in its folder `tools` (MOCHI_TOOLS_DIR)."
GROUP = "@"


def chosen_tools(server: ServerClient, typed: str) -> ChosenTools:
    """What was named, all of which there is; else `Trouble` says what there is.

    `none` does not ask the server, whose tools may be what does not work.
    """
    names = names_in(typed)
    return ChosenTools() if names == ["none"] else found(server.tools(), names)


def found(toolbox: Toolbox, names: Sequence[str]) -> ChosenTools:
    if not names:
        raise Trouble("Tools are named as in a,b; or it is all, or none.")
    if not toolbox.tools:
        raise Trouble(" ".join([NO_TOOLS, *left_out(toolbox)]))
    groups = {f"{GROUP}{group}": group for group in toolbox.groups}
    match names:
        case ["all"]:
            return ChosenTools(tuple(toolbox.tools))
        case [name] if group := groups.get(name):
            return ChosenTools(tool_group=group)
    if clash := next((name for name in names if name in groups), None):
        raise Trouble(f"A group is named alone: {clash}.")
    if unknown := [name for name in names if name not in toolbox.tools]:
        line = missing(unknown, "tools", [*toolbox.tools, *groups])
        raise Trouble(" ".join([line, *left_out(toolbox, unknown)]))
    return ChosenTools(tuple(names))


def described(chosen: ChosenTools) -> str:
    if chosen.tool_group:
        return f"{GROUP}{chosen.tool_group}"
    return ", ".join(chosen.tools) or "no tools"


def show_tools(display: Display, toolbox: Toolbox, settings: ToolSettings) -> None:
    """A table of all tools, those of the session marked, and what else there is to know."""
    active = toolbox.groups.get(settings.tool_group or "", settings.tools)
    if toolbox.tools:
        rows = [
            (name, state(name, active, settings), tool.description.partition("\n")[0])
            for name, tool in toolbox.tools.items()
        ]
        display.table(("TOOL", "", "WHAT IT DOES"), rows)
    else:
        display.note(NO_TOOLS)
    for group, members in toolbox.groups.items():
        display.note(f"{GROUP}{group}: {', '.join(members)}")
    for line in left_out(toolbox):
        display.note(line)
    if gone := [name for name in active if name not in toolbox.tools]:
        display.note(f"On, but not there: {', '.join(gone)}")


def left_out(toolbox: Toolbox, names: Sequence[str] | None = None) -> list[str]:
    """Why these names, or any, may be missing: a broken package could have had each of them."""
    return [
        line_of(f"Left out: {it.name or it.package}: {it.reason}.")
        for it in toolbox.rejected
        if names is None or it.name is None or it.name in names
    ]


def state(name: str, active: Sequence[str], settings: ToolSettings) -> str:
    if name not in active:
        return ""
    policy = settings.tool_policies.get(name, settings.execution_policy)
    return "on, unasked" if policy == "never_confirm" else "on"
