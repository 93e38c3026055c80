"""Asking, running what is called, asking again; and what is recorded when that is cut short."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager
from typing import Any

import pytest
from msgspec import Raw

from extensions.chat.loop import MOST_CALLS
from extensions.chat.steps import Again, Asking, Called, Calling, Ended, Said, Step, Told
from extensions.chat.tests.talking import ID, Rounds, calls, kept, said, sessions_with, turn_of
from extensions.chat.turn import Turn
from extensions.events import AgentExecution, Event
from extensions.sessions.changes import Change, MessageAppended
from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.session import AssistantMessage, Message, Session, ToolMessage
from extensions.tools.approval import Approver
from extensions.tools.outcome import DENIED, LOST, ToolOutcome
from extensions.tools.tool import PlainTool, Tool
from gateway.core.errors import BackendFailed, Denied, StorageUnavailable
from gateway.core.events import TextDelta, ToolCalled
from gateway.core.messages import ToolCall
from gateway.core.messages import ToolMessage as SentResult
from gateway.core.requests import ToolDefinition

REFUSED = "Error: Tool execution denied by user"


class Add(PlainTool):
    """A tool that adds, once it is allowed to go on."""

    definition = ToolDefinition("add", "Add two numbers.", Raw(b"{}"))

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.going = asyncio.Event()
        self.going.set()

    async def run(self, call: ToolCall) -> ToolOutcome:
        self.started.set()
        await self.going.wait()
        return ToolOutcome(True, str(call.arguments["a"] + call.arguments["b"]))


class Toolbox:
    def __init__(self, *tools: Tool) -> None:
        self._tools = {tool.definition.name: tool for tool in tools}

    def offered(self) -> Sequence[ToolDefinition]:
        return [tool.definition for tool in self._tools.values()]

    def get(self, name: str) -> Tool | None:
        return self._tools.get(name)


class Person:
    """Is asked about every call, and answers in this order; then not at all."""

    id = "conf_1"
    denied = DENIED

    call: ToolCall

    def __init__(self, *answers: bool) -> None:
        self._answers = list(answers)
        self.open = 0

    def admit(self, calls: Sequence[ToolCall]) -> None: ...

    def asking(self, call: ToolCall) -> AbstractContextManager["Person"]:
        self.call = call
        return self._asked()

    @contextmanager
    def _asked(self) -> Iterator["Person"]:
        self.open += 1
        try:
            yield self
        finally:
            self.open -= 1

    async def approved(self) -> bool:
        if not self._answers:
            await asyncio.Event().wait()
        return self._answers.pop(0)


async def taken(turn: Turn, into: list[Step] | None = None) -> list[Step]:
    """All steps of the turn; those before a failure are in `into`."""
    taken = [] if into is None else into
    async with aclosing(turn.steps()) as steps:
        async for happened in steps:
            taken.extend(happened)
    return taken


async def take_until(turn: Turn, last: Callable[[Step], bool]) -> None:
    """Close the turn at the first step like this."""
    async with aclosing(turn.steps()) as steps:
        async for happened in steps:
            if any(map(last, happened)):
                return


def add(a: int, b: int) -> tuple[str, dict[str, Any]]:
    return "add", {"a": a, "b": b}


async def test_calls_run_one_after_the_other_and_the_model_is_asked_again() -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(add(1, 2), ("div", {})), calls(add(3, 4)), said("3, 7."))
    steps = await taken(turn_of(sessions, backend, tools=Toolbox(Add())))
    one, two = ToolCall("call_0", *add(1, 2)), ToolCall("call_1", "div", {})
    three = ToolCall("call_0", *add(3, 4))
    assert steps[:-1] == [
        Calling(0, one),
        Called(0, one, ToolOutcome(True, "3")),
        Calling(1, two),
        Called(1, two, ToolOutcome.unknown("div")),
        Again(2),
        Calling(0, three),
        Called(0, three, ToolOutcome(True, "7")),
        Again(1),
        Said("3, 7."),
    ]
    assert isinstance(steps[-1], Ended)
    assert steps[-1].message == (await sessions.get(ID)).messages[-1]
    assert await kept(sessions) == [
        ("user", "Hi"),
        ("assistant", ""),
        ("tool", "3"),
        ("tool", "Error: Tool 'div' not found"),
        ("assistant", ""),
        ("tool", "7"),
        ("assistant", "3, 7."),
    ]


async def test_the_model_sees_its_calls_and_their_results_by_matching_ids() -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(add(1, 2), ("div", {})), said("3."))
    await taken(turn_of(sessions, backend, tools=Toolbox(Add())))
    asked: Any = backend.requests[1].messages
    ids = [call.id for call in asked[1].tool_calls]
    assert [(m.call_id, m.tool_name) for m in asked[2:]] == [(ids[0], "add"), (ids[1], "div")]
    assert [tool.name for tool in backend.requests[1].tools] == ["add"]


async def test_a_tool_that_raises_is_told_to_the_model() -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(("add", {"a": 1})), said("Sorry."))
    await taken(turn_of(sessions, backend, tools=Toolbox(Add())))
    assert ("tool", "Error: Tool 'add' failed: KeyError: 'b'") in await kept(sessions)


async def test_a_model_that_never_stops_calling_is_stopped() -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(("nope", {})))
    steps: list[Step] = []
    with pytest.raises(BackendFailed) as caught:
        await taken(turn_of(sessions, backend), steps)
    assert caught.value.details == {"reason": "max_tool_rounds"}
    assert len(backend.requests) == 50
    assert steps.count(Again(1)) == 49
    assert (await kept(sessions))[-1] == ("tool", "Error: Tool 'nope' not found")


@pytest.mark.parametrize("value", [float("inf"), "\ud800"])
async def test_arguments_that_no_file_can_hold_do_not_poison_the_session(value: object) -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(("add", {"a": value})), said("Sorry."))
    steps = await taken(turn_of(sessions, backend, tools=Toolbox(Add())))
    [outcome] = [step.outcome for step in steps if isinstance(step, Called)]
    assert outcome.result.startswith("Error: Invalid arguments for tool 'add': ")
    call: Any = (await sessions.get(ID)).messages[1]
    assert call.calls[0].arguments == {}


async def test_approved_and_denied() -> None:
    sessions, person = await sessions_with(), Person(True, False)
    backend = Rounds(calls(add(1, 2), add(3, 4)), said("Done."))
    turn = turn_of(sessions, backend, tools=Toolbox(Add()), approver=person)
    steps = await taken(turn)
    one, two = ToolCall("call_0", *add(1, 2)), ToolCall("call_1", *add(3, 4))
    assert steps[:6] == [
        Asking(0, one, "conf_1"),
        Calling(0, one, confirmed=True),
        Called(0, one, ToolOutcome(True, "3")),
        Asking(1, two, "conf_1"),
        Called(1, two, DENIED),
        Again(2),
    ]
    assert [content for who, content in await kept(sessions) if who == "tool"] == ["3", REFUSED]


class Telling:
    """A tool that tells of its work, and can be left in the middle of it."""

    definition = ToolDefinition("tell", "Tell.", Raw(b"{}"))
    narrates = True

    def begin(self, call: ToolCall, approver: Approver) -> "Telling":
        self.outcome = ToolOutcome(False, "Begun.")
        self.told = call.arguments["times"]
        return self

    async def events(self) -> AsyncGenerator[Sequence[Event], None]:
        for number in range(self.told):
            yield [AgentExecution(f"{number}")]
            self.outcome = ToolOutcome(False, f"As far as {number}.")
        self.outcome = ToolOutcome(True, "All.")


async def test_a_tool_tells_of_its_work_in_place_of_the_loop() -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(("tell", {"times": 2}), ("tell", {"times": 0})), said("Done."))
    steps = await taken(turn_of(sessions, backend, tools=Toolbox(Telling())))
    one, two = ToolCall("call_0", "tell", {"times": 2}), ToolCall("call_1", "tell", {"times": 0})
    assert steps[:4] == [
        Told(AgentExecution("0")),
        Told(AgentExecution("1")),
        Called(0, one, ToolOutcome(True, "All."), told=True),
        Called(1, two, ToolOutcome(True, "All.")),
    ]


class Failing(Telling):
    """A tool that fails while it tells of its work."""

    async def events(self) -> AsyncGenerator[Sequence[Event], None]:
        yield [AgentExecution("0")]
        raise ValueError("no")


async def test_work_that_fails_has_not_told_its_end() -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(("tell", {"times": 1})), said("Done."))
    steps = await taken(turn_of(sessions, backend, tools=Toolbox(Failing())))
    failed = ToolOutcome.failed("Tool 'tell' failed: no")
    assert steps[:2] == [
        Told(AgentExecution("0")),
        Called(0, ToolCall("call_0", "tell", {"times": 1}), failed),
    ]


async def test_what_has_come_of_work_that_is_left_is_recorded() -> None:
    sessions = await sessions_with()
    turn = turn_of(sessions, Rounds(calls(("tell", {"times": 3}))), tools=Toolbox(Telling()))
    await take_until(turn, lambda step: step == Told(AgentExecution("1")))
    assert [content for who, content in await kept(sessions) if who == "tool"] == ["As far as 0."]


async def test_a_tool_that_does_not_exist_is_no_question_to_a_person() -> None:
    turn = turn_of(await sessions_with(), Rounds(calls(("no", {})), said(".")), approver=Person())
    async with asyncio.timeout(1):
        await taken(turn)


class Refusing(Person):
    def admit(self, calls: Sequence[ToolCall]) -> None:
        raise Denied("Nobody can be asked.")


async def test_a_reply_that_is_not_admitted_is_not_recorded() -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(add(1, 2)))
    with pytest.raises(Denied):
        await taken(turn_of(sessions, backend, tools=Toolbox(Add()), approver=Refusing()))
    assert await kept(sessions) == [("user", "Hi")]


async def test_left_while_a_question_is_open_every_call_is_denied() -> None:
    sessions, person = await sessions_with(), Person()
    backend = Rounds(calls(add(1, 2), add(3, 4)))
    turn = turn_of(sessions, backend, tools=Toolbox(Add()), approver=person)
    await take_until(turn, lambda step: isinstance(step, Asking))
    assert (person.open, len(backend.requests)) == (0, 1)
    assert await kept(sessions) == [
        ("user", "Hi"),
        ("assistant", ""),
        ("tool", REFUSED),
        ("tool", REFUSED),
    ]


async def test_cancelled_while_a_tool_runs_its_result_is_recorded_and_the_rest_denied() -> None:
    sessions, tool = await sessions_with(), Add()
    tool.going.clear()
    turn = turn_of(sessions, Rounds(calls(add(1, 2), add(3, 4))), tools=Toolbox(tool))
    taking = asyncio.create_task(taken(turn))
    await tool.started.wait()
    taking.cancel()
    await asyncio.sleep(0.01)
    assert not taking.done()
    tool.going.set()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert [content for who, content in await kept(sessions) if who == "tool"] == ["3", REFUSED]


@pytest.mark.parametrize("kind", [Calling, Called, Again])
async def test_left_at_any_step_of_a_call_the_history_is_well_formed(kind: type) -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(add(1, 2), add(3, 4)), said("Done."))
    turn = turn_of(sessions, backend, tools=Toolbox(Add()))
    await take_until(turn, lambda step: isinstance(step, kind))
    messages = (await sessions.get(ID)).messages
    assert [type(message).__name__ for message in messages[2:]] == ["ToolMessage", "ToolMessage"]


async def test_calls_of_a_reply_that_breaks_off_are_not_recorded() -> None:
    sessions = await sessions_with()
    call = ToolCall("call_0", *add(1, 2))
    backend = Rounds([[TextDelta("I will add.")], [ToolCalled(call)], BackendFailed("Broke.")])
    with pytest.raises(BackendFailed):
        await taken(turn_of(sessions, backend, tools=Toolbox(Add())))
    assert await kept(sessions) == [("user", "Hi"), ("partial", "I will add.")]


class Slow(MemorySessionStore):
    """Takes its time, and could be cancelled meanwhile."""

    async def commit(self, session: Session, changes: Sequence[Change], at: str) -> Session:
        await asyncio.sleep(0.02)
        return await super().commit(session, changes, at)


async def test_a_partial_answer_is_recorded_however_often_the_turn_is_cancelled() -> None:
    sessions = await sessions_with(store=Slow())
    backend = Rounds([[TextDelta("Half")], 60.0])
    taking = asyncio.create_task(taken(turn_of(sessions, backend)))
    await asyncio.sleep(0.1)
    for _ in range(3):
        taking.cancel()
        await asyncio.sleep(0.005)
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert await kept(sessions) == [("user", "Hi"), ("partial", "Half")]


class Full(MemorySessionStore):
    """Takes the question and the window, and no more."""

    commits = 0

    async def commit(self, session: Session, changes: Sequence[Change], at: str) -> Session:
        self.commits += 1
        if self.commits > 2:
            raise StorageUnavailable("The disk is full.")
        return await super().commit(session, changes, at)


async def test_a_disk_that_fills_up_ends_the_turn_with_its_own_error() -> None:
    sessions = await sessions_with(store=Full())
    with pytest.raises(StorageUnavailable):
        await taken(turn_of(sessions, Rounds(said("Whole."))))
    assert await kept(sessions) == [("user", "Hi")]


class FullOnce(MemorySessionStore):
    """Does not take the first message of this kind."""

    def __init__(self, kind: type[Message]) -> None:
        super().__init__()
        self._kind = kind
        self._refused = False

    async def commit(self, session: Session, changes: Sequence[Change], at: str) -> Session:
        match changes:
            case [MessageAppended(message)] if (
                isinstance(message, self._kind) and not self._refused
            ):
                self._refused = True
                raise StorageUnavailable("The disk is full.")
        return await super().commit(session, changes, at)


async def test_a_call_that_ran_is_not_denied_because_its_result_could_not_be_written() -> None:
    sessions = await sessions_with(store=FullOnce(ToolMessage))
    backend = Rounds(calls(add(1, 2), add(3, 4)), said("3, 7."))
    with pytest.raises(StorageUnavailable):
        await taken(turn_of(sessions, backend, tools=Toolbox(Add())))
    assert [content for who, content in await kept(sessions) if who == "tool"] == ["3", REFUSED]


async def test_calls_that_could_not_be_written_get_no_answers() -> None:
    sessions = await sessions_with(store=FullOnce(AssistantMessage))
    with pytest.raises(StorageUnavailable):
        await taken(turn_of(sessions, Rounds(calls(add(1, 2))), tools=Toolbox(Add())))
    assert await kept(sessions) == [("user", "Hi")]


class Aborting(Add):
    """Is torn out of its call, as by the end of the loop."""

    async def run(self, call: ToolCall) -> ToolOutcome:
        raise asyncio.CancelledError


async def test_a_reply_with_more_calls_than_any_needs_runs_only_the_first() -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(*[add(1, 2)] * (MOST_CALLS + 1)), said("Done."))
    await taken(turn_of(sessions, backend, tools=Toolbox(Add())))
    results = [content for who, content in await kept(sessions) if who == "tool"]
    assert results[:-1] == ["3"] * MOST_CALLS
    assert "only the first 1024 calls" in results[-1]


async def test_the_result_of_a_call_that_did_not_come_back_is_lost() -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(add(1, 2), add(3, 4)))
    with pytest.raises(asyncio.CancelledError):
        await taken(turn_of(sessions, backend, tools=Toolbox(Aborting())))
    assert [content for who, content in await kept(sessions) if who == "tool"] == [
        LOST.result,
        REFUSED,
    ]


class TornOut(MemorySessionStore):
    """Is written, and torn out of it all the same, as a thread's work is by the end of the loop."""

    def __init__(self, kind: type[Message]) -> None:
        super().__init__()
        self._kind: type[Message] | None = kind

    async def commit(self, session: Session, changes: Sequence[Change], at: str) -> Session:
        session = await super().commit(session, changes, at)
        match changes:
            case [MessageAppended(message)] if type(message) is self._kind:
                self._kind = None
                raise asyncio.CancelledError
        return session


