"""What was sent, what came back, and where they differ."""

import json
from collections.abc import Sequence
from typing import Any

from conformance_tests.judging.page.pieces import Html, fill, joined
from conformance_tests.judging.report import Case, Exchange, HttpMessage
from conformance_tests.judging.verdicts import Verdict

__all__ = ["cases_shown", "slug"]


def slug(verdict: Verdict) -> str:
    """A verdict as a class of the styles."""
    return verdict.replace(" ", "-")


def cases_shown(cases: Sequence[Case]) -> Html:
    """Failed cases with all that was kept of them, then the names of the others."""
    failed = [case for case in cases if case.verdict is Verdict.FAIL]
    others = [case for case in cases if case.verdict is not Verdict.FAIL and case.name]
    shown = [fill("case", name=named(case), about=about(case)) for case in failed]
    if others:
        shown.append(fill("others", cases=joined(map(other, others))))
    return joined(shown)


def named(case: Case) -> Html | str:
    return fill("heading", name=case.name) if case.name else ""


def other(case: Case) -> Html:
    verdict = slug(case.verdict)
    return fill("other", verdict=verdict, word=case.verdict, name=case.name, reason=case.reason)


def about(case: Case) -> Html:
    difference = (case.difference or case.reason).strip()
    exchanges = [exchange_shown(number, each) for number, each in enumerate(case.exchanges, 1)]
    return joined([fill("difference", difference=difference), *exchanges])


def exchange_shown(number: int, exchange: Exchange) -> Html:
    answer = exchange.answer
    return fill(
        "exchange",
        number=number,
        request=message_shown("Request", exchange.request),
        answer=message_shown("Answer", answer) if answer else fill("silence"),
    )


def message_shown(kind: str, message: HttpMessage) -> Html:
    headers = "\n".join(f"{name}: {value}" for name, value in message.headers.items())
    left_out = fill("left_out", count=message.left_out) if message.left_out else ""
    return fill(
        "message",
        kind=kind,
        line=message.line,
        headers=headers,
        body=laid_out(message.body) or "(no body)",
        left_out=left_out,
    )


def laid_out(body: str) -> str:
    """JSON with a member on a line; as it came where that would hide or change something."""
    try:
        value = json.loads(body, object_pairs_hook=all_of)
        shown = json.dumps(value, indent=2, ensure_ascii=False)
        shown.encode()  # half a surrogate pair cannot be written down
    except (ValueError, RecursionError):
        return body
    return shown


def all_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, none of whose keys comes twice."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key comes twice")
    return members
