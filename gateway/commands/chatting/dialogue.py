"""The loop of a talk at a terminal: a prompt, and what was typed is said or obeyed."""

from gateway.commands.chatting.client import Trouble
from gateway.commands.chatting.slash import obey
from gateway.commands.chatting.talk import Leave, Talk

__all__ = ["converse"]

PROMPT = "> "


def converse(talk: Talk) -> None:
    """Until the person leaves, by /quit, Ctrl-D or Ctrl-C at the prompt."""
    while True:
        try:
            typed = talk.keyboard.message(PROMPT)
        except (EOFError, KeyboardInterrupt):
            return
        try:
            if typed.command:
                obey(talk, typed.text)
            elif typed.text:
                talk.ask(typed.text)
        except Leave:
            return
        except Trouble as error:
            talk.display.complain(str(error))
        except (EOFError, KeyboardInterrupt):
            talk.display.settle()  # out of a question, and back to the prompt
