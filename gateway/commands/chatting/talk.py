"""A talk: which session is open, how it is answered, and what the person chooses on the way."""

from contextlib import suppress
from datetime import UTC, datetime

from msgspec.structs import replace

from gateway.commands.chatting.answering import answer
from gateway.commands.chatting.client import ServerClient, Trouble
from gateway.commands.chatting.display import Display, line_of, visible
from gateway.commands.chatting.events import ConfirmationRequired
from gateway.commands.chatting.keyboard import Keyboard
from gateway.commands.chatting.records import Choice, Model, Session, SessionItem, age

__all__ = ["Leave", "Talk"]

SESSIONS_SHOWN = 15
LONGEST_SAID = 200
LONGEST_TOOL = 60
EXCHANGE = ("user", "assistant")


class Leave(Exception):
    """The person has had enough."""


class Talk:
    """What the loop and its slash commands share."""

    def __init__(
        self,
        server: ServerClient,
        display: Display,
        keyboard: Keyboard,
        *,
        think: bool,
        choice: Choice,
    ) -> None:
        self.server = server
        self.display = display
        self.keyboard = keyboard
        self.think = think
        self._begun_with = choice
        """With which new sessions begin."""
        self.session = Session("", "")
        self._approved: set[str] = set()
        """Tools that run without a question in this session."""
        self._unkept: set[str] = set()
        """Those of them of which the server is not told yet."""

    def open(self, session: Session) -> None:
        """Go on with this session, and show where it was left."""
        self.session = session
        self._approved, self._unkept = set(), set()
        for message in [said for said in session.messages if said.role in EXCHANGE][-2:]:
            if message.role == "user":
                self.display.note(line_of(f"> {message.content}", LONGEST_SAID))
            else:
                self.display.say(message.content)
                self.display.settle()
        self.display.note(f"{session.model}, session {session.session_id}. /help for help.")

    def begin(self, model: str = "") -> None:
        """A new session, with a model from the list unless it is named."""
        self.open(self.server.create(model or self.chosen_model(), self._begun_with))

    def switch_model(self, name: str) -> None:
        told = self.server.use_model(self.session.session_id, name)
        self.session = replace(self.session, model=told.model)

    def ask(self, message: str | None) -> None:
        """Show the answer to a message; with `None` to the last one, again."""
        session = self.session.session_id
        with suppress(KeyboardInterrupt):  # it has stopped the answer, which was said
            answer(
                self.server,
                self.display,
                session,
                message,
                think=self.think,
                approve=self._approve,
                hint=" /retry asks again.",
            )
            self._keep_approvals()

    def choose_session(self) -> None:
        """Open one of the latest sessions, or a new one."""
        sessions = self.server.sessions()
        if not sessions:
            self.begin()
            return
        self._list(sessions)
        ids = [item.session_id for item in sessions]
        asked = f"Session (1-{min(len(ids), SESSIONS_SHOWN)}), or Enter for a new one: "
        match self._choice(asked, ids):
            case "":
                self.begin()
            case chosen:
                self.open(self.server.session(chosen))

    def chosen_model(self) -> str:
        """The name of a model that the person picks; of the only one without a question."""
        models = self.server.models()
        if not models:
            self.display.complain("There is no model yet: `mochi pull NAME` gets one.")
            raise Leave
        if len(models) == 1:
            return models[0].name
        self.display.table(
            ("", "MODEL", "PARAMETERS", "CONTEXT", "CAPABILITIES"),
            [row(number, model) for number, model in enumerate(models, 1)],
        )
        names = [model.name for model in models]
        while not (chosen := self._choice(f"Model (1-{len(names)}): ", names)):
            continue
        return chosen

    def _list(self, sessions: tuple[SessionItem, ...]) -> None:
        now = datetime.now(UTC)
        rows = [
            (str(number), item.model, age(item.updated_at, now), line_of(item.preview, 60))
            for number, item in enumerate(sessions[:SESSIONS_SHOWN], 1)
        ]
        self.display.table(("", "MODEL", "AGE", "BEGINS WITH"), rows)
        if more := len(sessions) - len(rows):
            self.display.note(f"{more} more: name one by its id.")

    def _choice(self, prompt: str, names: list[str]) -> str:
        """One of the names, by its number or as it is; `""` for none, or "new"."""
        while True:
            typed = self.keyboard.question(prompt)
            if typed in ("", "new"):
                return ""
            if typed in names:
                return typed
            if typed.isdecimal() and 1 <= int(typed) <= len(names):
                return names[int(typed) - 1]
            self.display.complain(f"There is no '{typed}'.")

    def _approve(self, wanted: ConfirmationRequired) -> bool:
        if wanted.tool_name in self._approved:
            return True
        name = line_of(visible(wanted.tool_name), LONGEST_TOOL)
        while True:
            try:
                typed = self.keyboard.decision(
                    f"Run {name}? [y]es, [n]o, in this session [a]lways: "
                )
            except EOFError:
                return False
            match typed.lower():
                case "y" | "yes":
                    return True
                case "n" | "no":
                    return False
                case "a" | "always":
                    self._approved.add(wanted.tool_name)
                    self._unkept.add(wanted.tool_name)
                    return True

    def _keep_approvals(self) -> None:
        """Have the server ask no more about the tools that may always run. It would not be told
        before an answer is whole: the session is not changed meanwhile."""
        if not self._unkept:
            return
        session = self.session.session_id
        try:
            settings = self.server.session(session).tool_settings
            never = dict.fromkeys(sorted(self._unkept), "never_confirm")
            policies = settings.tool_policies | never
            self.server.use_tools(session, replace(settings, tool_policies=policies))
        except Trouble as error:
            self.display.complain(f"That a tool may always run could not be kept: {error}")
            return
        names = ", ".join(map(visible, never))
        self.display.note(f"Not asked about in this session any more: {names}.")
        self._unkept.clear()


def row(number: int, model: Model) -> tuple[str, ...]:
    return (
        str(number),
        model.name,
        model.parameter_size,
        str(model.context_length),
        ", ".join(model.capabilities),
    )
