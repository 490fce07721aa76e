"""Vosk: real libvosk on a small real model, and every folder and input that would end its process."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hearing_fixtures import ROOT, samples_of

from companion.errors import CompanionError, EngineError, ModelError
from companion.events import SpeechSettings
from companion.hearing.files import hear_file
from companion.hearing.grammar import grammar_json, made_of
from companion.hearing.vosk import VoskRecognizer
from companion.hearing.vosk_files import check_model, vocabulary_size
from companion.model_check import write_manifest
from companion.speaking.pyttsx3_voice import Pyttsx3Voice

pytest_plugins = ["hearing_fixtures"]
SMALL = ("what is metastasis", "how do cancer cells spread", "stop", "next", "yes", "no", "repeat")


@pytest.fixture(scope="module")
def small(vosk_model):
    recognizer = VoskRecognizer(vosk_model, SMALL)
    yield recognizer
    recognizer.close()


@pytest.mark.parametrize("voice", ["slt", "rms", "awb"])
@pytest.mark.parametrize("text", ["what is metastasis", "how do cancer cells spread", "stop"])
def test_hears_a_phrase_of_the_grammar(small, say, voice, text):
    heard = hear_file(say(text, voice), small)
    assert heard.text == text
    assert heard.trusted and heard.final and heard.engine == "vosk"
    assert 0.0 <= heard.confidence <= 1.0


def test_hears_the_voice_of_the_companion_itself(small, tmp_path):
    """espeak-ng by pyttsx3, which needs no program installed."""
    voice = Pyttsx3Voice(spare=False)
    try:
        pcm = voice.render("What is metastasis?", SpeechSettings(rate=140))
    finally:
        voice.close()
    soundfile.write(tmp_path / "espeak.wav", pcm.samples, pcm.rate)
    assert hear_file(tmp_path / "espeak.wav", small).text == "what is metastasis"


def test_times_of_words_begin_anew_with_each_utterance(small, say):
    for _ in range(3):
        heard = hear_file(say("what is metastasis"), small)
        assert [w.text for w in heard.words] == ["what", "is", "metastasis"]
        assert 0.0 <= heard.words[0].start < 0.6
        pairs = zip(heard.words, heard.words[1:], strict=False)
        assert all(a.start < a.end <= b.start + 0.011 for a, b in pairs)


def test_partials_grow_into_the_final_text(small, say):
    samples = samples_of(say("how do cancer cells spread"))
    partials = [small.accept(samples[at : at + 1600]) for at in range(0, len(samples), 1600)]
    texts = [p.text for p in partials if p is not None]
    assert not any(p.final for p in partials if p)
    assert len(texts) == len([t for i, t in enumerate(texts) if i == 0 or texts[i - 1] != t])
    assert small.finish().text == texts[-1] == "how do cancer cells spread"


def test_free_decoding_hears_too(vosk_model, say):
    recognizer = VoskRecognizer(vosk_model)
    assert recognizer.grammar is None
    assert hear_file(say("what is metastasis"), recognizer).text == "what is metastasis"
    recognizer.close()
    recognizer.close()


@pytest.mark.parametrize("text", ["the weather in paris is lovely", "please open the window now"])
def test_what_the_grammar_lacks_is_doubted(small, say, text):
    heard = hear_file(say(text), small)
    assert "[unk]" not in heard.text
    assert not (heard.text and heard.trusted)


def test_no_sound_and_silence_give_no_text(small):
    assert small.finish().text == ""
    assert small.accept(np.zeros(0, np.int16)) is None
    small.accept(np.zeros(16_000, np.int16))
    assert small.finish().text == ""


def test_white_noise_is_no_phrase(small):
    noise = np.random.default_rng(1).normal(0, 300, 32_000).astype(np.int16)
    heard = hear(small, noise)
    assert not (heard.text and heard.trusted)


def hear(recognizer, samples):
    """The final hypothesis, block by block."""
    for at in range(0, len(samples), 1600):
        recognizer.accept(samples[at : at + 1600])
    return recognizer.finish()


@pytest.mark.parametrize("grammar", [None, SMALL])
def test_libvosk_is_given_an_integer_rate_of_16000_and_a_plain_list_or_nothing(vosk_model, monkeypatch, grammar):
    """It hangs for ever at a rate of 0, aborts at 16000.5, and a grammar that is no list is a segmentation fault."""
    vosk = sys.modules["vosk"]
    real, given = vosk.KaldiRecognizer, []
    monkeypatch.setattr(vosk, "KaldiRecognizer", lambda *a: given.append(a[1:]) or real(*a))
    recognizer = VoskRecognizer(vosk_model, grammar)
    recognizer.set_grammar(["STOP"])
    recognizer.close()
    assert [(type(row[0]), row[0]) for row in given] == [(int, 16_000)] * 2
    lists = [json.loads(row[1]) for row in given if len(row) > 1]
    assert lists[-1] == ["stop", "[unk]"] and len(lists) == (1 if grammar is None else 2)


@pytest.mark.parametrize("grammar", ['["stop"]', {"stop": 1}, "{"])
def test_a_grammar_that_is_no_list_of_phrases_harms_nothing(vosk_model, grammar):
    """A text is taken letter by letter, an object by its keys: libvosk never sees either."""
    try:
        recognizer = VoskRecognizer(vosk_model, grammar)
    except EngineError as err:
        assert "none of the pack's phrases" in str(err)
        return
    assert hear(recognizer, np.ones(3_200, np.int16)).final
    recognizer.close()


def test_sound_at_another_rate_is_brought_to_16000_first(small, say, tmp_path):
    """libvosk itself fails at 8,000 and 11,025 Hz."""
    samples = samples_of(say("how do cancer cells spread"))
    for rate in (11_025, 22_050, 48_000):
        count = len(samples) * rate // 16_000
        moved = np.interp(np.arange(count) * 16_000 / rate, np.arange(len(samples)), samples)
        soundfile.write(tmp_path / "moved.wav", moved.astype(np.int16), rate)
        assert hear_file(tmp_path / "moved.wav", small).text == "how do cancer cells spread"
    soundfile.write(tmp_path / "telephone.wav", samples[::2], 8_000)
    assert hear_file(tmp_path / "telephone.wav", small).final, "worse heard, but no failure"


def test_what_libvosk_fails_to_process_is_one_sentence_and_the_next_is_heard(small, say, monkeypatch):
    class Failing:
        def AcceptWaveform(self, data):
            raise Exception("Failed to process waveform")

    with monkeypatch.context() as patch:
        patch.setattr(small._main, "engine", Failing())
        with pytest.raises(EngineError, match="could not process the sound"):
            small.accept(np.ones(1_600, np.int16))
    assert hear_file(say("stop"), small).text == "stop"


@pytest.mark.parametrize("block", ["sound", b"odd", ["a"], [None, None]])
def test_what_is_no_sound_never_reaches_libvosk(small, say, block):
    with pytest.raises((TypeError, ValueError)):
        small.accept(block)
    small.reset()
    assert hear_file(say("stop"), small).text == "stop"


def test_samples_of_another_kind_are_taken_as_whole_numbers(small, say):
    """So that never half a sample goes to libvosk."""
    samples = samples_of(say("stop"))
    assert hear(small, samples.astype(np.float64)).text == hear(small, samples[::-1][::-1]).text == "stop"


def test_four_threads_hear_side_by_side(vosk_model, say):
    samples = samples_of(say("what is metastasis"))

    def once(_n):
        recognizer = VoskRecognizer(vosk_model, SMALL)
        # The model goes first, as when Python clears away what is left at its end.
        recognizer._model = None
        try:
            return hear(recognizer, samples).text
        finally:
            recognizer.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(once, range(4))) == ["what is metastasis"] * 4


def test_reset_drops_the_utterance(small, say):
    small.accept(samples_of(say("what is metastasis")))
    small.reset()
    assert small.finish().text == ""
    assert hear_file(say("stop"), small).text == "stop"


def test_phrases_with_a_word_that_the_model_lacks_are_left_out(vosk_model):
    recognizer = VoskRecognizer(vosk_model, ["what is metastasis", "what is a zyxomat", "STOP", "  next  "])
    assert recognizer.left_out == ("what is a zyxomat",)
    assert recognizer.grammar == {"what is metastasis", "stop", "next"}
    assert recognizer.missing_words(["what", "zyxomat", "zyxomat", "", "nul\0byte"]) == ("zyxomat", "", "nul\0byte")


@pytest.mark.parametrize("grammar", [[], ["zyxomat"], [""], ["[unk]"]])
def test_a_grammar_without_any_phrase_is_refused(vosk_model, grammar):
    with pytest.raises(EngineError, match="none of the pack's phrases"):
        VoskRecognizer(vosk_model, grammar)


def test_the_grammar_changes_between_utterances_only(vosk_model, say):
    recognizer = VoskRecognizer(vosk_model, ["yes", "no"])
    recognizer.accept(np.ones(1600, np.int16))
    with pytest.raises(EngineError, match="during an utterance"):
        recognizer.set_grammar(["stop"])
    recognizer.finish()
    recognizer.set_grammar(SMALL)
    assert hear_file(say("what is metastasis"), recognizer).text == "what is metastasis"
    recognizer.set_grammar(None)
    assert recognizer.grammar is None


def test_grammar_json_takes_plain_phrases_only():
    assert json.loads(grammar_json(["stop", "go on", "stop", "[unk]"])) == ["stop", "go on", "[unk]"]
    for bad in ([], ["Stop"], ["go  on"], [" stop"], [""], ["a\nb"], ["\x1b[2J"]):
        with pytest.raises(ValueError, match="phrase"):
            grammar_json(bad)


def test_made_of_whole_phrases():
    phrases = frozenset({"stop", "go on", "what is it"})
    assert made_of("stop", phrases) and made_of("stop go on", phrases)
    assert not made_of("go", phrases) and not made_of("what is it on", phrases) and not made_of("", phrases)


def test_vocabulary_size(vosk_model, tmp_path):
    assert vocabulary_size(vosk_model) == len((vosk_model / "graph" / "words.txt").read_text().splitlines())
    assert vocabulary_size(tmp_path) == 0


BREAK = {
    "no folder": lambda m: [p.unlink() for p in sorted(m.rglob("*")) if p.is_file()],
    "no network": lambda m: (m / "am/final.mdl").unlink(),
    "network empty": lambda m: (m / "am/final.mdl").write_bytes(b""),
    "network cut": lambda m: _cut(m / "am/final.mdl"),
    "no graph": lambda m: (m / "graph/HCLr.fst").unlink(),
    "graph cut": lambda m: _cut(m / "graph/HCLr.fst"),
    "graph cut in its table": lambda m: _cut(m / "graph/HCLr.fst", 0.995),
    "no language": lambda m: (m / "graph/Gr.fst").unlink(),
    "language cut": lambda m: _cut(m / "graph/Gr.fst"),
    "words empty": lambda m: (m / "graph/words.txt").write_bytes(b""),
    "words cut": lambda m: _cut(m / "graph/words.txt"),
    "conf empty": lambda m: (m / "conf/model.conf").write_bytes(b""),
    "conf blank": lambda m: (m / "conf/model.conf").write_bytes(b"\n\n"),
    "conf without silence": lambda m: (m / "conf/model.conf").write_bytes(b"--beam=10\n"),
}


def _cut(path: Path, share: float = 0.5) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


@pytest.mark.parametrize("damage", BREAK)
def test_a_broken_model_is_one_sentence_and_no_crash(model_copy, damage):
    BREAK[damage](model_copy)
    with pytest.raises(CompanionError) as caught:
        VoskRecognizer(model_copy, SMALL)
    assert "\n" not in str(caught.value) and caught.value.to_do


@pytest.mark.parametrize("name", ["am/final.mdl", "graph/HCLr.fst", "graph/words.txt", "conf/mfcc.conf"])
def test_a_changed_byte_is_found_by_the_manifest(model_copy, name):
    write_manifest(model_copy)
    check_model(model_copy)
    file = model_copy / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"wrong checksum|cut short|damaged"):
        check_model(model_copy)


def test_nothing_on_stdout_or_stderr(vosk_model, say):
    program = (
        "import sys; from pathlib import Path\n"
        "from companion.hearing.vosk import VoskRecognizer\n"
        "from companion.hearing.files import hear_file\n"
        "r = VoskRecognizer(Path(sys.argv[1]), ['what is metastasis', 'what is a zyxomat'])\n"
        "sys.exit(0 if hear_file(sys.argv[2], r).text == 'what is metastasis' else 5)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(vosk_model), str(say("what is metastasis"))],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
