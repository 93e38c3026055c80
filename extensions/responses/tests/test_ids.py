"""Ids of items, and whose they are."""

import pytest

from extensions.responses.ids import ItemIds, new_response_id, owner_of


def test_the_response_follows_from_the_id_of_an_item() -> None:
    id = new_response_id()
    ids = ItemIds(id)
    made = [ids(prefix) for prefix in ("msg_", "fc_", "rs_", "msg_")]
    assert len({*made}) == 4
    assert {owner_of(each) for each in made} == {id}


@pytest.mark.parametrize(
    "id", ["", "msg_1", "msg_" + "0" * 24, "msg_" + "g" * 28, "../" + "0" * 28]
)
def test_foreign_ids_are_nobodys(id: str) -> None:
    assert owner_of(id) is None
