"""What is said when the tokens' probabilities were asked for and Ollama gives none."""

from gateway.core.errors import Unsupported

__all__ = ["without_logprobs"]


def without_logprobs(param: str) -> Unsupported:
    return Unsupported("This Ollama gives no logprobs; 0.12.11 and later do.", param=param)
