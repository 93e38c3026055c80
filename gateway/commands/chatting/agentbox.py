"""Which agents the gateway has, and which of them somebody names: `a,b`, `all`, `none`."""

from collections.abc import Mapping

from gateway.commands.chatting.client import ServerClient, Trouble
from gateway.commands.chatting.display import Display, line_of
from gateway.commands.chatting.naming import missing, names_in
from gateway.commands.chatting.records import Agent, AgentSettings

__all__ = ["chosen_agents", "described", "show_agents"]

NO_AGENTS = "The gateway has no agents: it finds them in its folder `agents` (MOCHI_AGENTS_DIR)."


def chosen_agents(server: ServerClient, typed: str) -> AgentSettings:
    """What was named, if all of it is there and works; else `Trouble` says what does.

    `none` does not ask the server, whose agents may be what does not work.
    """
    names = names_in(typed)
    if names == ["none"]:
        return AgentSettings()
    if not names:
        raise Trouble("Agents are named as in a,b; or it is all, or none.")
    agents = server.agents()
    valid = [name for name, agent in agents.items() if agent.valid]
    if unusable := [name for name in names if name in agents and name not in valid]:
        raise Trouble(" ".join(map(line_of, left_out(agents, unusable))))
    if not valid:
        raise Trouble(" ".join([NO_AGENTS, *left_out(agents, agents)]))
    if names == ["all"]:
        return AgentSettings(tuple(valid))
    if unknown := [name for name in names if name not in valid]:
        raise Trouble(missing(unknown, "agents", valid))
    return AgentSettings(tuple(names))


def described(chosen: AgentSettings) -> str:
    return ", ".join(chosen.enabled_agents) or "no agents"


def show_agents(display: Display, agents: Mapping[str, Agent], settings: AgentSettings) -> None:
    """A table of all that work, those of the session marked, and why the others do not."""
    enabled = settings.enabled_agents
    rows = [
        (name, "on" if name in enabled else "", ", ".join(agent.tools), agent.description)
        for name, agent in agents.items()
        if agent.valid
    ]
    if rows:
        display.table(("AGENT", "", "TOOLS", "WHAT IT IS FOR"), rows)
    else:
        display.note(NO_AGENTS)
    for line in left_out(agents, agents):
        display.note(line)
    if gone := [name for name in enabled if name not in agents]:
        display.note(f"On, but not there: {', '.join(gone)}")


def left_out(agents: Mapping[str, Agent], names: Mapping[str, Agent] | list[str]) -> list[str]:
    return [
        line_of(f"Left out: {name}: {agents[name].error_message}.")
        for name in names
        if not agents[name].valid
    ]
