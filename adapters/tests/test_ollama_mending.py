"""Which templates open the thinking of an answer."""

import pytest

from adapters.ollama.mending import opens_thinking


@pytest.mark.parametrize(
    ("template", "opens"),
    [
        ("<|im_start|>assistant\n<think>\n", True),
        ("{% if add_generation_prompt %}{{ '<|Assistant|><think>\\n' }}{% endif %}", True),
        ("{%- if add_generation_prompt -%}{{- '<think>' -}}{%- endif -%}", True),
        ("{{ .Prompt }}<think>", True),
        ("{{ if .Thinking }}<think>{{ .Thinking }}{{ end }}{{ .Content }}", False),
        ("{{ if .Think }}<think>{{ end }}", False),
        ("{% if enable_thinking %}<think>{% else %}<think></think>{% endif %}", False),
        ("<think>{{ reasoning }}</think>{{ content }}", False),
        ("{{ .Prompt }}", False),
        ("", False),
    ],
)
def test_only_a_template_that_surely_ends_in_an_open_tag(template: str, opens: bool) -> None:
    assert opens_thinking(template) == opens
