"""What a model can take in."""

import pytest

from adapters.ollama import senses
from gateway.core.errors import Unsupported
from gateway.core.models import ModelDetails


@pytest.mark.parametrize("capabilities", [frozenset({"completion", "audio"}), None])
def test_who_can_or_may_is_let_through(capabilities: frozenset[str] | None) -> None:
    senses.require(ModelDetails(name="demo", capabilities=capabilities), "audio", "sounds")


def test_who_cannot_is_refused_by_name() -> None:
    deaf = ModelDetails(name="demo", capabilities=frozenset({"vision"}))
    with pytest.raises(Unsupported, match=r"'demo' does not take sounds; .* 'audio'") as caught:
        senses.require(deaf, "audio", "sounds")
    assert (caught.value.param, caught.value.reason) == ("messages", "unsupported_value")
