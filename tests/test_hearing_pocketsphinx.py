"""PocketSphinx with the pack's language model: real engine, flite's voices, people, noise."""

import csv
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hearing_fixtures import ROOT, SAID, SHARED, samples_of

from companion.content import load_pack
from companion.errors import EngineError
from companion.hearing.decoding import LOOP, decode_features, loop_score
from companion.hearing.features import features
from companion.hearing.files import hear_file
from companion.hearing.pocketsphinx import DOUBT, PocketSphinxRecognizer, log_ratio
from companion.hearing.vosk import VoskRecognizer
from companion.understanding import Router

pytest_plugins = ["hearing_fixtures"]
QUESTIONS = {
    "what is metastasis": "what",
    "how do cancer cells spread": "spread",
    "are there symptoms of metastasis": "symptoms",
    "can metastasis be prevented": "prevention",
}


@pytest.fixture(scope="module")
def router():
    return Router(load_pack())


@pytest.mark.parametrize("voice", ["slt", "rms", "awb", "kal16"])
def test_hears_questions_of_the_pack_and_trusts_them(pocketsphinx, router, say, voice):
    for text, expected in QUESTIONS.items():
        heard = hear_file(say(text, voice), pocketsphinx)
        assert heard.text == text and heard.trusted and heard.engine == "pocketsphinx"
        assert heard.confidence > 0.5
        decision = router.decide(heard)
        assert (decision.kind, decision.id) == ("answer", expected)


def test_words_have_times_in_order(pocketsphinx, say):
    words = hear_file(say("how do cancer cells spread"), pocketsphinx).words
    assert [w.text for w in words] == ["how", "do", "cancer", "cells", "spread"]
    assert all(a.start < a.end <= b.start + 0.011 for a, b in itertools.pairwise(words))


def test_what_else_may_have_been_said_is_told(pocketsphinx, say):
    heard = hear_file(say("how do cancer cells spread"), pocketsphinx)
    others = heard.alternatives
    assert 1 <= len(others) <= 4 and len({*others, heard.text}) == len(others) + 1
    assert all(o == " ".join(o.split()) and not set(o) & set("<>()[]") for o in others)
    assert hear_file(say("stop"), pocketsphinx).text == "stop"  # the lattice of before is gone, and nothing broke


def test_a_guessed_word_is_heard(pocketsphinx, say):
    assert "radiotherapy" in pocketsphinx.model.guessed
    assert "radiotherapy" in hear_file(say("what is radiotherapy"), pocketsphinx).text


def test_the_text_does_not_depend_on_what_was_said_before(pocketsphinx, say):
    first = hear_file(say("what is metastasis"), pocketsphinx)
    for other in ("stop", "can every cancer spread"):
        hear_file(say(other, "kal16"), pocketsphinx)
        assert hear_file(say("what is metastasis"), pocketsphinx) == first


def test_partials_come_as_the_sound_comes(pack_phrases, hearing_cache, say):
    samples = samples_of(say("how do cancer cells spread"))
    recognizer = PocketSphinxRecognizer(pack_phrases, hearing_cache, said=SAID)
    found = [recognizer.accept(samples[at : at + 1_600]) for at in range(0, len(samples), 1_600)]
    texts = [f.text for f in found if f is not None]
    assert len(texts) > 3 and not any(f.final for f in found if f is not None)
    assert all(a != b for a, b in itertools.pairwise(texts))
    with_partials = recognizer.finish()
    silent = PocketSphinxRecognizer(pack_phrases, hearing_cache, said=SAID, partials=False)
    assert all(silent.accept(samples[at : at + 1_600]) is None for at in range(0, len(samples), 1_600))
    assert silent.finish() == with_partials


def test_traps_of_the_engine(pocketsphinx, say):
    assert pocketsphinx.finish().text == ""
    assert pocketsphinx.accept(np.zeros(0, np.int16)) is None
    pocketsphinx.accept(np.ones(10, np.int16))
    assert pocketsphinx.finish().text == ""
    pocketsphinx.accept(np.zeros(32_000, np.int16))
    assert pocketsphinx.finish().text == ""
    pocketsphinx.accept(samples_of(say("stop"))[::-1][::-1])  # a view that is not contiguous
    assert pocketsphinx.finish().text == "stop"
    pocketsphinx.accept(samples_of(say("stop")))
    pocketsphinx.reset()
    pocketsphinx.reset()
    assert pocketsphinx.finish().text == ""
    pocketsphinx.close()
    pocketsphinx.close()


