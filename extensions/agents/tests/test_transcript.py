from extensions.agents.transcript import Transcript, transcript_of
from extensions.chat.steps import Again, Called, Calling, Said
from extensions.sessions.session import AssistantMessage, Call, Message, ToolMessage
from extensions.tools.outcome import ToolOutcome
from gateway.core.messages import ToolCall

CALL = ToolCall("call_0", "jot", {"text": "Grüße"})
WHOLE = """\
I will.
Tool call: jot({"text": "Grüße"})
Tool result (jot): stored
Done, I am."""


def test_what_was_watched() -> None:
    transcript = Transcript()
    transcript.take([Said("I "), Said("will.")])
    transcript.take([Calling(0, CALL)])
    transcript.take([Called(0, CALL, ToolOutcome(True, "stored"))])
    transcript.take([Again(1), Said("\nDone, ")])
    transcript.take([Said("I am.")])
    assert str(transcript) == WHOLE
    transcript.note("Warning: enough.")
    assert str(transcript) == f"{WHOLE}\nWarning: enough."


def test_texts_of_two_replies_stand_apart() -> None:
    transcript = Transcript()
    transcript.take([Said("I will."), Again(0), Said("Done.")])
    assert str(transcript) == "I will.\nDone."


def test_what_was_kept() -> None:
    messages: list[Message] = [
        said("I will.\n", Call("jot", {"text": "Grüße"})),
        ToolMessage(id="", timestamp="", content="stored", tool_name="jot"),
        said(""),
        said("Done, I am."),
    ]
    assert transcript_of(messages) == WHOLE
    assert transcript_of([]) == ""


def said(text: str, *calls: Call) -> Message:
    return AssistantMessage(id="", timestamp="", content=text, model="demo", calls=calls)
