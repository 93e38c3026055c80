"""What the simulated model says: a function of the conversation and the seed, and worth reading."""

import random
import re
from collections.abc import Sequence

from msgspec import Struct

from adapters.simulator.images import described
from adapters.simulator.phrases import (
    ABOUT,
    CLOSINGS,
    CODE,
    GREETINGS,
    OPENINGS,
    PLAN,
    REMARKS,
    STORY,
    THANKS,
    THOUGHTS,
)
from adapters.simulator.requests import Message

__all__ = ["Talk", "bridge", "compose", "think_aloud"]

_ECHO = re.compile(
    r"\b(?:say|repeat|echo|output|(?:reply|respond|answer)\b[^:\"'“\n]{0,20}\bwith)\b"
    r"[^:\"'“\n]{0,40}(?::\s*|(?=[\"'“]))"
    r"(?P<quote>[\"'“])?(?P<words>.+?)(?(quote)[\"'”](?!\w)|$)",
    re.IGNORECASE | re.DOTALL,
)
_SAY = re.compile(
    r"(?:please |can you |could you )*(?:say|repeat|echo|(?:reply|respond|answer) with) "
    r"(?:just |only |exactly |the |single |words? )*(?P<words>[^.!?\n]{1,80}?)"
    r"(?: (?:in|to|as|and|with|please)\b[^\n]*)?[.!?]*\s*",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\bcount (?:from (?P<first>\d+) )?(?:up )?to (?P<last>\d+)", re.IGNORECASE)
_SUM = re.compile(
    r"(?<![\d.-])(-?\d+(?:\.\d+)?)"
    r"(?: ?([+*×÷]) ?| ([-/x]|plus|minus|times|divided by) )"
    r"(-?\d+(?:\.\d+)?)(?![\d-])"
)
_BACK = re.compile(
    r"\b(?:plan|carry out|execute|follow|act on|work on|do|begin|continue|go on|proceed)\b"
    r"[^.!?\n]{0,80}\b(?:the|your|my|this|that|above|last|latest)\b"
    r"[^.!?\n]{0,20}\b(?:plan|instructions?)\b",
    re.IGNORECASE,
)
_NAME_GIVEN = re.compile(r"\b(?:my name is|call me|i am called)\s+([\w'’-]+)", re.IGNORECASE)
_NAME_ASKED = re.compile(r"\bwhat(?:'s| is| was) my name\b|\bwho am i\b", re.IGNORECASE)
_BEFORE_ASKED = re.compile(
    r"\bwhat (?:did i|have i|was my) (?:just |first |last )?"
    r"(?:say|said|ask|asked|question|message)",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"\s*(hi|hello|hey|hallo|good (morning|evening|afternoon)|greetings)\b", re.IGNORECASE
)
_THANKS = re.compile(r"\s*(thanks|thank you|thx|cheers|bye|goodbye)\b", re.IGNORECASE)
_WHO = re.compile(
    r"\b(who|what) are you\b|\bwhat can you do\b|\bintroduce yourself\b", re.IGNORECASE
)
_CODE = re.compile(
    r"\b(code|function|script|program|snippet|class|implement|regex|sql)\b", re.IGNORECASE
)
_TABLE = re.compile(r"\btable\b", re.IGNORECASE)
_LIST = re.compile(
    r"\b(list|steps?|bullet|ideas?|tips|reasons|examples|pros|recipe|plan)\b", re.IGNORECASE
)
_LONG = re.compile(r"\b(long|story|essay|poem|tale|article|chapter)\b", re.IGNORECASE)
_BRIEF = re.compile(r"\b(brief|briefly|short|concise|one sentence|one word|terse)\b", re.IGNORECASE)
_IMAGE = re.compile(r"\b(image|picture|photo|this|see|describe)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_][\w'’-]{2,29}")
_WORDS = re.compile(r"\w+")
_COMMON = frozenset(
    """
    about after again all also always and answer any are article bash because been before being
    between both bullet but can chapter class code could did does doing each essay every example
    explain following for from function get give had has have having help her here him his how
    html into its javascript just know let like list long made make many may more most much name
    need not one only other our out over paragraph please poem program python really reply
    respond rust same say script she short should show snippet some sql story such summarise
    summarize table tale tell text than that the their them then there these they thing this
    those through too two use using very want was what when where which while who why will with
    within without word words would write yes yet you your yours
    """.split()  # noqa: SIM905 - a list of a hundred strings is no easier to read
)
_MOST_COUNTED = 2_000
_LISTENED = 20_000  # characters; instructions in longer messages are not looked for
_QUOTED = 90  # characters of the message that an answer repeats


class Talk(Struct, frozen=True):
    """The conversation that is to be answered; `salt` changes the choice of words."""

    messages: Sequence[Message]
    salt: str = ""

    @property
    def last(self) -> Message:
        return self.messages[-1] if self.messages else Message()

    @property
    def question(self) -> str:
        """What the user wants: what was said last, or what that refers back to."""
        place = self._wanted
        return "" if place is None else self.messages[place].content

    @property
    def results(self) -> list[Message]:
        """What tools have returned since the user said that."""
        since = self.messages[(self._wanted or 0) :]
        return [message for message in since if message.role == "tool"]

    @property
    def refers_back(self) -> bool:
        """Whether the last message of the user says no more than to go on: a whole turn may be
        asked for in that way, its plan first."""
        return self._wanted is not None and any(
            message.role == "user" for message in self.messages[self._wanted + 1 :]
        )

    @property
    def earlier(self) -> list[str]:
        said = [message.content for message in self.messages if message.role == "user"]
        return said[:-1]

    @property
    def _wanted(self) -> int | None:
        """The place of the message that says what is wanted."""
        places = [place for place, each in enumerate(self.messages) if each.role == "user"]
        for place in reversed(places):
            if not _BACK.search(self.messages[place].content[:_LISTENED]):
                return place
        return places[-1] if places else None

    @property
    def brief(self) -> bool:
        told = [m.content for m in self.messages if m.role in ("system", "developer")]
        return any(_BRIEF.search(text) for text in (*told, self.question))

    def choices(self) -> random.Random:
        """The same for the same conversation and salt, on every machine."""
        said = "\x1e".join(f"{m.role}\x1f{m.content}\x1f{m.tool_name}" for m in self.messages)
        return random.Random(f"{self.salt}\x1d{said}")


def compose(talk: Talk) -> str:
    """The whole answer, as Markdown."""
    if talk.results and (talk.last.role == "tool" or talk.refers_back):
        return _about_results(talk.results)
    if talk.last.images:
        return _about_images(talk)
    if talk.refers_back:
        return PLAN.format(question=_short(talk.question), topic=_topic(talk.question))
    text = talk.question or talk.last.content
    return _told(text) or _remembered(talk, text) or _of_a_kind(talk, text)


def bridge(before: str, after: str) -> str:
    """What fills the gap between two texts: it names the words at its edges."""
    left, right = _WORDS.findall(before[-_LISTENED:]), _WORDS.findall(after[:_LISTENED])
    return f" from {left[-1] if left else 'nothing'} to {right[0] if right else 'nothing'} "


def think_aloud(talk: Talk, level: object) -> str:
    """The reasoning before the answer: a sentence for "low", a few more otherwise."""
    topic = _topic(talk.question).strip("*")
    choices = talk.choices()
    sentences = [THOUGHTS[0].format(topic=topic), *choices.sample(THOUGHTS[1:], 3)]
    return " ".join(sentences[: {"low": 1, "medium": 2}.get(str(level), 4)])


def _told(text: str) -> str:
    """Exactly what the message asks to hear: some words, a count, a sum."""
    if len(text) > _LISTENED:
        return ""
    if matched := _ECHO.search(text) or _SAY.fullmatch(text):
        return matched["words"].strip()
    if matched := _COUNT.search(text):
        first, last = int(matched["first"] or 1), int(matched["last"])
        return " ".join(
            str(number) for number in range(first, min(last, first + _MOST_COUNTED) + 1)
        )
    if matched := _SUM.search(text):
        left, sign, spaced, right = matched.groups()
        return _calculated(left, sign or spaced, right)
    return ""


def _calculated(left: str, sign: str, right: str) -> str:
    one, two = float(left), float(right)
    match sign:
        case "+" | "plus":
            result = one + two
        case "-" | "minus":
            result = one - two
        case "*" | "x" | "×" | "times":
            result = one * two
        case "/" | "÷" | "divided by" if two:
            result = one / two
        case _:
            return ""
    return f"{left} {sign} {right} = {result:.10g}."


def _remembered(talk: Talk, text: str) -> str:
    """An answer from what was said before, or that nothing was."""
    if _NAME_ASKED.search(text):
        given = [name for said in talk.earlier for name in _NAME_GIVEN.findall(said)]
        return f"Your name is {given[-1]}." if given else "You have not told me your name yet."
    if _BEFORE_ASKED.search(text):
        if not talk.earlier:
            return "This is the first thing you have said to me."
        before = talk.earlier[0] if "first" in text.lower() else talk.earlier[-1]
        return f"You said: “{_short(before)}”"
    if matched := _NAME_GIVEN.search(text):
        return f"Nice to meet you, {matched[1]}! I will remember your name for this conversation."
    return ""


def _of_a_kind(talk: Talk, text: str) -> str:
    choices, topic = talk.choices(), _topic(text)
    if not text.strip():
        return "Your message was empty. Ask me something, and I will make up an answer."
    if _THANKS.match(text):
        return choices.choice(THANKS)
    if _WHO.search(text):
        return ABOUT
    if _GREETING.match(text) and len(text) < 60:
        return choices.choice(GREETINGS)
    if _CODE.search(text):
        return _code(choices, text, topic)
    if _TABLE.search(text):
        return _table(choices, topic)
    if _LONG.search(text) and not _BRIEF.search(text):
        return _story(choices, topic)
    if _LIST.search(text):
        return _list(choices, topic)
    return _prose(choices, text, topic, brief=talk.brief)


def _prose(choices: random.Random, text: str, topic: str, *, brief: bool) -> str:
    opening = choices.choice(OPENINGS).format(question=_short(text), topic=topic)
    if brief:
        return opening
    remarks = [remark.format(topic=topic) for remark in choices.sample(REMARKS, 2)]
    return f"{opening} {' '.join(remarks)}\n\n{choices.choice(CLOSINGS)}"


def _list(choices: random.Random, topic: str) -> str:
    points = [point.format(topic=topic) for point in choices.sample(REMARKS, 3)]
    lines = "\n".join(f"{place}. {point}" for place, point in enumerate(points, 1))
    return f"Here are three things about {topic}:\n\n{lines}\n\n{choices.choice(CLOSINGS)}"


def _table(choices: random.Random, topic: str) -> str:
    rows = "\n".join(
        f"| {word} | {choices.randint(1, 9)} | {choices.choice(['yes', 'no', 'sometimes'])} |"
        for word in topic.strip("*").split()
    )
    return f"A small table:\n\n| Item | Amount | Useful |\n| --- | ---: | --- |\n{rows}\n"


def _code(choices: random.Random, text: str, topic: str) -> str:
    lower = text.lower()
    language = next((name for name in CODE if name in lower), "python")
    return (
        f"I cannot really write code for {topic}, but this is how {language.capitalize()} "
        f"arrives:\n\n```{language}\n{CODE[language]}\n```\n\n{choices.choice(CLOSINGS)}"
    )


def _story(choices: random.Random, topic: str) -> str:
    """Always the same story, with other parts of it left out."""
    told = sorted(choices.sample(range(1, len(STORY) - 1), len(STORY) - 4))
    sentences = [STORY[0], *(STORY[index] for index in told), STORY[-1]]
    paragraphs = [" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4)]
    title = "The small machine" if topic == "this" else topic.strip("*").capitalize()
    return f"# {title}\n\n" + "\n\n".join(paragraphs) + "\n\nThe end."


def _about_results(results: Sequence[Message]) -> str:
    """What the tools returned, in words."""
    failed = all(one.content.startswith("Error: ") for one in results)
    said = [
        f"`{one.tool_name or 'the tool'}` returned: {_short(one.content, 600)}" for one in results
    ]
    opening = "I could not do that:" if failed else "I looked it up:"
    if len(said) == 1:
        return f"{opening} {said[0]}"
    return f"{opening}\n\n" + "\n".join(f"- {line}" for line in said)


def _about_images(talk: Talk) -> str:
    images = talk.last.images
    seen = [described(image) for image in images]
    what = (
        f"I can see {seen[0]}."
        if len(seen) == 1
        else ("I can see:\n\n" + "\n".join(f"- {one}" for one in seen) + "\n")
    )
    asked = "" if _IMAGE.search(talk.question) else f" You asked: “{_short(talk.question)}”"
    return f"{what}{asked} What it shows I cannot tell: I am a simulation and have no eyes."


def _topic(text: str) -> str:
    """The words that carry the message, at most three, as Markdown emphasis; `this` for none."""
    found = [word.rstrip("'’-") for word in _WORD.findall(text[:_LISTENED])]
    words = dict.fromkeys(word for word in found if word.lower() not in _COMMON)
    return f"*{' '.join(list(words)[:3])}*" if words else "this"


def _short(text: str, limit: int = _QUOTED) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
