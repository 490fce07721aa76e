"""Commands in other words than the grammar's, by what is learnt; and what only sounds like one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from companion.content import load_pack
from companion.events import Hypothesis
from companion.settings import Paths
from companion.store import ModelStore
from companion.understanding import Router
from companion.understanding.background import Topics
from companion.understanding.commands import find_command
from companion.understanding.doubt import EMBEDDED
from companion.understanding.normal import tokens
from companion.understanding.phrases import COMMAND_PHRASES
from companion.understanding.steering import NONE, Steering, command_in, learnt, least

PACK = load_pack()

# Written for this test; none stands in a set, and the grammar knows none of them (a test looks).
COMMANDS = {
    "let me have that bit over again would you": "repeat",
    "kindly bring the volume of it up": "louder",
    "you are going at a gallop take it down a bit": "slower",
    "tell me where you got all of this from": "source",
}
NONE_OF_IT = [
    "does the treatment slow it down",
    "can it stop growing by itself",
    "what comes next after the scan",
    "the neighbours are very loud tonight",
    "she went back to the shop for milk",
    "is there more than one way it spreads",
]


@pytest.fixture(scope="module")
def router() -> Iterator[Router]:
    model = ModelStore(Paths.find()).path("minilm")
    if model is None:
        pytest.skip("all-MiniLM-L6-v2 is not fetched; run: companion model fetch minilm")
    yield Router(PACK, lambda pack, vocabulary: Topics(pack, vocabulary, model, Paths.find().cache))


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_is_understood_in_other_words(router: Router, text: str) -> None:
    assert find_command(tokens(text)) is None
    decision = router.decide(text)
    assert (decision.kind, decision.id) == ("command", COMMANDS[text]), decision.reasons


@pytest.mark.parametrize("text", NONE_OF_IT)
def test_a_question_or_a_remark_is_none(router: Router, text: str) -> None:
    assert router.decide(text).kind != "command"


def test_a_cry_for_help_comes_before_a_command(router: Router) -> None:
    assert router.decide("stop reading i can't breathe").kind == "urgent"


def test_the_word_to_spell_is_found(router: Router) -> None:
    decision = router.decide("would you give me the letters of immunotherapy one by one")
    assert (decision.kind, decision.id, decision.argument) == ("command", "spell", "immunotherapy")


def test_what_the_embedded_recogniser_heard_must_be_surer() -> None:
    assert least("pause", [], named=False, embedded=True) > least("pause", [], named=False, embedded=False)
    assert least("quit", [], named=False, embedded=False) > least("pause", [], named=False, embedded=False)
    assert least("stop", [], named=True, embedded=False) > least("quit", [], named=False, embedded=False)
    spelling = least("spell", ["spell", "biopsy"], named=True, embedded=False)
    assert spelling == least("next", [], named=False, embedded=False)


def test_words_of_the_embedded_recogniser_are_taken_for_fewer_commands(router: Router) -> None:
    typed = [router.decide(text).kind for text in COMMANDS]
    heard = [router.decide(Hypothesis(text, engine=EMBEDDED)).kind for text in COMMANDS]
    assert heard.count("command") <= typed.count("command")


def test_every_class_is_a_command_and_shares_add_up() -> None:
    model = learnt()
    assert set(model.names) == {*COMMAND_PHRASES, NONE}
    assert model.matrix.shape == (384, len(model.names))
    assert model.bias.shape == (len(model.names),)


def test_the_likeliest_command_is_told_with_its_share() -> None:
    model = Steering(("next", NONE, "stop"), np.zeros((384, 3), np.float32), np.log(np.array([1, 6, 3], np.float32)))
    name, share = command_in(np.zeros(384, np.float32), model)
    assert name == "stop"
    assert share == pytest.approx(0.3)
