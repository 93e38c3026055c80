"""What is wrong with the events of a response's stream: their order, their numbers, what they say.

Pure, so that it serves for any stream: one read from a socket, a replay, or a writer's output.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["events_of", "violations"]

Event = dict[str, Any]

ENDS = {
    "response.completed": ("completed",),
    "response.incomplete": ("incomplete", "cancelled"),
    "response.failed": ("failed",),
}
BEGINNINGS = ("response.created", "response.queued", "response.in_progress")

# For each kind of text that grows: the events of its part, the name of the part's index, and the
# field that has the whole text. Arguments stand in no part.
GROWING = {
    "response.output_text": ("response.content_part", "content_index", "text"),
    "response.refusal": ("response.content_part", "content_index", "refusal"),
    "response.reasoning_text": ("response.content_part", "content_index", "text"),
    "response.reasoning_summary_text": (
        "response.reasoning_summary_part",
        "summary_index",
        "text",
    ),
    "response.function_call_arguments": ("", "", "arguments"),
}
KINDS = {
    "output_text": "response.output_text",
    "refusal": "response.refusal",
    "reasoning_text": "response.reasoning_text",
    "summary_text": "response.reasoning_summary_text",
}
PARTS = ("response.content_part", "response.reasoning_summary_part")

OTHERS = {
    "error",
    "response.compaction.compacting",
    "response.output_text.annotation.added",
    *(
        f"response.{kind}.{verb}"
        for kinds, verbs in (
            ("audio audio.transcript", "delta done"),
            ("custom_tool_call_input mcp_call_arguments code_interpreter_call_code", "delta done"),
            ("shell_call_output_content", "delta done"),
            ("shell_call_command", "added delta done"),
            ("mcp_list_tools mcp_call", "in_progress completed failed"),
            ("web_search_call file_search_call", "in_progress searching completed"),
            ("code_interpreter_call", "in_progress interpreting completed"),
            ("image_generation_call", "in_progress generating partial_image completed"),
        )
        for kind in kinds.split()
        for verb in verbs.split()
    ),
}
"""Events of hosted tools and the like, of whose order nothing is known here."""

STATUSED = {"message", "function_call"}
"""Items that must have a status; others may."""

Key = tuple[int, str, int]
"""Which item, and which of its parts: by the name of the index, and the index."""


def events_of(stream: bytes) -> list[Event]:
    """The events of a body, each with the name on its `event:` line as `"event"`."""
    events = []
    for block in stream.decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if lines and lines[-1] != "data: [DONE]":
            fields = dict(line.split(": ", 1) for line in lines)
            events.append({"event": fields.get("event"), **json.loads(fields["data"])})
    return events


def violations(events: Sequence[Event], *, starting_after: int = -1) -> list[str]:
    """Sentences about all that is wrong; `starting_after` is the number before the first event.

    What was begun before that cannot be judged, so a stream that was taken up again is only looked
    at for its numbers and its end.
    """
    found = [*numbering(events, starting_after + 1), *ending(events)]
    if starting_after < 0:
        found += beginning(events)
        found += Output().judged(events)
    return found


def numbering(events: Sequence[Event], first: int) -> Iterator[str]:
    for number, event in enumerate(events, first):
        if event.get("sequence_number") != number:
            yield f"{event['type']} has the number {event.get('sequence_number')}, not {number}"
        if event.get("event", event["type"]) != event["type"]:
            yield f"{event['type']} goes by the name {event['event']}"


def beginning(events: Sequence[Event]) -> Iterator[str]:
    """Created, perhaps queued, in progress; each once, and nothing of them later."""
    names = [event["type"] for event in events]
    first = [name for name in names if name in BEGINNINGS]
    if tuple(first) not in (BEGINNINGS, (BEGINNINGS[0], BEGINNINGS[2])):
        yield f"the stream begins with {first}"
    if names[: len(first)] != first:
        yield "the response begins again after its first item"
    for event in events[: len(first)]:
        response = event.get("response") or {}
        if response.get("status") not in ("queued", "in_progress"):
            yield f"{event['type']} says {response.get('status')}"
        if response.get("output") != []:
            yield f"{event['type']} has output already"
    ids = {event["response"].get("id") for event in events if "response" in event}
    if len(ids) > 1:
        yield f"the response changes its id: {sorted(map(str, ids))}"


def ending(events: Sequence[Event]) -> Iterator[str]:
    """One last event, which says how it ended and why."""
    ends = [number for number, event in enumerate(events) if event["type"] in ENDS]
    if ends != [len(events) - 1]:
        yield f"the events that end a stream stand at {ends} of {len(events)}"
        return
    name, response = events[-1]["type"], events[-1]["response"]
    if response.get("status") not in ENDS[name]:
        yield f"{name} says {response.get('status')}"
    if (response.get("error") is not None) != (name == "response.failed"):
        yield f"{name} has the error {response.get('error')}"
    cut = response.get("status") == "incomplete"
    if (response.get("incomplete_details") is not None) != cut:
        yield f"{name} has the details {response.get('incomplete_details')}"
    if name == "response.completed":
        yield from completion(response)


def completion(response: Event) -> Iterator[str]:
    usage = response.get("usage")
    if not usage:
        yield "a completed response has no usage"
    elif usage["total_tokens"] != usage["input_tokens"] + usage["output_tokens"]:
        yield f"the total of the usage is no sum: {usage}"
    if not response.get("completed_at"):
        yield "a completed response does not say when it was"
    if not response.get("output"):
        yield "a completed response has no output"


class Output:
    """The items as they come to be known, and what was wrong on the way."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.added: list[Event] = []
        self.done: dict[int, Event] = {}
        self.parts: dict[Key, Event] = {}
        self.closed: set[Key] = set()
        self.texts: dict[Key, str] = {}
        self.whole: dict[Key, str] = {}

    def judged(self, events: Sequence[Event]) -> list[str]:
        for event in events:
            try:
                self.judge(event)
            except (KeyError, TypeError, AttributeError) as error:
                self.found.append(f"{event['type']} cannot be read: {error!r}")
        if events and events[-1]["type"] in ENDS:
            self.compare(events[-1]["response"].get("output"))
        return self.found

    def judge(self, event: Event) -> None:
        name: str = event["type"]
        stem, _, verb = name.rpartition(".")
        if stem == "response.output_item" and verb in ("added", "done"):
            self.item(verb, event)
        elif stem in PARTS and verb in ("added", "done"):
            self.part(stem, verb, event)
        elif stem in GROWING and verb in ("delta", "done"):
            self.text(stem, verb, event)
        elif name not in BEGINNINGS and name not in ENDS and name not in OTHERS:
            self.found.append(f"there is no event {name}")

    def item(self, verb: str, event: Event) -> None:
        index, item = event["output_index"], event["item"]
        if verb == "added":
            self.expect(index == len(self.added), f"item {index} is added as the next")
            self.expect(status_of(item, "in_progress") == "in_progress", f"item {index} begins")
            empty = not (item.get("content") or item.get("summary") or item.get("arguments"))
            self.expect(empty, f"item {index} begins empty")
            known = item["id"] in [other["id"] for other in self.added]
            self.expect(bool(item["id"]) and not known, f"item {index} has an id of its own")
            self.added.append(item)
            return
        self.expect(self.open(index), f"item {index} is open when it is done")
        if not self.open(index):
            return
        for name in ("id", "type", "call_id", "name", "role"):
            same = item.get(name) == self.added[index].get(name)
            self.expect(same, f"item {index} keeps its {name}")
        over = status_of(item, "completed") in ("completed", "incomplete")
        self.expect(over, f"item {index} is over")
        self.done[index] = item
        self.contents(index, item)

    def contents(self, index: int, item: Event) -> None:
        """Whether a whole item says what its events said."""
        if item["type"] == "function_call":
            told = self.whole.get((index, "", 0))
            self.expect(item["arguments"] == told, f"arguments of {index}")
            return
        for field, name in (("summary_index", "summary"), ("content_index", "content")):
            parts = item.get(name) or ()
            opened = [key for key in self.parts if key[:2] == (index, field)]
            self.expect(len(opened) == len(parts), f"the {name} of item {index} was all added")
            for number, part in enumerate(parts):
                key = (index, field, number)
                self.expect(key in self.closed, f"part {number} of {index} is done")
                self.expect(part == self.parts.get(key), f"part {key} is what it was")

    def part(self, stem: str, verb: str, event: Event) -> None:
        field = "summary_index" if stem.endswith("summary_part") else "content_index"
        key, part = (event["output_index"], field, event[field]), event["part"]
        self.belongs(event)
        kind = KINDS.get(part["type"], "")
        text = part.get(GROWING[kind][2]) if kind else None
        self.expect(bool(kind) and GROWING[kind][0] == stem, f"a {part['type']} is in {stem}")
        if verb == "added":
            self.expect(key not in self.parts, f"part {key} is added once")
            self.expect(text == "", f"part {key} begins empty")
            self.parts[key] = part
            return
        self.expect(key in self.parts and key not in self.closed, f"part {key} is open")
        self.expect(text == self.whole.get(key), f"part {key} is done with its text")
        self.closed.add(key)
        self.parts[key] = part

    def text(self, stem: str, verb: str, event: Event) -> None:
        opener, field, name = GROWING[stem]
        key = (event["output_index"], field, event[field] if field else 0)
        self.belongs(event)
        if opener:
            kind = KINDS.get(self.parts.get(key, {}).get("type", ""))
            self.expect(kind == stem, f"{stem}.{verb} has a part {key} to stand in")
        if stem == "response.output_text":
            self.expect(isinstance(event.get("logprobs"), list), f"{stem}.{verb} has logprobs")
        self.expect(key not in self.whole, f"{stem}.{verb} of {key} comes before the done")
        if verb == "delta":
            self.expect(isinstance(event["delta"], str), f"the delta of {key} is a string")
            self.texts[key] = self.texts.get(key, "") + event["delta"]
        else:
            said = self.texts.get(key, "")
            self.expect(event[name] == said, f"{stem} of {key} is done with what was said")
            self.whole[key] = event[name]

    def belongs(self, event: Event) -> None:
        index = event["output_index"]
        self.expect(self.open(index), f"{event['type']} has an open item {index}")
        if self.open(index):
            same = event["item_id"] == self.added[index]["id"]
            self.expect(same, f"{event['type']} names its item")

    def compare(self, output: Any) -> None:
        items = [self.done.get(index) for index in range(len(self.added))]
        self.expect(None not in items, "all items are done at the end")
        self.expect(output == items, "the output is the items that were done")

    def open(self, index: int) -> bool:
        return index < len(self.added) and index not in self.done

    def expect(self, right: bool, sentence: str) -> None:
        if not right:
            self.found.append(f"it is not so that {sentence}")


def status_of(item: Event, usual: str) -> Any:
    return item.get("status", None if item["type"] in STATUSED else usual)
