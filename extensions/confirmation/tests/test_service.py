"""Questions about calls: who can answer them, how often, and until when."""

import asyncio
import gc
import re
from contextlib import ExitStack

import pytest

from extensions.confirmation.service import Confirmation, Confirmations
from gateway.core.errors import ConfirmationNotFound
from gateway.core.messages import ToolCall
from gateway.core.metrics import Asking

HERE, THERE = "0f1e2d3c4b", "1f1e2d3c4b"
CALL = ToolCall("call_0", "drop_file", {"path": "a.txt"})


async def test_an_id_is_128_random_bits() -> None:
    questions = Confirmations()
    with ExitStack() as open:
        ids = {open.enter_context(questions.asking(HERE, CALL)).id for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"conf_[0-9a-f]{32}", id) for id in ids)


@pytest.mark.parametrize("approved", [True, False])
async def test_the_answer_reaches_whoever_waits(approved: bool) -> None:
    questions = Confirmations()
    with questions.asking(HERE, CALL) as asked:
        waiting = asyncio.create_task(asked.approved())
        await asyncio.sleep(0)
        assert questions.answer(HERE, asked.id, approved) == "drop_file"
        assert await waiting is approved


def refused(questions: Confirmations, session: str, id: str) -> str:
    """What somebody is told whose answer has no effect."""
    with pytest.raises(ConfirmationNotFound) as caught:
        questions.answer(session, id, True)
    return repr((caught.value.message, caught.value.details))


async def test_every_answer_without_effect_is_refused_in_the_same_words() -> None:
    questions = Confirmations(timeout=0.02)
    told = set()
    with questions.asking(HERE, CALL) as asked:
        told.add(refused(questions, THERE, asked.id))
        told.add(refused(questions, HERE, "conf_" + "0" * 32))
        told.add(refused(questions, HERE, ""))
        questions.answer(HERE, asked.id, False)
        told.add(refused(questions, HERE, asked.id))
        assert await asked.approved() is False
    with questions.asking(HERE, CALL) as asked:
        pass
    told.add(refused(questions, HERE, asked.id))
    with questions.asking(HERE, CALL) as asked:
        assert await asked.approved() is False
        told.add(refused(questions, HERE, asked.id))
    assert len(told) == 1
    assert "conf_" not in told.pop()


async def test_a_question_is_gone_when_it_is_left_in_whatever_way() -> None:
    questions = Confirmations(timeout=60)

    async def wait() -> None:
        with questions.asking(HERE, CALL) as asked:
            await asked.approved()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    assert len(questions) == 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(questions) == 0
    with pytest.raises(KeyError), questions.asking(HERE, CALL):
        raise KeyError
    assert len(questions) == 0


async def test_an_answer_after_the_one_who_waited_was_cancelled_is_late() -> None:
    questions = Confirmations()
    with questions.asking(HERE, CALL) as asked:
        waiting = asyncio.create_task(asked.approved())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        refused(questions, HERE, asked.id)


async def test_a_question_that_is_left_leaves_no_timer_behind() -> None:
    questions = Confirmations(timeout=3600)
    with questions.asking(HERE, CALL):
        pass
    gc.collect()
    assert not [thing for thing in gc.get_objects() if type(thing) is Confirmation]


async def test_what_is_approved_is_the_call_as_it_was_shown() -> None:
    arguments = {"path": "a.txt", "deep": {"list": [1, 2.5, "ü"]}}
    with Confirmations().asking(HERE, ToolCall("call_0", "drop_file", arguments)) as asked:
        arguments["path"] = "/etc/passwd"
        shown = asked.call
        shown.arguments["deep"]["list"].append("more")
        assert asked.call.arguments == {"path": "a.txt", "deep": {"list": [1, 2.5, "ü"]}}


async def test_neither_the_questions_nor_one_of_them_shows_an_id() -> None:
    questions = Confirmations()
    with questions.asking(HERE, CALL) as asked:
        assert asked.id not in f"{questions!r} {asked!r} {vars(questions).keys()}"


async def test_what_nobody_can_answer_any_more_was_denied_by_nobody() -> None:
    counts = Asking()
    questions = Confirmations(counts=counts)
    with questions.asking(HERE, CALL) as asked:
        questions.close()
        assert await asked.approved() is False
    with questions.asking(HERE, CALL) as asked:
        assert await asked.approved() is False
    assert counts.open == 0
    assert {word: count for (word,), count in counts.answered.counts.items() if count} == {
        "left": 2
    }
