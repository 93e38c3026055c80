"""Tokens in the old shape: where they stand, and what else was likely."""

import pytest

from gateway.core.errors import Unsupported
from gateway.core.events import TokenLogprob
from gateway.dialects.openai.completions import wire
from gateway.dialects.openai.completions.logprobs import LogprobsWriter, likelihood


def token(text: str, logprob: float = -0.5, *top: TokenLogprob) -> TokenLogprob:
    return TokenLogprob(text, logprob, tuple(text.encode()), top)


def test_four_lists_side_by_side() -> None:
    entries = [token("Hé", -0.5, token("Hé", -0.5), token("Ho", -1.5)), token(" you", -0.25)]
    assert LogprobsWriter().write("Hé you", entries) == wire.CompletionLogprobs(
        tokens=["Hé", " you"],
        token_logprobs=[-0.5, -0.25],
        top_logprobs=[{"Hé": -0.5, "Ho": -1.5}, {" you": -0.25}],
        text_offset=[0, 2],
    )


def test_the_chosen_token_is_in_the_map_even_if_it_was_not_likely() -> None:
    (top,) = LogprobsWriter().write("x", [token("x", -9, token("a", -0.1))]).top_logprobs
    assert top == {"a": -0.1, "x": -9}


def test_of_rivals_with_the_same_text_the_likelier_is_told() -> None:
    rivals = token("\ufffd", -1), token("\ufffd", -2)
    (top,) = LogprobsWriter().write("x", [token("x", -0.5, *rivals)]).top_logprobs
    assert top == {"\ufffd": -1, "x": -0.5}


def test_an_echoed_prompt_is_one_token_that_nobody_weighed() -> None:
    written = LogprobsWriter().write("b", [token("b")], echo="Ça ")
    assert written == wire.CompletionLogprobs(
        ["Ça ", "b"], [None, -0.5], [None, {"b": -0.5}], [0, 3]
    )


def test_offsets_go_on_from_piece_to_piece() -> None:
    writer = LogprobsWriter()
    assert writer.write("", (), echo="ab").text_offset == [0]
    assert writer.write("cd", [token("c"), token("d")]).text_offset == [2, 3]
    assert writer.write("e", [token("e")]).text_offset == [4]


def test_a_character_may_be_several_tokens() -> None:
    first, second = "🍡".encode()[:2], "🍡".encode()[2:]
    entries = [
        TokenLogprob("\ufffd", -1, tuple(first)),
        TokenLogprob("\ufffd", -1, tuple(second)),
        token("!"),
    ]
    assert LogprobsWriter().write("🍡!", entries).text_offset == [0, 0, 1]


def test_a_token_without_bytes_is_as_long_as_its_text() -> None:
    entries = [TokenLogprob("Hé", -1), TokenLogprob("!", -1)]
    assert LogprobsWriter().write("Hé!", entries).text_offset == [0, 2]


def test_text_without_tokens_is_refused_and_no_text_is_not() -> None:
    with pytest.raises(Unsupported) as caught:
        LogprobsWriter().write("x", ())
    assert caught.value.param == "logprobs"
    assert LogprobsWriter().write("", ()).tokens == []


def test_likelihood_is_the_mean() -> None:
    assert likelihood("ab", [token("a", -1), token("b", -2)]) == -1.5
    assert likelihood("", ()) < -1e9
    with pytest.raises(Unsupported) as caught:
        likelihood("x", ())
    assert caught.value.param == "best_of"
