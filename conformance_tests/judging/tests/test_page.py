"""The page says what the report says, whatever a server answers, and works in a browser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from conformance_tests.judging.markdown import failure
from conformance_tests.judging.page import page
from conformance_tests.judging.page.evidence import laid_out
from conformance_tests.judging.page.pieces import fill, prose
from conformance_tests.judging.report import Case, Exchange, HttpMessage, Judged, Report
from conformance_tests.judging.verdicts import Verdict

HOSTILE = (
    '</pre></script><script>document.title = "taken"</script><img src=x onerror=alert(1)>&quot;"\''
)
REQUEST = HttpMessage("POST /v1/chat/completions HTTP/1.1", {"Host": "h"}, '{"model":"m"}', 36_000)
ANSWER = HttpMessage(f"HTTP/1.1 200 {HOSTILE}", {"X-Odd": HOSTILE}, HOSTILE)


def judged(id: str, verdict: Verdict, *cases: Case, **more: Any) -> Judged:
    title = id.rpartition("::")[2].replace("_", " ").capitalize()
    check = Judged(id, title, "A `fact`.", ["chat"], [], verdict, None, 0.1, list(cases))
    return replace(check, **more)


FAILED = judged(
    "openai/chat::an_answer_is_an_object",
    Verdict.FAIL,
    Case("good", Verdict.PASS),
    Case(HOSTILE, Verdict.FAIL, HOSTILE, HOSTILE, [Exchange(REQUEST, ANSWER)]),
    Case("silent", Verdict.FAIL, "TimeoutError", "TimeoutError", [Exchange(REQUEST, None)]),
    rows=[20],
)
REPORT = Report(
    server="http://h/v1",
    model="qwen3:8b",
    suite_version="3",
    started="2026-11-21T21:08:10Z",
    seconds=12.34,
    versions={"python": "3.11"},
    checks=[
        judged("openai/chat::usage_adds_up", Verdict.PASS, Case("", Verdict.PASS)),
        FAILED,
        judged("openai/stream::the_end_is_done", Verdict.PASS, profiles=["streaming", "chat"]),
        judged(
            "clients/codex::a_command_can_be_run",
            Verdict.NOT_OFFERED,
            Case("", Verdict.NOT_OFFERED, "404: no such route"),
            profiles=["codex"],
            rate="2/3",
        ),
        judged("openai/vision::a_picture_is_seen", Verdict.SKIPPED),
    ],
)


@dataclass
class Seen(HTMLParser):
    """Tags and attributes as a browser would find them."""

    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str | None]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(report: Report) -> Seen:
    reader = Seen()
    reader.feed(page(report))
    return reader


def test_it_says_who_was_judged_and_when() -> None:
    text = seen(REPORT).text
    for said in ("http://h/v1", "qwen3:8b", "21 November 2026, 21:08 UTC", "12.3 s", "python 3.11"):
        assert said in text


def test_a_date_that_is_none_is_shown_as_it_is() -> None:
    assert "yesterday" in seen(replace(REPORT, started="yesterday")).text


def test_what_a_server_says_is_text_and_nothing_else() -> None:
    tags = seen(REPORT).tags
    assert tags.count("script") == 1
    assert "img" not in tags
    assert HOSTILE in seen(REPORT).text


def test_every_hostile_name_is_text() -> None:
    check = replace(FAILED, id=HOSTILE, title=HOSTILE, fact=HOSTILE, rate=HOSTILE)
    found = seen(replace(REPORT, server=HOSTILE, model=HOSTILE, checks=[check]))
    assert (found.tags.count("script"), found.tags.count("img")) == (1, 0)
    assert not any(name.startswith("on") for name, _ in found.attributes)


def test_nothing_is_fetched_from_anywhere() -> None:
    """Addresses are only those of this page: fragments, and an empty icon."""
    addresses = [value for name, value in seen(REPORT).attributes if name in ("href", "src")]
    assert addresses
    assert all(value and value.startswith(("#", "data:,")) for value in addresses)
    assert "@import" not in page(REPORT)
    assert not re.search(r"url\(|fetch\(|https?://(?!h/v1)", page(REPORT))


def test_the_only_gap_that_is_not_escaped_is_ours() -> None:
    assert fill("label", name="<b>") == "<li>&lt;b&gt;</li>"
    assert fill("label", name=prose("a `b`\n& c")) == "<li>a <code>b</code> &amp; c</li>"


def test_a_report_without_checks_is_a_page() -> None:
    assert "of 0 checks" in seen(replace(REPORT, checks=[])).text


@pytest.mark.parametrize("profiles", [[], ["of-another-time"]])
def test_no_check_is_left_out(profiles: list[str]) -> None:
    check = replace(FAILED, profiles=profiles)
    assert FAILED.title in seen(replace(REPORT, checks=[check])).text


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'),
        ('{"a":1,"a":2}', '{"a":1,"a":2}'),
        ('data: {"a":1}\n\n', 'data: {"a":1}\n\n'),
        ('{"a":"\\ud800"}', '{"a":"\\ud800"}'),
        ("[" * 90_000, "[" * 90_000),
        ("", ""),
    ],
    ids=["JSON", "a key twice", "a stream", "half a pair", "deep", "nothing"],
)
def test_a_body_is_laid_out_where_nothing_is_lost(body: str, shown: str) -> None:
    assert laid_out(body) == shown


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = which("chromium") or pytest.skip("there is no chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Any]:
    """The page in a browser; at the end nothing must have been asked for or complained of."""
    file = tmp_path / "index.html"
    file.write_text(page(REPORT), "utf-8")
    tab = chromium.new_page(color_scheme="light")
    tab.set_default_timeout(10_000)
    trouble: list[str] = []
    requests: set[str] = set()

    def dismiss(dialog: Any) -> None:
        trouble.append(dialog.message)
        dialog.dismiss()

    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("dialog", dismiss)
    tab.on("request", lambda request: requests.add(request.url))
    tab.goto(file.as_uri())
    yield tab
    assert trouble == []
    assert requests == {file.as_uri()}
    assert tab.title() == "Conformance of http://h/v1"
    tab.close()


def titles(tab: Any) -> list[str]:
    found: list[str] = tab.locator(".check:visible .title").all_text_contents()
    return found


def test_verdicts_filter(opened: Any) -> None:
    assert len(titles(opened)) == 5
    opened.get_by_role("button", name="fail 1").click()
    assert titles(opened) == ["An answer is an object"]
    opened.get_by_role("button", name="not offered 1").click()
    assert titles(opened) == ["An answer is an object", "A command can be run"]
    assert opened.locator("#shown").text_content() == "2 of 5"
    assert opened.locator(".group:visible h2").all_text_contents() == ["chat", "codex"]


def test_profiles_filter_also_by_their_card(opened: Any) -> None:
    opened.get_by_label("Profile").select_option("chat")
    assert "The end is done" in titles(opened)
    assert "A command can be run" not in titles(opened)
    opened.locator(".card", has_text="codex").click()
    assert titles(opened) == ["A command can be run"]
    opened.locator(".card", has_text="codex").click()
    assert len(titles(opened)) == 5


def test_the_search_is_in_the_text(opened: Any) -> None:
    opened.keyboard.press("/")
    opened.keyboard.type("USAGE adds")
    assert titles(opened) == ["Usage adds up"]
    opened.keyboard.type(" in vain")
    assert titles(opened) == []
    opened.get_by_role("button", name="Show all of them").click()
    assert len(titles(opened)) == 5


def test_evidence_opens_by_keyboard(opened: Any) -> None:
    check = opened.locator(f'[id="{FAILED.id}"]')
    assert not check.locator(".difference").first.is_visible()
    check.locator("summary").focus()
    opened.keyboard.press("Enter")
    assert check.locator(".difference").first.text_content() == HOSTILE
    assert HOSTILE in check.locator(".body").nth(1).text_content()
    assert "36000 more bytes" in check.locator(".left-out").first.text_content()


def test_a_bug_report_is_copied(opened: Any) -> None:
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    check = opened.locator(f'[id="{FAILED.id}"]')
    check.locator("summary").click()
    check.get_by_role("button", name="Copy as bug report").click()
    opened.get_by_text("Copied").wait_for()
    assert opened.evaluate("navigator.clipboard.readText()") == "\n".join(failure(FAILED))


def test_light_and_dark(opened: Any) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = opened.evaluate(paper)
    opened.get_by_role("button", name="Dark").click()
    dark = opened.evaluate(paper)
    assert light != dark
    opened.reload()
    assert opened.evaluate(paper) == dark
    opened.get_by_role("button", name="Dark").click()
    assert opened.evaluate(paper) == light


def test_an_address_opens_its_check(opened: Any) -> None:
    opened.evaluate(f"location.hash = {FAILED.id!r}")
    opened.locator(f'[id="{FAILED.id}"][open]').wait_for()


@pytest.mark.parametrize("width", [320, 390, 768, 1600])
def test_it_fits_every_width(opened: Any, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 800})
    opened.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_it_can_be_read_without_a_script(chromium: Any, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(page(REPORT), "utf-8")
    tab = chromium.new_context(java_script_enabled=False).new_page()
    tab.goto((tmp_path / "index.html").as_uri())
    assert len(titles(tab)) == 5
    assert tab.locator(".scripted:visible").count() == 0
    tab.locator(".check.fail summary").click()
    assert tab.locator(".difference").first.is_visible()
    tab.close()
