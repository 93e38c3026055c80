import pytest

from adapters.repair.scanning import Overlong, Source, Words
from gateway.core.events import TextDelta, ThinkingDelta, TokenLogprob

WORDS = Words("<a>", "<ab>", "[X]")


@pytest.mark.parametrize(
    ("text", "ended", "found"),
    [
        ("x<a>", False, (1, "<a>")),
        ("x<A>", False, (1, "<a>")),
        ("x<ab>", False, (1, "<ab>")),
        ("x<b>", False, (4, "")),
        ("x<b><", False, (4, "")),
        ("x<b><", True, (5, "")),
        ("<<a", False, (1, "")),
        ("<<a[x]", False, (3, "[x]")),
        ("", False, (0, "")),
        ("<ſ>", False, (3, "")),
    ],
)
def test_search(text: str, ended: bool, found: tuple[int, str]) -> None:
    assert WORDS.search(text, 0, ended=ended) == found


def test_a_longer_word_is_waited_for() -> None:
    words = Words("[", "[[X")
    assert words.at("[", 0, ended=False) is None
    assert words.at("[", 0, ended=True) == "["
    assert words.at("[[Y", 0, ended=False) == "["


def test_pieces_come_back_as_they_were() -> None:
    source = Source()
    pieces = [TextDelta("ab"), TextDelta(""), TextDelta("c")]
    for piece in pieces:
        source.push(piece)
    assert source.take(3) == pieces
    assert source.text == ""


def test_a_cut_piece_keeps_tokens_where_they_begin() -> None:
    tokens = tuple(TokenLogprob(text, -1.0) for text in ("ab", "cd", "e"))
    source = Source()
    source.push(TextDelta("abcde", tokens))
    assert source.take(3) == [TextDelta("abc", tokens[:2])]
    assert source.take(2) == [TextDelta("de", tokens[2:])]


def test_a_cut_thought() -> None:
    source = Source()
    source.push(ThinkingDelta("ab"))
    assert source.take(1) == [ThinkingDelta("a")]
    assert source.text == "b"


def test_a_narrow_source_shows_no_more_than_its_limit() -> None:
    source = Source()
    source.push(TextDelta("abc"))
    source.narrow(5)
    source.push(TextDelta("defg"))
    assert source.text == "abcde"
    with pytest.raises(Overlong):
        next(source.more())
    source.widen()
    assert source.text == "abcdefg"
