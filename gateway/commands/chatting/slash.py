"""The slash commands: what may be typed, and what each does to the talk."""

from collections.abc import Callable
from difflib import get_close_matches

from msgspec import Struct

from gateway.commands.chatting import agentbox
from gateway.commands.chatting.agentbox import chosen_agents, show_agents
from gateway.commands.chatting.client import Refused
from gateway.commands.chatting.talk import Leave, Talk
from gateway.commands.chatting.toolbox import chosen_tools, described, show_tools

__all__ = ["COMMANDS", "obey"]


class Command(Struct, frozen=True):
    """`act` gets what was typed after the name."""

    usage: str
    summary: str
    act: Callable[[Talk, str], None]


def obey(talk: Talk, typed: str) -> None:
    """Do what was typed, such as `/model qwen3:8b`; or say what it could have meant."""
    name, _, rest = typed.removeprefix("/").partition(" ")
    if command := COMMANDS.get(name.lower()):
        command.act(talk, rest.strip())
        return
    near = get_close_matches(name.lower(), COMMANDS, 1)
    hint = f"did you mean /{near[0]}?" if near else "/help lists them."
    talk.display.complain(f"There is no command /{name}; {hint}")


def show_help(talk: Talk, _: str) -> None:
    rows = [(command.usage, command.summary) for command in COMMANDS.values()]
    talk.display.table(("COMMAND", "WHAT IT DOES"), rows)
    talk.display.note(
        'A line that ends in \\ goes on; """ begins and ends a block; a blank before / makes it '
        "text. Ctrl-C stops an answer, and leaves at the prompt."
    )


def new(talk: Talk, model: str) -> None:
    talk.begin(model)


def sessions(talk: Talk, _: str) -> None:
    talk.choose_session()


def model(talk: Talk, name: str) -> None:
    talk.switch_model(name or talk.chosen_model())
    talk.display.note(f"{talk.session.model} answers from now on.")


def system(talk: Talk, text: str) -> None:
    """A single word that ends in .md is a file among the server's prompts."""
    session = talk.session.session_id
    match text:
        case "":
            show_prompt(talk)
            return
        case "off":
            talk.server.drop_prompt(session)
        case _ if text.endswith(".md") and not any(map(str.isspace, text)):
            talk.server.set_prompt(session, file=text)
        case _:
            talk.server.set_prompt(session, content=text)
    talk.display.note(f"The system prompt is {'off' if text == 'off' else 'set'}.")


def show_prompt(talk: Talk) -> None:
    first = talk.server.session(talk.session.session_id).messages[:1]
    if first and first[0].role == "system":
        talk.display.say(first[0].content)
        talk.display.settle()
    else:
        talk.display.note("There is no system prompt.")


def tools(talk: Talk, names: str) -> None:
    session = talk.session.session_id
    if not names:
        show_tools(talk.display, talk.server.tools(), talk.server.session(session).tool_settings)
        return
    chosen = chosen_tools(talk.server, names)
    talk.server.choose_tools(session, chosen)
    talk.display.note(f"The model may use {described(chosen)} from now on.")


def agents(talk: Talk, names: str) -> None:
    session = talk.session.session_id
    if not names:
        settings = talk.server.session(session).agent_settings
        show_agents(talk.display, talk.server.agents(), settings)
        return
    chosen = chosen_agents(talk.server, names)
    talk.server.use_agents(session, chosen)
    talk.display.note(f"The model may call {agentbox.described(chosen)} from now on.")


def summary(talk: Talk, _: str) -> None:
    told = talk.server.summary(talk.session.session_id)
    if told.summary is None:
        talk.display.note("There is no summary yet.")
        return
    talk.display.say(told.summary)
    talk.display.settle()
    if told.topics:
        talk.display.note(f"Topics: {', '.join(told.topics)}")


def edit(talk: Talk, number: str) -> None:
    """Numbers count what the person said; the server counts every message."""
    history = talk.server.session(talk.session.session_id).messages
    said = [(place, it.content) for place, it in enumerate(history) if it.role == "user"]
    if not said:
        talk.display.complain("You have said nothing yet.")
    elif not number:
        rows = [(str(count), content) for count, (_, content) in enumerate(said, 1)]
        talk.display.table(("", "YOU SAID"), rows)
        talk.display.note("/edit N changes one of them and drops what follows it.")
    elif not (number.isdecimal() and 1 <= int(number) <= len(said)):
        talk.display.complain(f"There is no message {number}: /edit lists them.")
    else:
        place, content = said[int(number) - 1]
        if changed := talk.keyboard.message("edit> ", content).text:
            talk.server.edit(talk.session.session_id, place, changed)
            talk.ask(None)


def retry(talk: Talk, _: str) -> None:
    talk.ask(None)


def think(talk: Talk, choice: str) -> None:
    match choice.lower():
        case "on" | "off":
            talk.think = choice.lower() == "on"
        case "":
            pass
        case _:
            talk.display.complain("It is /think on or /think off.")
            return
    talk.display.note(f"Thinking is {'on' if talk.think else 'off'}.")


def info(talk: Talk, _: str) -> None:
    status = talk.server.status(talk.session.session_id)
    window = status.context_window
    rows = [
        ("session", status.session_id),
        ("model", status.model),
        ("messages", str(status.message_count)),
        ("context", f"{window.current_window or '?'} of {window.model_max_context or '?'} tokens"),
        ("system prompt", status.system_prompt_file or ""),
        ("tools", ", ".join(status.active_tools)),
        ("agents", ", ".join(status.enabled_agents)),
        ("thinking", "on" if talk.think else "off"),
        ("server", talk.server.root),
    ]
    talk.display.table(("", ""), [row for row in rows if row[1]])


def delete(talk: Talk, _: str) -> None:
    session = talk.session.session_id
    if talk.keyboard.question(f"Delete session {session} for good? [y/N] ").lower() != "y":
        talk.display.note("It stays.")
        return
    try:
        talk.server.delete(session)
    except Refused as error:
        if error.code != "SESSION_NOT_FOUND":
            raise
    talk.display.note("It is gone.")
    talk.choose_session()


def leave(talk: Talk, _: str) -> None:
    raise Leave


COMMANDS = {
    "help": Command("/help", "show this list", show_help),
    "new": Command("/new [MODEL]", "begin a new session", new),
    "sessions": Command("/sessions", "go to another session", sessions),
    "model": Command("/model [NAME]", "have another model answer from now on", model),
    "system": Command(
        "/system [TEXT|FILE.md|off]", "show or set the system prompt, or take it away", system
    ),
    "tools": Command(
        "/tools [NAMES|@GROUP|all|none]", "list the tools, or choose those the model may use", tools
    ),
    "agents": Command(
        "/agents [NAMES|all|none]", "list the agents, or choose those the model may call", agents
    ),
    "edit": Command("/edit [N]", "list what you said, or change message N and go on there", edit),
    "retry": Command("/retry", "have your last message answered again", retry),
    "think": Command("/think [on|off]", "have the model think before it answers", think),
    "summary": Command("/summary", "show what the session has been about", summary),
    "info": Command("/info", "show the session's model, context window and tools", info),
    "delete": Command("/delete", "delete this session", delete),
    "quit": Command("/quit", "leave", leave),
}
