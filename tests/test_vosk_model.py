"""The builder of the Vosk model: its parts by what is known of them, the whole by the real libvosk."""

import shutil
import struct
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hearing_fixtures import ROOT, samples_of

from companion.hearing.vosk import VoskRecognizer

sys.path.insert(0, str(ROOT / "scripts"))

from vosk_model.build import Plan, build, lines
from vosk_model.features import CEPSTRA, FRAME, SHIFT, mfcc
from vosk_model.graph import LOOP, acceptor, decoding_graph, language_model, leave_chances, lookahead
from vosk_model.lexicon import UNKNOWN_WORD, lexicon
from vosk_model.network import align, new_network, teach
from vosk_model.phones import CLASSES, SILENCE, in_word, phone_ids

pytest_plugins = ["hearing_fixtures"]
TINY = ("stop", "next please", "how does cancer spread")
needs_voices = pytest.mark.skipif(
    not (shutil.which("flite") and shutil.which("espeak-ng")),
    reason="flite or espeak-ng is not here (Debian: apt-get install flite espeak-ng)",
)
LEXICON = {
    UNKNOWN_WORD: (("spn",),),
    "stop": (("s", "t", "aa", "p"),),
    "stopped": (("s", "t", "aa", "p", "t"),),
    "a": (("ax",), ("ey",)),
    "no": (("n", "ow"),),
    "know": (("n", "ow"),),
}


def test_a_tone_lands_in_its_bin_and_frames_are_counted_as_kaldi_does():
    assert mfcc(np.zeros(FRAME - 1, np.float32)).shape == (0, CEPSTRA)
    t = np.arange(FRAME + 5 * SHIFT) / 16_000
    low, high = (mfcc((3000 * np.sin(2 * np.pi * f * t)).astype(np.float32)) for f in (300.0, 3000.0))
    assert low.shape == high.shape == (6, CEPSTRA)
    # The second cepstrum is positive when the low bins are the louder ones.
    assert low[:, 1].min() > 20 and high[:, 1].max() < 0


def test_phones_know_their_place_in_the_word():
    assert in_word(("ax",)) == ("ax_S",)
    assert in_word(("s", "t", "aa", "p")) == ("s_B", "t_I", "aa_I", "p_E")
    ids = phone_ids()
    assert ids[SILENCE] == 1 and sorted(ids.values()) == list(range(1, len(ids) + 1))


def said_by(graph, phones, place="B"):
    """The words that a row of numbered phones may be, followed through the trie as libvosk would."""
    ids, found = phone_ids(), set()
    paths = [(LOOP, 0, ())]
    while paths:
        state, n, words = paths.pop()
        if n == len(phones):
            found |= {words} if any(a.ilabel == 0 and a.to == LOOP for a in graph.trie.arcs[state]) else set()
            continue
        for arc in graph.trie.arcs[state]:
            if arc.ilabel == 2 * ids[phones[n]]:
                paths.append((arc.to, n + 1, (*words, arc.olabel) if arc.olabel else words))
    return found


def test_the_trie_gives_every_word_and_nothing_else():
    graph = decoding_graph(LEXICON, leave_chances({}))
    for word, rows in LEXICON.items():
        for phones in rows:
            heard = said_by(graph, in_word(phones))
            same = {w for w, r in LEXICON.items() if phones in r}
            assert heard == {(graph.numbers[w],) for w in same}, word
    assert said_by(graph, in_word(("s", "t"))) == set()


def test_what_is_reached_is_what_can_follow():
    graph = decoding_graph(LEXICON, leave_chances({}))
    everything = [(1, len(LEXICON) + 2)]
    assert graph.reach[LOOP] == everything
    for state, arcs in enumerate(graph.trie.arcs):
        if graph.reach[state] == everything:
            continue
        come = {a.olabel for a in arcs if a.olabel}
        for arc in arcs:
            if not arc.olabel and arc.to != state:
                come |= {n for first, last in graph.reach[arc.to] for n in range(first, last)}
        assert come == {n for first, last in graph.reach[state] for n in range(first, last)}
        assert [a.olabel for a in arcs] == sorted(a.olabel for a in arcs)


def test_chances_of_the_language_model_add_up_to_one():
    numbers = {w: n for n, w in enumerate(LEXICON, 1)}
    model = language_model([("stop",), ("no", "stop"), ("a", "zebra")], numbers)
    for state, arcs in enumerate(model.arcs):
        back = [a for a in arcs if a.ilabel == 0]
        said = sum(np.exp(-a.cost) for a in arcs if a.ilabel) + np.exp(-model.final.get(state, np.inf))
        if not back:
            assert said == pytest.approx(1.0)
            continue
        seen = {a.ilabel for a in arcs}
        base = sum(np.exp(-a.cost) for a in model.arcs[0] if a.ilabel not in seen)
        base += 0 if state in model.final else np.exp(-model.final[0])
        assert said + np.exp(-back[0].cost) * base == pytest.approx(1.0)


