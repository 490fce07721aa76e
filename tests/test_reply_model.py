"""The builder of the model for short replies: its network, its labels, and a tiny one in the real libvosk."""

import shutil
import sys

import numpy as np
import pytest
from hearing_fixtures import ROOT

from companion.hearing.vosk import VoskRecognizer

sys.path.insert(0, str(ROOT / "scripts"))

from vosk_model.features import CEPSTRA, mfcc
from vosk_model.phones import CLASSES
from vosk_model.replies import WORDS, Plan, build, inventory, utterances
from vosk_model.reply_sounds import FRAMES, LEAD, takes
from vosk_model.school import labelled
from vosk_model.tdnn import Course, new_tdnn, teach

HELD_OUT = ("awb", "kal16", "kal_diphone")
needs_voices = pytest.mark.skipif(
    not (shutil.which("flite") and shutil.which("espeak-ng")),
    reason="flite or espeak-ng is not here (Debian: apt-get install flite espeak-ng)",
)


def test_the_network_learns_and_is_the_same_when_folded():
    random = np.random.default_rng(1)
    states = (np.arange(FRAMES) // 40 % 2 * np.ones((16, 1))).astype(np.uint8)
    features = (np.where(states[:, :, None], 3.0, -3.0) + random.normal(0, 1, (16, FRAMES, CEPSTRA))).astype(np.float16)
    network = new_tdnn(features, 16, (3, len(CLASSES)), 1)
    first = teach(network, features, (states, states), Course(4, 1), lambda line: None)
    last = teach(network, features, (states, states), Course(160, 1), lambda line: None)
    assert last < first / 2
    found = network.logits(features[0].astype(np.float32))
    assert found.shape == (FRAMES, 3 + len(CLASSES))
    assert np.mean(found[:, :3].argmax(axis=1) == states[0]) > 0.95


def test_gradients_are_those_of_the_loss():
    from vosk_model.tdnn import _step

    random = np.random.default_rng(2)
    x = random.normal(0, 1, (4, FRAMES, CEPSTRA)).astype(np.float32)
    labels = random.integers(0, 3, (4, FRAMES)).astype(np.uint8)
    network = new_tdnn(x.astype(np.float16), 8, (3, len(CLASSES)), 1)
    _, gradients, _ = _step(network, x, None, labels, 1)
    parts = [p for layer in (*network.layers, *network.norms) for p in layer]
    for n in (0, 2, 4, 8, 9, 10, 13):
        way = random.normal(0, 1, parts[n].shape).astype(np.float32)
        step = np.float32(2e-3) * way / np.linalg.norm(way)
        both = []
        for sign in (1, -1):
            np.add(parts[n], sign * step, out=parts[n])
            both.append(_step(network, x, None, labels, 1)[0])
            np.subtract(parts[n], sign * step, out=parts[n])
        assert both[0] - both[1] == pytest.approx(2 * float((gradients[n] * step).sum()), rel=0.1, abs=2e-5), n


def test_a_take_is_as_long_as_every_other_and_knows_where_its_frames_are_from():
    tone = 1000 * np.sin(np.arange(8000) / 3)
    rows = takes(np.pad(tone, LEAD).astype(np.float32), 5, 1)
    assert all(r.features.shape == (FRAMES, CEPSTRA) and (np.diff(r.places) >= 0).all() for r in rows)
    track = np.zeros((2, 1 + (len(tone) + 2 * LEAD) // 160), np.uint8)
    track[:, LEAD // 160 : (LEAD + 8000) // 160] = [[5], [6]]
    states, phones = labelled((np.zeros(0), np.stack([r.places for r in rows]), np.zeros(5, np.int32)), [track])
    assert set(np.unique(states)) == {0, 5} and set(np.unique(phones)) == {0, 6}
    assert mfcc(np.zeros(800, np.float32), 1.0, np.array([0, 10, 400])).shape == (3, CEPSTRA)


@needs_voices
def test_words_have_states_of_their_own_and_held_out_voices_say_nothing():
    stock = inventory(200)
    other = next(w for w in stock.sounds if w not in WORDS)
    phones, states, optional = stock.track(("three", other))
    assert len(phones) == len(states) == len(optional) == 1 + 3 + 1 + len(stock.sounds[other]) + 1
    assert len(set(states[1:4])) == 3 and min(states[1:4]) > 1 and set(states[5:-1]) == {1}
    assert not {"to", "too", "for", "won", "ate", "know"} & set(stock.sounds)
    lines = utterances(stock, 300, 1)
    assert lines == utterances(stock, 300, 1)
    assert not any(name in line.voice for line in lines for name in HELD_OUT)
    assert {w for line in lines for w in line.words} >= set(WORDS)


@needs_voices
@pytest.mark.one_python
def test_equal_plans_give_equal_files_that_libvosk_loads(tmp_path):
    plan = Plan(utterances=24, copies=1, hidden=16, epochs=(1.0, 1.0), others=60)
    for name in ("one", "two"):
        build(tmp_path / name, plan, lambda line: None)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert len(files) == 8
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file
    recognizer = VoskRecognizer(tmp_path / "one", [*WORDS, "number three"])
    assert recognizer.left_out == ()
    recognizer.accept(np.zeros(16_000, np.int16))
    recognizer.finish()
    recognizer.close()
