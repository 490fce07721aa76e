"""Awaited replies: what the dialogue expects after its questions, and how PocketSphinx hears it."""

import numpy as np
import pytest
from hearing_fixtures import SAID, samples_of

from companion.content import load_pack
from companion.dialogue import start, step
from companion.dialogue.replies import replies
from companion.dialogue.state import State, Understood
from companion.errors import EngineError
from companion.events import Decision
from companion.hearing.files import hear_file
from companion.hearing.pocketsphinx import PocketSphinxRecognizer
from companion.hearing.process import Engine, ProcessRecognizer
from companion.understanding import Router

pytest_plugins = ["hearing_fixtures"]
NUMBERED = replies(State(numbered=True))
OFFERED = replies(State(options=("what",)))
DIGITS = "one two three four five six seven eight".split()


@pytest.fixture
def awaiting(pocketsphinx):
    """The recogniser; it awaits nothing afterwards."""
    yield pocketsphinx
    pocketsphinx.reset()
    pocketsphinx.expect(())


def test_the_dialogue_awaits_numbers_after_its_list_and_a_yes_after_an_offer():
    pack = load_pack()
    state, _ = start(pack, State())
    assert {"stop", "next", "pause"} <= set(replies(state)) and "one" not in replies(state)
    listed, _ = step(state, Understood(Decision("command", "list_questions")), pack)
    assert set(DIGITS) | {"question three", "nine", "no thanks"} <= set(replies(listed))
    one, _ = step(state, Understood(Decision("confirm", None, candidates=(("what", 0.5),))), pack)
    assert "yes please" in replies(one) and "one" not in replies(one)
    two, _ = step(state, Understood(Decision("confirm", None, candidates=(("what", 0.5), ("spread", 0.4)))), pack)
    assert {"two", "the second one", "yes please"} <= set(replies(two))
    asked, _ = step(state, Understood(Decision("confirm", "quit", candidates=(("quit", 1.0),))), pack)
    assert "yes please" in replies(asked)
    assert replies(State(mode="asleep", numbered=True)) == ()


def test_the_router_takes_every_awaited_reply_for_one():
    router = Router(load_pack())
    for state in (State(numbered=True), State(options=("what", "spread")), State(asked="quit")):
        for reply in replies(state):
            found = router.decide(reply, state.context)
            # Zero and numbers beyond the list are heard as what they are, and refused.
            assert found.kind in {"answer", "command"} or found.argument or reply == "zero", reply


def test_a_lone_do_is_no_yes():
    router = Router(load_pack())
    context = State(options=("what",)).context
    assert router.decide("please do", context).id == "yes"
    assert router.decide("do", context).kind == "decline"


def test_awaited_digits_are_heard_better_and_no_other_is_taken_for_sure(awaiting, say):
    spoken = [(digit, say(digit, voice)) for voice in ("awb", "kal16") for digit in DIGITS]
    out_of_the_blue = sum(hear_file(path, awaiting).text == digit for digit, path in spoken)
    awaiting.expect(NUMBERED)
    heard = [(digit, hear_file(path, awaiting)) for digit, path in spoken]
    assert sum(h.text == digit for digit, h in heard) >= max(13, out_of_the_blue + 2)
    assert all(h.text == digit for digit, h in heard if h.trusted and h.text in DIGITS)


@pytest.mark.parametrize("awaited", [NUMBERED, OFFERED], ids=["numbers", "yes or no"])
@pytest.mark.parametrize("text", ["what is metastasis", "can metastasis be prevented", "stop"])
def test_anything_else_can_still_be_said(awaiting, say, awaited, text):
    free = hear_file(say(text), awaiting)
    awaiting.expect(awaited)
    assert hear_file(say(text), awaiting) == free
    assert free.text == text


@pytest.mark.parametrize("text", ["the train leaves at a quarter past nine", "could you please order a pizza"])
def test_foreign_talk_is_no_reply(awaiting, say, text):
    for awaited in (NUMBERED, OFFERED):
        awaiting.expect(awaited)
        heard = hear_file(say(text), awaiting)
        assert heard.text not in awaited


def test_what_is_awaited_is_forgotten_when_nothing_is(awaiting, say):
    free = hear_file(say("six", "awb"), awaiting)
    awaiting.expect(NUMBERED)
    hear_file(say("six", "awb"), awaiting)
    awaiting.expect(())
    assert hear_file(say("six", "awb"), awaiting) == free


def test_it_is_not_changed_during_an_utterance_and_unknown_words_are_left_out(awaiting, say):
    awaiting.expect(["yes", "xyzzy", ""])
    awaiting.accept(samples_of(say("yes"))[:8_000])
    with pytest.raises(EngineError, match="during an utterance"):
        awaiting.expect(NUMBERED)
    awaiting.expect(["yes"])  # no change
    awaiting.reset()
    awaiting.expect(["xyzzy"])
    assert hear_file(say("stop"), awaiting).text == "stop"


@pytest.mark.parametrize("decibels", [5, 10])
def test_noise_is_no_reply(awaiting, decibels):
    random = np.random.default_rng(decibels)
    for awaited in (NUMBERED, OFFERED):
        awaiting.expect(awaited)
        for _ in range(3):
            level = np.repeat(random.uniform(50, 50 * 10 ** (decibels / 20), 20), 1_600)
            awaiting.accept((random.normal(0, 1, 32_000) * level).clip(-32_768, 32_767).astype(np.int16))
            heard = awaiting.finish()
            assert not (heard.trusted and heard.text)


def test_a_new_worker_is_told_what_is_awaited(pack_phrases, hearing_cache, say):
    worker = ProcessRecognizer(Engine("pocketsphinx", None, pack_phrases, hearing_cache, partials=False, said=SAID))
    own = PocketSphinxRecognizer(pack_phrases, hearing_cache, said=SAID, partials=False)
    own.expect(NUMBERED)
    try:
        worker.expect(NUMBERED)
        assert hear_file(say("six", "awb"), worker) == hear_file(say("six", "awb"), own)
        worker.close()
        assert hear_file(say("six", "awb"), worker) == hear_file(say("six", "awb"), own)
    finally:
        worker.close()
