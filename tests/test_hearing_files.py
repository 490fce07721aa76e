"""Recordings: every format, rate and width; and every kind of bad file is one sentence."""

import os
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import soundfile
from hearing_fixtures import ROOT, SHARED

from companion.errors import AudioFileError
from companion.events import Hypothesis, Word
from companion.hearing import files
from companion.hearing.files import blocks, hear_file, transcribe_file
from companion.hearing.frames import BLOCK

pytest_plugins = ["hearing_fixtures"]


class Counting:
    """A recogniser that hears how much sound it was given: what files.py hands on, without an engine's opinion."""

    name = "counting"

    def __init__(self):
        self.sound = []

    def accept(self, block):
        assert block.dtype == np.int16 and 0 < len(block) <= BLOCK
        self.sound.append(block)

    def finish(self):
        count = sum(map(len, self.sound))
        self.sound = []
        return Hypothesis(f"{count} samples", words=(Word("x", 0.5, 0.75),), engine=self.name)

    def reset(self):
        self.sound = []

    def close(self):
        pass


def joined(path):
    return np.concatenate(list(blocks(path)))


def tone(rate, seconds=1.0, channels=1):
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    return np.repeat(wave[:, None], channels, axis=1)


@pytest.mark.parametrize("rate", [4_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000, 384_000])
def test_any_rate_comes_out_at_16000(tmp_path, rate):
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(rate), rate)
    heard = joined(path).astype(float)
    assert abs(len(heard) - 16_000) <= 1
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(np.argmax(spectrum) - 440) <= 1
    assert np.sqrt(np.mean(heard[4000:-4000] ** 2)) == pytest.approx(0.3 / np.sqrt(2) * 32_767, rel=0.03)


@pytest.mark.parametrize("channels", [2, 5, 8])
def test_channels_are_mixed(tmp_path, channels):
    path = tmp_path / "many.wav"
    sound = tone(16_000, channels=channels)
    sound[:, 1:] = 0
    soundfile.write(path, sound, 16_000)
    level = np.sqrt(np.mean(joined(path).astype(float) ** 2))
    assert level == pytest.approx(0.3 / np.sqrt(2) * 32_767 / channels, rel=0.03)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "MS_ADPCM"])
def test_any_width(tmp_path, subtype):
    path = tmp_path / "wide.wav"
    soundfile.write(path, tone(16_000), 16_000, subtype=subtype)
    heard = joined(path).astype(float)
    expected = tone(16_000)[:, 0] * 32_767
    assert np.corrcoef(heard[:16_000], expected)[0, 1] > 0.99


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"])
def test_formats_whatever_the_name_says(tmp_path, name):
    path = tmp_path / name
    soundfile.write(path, tone(16_000, 2.0)[:, 0], 16_000)
    for other in ("b.wav", "b.mp3", "b.raw", "b.vox", "b.txt", "b"):
        mislabelled = tmp_path / other
        mislabelled.write_bytes(path.read_bytes())
        assert abs(len(joined(mislabelled)) - 32_000) <= 2


def test_blocks_are_of_100_ms(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(44_100, 1.03), 44_100)
    sizes = [len(b) for b in blocks(path)]
    assert set(sizes[:-1]) == {BLOCK} and 0 < sizes[-1] <= BLOCK


def test_digital_silence_is_dithered_and_gives_no_text(tmp_path, pocketsphinx):
    path = tmp_path / "silent.wav"
    soundfile.write(path, np.zeros(48_000), 16_000)
    assert 0 < np.abs(joined(path)).max() <= 3
    assert hear_file(path, pocketsphinx).text == ""
    assert list(transcribe_file(path, pocketsphinx)) == []


def _wav(path, seconds=1.0):
    soundfile.write(path, tone(16_000, seconds)[:, 0], 16_000)
    return path.read_bytes()


def _write(path, content):
    path.write_bytes(content)
    return path