def test_an_endless_utterance_is_cut(hearing_cache):
    pocketsphinx = PocketSphinxRecognizer(["stop"], hearing_cache, partials=False)
    block = np.random.default_rng(0).integers(-300, 301, 16_000 * 5).astype(np.int16)
    for _ in range(20):
        pocketsphinx.accept(block)
    assert sum(map(len, pocketsphinx._sound)) <= 16_000 * 80
    pocketsphinx.reset()


@pytest.mark.parametrize(("decibels", "trusted"), [(30, True), (10, False)])
def test_in_noise_nothing_is_trusted(pocketsphinx, say, decibels, trusted):
    speech = samples_of(say("can metastasis be prevented")).astype(float)
    quiet = np.zeros(8_000)
    sound = np.concatenate([quiet, speech, quiet])
    level = np.sqrt(np.mean(speech[np.abs(speech) > 300] ** 2)) / 10 ** (decibels / 20)
    noisy = sound + np.random.default_rng(0).normal(0, level, len(sound))
    pocketsphinx.accept(noisy.clip(-32768, 32767).astype(np.int16))
    heard = pocketsphinx.finish()
    assert heard.trusted is trusted
    assert pocketsphinx.snr == pytest.approx(decibels, abs=4)


def test_steady_noise_is_dropped(pocketsphinx):
    pocketsphinx.accept(np.random.default_rng(0).normal(0, 2_000, 48_000).astype(np.int16))
    heard = pocketsphinx.finish()
    assert heard.text == ""


@pytest.mark.parametrize("voice", ["slt", "rms"])
@pytest.mark.parametrize(
    "text", ["could you please order a pizza with extra cheese", "the train leaves at a quarter past nine"]
)
def test_other_talk_is_not_answered(pocketsphinx, router, say, voice, text):
    heard = hear_file(say(text, voice), pocketsphinx)
    assert not heard.trusted and router.decide(heard).kind != "answer"


INSIDE = {"command", "number"}


@pytest.mark.parametrize("engine", ["pocketsphinx", "vosk"])
@pytest.mark.one_python
def test_no_recording_of_people_from_outside_is_answered(engine, request, pack_phrases, hearing_cache, router):
    manifest = SHARED / "speech" / "manifest.tsv"
    if not manifest.is_file():
        pytest.skip("the recordings of people in ../shared/speech are not here")
    if engine == "vosk":
        recognizer = VoskRecognizer(request.getfixturevalue("vosk_model"), pack_phrases)
    else:
        recognizer = PocketSphinxRecognizer(pack_phrases, hearing_cache, said=SAID, partials=False)
    with manifest.open(encoding="utf-8", newline="") as lines:
        rows = [r for r in csv.DictReader(lines, delimiter="\t") if r["kind"] not in INSIDE]
    assert len(rows) > 60
    answered = []
    for row in rows:
        path = manifest.parent / row["file"]
        # The few long ones take half of the time and are no likelier to be mistaken.
        if engine == "pocketsphinx" and path.stat().st_size > 150_000:
            continue
        heard = hear_file(path, recognizer)
        decision = router.decide(heard)
        if decision.kind == "answer":
            answered.append((row["file"], heard.text, decision.id))
    assert not answered


def test_a_cache_damaged_from_outside_is_made_anew(tmp_path, say):
    phrases = ["what is metastasis", "stop"]
    PocketSphinxRecognizer(phrases, tmp_path)
    for file in (tmp_path / "pocketsphinx").iterdir():
        file.write_bytes(b"\x00 damaged")
    assert hear_file(say("stop"), PocketSphinxRecognizer(phrases, tmp_path)).text == "stop"


