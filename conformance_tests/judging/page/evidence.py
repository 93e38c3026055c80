"""What was sent, what came back, and where they differ."""

import json

from conformance_tests.judging.page.pieces import Html, fill, joined
from conformance_tests.judging.report import Case, Exchange, HttpMessage

__all__ = ["case_shown"]


def case_shown(case: Case, verdict: str) -> Html:
    """A line for a case of which there is nothing to say, otherwise all that was kept."""
    if not (case.name or case.difference or case.exchanges):
        return Html()
    about = [fill("difference", difference=case.difference.strip())] if case.difference else []
    about += [exchange_shown(number, each) for number, each in enumerate(case.exchanges, 1)]
    return fill("case", verdict=verdict, name=heading(case, verdict), about=joined(about))


def heading(case: Case, verdict: str) -> Html | str:
    """The name of one of several cases, with the reason where no difference says it."""
    reason = "" if case.difference else case.reason
    named = bool(case.name)
    return fill("heading", verdict=verdict, name=case.name, reason=reason) if named else ""


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
    """JSON with a member on a line; anything else, and JSON that was cut, as it came."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
