"""The builder of the model for whole questions: its sounds in context, its language model, a tiny one in libvosk."""

import math
import shutil
import sys

import numpy as np
import pytest
from hearing_fixtures import ROOT

from companion.content import load_pack
from companion.hearing import lm
from companion.hearing.vosk import VoskRecognizer

sys.path.insert(0, str(ROOT / "scripts"))

from vosk_model.arpa import arpa_model
from vosk_model.lexicon import UNKNOWN_WORD
from vosk_model.people import Plan, build, in_context, inventory, utterances
from vosk_model.reply_sounds import LEAD, crowd

ROWS = [["what", "is", "cancer"], ["what", "is", "a", "scan"], ["cancer"]]
NUMBERS = {UNKNOWN_WORD: 1, "a": 2, "cancer": 3, "is": 4, "scan": 5, "what": 6, "house": 7}


def cost(fst, words):
    """Of the cheapest way through, backing off wherever that is allowed."""
    ways = {fst.start: 0.0}

    def with_back_off(ways):
        todo, found = list(ways.items()), dict(ways)
        while todo:
            state, so_far = todo.pop()
            for arc in fst.arcs[state]:
                if arc.ilabel == 0 and so_far + arc.cost < found.get(arc.to, math.inf):
                    found[arc.to] = so_far + arc.cost
                    todo.append((arc.to, found[arc.to]))
        return found

    for word in words:
        ways, before = {}, with_back_off(ways)
        for state, so_far in before.items():
            for arc in fst.arcs[state]:
                if arc.ilabel == NUMBERS[word]:
                    ways[arc.to] = min(ways.get(arc.to, math.inf), so_far + arc.cost)
    return min(c + fst.final[s] for s, c in with_back_off(ways).items() if s in fst.final)


def test_the_acceptor_gives_each_sentence_the_chance_that_the_model_does():
    fst = arpa_model(lm.to_arpa(ROWS, {"house": 1.0}), NUMBERS, 0.01)
    # By hand, Witten and Bell interpolated: half of what follows "what is" is "cancer", then the sentence ends.
    total, own = 11, 0.9
    one = {w: own * c / total for w, c in {"what": 2, "is": 2, "cancer": 2, "a": 1, "scan": 1, "</s>": 3}.items()}
    first = (2 + 2 * one["what"]) / (3 + 2)
    then = (2 + 1 * (2 + 1 * one["is"]) / (2 + 1)) / (2 + 1)
    cancer = (1 + 2 * (1 + 2 * one["cancer"]) / (2 + 2)) / (2 + 2)
    end = (1 + 1 * (2 + 1 * one["</s>"]) / (2 + 1)) / (1 + 1)
    assert cost(fst, ["what", "is", "cancer"]) == pytest.approx(-math.log(first * then * cancer * end), abs=1e-3)
    # Two words that never stand together are possible, and cost more; so is the unknown.
    assert cost(fst, ["scan", "house"]) > cost(fst, ["cancer"]) + 3
    assert math.isfinite(cost(fst, ["what", UNKNOWN_WORD, "cancer"]))
    labels = [[a.ilabel for a in arcs] for arcs in fst.arcs]
    assert all(row == sorted(row) for row in labels)


def test_a_sound_is_told_apart_by_what_stands_before_it():
    assert in_context(("k", "ae", "n", "s", "er")) == ("k0", "aet", "ni", "sn", "ers")
    stock = inventory(load_pack())
    phones, states, optional = stock.track(("cancer", "can"))
    assert len(phones) == len(states) == len(optional) == 1 + 5 + 1 + 3 + 1
    assert states[1:4] == states[7:10] and states[4] not in states[7:10] and min(states[1:6]) > 1
    assert "metastasis" in stock.sounds and len(stock.sounds) > 3_000 and len(stock.speech) < 400


def test_a_crowd_is_even_and_full():
    waves = [np.pad(np.sin(np.arange(16_000) / (3 + n)).astype(np.float32), LEAD) for n in range(3)]
    talk = crowd(waves, 1)
    assert len(talk) == 480_000 and np.sqrt(np.mean(talk**2)) == pytest.approx(1, abs=1e-3)
    assert np.abs(talk.reshape(-1, 16_000)).mean(axis=1).min() > 0.2


@pytest.mark.skipif(
    not (shutil.which("flite") and shutil.which("espeak-ng")),
    reason="flite or espeak-ng is not here (Debian: apt-get install flite espeak-ng)",
)
def test_libvosk_hears_by_a_tiny_one_freely_and_by_a_grammar(tmp_path):
    lines = utterances(inventory(load_pack()), 60, 1)
    assert {line.engine for line in lines} >= {"flite", "espeak-ng"}
    assert not any(name in line.voice for line in lines for name in ("awb", "kal16", "kal_diphone"))
    build(tmp_path / "model", load_pack(), Plan(60, 1, 16, (1.0, 1.0)), lambda line: None)
    noise = (1000 * np.random.default_rng(1).normal(size=32_000)).astype(np.int16)
    for grammar in (None, ["stop", "what is metastasis"]):
        recognizer = VoskRecognizer(tmp_path / "model", grammar)
        assert recognizer.missing_words(("metastasis", "house", UNKNOWN_WORD, "zyxomat")) == ("zyxomat",)
        recognizer.accept(noise)
        heard = recognizer.finish()
        recognizer.close()
        assert heard.engine == "vosk" and set(heard.text.split()) <= set(inventory(load_pack()).sounds)
