"""The page from the top down: what was judged, how it went, and every check by its profile."""

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from conformance_tests.judging.markdown import INTERRUPTED, failure
from conformance_tests.judging.page.evidence import cases_shown, slug
from conformance_tests.judging.page.pieces import Html, fill, joined, prose, source
from conformance_tests.judging.profiles import PROFILES
from conformance_tests.judging.report import Judged, Report
from conformance_tests.judging.verdicts import Verdict
from conformance_tests.rows import ROWS

__all__ = ["page"]

WORST_FIRST = (Verdict.FAIL, Verdict.NOT_OFFERED, Verdict.PASS, Verdict.SKIPPED)
OTHER = "other"
"""The profile of a check that has none."""
WORDS = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.NOT_OFFERED: "not offered",
    Verdict.SKIPPED: "skipped",
}


def page(report: Report) -> str:
    """One HTML document, complete with its styles and its script."""
    style, script = Html(source("page.css")), Html(source("page.js"))
    profiles = profiles_in(report)
    counts = report.counts()
    whole = fill(
        "page",
        style=style,
        script=script,
        style_hash=digest(style),
        script_hash=digest(script),
        server=report.server,
        model=report.model,
        suite=report.suite_version,
        started=report.started,
        date=in_words(report.started) + ("" if report.complete else f". {INTERRUPTED}"),
        seconds=f"{report.seconds:.1f}",
        versions=", ".join(f"{name} {version}" for name, version in report.versions.items()),
        total=len(report.checks),
        passed=counts[Verdict.PASS],
        bar=bar(counts),
        tiles=joined(tile(verdict, counts) for verdict in Verdict),
        chips=joined(chip(verdict, counts) for verdict in Verdict),
        options=joined(fill("option", name=name) for name in profiles),
        cards=joined(card(name, report.counts(name)) for name in profiles),
        groups=joined(group(name, report.checks) for name in profiles),
    )
    return whole + "\n"


def profiles_in(report: Report) -> list[str]:
    """Those of today in their order, then what a report of another time may have."""
    found = {name: None for check in report.checks for name in check.profiles or [OTHER]}
    return [name for name in {**PROFILES, **found} if name in found]


def about(name: str) -> Html:
    return prose(PROFILES[name].about) if name in PROFILES else Html()


def digest(text: str) -> str:
    """What a content security policy knows an inline style or script by."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def in_words(moment: str) -> str:
    """`21 November 2026, 21:08 UTC`; as it is where it is no ISO 8601."""
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def bar(counts: Counter[Verdict]) -> Html:
    """Stripes in a box that is 100 wide, in the order of the verdicts."""
    stripes, left = [], 0.0
    for verdict in Verdict:
        width = 100 * counts[verdict] / counts.total() if counts else 0
        if width:
            at, wide = f"{left:.3f}", f"{width:.3f}"
            stripes.append(fill("stripe", verdict=slug(verdict), left=at, width=wide))
        left += width
    return fill("bar", spoken=spoken(counts), stripes=joined(stripes))


def spoken(counts: Counter[Verdict]) -> str:
    return ", ".join(
        f"{counts[verdict]} {WORDS[verdict]}" for verdict in Verdict if counts[verdict]
    )


def tile(verdict: Verdict, counts: Counter[Verdict]) -> Html:
    return fill("tile", verdict=slug(verdict), count=counts[verdict], word=WORDS[verdict])


def chip(verdict: Verdict, counts: Counter[Verdict]) -> Html:
    return fill("chip", verdict=slug(verdict), word=verdict, count=counts[verdict])


def card(name: str, counts: Counter[Verdict]) -> Html:
    return fill(
        "card",
        name=name,
        about=about(name),
        bar=bar(counts),
        passed=counts[Verdict.PASS],
        total=counts.total(),
        failed=fill("failed", count=counts[Verdict.FAIL]) if counts[Verdict.FAIL] else "",
    )


def group(name: str, checks: Sequence[Judged]) -> Html:
    """The checks whose first profile this is; a check stands on the page once."""
    own = [check for check in checks if (check.profiles or [OTHER])[0] == name]
    shown = sorted(own, key=lambda check: WORST_FIRST.index(check.verdict))
    if not shown:
        return Html()
    return fill(
        "group",
        name=name,
        about=about(name),
        checks=joined(map(check_shown, shown)),
    )


def check_shown(check: Judged) -> Html:
    reason = fill("reason", reason=check.reason) if check.reason else ""
    return fill(
        "check",
        id=check.id,
        verdict=slug(check.verdict),
        word=check.verdict,
        profiles=" ".join(check.profiles),
        title=check.title,
        reason=reason,
        rate=fill("rate", rate=check.rate) if check.rate else "",
        cases_count=fill("count", count=len(check.cases)) if len(check.cases) > 1 else "",
        seconds=f"{check.seconds:.2f}",
        fact=prose(check.fact or "Nobody wrote down what it rests on."),
        labels=joined(fill("label", name=name) for name in check.profiles),
        faults=joined(map(fault, check.rows)),
        cases=cases_shown(check.cases),
        copying=copying(check),
    )


def fault(number: int) -> Html:
    row = ROWS[number]
    return fill("fault", number=number, fault=prose(row.fault), seen=row.seen)


def copying(check: Judged) -> Html | str:
    """A button, and what it copies: the section that `report.md` has of this failure."""
    if check.verdict is not Verdict.FAIL:
        return ""
    return fill("copying", markdown="\n".join(failure(check)), title=check.title)