@pytest.mark.parametrize(
    ("kind", "results"), [(AssistantMessage, [REFUSED, REFUSED]), (ToolMessage, ["3", REFUSED])]
)
async def test_no_call_is_answered_twice_or_never(kind: type[Message], results: list[str]) -> None:
    sessions = await sessions_with(store=TornOut(kind))
    backend = Rounds(calls(add(1, 2), add(3, 4)))
    with pytest.raises(asyncio.CancelledError):
        await taken(turn_of(sessions, backend, tools=Toolbox(Add())))
    assert [content for who, content in await kept(sessions) if who == "tool"] == results


async def test_the_message_of_a_result_has_its_name_also_from_a_session_on_disk() -> None:
    sessions = await sessions_with()
    backend = Rounds(calls(add(1, 2)), said("3."), said("Bye."))
    await taken(turn_of(sessions, backend, tools=Toolbox(Add())))
    await taken(turn_of(sessions, backend, "Thanks", tools=Toolbox(Add())))
    results = [m for m in backend.requests[-1].messages if isinstance(m, SentResult)]
    assert [result.tool_name for result in results] == ["add"]


async def test_an_empty_reply_is_a_reply() -> None:
    sessions = await sessions_with()
    steps = await taken(turn_of(sessions, Rounds(said())))
    assert [type(step) for step in steps] == [Ended]
    [_, reply] = (await sessions.get(ID)).messages
    assert isinstance(reply, AssistantMessage)
    assert (reply.content, reply.eval_count) == ("", 4)
