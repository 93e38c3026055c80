"""`mochi chat`: a talk with any model of a running gateway, kept in a session there."""

import os
import sys
from argparse import Namespace
from contextlib import closing
from pathlib import Path

from gateway.commands import CommandFailed, animated
from gateway.commands.chatting.agentbox import chosen_agents
from gateway.commands.chatting.answering import answer
from gateway.commands.chatting.client import ServerClient, Trouble, server_root
from gateway.commands.chatting.dialogue import converse
from gateway.commands.chatting.display import Display
from gateway.commands.chatting.events import ConfirmationRequired
from gateway.commands.chatting.keyboard import Keyboard, history_file
from gateway.commands.chatting.plain import Plain
from gateway.commands.chatting.records import Choice
from gateway.commands.chatting.slash import COMMANDS
from gateway.commands.chatting.talk import Leave, Talk
from gateway.commands.chatting.toolbox import chosen_tools
from gateway.config import Config, load

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    config = load({}, os.environ, Path.cwd(), arguments.config)
    try:
        with closing(ServerClient(root(config, arguments.base_url), config.api_key)) as server:
            if sys.stdin.isatty():
                return talk(server, arguments)
            return say_once(server, arguments)
    except Trouble as error:
        raise CommandFailed(str(error)) from None


def root(config: Config, given: str | None) -> str:
    """Of `--base-url`, `MOCHI_BASE_URL`, and where `mochi serve` would listen by these settings."""
    if not (url := given or os.environ.get("MOCHI_BASE_URL")):
        host = "127.0.0.1" if config.on_every_address else config.host
        return f"http://[{host}]:{config.port}" if ":" in host else f"http://{host}:{config.port}"
    try:
        return server_root(url)
    except ValueError:
        raise CommandFailed(f"{url!r} is not an address such as http://box:8000.", 2) from None


def talk(server: ServerClient, arguments: Namespace) -> int:
    """At a terminal, for as long as the person likes."""
    coloured = animated(sys.stdout, os.environ)
    keyboard = Keyboard(
        history_file(os.environ), coloured=coloured, words=[f"/{name}" for name in COMMANDS]
    )
    choice = choice_named(server, arguments)
    dialogue = Talk(server, display(coloured), keyboard, think=arguments.think, choice=choice)
    try:
        if named := session_named(server, arguments, choice):
            dialogue.open(server.session(named))
        else:
            dialogue.choose_session()
            server.choose(dialogue.session.session_id, choice)
    except Leave:
        return 1
    except (EOFError, KeyboardInterrupt):
        return 0
    converse(dialogue)
    return 0


def say_once(server: ServerClient, arguments: Namespace) -> int:
    """All of standard input is one message; its answer alone goes to standard output."""
    message = sys.stdin.buffer.read().decode("utf-8", "replace").rstrip("\r\n")
    if not message.strip():
        raise CommandFailed("Standard input is empty: there is nothing to say.")
    choice = choice_named(server, arguments)
    if not (session := session_named(server, arguments, choice)):
        raise CommandFailed("Without a terminal, name one: --session, --last or --model.")
    shown = Plain(sys.stderr)

    def deny(_: ConfirmationRequired) -> bool:
        shown.note("Denied: without a terminal there is nobody to ask.")
        return False

    try:
        whole = answer(server, shown, session, message, think=arguments.think, approve=deny)
    except KeyboardInterrupt:
        return 130
    return 0 if whole else 1


def choice_named(server: ServerClient, arguments: Namespace) -> Choice:
    return Choice(
        tools=None if arguments.tools is None else chosen_tools(server, arguments.tools),
        agents=None if arguments.agents is None else chosen_agents(server, arguments.agents),
    )


def session_named(server: ServerClient, arguments: Namespace, choice: Choice) -> str:
    """The session that the command line names, with what was chosen for it; `""` if it names none.
    It is a new one if a model is named."""
    if arguments.model:
        return server.create(arguments.model, choice).session_id
    session = latest(server) if arguments.last else str(arguments.session or "")
    if session:
        server.choose(session, choice)
    return session


def latest(server: ServerClient) -> str:
    if not (sessions := server.sessions()):
        raise CommandFailed(f"{server.root} keeps no session yet.")
    return sessions[0].session_id


def display(coloured: bool) -> Display:
    if not coloured:
        return Plain(sys.stdout)
    from gateway.commands.chatting.screen import Screen

    return Screen()
