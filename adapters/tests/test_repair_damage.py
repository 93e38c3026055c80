import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.repair.damage import Read, objects_in, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2,], }', {"a": [1, 2]}),
        ("{'a': 'b'}", {"a": "b"}),
        ("{'a': 'it's'}", {"a": "it's"}),
        ("{'a': 'say \"x\"'}", {"a": 'say "x"'}),
        (
            '{"a": True, "b": False, "c": None, "d": NaN}',
            {"a": True, "b": False, "c": None, "d": None},
        ),
        ('{"a": "x\ny\tz\x01"}', {"a": "x\ny\tz\x01"}),
        (r'{"a": "\d+\.\'"}', {"a": r"\d+\.'"}),
        ('{"a": "\\\n"}', {"a": "\\\n"}),
        ('{"a": {"b": 1', {"a": {"b": 1}}),
        ('{"a": [{"b": "c"}', {"a": [{"b": "c"}]}),
    ],
)
def test_damage_is_mended(text: str, value: Any) -> None:
    assert read(text) == Read(value, True)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "b',
        '{"a":',
        '{"a"',
        '{"a": 1,',
        '{"a": 1.',
        '{"a": tru',
        "{a: 1}",
        "[1}",
        "]",
        "",
        "x",
    ],
)
def test_nothing_is_made_up(text: str) -> None:
    assert read(text) is None


@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(), st.lists))
def test_sound_json_is_not_touched(value: Any) -> None:
    assert read(json.dumps(value, ensure_ascii=False)) == Read(value, False)


PLAIN = st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters="'"))


@given(st.dictionaries(PLAIN, PLAIN | st.none() | st.booleans() | st.lists(PLAIN)))
def test_python_reads_as_json(value: dict[str, Any]) -> None:
    found = read(repr(value))
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": 1}, Read({"a": 1}, False)),
        (None, Read({}, False)),
        (" ", Read({}, True)),
        ('{"a": 1}', Read({"a": 1}, False)),
        ('"{\\"a\\": 1}"', Read({"a": 1}, True)),
        ('```json\n{"a": 1,}\n```', Read({"a": 1}, True)),
        ("[1]", None),
        ("a", None),
        (1, None),
    ],
)
def test_arguments_are_an_object_however_often_encoded(value: Any, found: Read | None) -> None:
    assert objects_in(value) == found