def test_the_files_say_their_own_sizes():
    graph = decoding_graph(LEXICON, leave_chances({}))
    numbers = graph.numbers
    model = language_model([("stop",)], numbers)
    data = acceptor(model)
    states, arcs = struct.unpack_from("<qq", data, 4 + 4 + 5 + 4 + 8 + 4 + 4 + 8 + 8)
    assert (states, arcs) == (len(model.arcs), sum(map(len, model.arcs)))
    header = 4 + 4 + 5 + 4 + 8 + 4 + 4 + 8 + 8 + 16
    assert len(data) == header + 20 * states + 16 * arcs
    assert lookahead(graph) == lookahead(decoding_graph(dict(reversed(LEXICON.items())), leave_chances({})))


def test_the_network_learns_what_can_be_told_apart_and_finds_it_in_time():
    random = np.random.default_rng(1)
    stop, pause = CLASSES.index("aa"), CLASSES.index(SILENCE)
    labels = np.array([pause] * 40 + [stop] * 40 + [pause] * 40, np.uint8)
    shape = np.where((labels == stop)[:, None], 3.0, -3.0) * np.ones(CEPSTRA)
    features = [(shape + random.normal(0, 1, shape.shape)).astype(np.float32) for _ in range(20)]
    network = new_network(features, (16,), 1)
    before = teach(network, features, [labels] * 20, 0.5, 1)
    after = teach(network, features, [labels] * 20, 60.0, 1)
    assert after < before / 2
    found = align(network, features[0], ("word",), {"word": (("aa",),)})
    assert np.mean(found == labels) > 0.95
    assert (align(network, features[0][:2], ("word",), {"word": (("aa", "aa"),)}) == pause).all()


@needs_voices
def test_words_are_pronounced():
    found = lexicon(["stop", "metastasis", "the", "x1", "naïve"])
    assert found["stop"] == (("s", "t", "aa", "p"),)
    assert ("dh", "iy") in found["the"] and len(found["metastasis"]) > 1
    assert found[UNKNOWN_WORD] == (("spn",),)
    assert "x1" not in found and "naïve" not in found


def test_every_voice_and_every_phrase_gets_its_turn():
    rows = [tuple(p.split()) for p in TINY]
    said = lines(rows, Plan(flite=6, espeak=39))
    assert len(said) == 45 and {line.words for line in said} == set(rows)
    assert {line.voice for line in said} == {*Plan().flite_voices, *Plan().espeak_voices}
    assert len({(line.engine, line.seed) for line in said}) == 45


@needs_voices
@pytest.mark.one_python
def test_equal_words_give_equal_files(tmp_path):
    plan = Plan(flite=4, espeak=4, hidden=(16,), epochs=(0.2, 0.2, 0.2))
    for name in ("one", "two"):
        build(TINY, tmp_path / name, plan, lambda line: None)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert len(files) == 8
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_what_is_missing_or_in_the_way_is_one_line(tmp_path):
    script = [sys.executable, str(ROOT / "scripts" / "build_vosk_model.py")]
    for env, folder, said in (({"PATH": ""}, "new", "is not there"), (None, ".", "is there already")):
        if env is None and not (shutil.which("flite") and shutil.which("espeak-ng")):
            continue
        done = subprocess.run(
            [*script, str(tmp_path / folder)], env=env, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 1 and done.stderr.startswith("error: ") and said in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_the_real_libvosk_tells_words_with_times_partials_and_the_unknown(vosk_model, say):
    recognizer = VoskRecognizer(vosk_model, ["how do cancer cells spread", "stop", "next"])
    try:
        samples = samples_of(say("how do cancer cells spread"))
        partials = []
        for start in range(0, len(samples), 1600):
            partial = recognizer.accept(samples[start : start + 1600])
            partials.append(partial.text if partial else "")
        heard = recognizer.finish()
        assert heard.text == "how do cancer cells spread" and heard.trusted
        assert any(p and heard.text.startswith(p) for p in partials[:-1])
        times = [(w.start, w.end) for w in heard.words]
        assert len(times) == 5 and all(a < b for a, b in times)
        assert all(before[1] <= after[0] + 0.05 for before, after in pairwise(times))
        assert times[-1][1] <= len(samples) / 16_000 + 0.1
    finally:
        recognizer.close()


def test_it_is_small(vosk_model: Path):
    assert sum(p.stat().st_size for p in vosk_model.rglob("*") if p.is_file()) < 3_000_000