def test_a_cache_that_can_not_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="can't be stored") as caught:
        PocketSphinxRecognizer(["stop"], tmp_path / "file")
    assert caught.value.to_do


@pytest.mark.parametrize("phrases", [[], [""], ["  "]])
def test_without_phrases_there_is_nothing_to_hear(tmp_path, phrases):
    with pytest.raises(EngineError, match="no phrases"):
        PocketSphinxRecognizer(phrases, tmp_path)


def test_the_loop_of_phones_scores_as_a_decoder_of_its_own_would(pocketsphinx, say):
    import pocketsphinx as engine

    home = Path(engine.get_model_path("en-us"))
    own = engine.Decoder(
        hmm=str(home / "en-us"), allphone=str(home / "en-us-phone.lm.bin"), cmn="batch", loglevel="FATAL", **LOOP
    )
    decoder = pocketsphinx._words
    for text in ("how is metastasis treated", "stop"):
        rows = features(samples_of(say(text))).mended
        before = decode_features(decoder, rows)
        shared = loop_score(decoder, lambda rows=rows: decode_features(decoder, rows))
        assert shared == decode_features(own, rows)[1] != before[1]
        assert decode_features(decoder, rows) == before, "the search in use, and its settings, stay"


def test_log_ratio():
    assert log_ratio(0.5, 0.5, 100) == 0.0
    assert log_ratio(0.5, 0.6, 100) < 0 < log_ratio(0.6, 0.5, 100)
    assert log_ratio(0.0, 0.5, 100) < DOUBT


def test_nothing_on_stdout_or_stderr(hearing_cache, say):
    program = (
        "import sys; from pathlib import Path\n"
        "from companion.hearing.pocketsphinx import PocketSphinxRecognizer\n"
        "from companion.hearing.files import hear_file\n"
        "r = PocketSphinxRecognizer(['what is metastasis', 'stop'], Path(sys.argv[1]))\n"
        "sys.exit(0 if hear_file(sys.argv[2], r).text == 'stop' else 5)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(hearing_cache), str(say("stop"))],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_decoded_in_a_pause_is_the_final_text_unless_speech_goes_on(pack_phrases, hearing_cache, say):
    recognizer = PocketSphinxRecognizer(pack_phrases, hearing_cache, said=SAID)
    first, second = samples_of(say("what is metastasis")), samples_of(say("can it be prevented"))
    whole = np.concatenate([first, second])
    recognizer.accept(whole)
    straight = recognizer.finish()

    recognizer.accept(first)
    recognizer.pause()
    ahead = recognizer.finish()
    recognizer.accept(first)
    assert recognizer.finish() == ahead and "metastasis" in ahead.text

    recognizer.accept(first)
    recognizer.pause()
    partials = [recognizer.accept(second[at : at + 1_600]) for at in range(0, len(second), 1_600)]
    # The dither differs with the blocks, and so may the confidence, a little.
    assert recognizer.finish().text == straight.text
    # What was said before the pause still stands in the partial hypotheses.
    assert all(p.text.startswith(ahead.text) for p in partials if p)


def test_times_of_words_count_from_the_start_though_silence_was_cut(pocketsphinx, say):
    sound = samples_of(say("what is metastasis"))
    early = heard_in(pocketsphinx, sound)
    late = heard_in(pocketsphinx, np.concatenate([np.zeros(16_000, np.int16), sound]))
    assert late.text == early.text == "what is metastasis"
    assert late.words[0].start - early.words[0].start == pytest.approx(1.0, abs=0.15)


def heard_in(recognizer, sound):
    recognizer.accept(sound)
    return recognizer.finish()


def test_a_few_words_in_a_long_noise_are_dropped(pocketsphinx, say):
    """Traffic without its noise looks like a few words and much silence."""
    word, gap = samples_of(say("can")), np.zeros(64_000, np.int16)
    sound = np.concatenate([word, gap, word, gap, word]).astype(float)
    sound += np.random.default_rng(2).normal(0, 60, len(sound))
    pocketsphinx.accept(sound.clip(-32_768, 32_767).astype(np.int16))
    heard = pocketsphinx.finish()
    assert (heard.text, heard.trusted) == ("", False)
