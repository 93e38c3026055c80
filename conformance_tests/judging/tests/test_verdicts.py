"""What is a refusal by name, and what is not."""

import json
from typing import Any

import pytest

from conformance_tests.judging.verdicts import (
    NotOffered,
    Verdict,
    offered,
    route_offered,
    verdict_of_cases,
)
from conformance_tests.wire import Answer


def answer(status: int, error: Any = None) -> Answer:
    return Answer(status, {}, json.dumps({"error": error}).encode())


BY_NAME = {
    "param": answer(400, {"message": "no", "param": "logprobs"}),
    "inside the param": answer(400, {"message": "no", "param": "logprobs.x"}),
    "words alone": answer(422, {"message": "logprobs is not supported", "param": None}),
    "a bare string": answer(501, "'logprobs' is not implemented"),
}


@pytest.mark.parametrize("refusal", BY_NAME.values(), ids=BY_NAME.keys())
def test_a_refusal_by_name(refusal: Answer) -> None:
    with pytest.raises(NotOffered, match="no"):
        offered(refusal, "n", "logprobs")


OTHERWISE = {
    "answered": answer(200),
    "another field": answer(400, {"message": "logprobs", "param": "n"}),
    "a longer name": answer(400, {"message": "top_logprobs is wrong", "param": None}),
    "a failure": answer(500, {"message": "logprobs", "param": "logprobs"}),
    "no JSON": Answer(400, {}, b"logprobs"),
}


@pytest.mark.parametrize("other", OTHERWISE.values(), ids=OTHERWISE.keys())
def test_anything_else_is_for_the_check_to_judge(other: Answer) -> None:
    assert offered(other, "logprobs") is other


def test_a_route_that_is_not_there() -> None:
    with pytest.raises(NotOffered, match="404: no"):
        route_offered(answer(404, "no"))
    unknown = answer(404, {"message": "no", "code": "model_not_found"})
    assert route_offered(unknown) is unknown


def test_the_worst_of_the_cases_is_the_verdict() -> None:
    every = [Verdict.SKIPPED, Verdict.PASS, Verdict.NOT_OFFERED, Verdict.FAIL]
    assert [verdict_of_cases(every[: n + 1]) for n in range(4)] == every
    assert verdict_of_cases([]) is Verdict.SKIPPED
