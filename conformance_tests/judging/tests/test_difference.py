"""What one run has that another has not."""

from conformance_tests.judging.difference import difference
from conformance_tests.judging.tests.reports import judged, report

BEFORE = report(
    judged("same", "pass"),
    judged("broke", "pass"),
    judged("mended", "fail"),
    judged("refused now", "pass", "3/3"),
    judged("told apart", "skipped"),
    judged("taken away", "pass"),
)
AFTER = report(
    judged("same", "pass"),
    judged("broke", "fail", "1/3", "1 != 2"),
    judged("mended", "pass"),
    judged("refused now", "not offered", None, "404"),
    judged("told apart", "not offered"),
    judged("added", "pass"),
    version="2",
)


def test_what_changed() -> None:
    assert difference(BEFORE, AFTER).markdown() == (
        "The suite itself changed, from 1 to 2.\n"
        "Worse:\n"
        "- broke (openai/chat::broke): pass → fail 1/3: 1 != 2\n"
        "- refused now (openai/chat::refused now): pass 3/3 → not offered: 404\n"
        "Better:\n"
        "- mended (openai/chat::mended): fail → pass\n"
        "Other:\n"
        "- told apart (openai/chat::told apart): skipped → not offered\n"
        "New:\n"
        "- added (openai/chat::added): pass\n"
        "Gone:\n"
        "- taken away (openai/chat::taken away): pass\n"
    )


def test_nothing() -> None:
    assert difference(BEFORE, BEFORE).markdown() == "Nothing changed.\n"
