"""What an agent's work looks like where it answers as a model."""

from extensions.agents.narration import Narration
from extensions.agents.run import AgentStep, Planning
from extensions.chat.steps import Again, Asking, Called, Calling, Said
from extensions.tools.outcome import DENIED, ToolOutcome
from gateway.core.events import ChatEvent, TextDelta, ThinkingDelta
from gateway.core.messages import ToolCall

JOT = ToolCall("1", "jot", {"text": "4 March"})
STORED = ToolOutcome(True, "stored")


def told(*steps: AgentStep) -> tuple[str, str]:
    """Reasoning and answer."""
    narration = Narration()
    return joined([event for step in steps for event in narration.events([step])])


def joined(events: list[ChatEvent]) -> tuple[str, str]:
    thought = [event.text for event in events if isinstance(event, ThinkingDelta)]
    said = [event.text for event in events if isinstance(event, TextDelta)]
    return "".join(thought), "".join(said)


def test_plan_and_calls_are_reasoning_on_lines_of_their_own() -> None:
    thought, said = told(
        Planning("Jot it "),
        Planning("down."),
        Calling(0, JOT),
        Called(0, JOT, STORED),
        Asking(1, JOT, "q"),
        Called(1, JOT, DENIED),
    )
    assert thought.splitlines() == [
        "Jot it down.",
        "",
        'Tool call: jot({"text": "4 March"})',
        "Tool result (jot): stored",
        'Tool call: jot({"text": "4 March"})',
        "Tool result (jot): Error: Tool execution denied by user",
    ]
    assert said == ""


def test_a_call_that_was_asked_about_is_told_of_once() -> None:
    thought, _ = told(Asking(0, JOT, "q"), Calling(0, JOT, confirmed=True), Called(0, JOT, STORED))
    assert thought.count("Tool call") == 1


def test_replies_are_paragraphs_of_the_answer() -> None:
    _, said = told(Again(0), Said("I will "), Said("jot."), Again(1), Again(1), Said("Done."))
    assert said == "I will jot.\n\nDone."


def test_the_limit_is_told_in_the_answer() -> None:
    narration = Narration()
    assert joined(narration.limit(3)) == ("", "Warning: stopped after 3 iterations.")
    narration.events([Said("So")])
    assert joined(narration.limit(3)) == ("", "\n\nWarning: stopped after 3 iterations.")
