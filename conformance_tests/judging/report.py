"""The outcome of a run, as a value and as the JSON file that other runs are compared with."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from conformance_tests.judging.verdicts import Verdict

__all__ = ["FORMAT", "Case", "Exchange", "HttpMessage", "Judged", "NotAReport", "Report"]

FORMAT = 1
"""Of the JSON; goes up when a reader of the last one would misread it."""


class NotAReport(ValueError):
    """Some other JSON, or a format of another time."""


@dataclass(frozen=True)
class HttpMessage:
    """A request or an answer, as far as it is kept."""

    line: str
    """`POST /v1/chat/completions HTTP/1.1`, or `HTTP/1.1 200 OK`."""
    headers: dict[str, str]
    """The key is not among them."""
    body: str
    left_out: int = 0
    """The bytes of the body that are not shown."""


@dataclass(frozen=True)
class Exchange:
    """`answer` is `None` where none began."""

    request: HttpMessage
    answer: HttpMessage | None


@dataclass(frozen=True)
class Case:
    """One set of arguments of a check; the name is empty where it has only one."""

    name: str
    verdict: Verdict
    reason: str = ""
    """Of any verdict but a pass, in a line."""
    difference: str = ""
    """What was due and what came, in the words of the assertion."""
    exchanges: list[Exchange] = field(default_factory=list)
    """Of a failure, those that led to it."""


@dataclass(frozen=True)
class Judged:
    """A check and its verdict."""

    id: str
    title: str
    fact: str
    """What it rests on: a document, or a client that breaks."""
    profiles: list[str]
    rows: list[int]
    """The known faults that it would notice, by their number in `conformance_tests.rows`."""
    verdict: Verdict
    rate: str | None
    """`2/3` where the model's goodwill was needed: how often it went well."""
    seconds: float
    cases: list[Case]

    @property
    def reason(self) -> str:
        """Of the first case that has the verdict of the whole."""
        return next((case.reason for case in self.cases if case.verdict == self.verdict), "")


@dataclass(frozen=True)
class Report:
    """What a suite of this version found of a server."""

    server: str
    """Its base URL, or what ours is called on the simulator."""
    model: str
    suite_version: str
    started: str
    """ISO 8601, UTC."""
    seconds: float
    versions: dict[str, str]
    """Of Python, pytest, openai, and what the server calls itself."""
    checks: list[Judged]
    complete: bool = True
    """Whether all checks were run that were to be."""

    def counts(self, profile: str | None = None) -> Counter[Verdict]:
        """How often each verdict, in one profile or in all."""
        return Counter(
            check.verdict for check in self.checks if profile is None or profile in check.profiles
        )

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """The report in this file; `NotAReport` for anything else."""
        try:
            fields = json.loads(text)
            if fields.pop("format") != FORMAT:
                raise NotAReport(f"a report of format {FORMAT} is wanted")
            fields["checks"] = [judged_from(check) for check in fields["checks"]]
            return cls(**fields)
        except NotAReport:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotAReport(f"no report of a conformance run: {error}") from None


def judged_from(fields: dict[str, Any]) -> Judged:
    return Judged(
        **{
            **fields,
            "verdict": Verdict(fields["verdict"]),
            "cases": [case_from(case) for case in fields["cases"]],
        }
    )


def case_from(fields: dict[str, Any]) -> Case:
    return Case(
        **{
            **fields,
            "verdict": Verdict(fields["verdict"]),
            "exchanges": [exchange_from(exchange) for exchange in fields["exchanges"]],
        }
    )


def exchange_from(fields: dict[str, Any]) -> Exchange:
    answer = fields["answer"]
    return Exchange(HttpMessage(**fields["request"]), HttpMessage(**answer) if answer else None)
