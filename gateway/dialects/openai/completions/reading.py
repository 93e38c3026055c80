"""A completion request in core terms: one request for each text that the model is to write."""

from collections.abc import Sequence

from msgspec import Struct

from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.notes import Notes
from gateway.core.requests import CompletionRequest, Sampling
from gateway.dialects.openai.completions import wire
from gateway.dialects.openai.completions.fields import FIELDS
from gateway.dialects.openai.requests import check_model, check_stream_options

__all__ = ["Choices", "read"]

DEFAULT_MAX_TOKENS = 16
"""OpenAI's, and so low that nobody forgets to say what they want."""

PROMPTS_PER_N = 8
LARGEST_SEED = 2**63 - 1


class Choices(Struct, frozen=True, kw_only=True):
    """What the model is asked, and what is made of its answers.

    `requests` are `tries` for each prompt, prompt after prompt; of the answers to a prompt the
    likeliest `n` are given. With `echo` the prompt stands in front of each.
    """

    requests: tuple[CompletionRequest, ...]
    n: int
    tries: int
    echo: bool
    logprobs: bool

    @property
    def unasked(self) -> bool:
        """No token is wanted, so that there is nothing to ask the model for."""
        return self.requests[0].sampling.max_tokens == 0

    def echoed(self, index: int) -> str:
        """What stands in front of the answer to the request of this index."""
        return self.requests[index].prompt if self.echo else ""


def read(
    request: wire.CompletionRequest, notes: Notes, unknown: Sequence[str] = (), *, max_n: int
) -> Choices:
    """The request in core terms; `Invalid` or `ModelNotFound` where it cannot be one.

    What has no effect, the `unknown` fields among it, goes into the notes.
    """
    check_model(request.model)
    FIELDS.check(request, notes, unknown)
    if request.stream_options:
        check_stream_options(request.stream, request.stream_options, notes)
    n, tries = read_counts(request, max_n)
    prompts = read_prompts(request.prompt)
    if len(prompts) * tries > max_n * PROMPTS_PER_N:
        raise InvalidRequest(
            f"Too many choices: {len(prompts)} prompts times {tries}; {max_n * PROMPTS_PER_N} are"
            " the most.",
            param="prompt",
            reason="array_above_max_length",
        )
    return Choices(
        requests=tuple(
            [
                read_one(request, prompt, nth, notes, choosing=tries > n)
                for prompt in prompts
                for nth in range(tries)
            ]
        ),
        n=n,
        tries=tries,
        echo=bool(request.echo),
        logprobs=request.logprobs is not None,
    )


def read_counts(request: wire.CompletionRequest, max_n: int) -> tuple[int, int]:
    """`n`, and how many answers it is chosen from."""
    n = request.n or 1
    tries = n if request.best_of is None else request.best_of
    if tries < n:
        raise InvalidRequest(
            "'best_of' must be at least 'n'.", param="best_of", reason="integer_below_min_value"
        )
    if tries > max_n:
        param = "n" if n > max_n else "best_of"
        raise InvalidRequest(
            f"'{param}' is at most {max_n} here (MOCHI_MAX_N).",
            param=param,
            reason="integer_above_max_value",
        )
    if tries > n and request.stream:
        raise InvalidRequest(
            "'best_of' cannot be streamed, because the choice is made at the end.", param="best_of"
        )
    return n, tries


def read_prompts(prompt: str | list[object] | None) -> tuple[str, ...]:
    """One text or several; none at all is an empty one, as at OpenAI."""
    match prompt:
        case None:
            return ("",)
        case str():
            return (prompt,)
    return tuple([read_prompt(text, index) for index, text in enumerate(prompt)])


def read_prompt(text: object, index: int) -> str:
    match text:
        case str():
            return text
        case list() | int() if not isinstance(text, bool):
            raise Unsupported(
                "Token ids are not supported, because Ollama takes text alone: send text.",
                param="prompt",
                reason="unsupported_value",
            )
    raise InvalidRequest(
        f"Invalid 'prompt[{index}]': expected a string.",
        param=f"prompt[{index}]",
        reason="invalid_type",
    )


def read_one(
    request: wire.CompletionRequest, prompt: str, nth: int, notes: Notes, *, choosing: bool
) -> CompletionRequest:
    """The `nth` request for a prompt, in need of logprobs if its answer may not be `choosing`."""
    return CompletionRequest(
        model=request.model,
        prompt=prompt,
        suffix=request.suffix or "",
        sampling=read_sampling(request, nth),
        logprobs=0 if choosing and request.logprobs is None else request.logprobs,
        context_length=request.num_ctx,
        keep_alive=request.keep_alive,
        options=request.options or {},
        notes=notes,
    )


def read_sampling(request: wire.CompletionRequest, nth: int) -> Sampling:
    """Only what was asked for, but for the limit, which OpenAI sets by itself."""
    stop = request.stop or ()
    limit = DEFAULT_MAX_TOKENS if request.max_tokens is None else request.max_tokens
    return Sampling(
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        min_p=request.min_p,
        seed=None if request.seed is None else min(request.seed + nth, LARGEST_SEED),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        max_tokens=limit,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        repeat_penalty=request.repeat_penalty,
    )
