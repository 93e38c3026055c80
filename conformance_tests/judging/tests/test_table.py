"""The table of the README is what a run says, or it is stale."""

from pathlib import Path

import pytest

from conformance_tests.judging.table import main, with_table
from conformance_tests.judging.tests.reports import judged, report

README = "# x\n<!-- conformance -->\nold\n<!-- end -->\nmore <!-- end -->\n"
REPORT = report(judged("a", "pass"), judged("b", "fail"), judged("c", "skipped"))
TABLE = """# x
<!-- conformance -->
Suite 1, http://h/v1:

| profile | pass | fail | not offered | skipped |
| --- | --- | --- | --- | --- |
| chat | 1 | 1 | 0 | 1 |
| **all checks** | 1 | 1 | 0 | 1 |
<!-- end -->
more <!-- end -->
"""


def test_it_stands_between_the_markers() -> None:
    assert with_table(README, REPORT) == TABLE
    assert with_table(TABLE, REPORT) == TABLE


def test_a_stale_one_is_noticed_and_written_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, readme = tmp_path / "report.json", tmp_path / "README.md"
    file.write_text(REPORT.to_json(), "utf-8")
    readme.write_text(README, "utf-8")
    asked = [str(file), "--readme", str(readme)]
    assert main([*asked, "--check"]) == 1
    assert "is stale" in capsys.readouterr().err
    assert readme.read_text("utf-8") == README
    assert main(asked) == 0
    assert readme.read_text("utf-8") == TABLE
    assert main([*asked, "--check"]) == 0


@pytest.mark.parametrize("text", ["", README + README])
def test_there_is_one_place_for_it(text: str) -> None:
    with pytest.raises(ValueError, match="not one place"):
        with_table(text, REPORT)
