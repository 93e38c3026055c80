"""What was made of things that come back."""

from gateway.core.remembered import MOST, Remembered


def test_the_same_object_is_made_once_and_an_equal_one_anew() -> None:
    made: list[str] = []

    def make(given: list[int]) -> int:
        made.append(str(given))
        return len(given)

    remembered = Remembered(make, lambda given: len(given) < 3)
    one, other = [1], [1]
    assert [remembered(one), remembered(one), remembered(other)] == [1, 1, 1]
    assert made == ["[1]", "[1]"]
    large = [1, 2, 3]
    remembered(large)
    remembered(large)
    assert made[2:] == ["[1, 2, 3]"] * 2


def test_only_so_many_are_kept() -> None:
    keys = [[n] for n in range(3 * MOST)]
    remembered = Remembered(len, lambda _: True)
    for key in keys:
        remembered(key)
    assert len(remembered._known) <= MOST
