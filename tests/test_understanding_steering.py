"""Commands in other words than the grammar's, by what is learnt; and what only sounds like one."""

from __future__ import annotations

import numpy as np
import pytest

from companion.content import load_pack
from companion.events import Hypothesis
from companion.understanding import Router
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


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_is_understood_in_other_words(minilm_router: Router, text: str) -> None:
    assert find_command(tokens(text)) is None
    decision = minilm_router.decide(text)
    assert (decision.kind, decision.id) == ("command", COMMANDS[text]), decision.reasons


@pytest.mark.parametrize("text", NONE_OF_IT)
def test_a_question_or_a_remark_is_none(minilm_router: Router, text: str) -> None:
    assert minilm_router.decide(text).kind != "command"


def test_a_cry_for_help_comes_before_a_command(minilm_router: Router) -> None:
    assert minilm_router.decide("stop reading i can't breathe").kind == "urgent"


@pytest.mark.parametrize(
    "text",
    [
        "would you give me the letters of immunotherapy one by one",
        "i need it on paper how is immunotherapy spelled",
    ],
)
def test_the_word_to_spell_is_found(minilm_router: Router, text: str) -> None:
    decision = minilm_router.decide(text)
    assert (decision.kind, decision.id, decision.argument) == ("command", "spell", "immunotherapy"), decision.reasons


def test_what_the_embedded_recogniser_heard_must_be_surer() -> None:
    assert least("pause", [], named=False, embedded=True) > least("pause", [], named=False, embedded=False)
    assert least("quit", [], named=False, embedded=False) > least("pause", [], named=False, embedded=False)
    assert least("stop", [], named=True, embedded=False) > least("quit", [], named=False, embedded=False)
    spelling = least("spell", ["spell", "biopsy"], named=True, embedded=False)
    assert spelling < least("next", [], named=False, embedded=False)
    assert spelling < least("spell", ["biopsy"], named=True, embedded=False)
    assert least("spell", ["spell", "biopsy"], named=True, embedded=True) > spelling


def test_words_of_the_embedded_recogniser_are_taken_for_fewer_commands(minilm_router: Router) -> None:
    typed = [minilm_router.decide(text).kind for text in COMMANDS]
    heard = [minilm_router.decide(Hypothesis(text, engine=EMBEDDED)).kind for text in COMMANDS]
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
