"""A report that can be pasted into a bug tracker."""

from conformance_tests.judging.markdown import markdown
from conformance_tests.judging.report import Case, Exchange, HttpMessage, Judged
from conformance_tests.judging.tests.reports import judged, report
from conformance_tests.judging.verdicts import Verdict

EXCHANGE = Exchange(
    HttpMessage("GET /v1/x HTTP/1.1", {"Host": "h"}, ""),
    HttpMessage("HTTP/1.1 200 OK", {}, "```", 7),
)
FAILED = Judged(
    "openai/stream::the_end_is_done",
    "The end is done",
    "OpenAI API reference.",
    ["streaming"],
    [24],
    Verdict.FAIL,
    None,
    1,
    [Case("a", Verdict.FAIL, "1 != 2", "assert 1 == 2", [EXCHANGE])],
)


def test_a_failure_shows_request_answer_and_difference() -> None:
    said = markdown(report(FAILED))
    assert (
        """## The end is done

`openai/stream::the_end_is_done` failed.

It rests on: OpenAI API reference.
- Known fault 24: no `[DONE]` (waybarrios/vllm-mlx#101)

### a

```
assert 1 == 2
```

```http
GET /v1/x HTTP/1.1
Host: h
```

````http
HTTP/1.1 200 OK

```
… and 7 more bytes
````
"""
        in said
    )


def test_what_is_not_offered_is_told_by_reason() -> None:
    checks = [judged(id, "not offered", None, "404: no") for id in ("a", "b")]
    assert "\n## Not offered\n\n- 404: no (2): `openai/chat::a`, `openai/chat::b`\n" in markdown(
        report(*checks)
    )
