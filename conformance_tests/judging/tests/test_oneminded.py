"""A server that always says the same passes what it does right by that, and nothing else."""

import subprocess
import sys
from pathlib import Path

from conformance_tests.judging.profiles import PACKAGES
from conformance_tests.judging.report import Report
from conformance_tests.judging.tests.oneminded import oneminded
from conformance_tests.judging.verdicts import Verdict

ROOT = Path(__file__).parents[3]
RIGHT = {
    "openai/chat": {
        "an_answer_without_calls_has_no_tool_calls",
        "conversations_as_clients_send_them",
        "fields_beside_the_point_do_no_harm",
        "headers_of_real_clients_do_no_harm",
        "null_means_not_given",
        "the_body_is_the_object_and_nothing_else",
        "usage_adds_up",
        "what_is_not_there_is_null",
    },
    "openai/json": {"text_is_no_constraint"},
    "openai/robustness": {
        "a_body_in_chunks",
        "a_request_that_breaks_off_hurts_nobody",
        "many_at_once",
    },
    "openai/sampling": {"values_within_bounds_are_taken"},
    "openai/stream": {"without_stream_the_answer_is_one_object"},
    "openai/tools": {"no_tools_is_no_call", "none_means_no_call"},
    "sdk/chat": {"create"},
}
"""A whole chat completion is answered, where nothing else was asked for."""

MODELS = ["tools", "thinking", "vision", "embedding", "insert"]


def test_only_that_is_passed(tmp_path: Path) -> None:
    with oneminded() as url:
        named = [f"--{kind}-model=m" for kind in MODELS]
        asked = ["--base-url", url, "--model", "m", "--patience", "5", "--report", str(tmp_path)]
        quiet = ["-q", "--tb=no", "-rN", "-n0", *(f"conformance_tests/{one}" for one in PACKAGES)]
        command = [sys.executable, "-m", "pytest", *quiet, *asked, *named]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    report = Report.from_json((tmp_path / "report.json").read_text("utf-8"))
    passed: dict[str, set[str]] = {}
    for check in report.checks:
        if check.verdict is Verdict.PASS:
            module, _, name = check.id.partition("::")
            passed.setdefault(module, set()).add(name)
    assert passed == RIGHT
    failed = [c for check in report.checks for c in check.cases if c.verdict is Verdict.FAIL]
    assert all(case.exchanges and case.reason for case in failed)
    assert report.counts()[Verdict.FAIL] > 200
