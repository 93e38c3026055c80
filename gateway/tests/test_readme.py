"""What the README says of fields is what the tables say; `python .ci/readme.py` writes it anew."""

from pathlib import Path

import pytest

from gateway.config import Config
from gateway.dialects.openai import embeddings
from gateway.dialects.openai.chat.fields import FIELDS as CHAT
from gateway.dialects.openai.completions.fields import FIELDS as COMPLETIONS
from gateway.dialects.openai.fields import FieldTable
from gateway.dialects.openai.responses.fields import FIELDS as RESPONSES

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


@pytest.mark.parametrize("table", [CHAT, RESPONSES, COMPLETIONS, embeddings.FIELDS])
def test_the_table_of_an_endpoint_is_in_it(table: FieldTable) -> None:
    assert f"<!-- fields of {table.path} -->\n{table.markdown()}\n<!-- end -->" in README


@pytest.mark.parametrize("name", Config.__struct_fields__)
def test_every_setting_is_in_it(name: str) -> None:
    shortened = ("upstream_first_byte_timeout_seconds", "upstream_read_timeout_seconds")
    assert f"MOCHI_{name.upper()}" in README or name in shortened