def _cut(tmp_path, name):
    whole = tmp_path / f"whole-{name}"
    rng = np.random.default_rng(0)
    soundfile.write(whole, 0.1 * rng.standard_normal(64_000), 16_000)
    return _write(tmp_path / name, whole.read_bytes()[: whole.stat().st_size // 2])


def _numbers(tmp_path, bad):
    sound = tone(16_000)[:, 0]
    sound[8_000] = bad
    soundfile.write(tmp_path / "numbers.wav", sound, 16_000, subtype="FLOAT")
    return tmp_path / "numbers.wav"


BAD = {
    "missing": (lambda t: t / "nothing.wav", "There is no file"),
    "a folder": (lambda t: t, "is a folder"),
    "empty": (lambda t: _write(t / "e.wav", b""), "is empty"),
    "text": (lambda t: _write(t / "t.wav", b"what is metastasis\n" * 50), "not a sound file"),
    "text named vox": (lambda t: _write(t / "t.vox", b"what is metastasis\n" * 50), "not a sound file"),
    "text named raw": (lambda t: _write(t / "t.raw", b"what is metastasis\n" * 50), "not a sound file"),
    "text named au": (lambda t: _write(t / "t.au", b"what is metastasis\n" * 50), "not a sound file"),
    "noise named mp3": (lambda t: _write(t / "n.mp3", np.random.default_rng(1).bytes(9_000)), "not a sound file"),
    "header only": (lambda t: _write(t / "h.wav", _wav(t / "w.wav")[:20]), "sound file|cut short"),
    "no samples": (lambda t: _write(t / "n.wav", _wav(t / "w.wav", 0.0)), "holds no sound"),
    "cut wav": (lambda t: _cut(t, "c.wav"), "cut short"),
    "cut flac": (lambda t: _cut(t, "c.flac"), "damaged|cut short"),
    "cut ogg": (lambda t: _cut(t, "c.ogg"), "cut short"),
    "cut mp3": (lambda t: _cut(t, "c.mp3"), "cut short"),
    "not a number": (lambda t: _numbers(t, np.nan), "no sound"),
    "infinite": (lambda t: _numbers(t, np.inf), "no sound"),
    "impossible name": (lambda t: "a\0b.wav", "can't be read|There is no file"),
    "name too long": (lambda t: t / ("a" * 5_000), "can't be read"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_one_sentence_and_what_to_do(tmp_path, kind):
    make, words = BAD[kind]
    path = make(tmp_path)
    with pytest.raises(AudioFileError, match=words) as caught:
        hear_file(path, Counting())
    assert caught.value.to_do.endswith(".") and "\n" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(AudioFileError, match="no ordinary file"):
        list(blocks(tmp_path / "pipe.wav"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path = _write(tmp_path / "secret.wav", _wav(tmp_path / "w.wav"))
    path.chmod(0)
    with pytest.raises(AudioFileError, match="can't be read"):
        list(blocks(path))


def test_the_mp3_library_is_kept_off_the_standard_error(tmp_path):
    path = _cut(tmp_path, "c.mp3")
    program = (
        "import sys\n"
        "from companion.hearing.files import blocks\n"
        "try: list(blocks(sys.argv[1]))\n"
        "except Exception as err: print(type(err).__name__, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "AudioFileError\n")


@pytest.mark.parametrize("promise", [0, 0xFFFF_FFFF, 0x7FFF_F000])
def test_a_wav_written_to_a_pipe_is_no_cut_one(tmp_path, promise):
    content = bytearray(_wav(tmp_path / "w.wav"))
    struct.pack_into("<I", content, content.index(b"data") + 4, promise)
    struct.pack_into("<I", content, 4, promise)
    path = _write(tmp_path / "piped.wav", bytes(content))
    if promise == 0:
        with pytest.raises(AudioFileError, match="holds no sound"):
            joined(path)
    else:
        assert len(joined(path)) == 16_000


def test_an_hour_needs_little_memory_and_ends_early(tmp_path, monkeypatch):
    """Ten minutes of noise stand for the hour: enough for any pile to show."""
    monkeypatch.setattr(files, "webrtc_detector", type("Always", (), {"is_speech": lambda self, f: True}))
    path = tmp_path / "long.wav"
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", 8_000, 1) as out:
        for _ in range(600):
            out.write(0.1 * rng.standard_normal(8_000))
    recognizer, taken = Counting(), []
    recognizer.accept = lambda block: taken.append(len(block))
    tracemalloc.start()
    hear_file(path, recognizer)
    assert sum(1 for _ in blocks(path)) == 6_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    assert sum(taken) == pytest.approx(files.LONGEST_QUESTION * 16_000, abs=1_600)


def test_pieces_of_one_recording_are_one_utterance_and_several_when_transcribed(tmp_path, say):
    spoken, rate = soundfile.read(say("what is metastasis"))
    gap = np.zeros(2 * rate)
    path = tmp_path / "twice.wav"
    soundfile.write(path, np.concatenate([gap, spoken, gap, spoken, gap]), rate)
    once = int(hear_file(path, Counting()).text.split()[0])
    pieces = list(transcribe_file(path, Counting()))
    assert len(pieces) == 2
    assert sum(int(p.text.split()[0]) for p in pieces) == once
    assert pieces[1].words[0].start - pieces[0].words[0].start == pytest.approx(len(spoken) / rate + 2.0, abs=0.3)


def test_speech_far_longer_than_a_question_is_doubted(tmp_path, say):
    spoken, rate = soundfile.read(say("what is metastasis"))
    path = tmp_path / "narration.wav"
    soundfile.write(path, np.tile(spoken, 1 + int(30 * rate / len(spoken))), rate)
    assert not hear_file(path, Counting()).trusted
    assert hear_file(say("what is metastasis"), Counting()).trusted


@pytest.mark.one_python
def test_every_recording_of_people_is_heard_without_an_exception():
    if not (SHARED / "speech").is_dir():
        pytest.skip("the recordings of people in ../shared/speech are not here")
    paths = sorted((SHARED / "speech").glob("*.wav"))
    heard = {path: hear_file(path, Counting()).text for path in paths}
    quiet = [p.name for p, text in heard.items() if not text and not p.name.startswith("noise")]
    assert not quiet, f"no speech was found in {quiet}"
