"""The one place where a model is asked, the tools it calls are run, and it is asked again."""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from msgspec import Struct, field

from extensions.chat.arguments import keepable
from extensions.chat.record import Ledger
from extensions.chat.reply import GrowingReply
from extensions.chat.steps import Again, Asking, Called, Calling, Ended, Steps, Told
from extensions.events import Event
from extensions.sessions.threads import unbroken
from extensions.tools.approval import Approver
from extensions.tools.outcome import ToolOutcome
from extensions.tools.results import call_failed, call_refused, failure_text
from extensions.tools.tool import Tool, Tools
from gateway.core.errors import BackendFailed
from gateway.core.events import Batch
from gateway.core.messages import ToolCall
from gateway.core.metrics import Metrics

__all__ = ["MOST_ROUNDS", "ChatLoop", "EndlessCalls"]

MOST_ROUNDS = 50
MOST_CALLS = 1024


class EndlessCalls(BackendFailed):
    """The model called tools in as many replies as it may give."""

    def __init__(self, rounds: int) -> None:
        super().__init__(
            f"The model called tools in {rounds} replies without an end.", reason="max_tool_rounds"
        )


class ChatLoop(Struct, frozen=True, kw_only=True):
    """An answer in the making, into `record`.

    `ask` has the model answer what is recorded by then; with `thinking` its reasoning is passed on
    and kept. Every message is recorded as soon as it is complete, and what there is of one when the
    loop is closed, is cancelled or fails: an abandoned answer leaves a partial message, an
    abandoned call a denied one, so that the history stays well formed.

    A reply without calls is the last, but not before the model was asked `least` times;
    `EndlessCalls` after `most`.
    """

    ask: Callable[[], AsyncGenerator[Batch, None]]
    record: Ledger
    tools: Tools
    approver: Approver
    thinking: bool = False
    least: int = 1
    most: int = MOST_ROUNDS
    metrics: Metrics = field(default_factory=Metrics)

    async def steps(self) -> AsyncGenerator[Steps, None]:
        """Ask until a reply has no calls; the last step is `Ended`."""
        results = 0
        for number in range(1, self.most + 1):
            if number > 1:
                yield [Again(results)]
            reply = GrowingReply(thinking=self.thinking)
            async with aclosing(self._reply(reply)) as steps:
                async for said in steps:
                    yield said
            if reply.calls:
                async with aclosing(self._run_calls(reply)) as steps:
                    async for happened in steps:
                        yield happened
            else:
                kept = await self.record.say(reply)
                if number >= self.least:
                    yield [Ended(kept)]
                    return
            results = len(reply.calls)
        raise EndlessCalls(self.most)

    async def _reply(self, reply: GrowingReply) -> AsyncGenerator[Steps, None]:
        try:
            async with aclosing(self.ask()) as batches:
                async for batch in batches:
                    if steps := reply.take(batch):
                        yield steps
            if reply.ended is None:
                raise BackendFailed("Ollama's answer broke off before its end.")
        except BaseException:
            await self.record.break_off(reply)
            raise

    async def _run_calls(self, reply: GrowingReply) -> AsyncGenerator[Steps, None]:
        """One call after the other: a step before it, its result recorded, a step after it."""
        dues = [self._due(index, call) for index, call in enumerate(reply.calls)]
        self.approver.admit([due.call for due in dues if due.tool])
        unanswered: deque[Due] = deque()
        try:
            await unbroken(self._keep_calls(reply, dues, unanswered))
            for index, due in enumerate(dues):
                async with aclosing(self._run_call(index, due)) as steps:
                    async for happened in steps:
                        yield happened
                await unbroken(self._keep_answer(unanswered))
                yield [Called(index, due.call, due.outcome, due.told)]
        except BaseException:
            if unanswered:
                await self.record.answer_calls([due.answer for due in unanswered])
            raise

    async def _run_call(self, index: int, due: "Due") -> AsyncGenerator[Steps, None]:
        """Ask about the call if that is needed, and run it if it may."""
        tool = due.tool
        if tool is None:
            yield [Calling(index, due.call, confirmed=False)]
            return
        question = self.approver.asking(due.call)
        if question is not None:
            with question as asked:
                due.call = asked.call
                yield [Asking(index, asked.call, asked.id)]
                if not await asked.approved():
                    if not tool.narrates:  # agents are counted by their runs
                        self.metrics.tools.calls.add(due.call.name, "denied")
                    return
        if not tool.narrates:
            yield [Calling(index, due.call, confirmed=question is not None)]
        async with aclosing(due.work(tool, self.approver)) as happened:
            async for events in happened:
                yield [Told(event) for event in events]

    def _due(self, index: int, call: ToolCall) -> "Due":
        kept, wrong = keepable(call)
        tool = self.tools.get(call.name)
        if tool is None:
            return Due(kept, None, ToolOutcome.unknown(call.name))
        if index >= MOST_CALLS:
            many = f"of one reply only the first {MOST_CALLS} calls are run"
            return Due(kept, None, ToolOutcome.failed(call_failed(call.name, many)))
        if wrong is not None:
            return Due(kept, None, ToolOutcome.failed(call_refused(call.name, wrong)))
        return Due(kept, tool, self.approver.denied)

    async def _keep_calls(
        self, reply: GrowingReply, dues: Sequence["Due"], unanswered: deque["Due"]
    ) -> None:
        """From here on every call needs an answer in the record."""
        reply.calls = [due.call for due in dues]
        unanswered.extend(dues)
        try:
            await self.record.say(reply)
        except Exception:
            unanswered.clear()
            raise

    async def _keep_answer(self, unanswered: deque["Due"]) -> None:
        # Struck off before, since what is recorded is so even if all tasks are cancelled meanwhile.
        due = unanswered.popleft()
        try:
            await self.record.answer_calls([due.answer])
        except Exception:
            unanswered.appendleft(due)
            raise


class Due(Struct):
    """A call that was recorded, and whose answer is not.

    `tool` runs it, if anything does; `outcome` is the one it has if the turn ends now, and what was
    run never counts as denied. `told` says that the tool has told of its work, to its end.
    """

    call: ToolCall
    tool: Tool | None
    outcome: ToolOutcome
    told: bool = False

    @property
    def answer(self) -> tuple[str, str]:
        """The tool's name, and what the model is told."""
        return self.call.name, self.outcome.result

    async def work(self, tool: Tool, approver: Approver) -> AsyncGenerator[Sequence[Event], None]:
        """Run the call. Whatever becomes of it is told to the model; nothing is raised."""
        work = tool.begin(self.call, approver)
        try:
            async with aclosing(work.events()) as events:
                async for happened in events:
                    self.told = True
                    yield happened
        except Exception as error:
            failed = call_failed(self.call.name, failure_text(error))
            self.outcome, self.told = ToolOutcome.failed(failed), False
        except BaseException:
            self.outcome = work.outcome
            raise
        else:
            self.outcome = work.outcome
