"""Where utterances begin and end: pure, with a detector that is told; and the WebRTC one on real speech."""

import numpy as np
import pytest
from hearing_fixtures import SHARED, samples_of

from companion.hearing.endpoint import LONGEST, PATIENCE, PRE_ROLL, Endpointer, webrtc_detector

pytest_plugins = ["hearing_fixtures"]
RATE = 16_000


class Marked:
    """A detector that takes every frame with a sample of 1,000 or more for speech."""

    def is_speech(self, frame):
        return np.abs(np.frombuffer(frame, np.int16)).max() >= 1_000


def speech(seconds):
    return np.full(round(seconds * RATE), 5_000, np.int16)


def silence(seconds):
    return np.random.default_rng(0).integers(-50, 51, round(seconds * RATE)).astype(np.int16)


def in_a_room(samples):
    """Speech with silence around it, and one background under all of it."""
    sound = np.concatenate([np.zeros(RATE, np.int16), samples, np.zeros(RATE * 3 // 2, np.int16)])
    return (sound + np.random.default_rng(0).integers(-30, 31, len(sound))).clip(-32768, 32767).astype(np.int16)


def run(endpointer, *parts, known=False, size=1_600):
    """Every step, fed in blocks."""
    sound = np.concatenate(parts)
    steps = []
    for at in range(0, len(sound), size):
        steps += endpointer.push(sound[at : at + size], known=known)
    return steps


def test_an_utterance_with_its_pre_roll_and_its_end():
    endpointer = Endpointer(Marked())
    steps = run(endpointer, silence(2), speech(1), silence(1.2))
    assert [s.kind for s in steps if s.kind not in {"speech", "pause"}] == ["start", "end"]
    audio = np.concatenate([s.audio for s in steps])
    first = int(np.argmax(audio >= 1_000))
    assert first / RATE == pytest.approx(PRE_ROLL, abs=0.2) and first / RATE >= PRE_ROLL
    assert int((audio >= 1_000).sum()) == RATE
    assert len(audio) / RATE == pytest.approx(first / RATE + 1 + PATIENCE["normal"], abs=0.07)
    assert endpointer.began == pytest.approx(2 - first / RATE, abs=0.04)
    assert not endpointer.speaking


@pytest.mark.parametrize("size", [1, 160, 479, 1_600, 16_000])
def test_blocks_of_any_size_give_the_same_sound(size):
    parts = silence(0.7), speech(0.4), silence(1.0)
    whole = np.concatenate([s.audio for s in run(Endpointer(Marked()), *parts)])
    assert np.array_equal(np.concatenate([s.audio for s in run(Endpointer(Marked()), *parts, size=size)]), whole)


@pytest.mark.parametrize(("name", "seconds"), PATIENCE.items())
def test_patience_is_kept(name, seconds):
    endpointer = Endpointer(Marked(), PATIENCE[name])
    assert not any(s.kind == "end" for s in run(endpointer, speech(1), silence(seconds - 0.1)))
    assert [s.kind for s in run(endpointer, silence(0.2))][-1] == "end"


def test_a_pause_for_breath_does_not_end_it():
    steps = run(Endpointer(Marked()), speech(0.5), silence(0.6), speech(0.5), silence(1))
    assert [s.kind for s in steps].count("start") == 1


def test_a_known_phrase_ends_sooner_but_never_later():
    for patience, expected in ((2.0, 0.5), (0.8, 0.5), (0.3, 0.3)):
        endpointer = Endpointer(Marked(), patience)
        run(endpointer, speech(0.6))
        count = 0
        while endpointer.speaking and count < 200:
            endpointer.push(silence(0.03), known=True)
            count += 1
        assert count * 0.03 == pytest.approx(expected, abs=0.04)


def test_clicks_start_nothing():
    click = np.concatenate([speech(0.06), silence(0.6)])
    assert run(Endpointer(Marked()), silence(1), *[click] * 5) == []


def test_endless_sound_is_cut_and_goes_on_as_the_next():
    steps = run(Endpointer(Marked()), speech(LONGEST * 2 + 1))
    ends = [s for s in steps if s.kind == "end"]
    assert len(ends) == 2
    first = sum(len(s.audio) for s in steps[: steps.index(ends[0]) + 1])
    assert first / RATE == pytest.approx(LONGEST, abs=0.04)


def test_finish_tells_whether_something_was_under_way():
    endpointer = Endpointer(Marked())
    run(endpointer, silence(1))
    assert endpointer.finish() is False
    run(endpointer, speech(0.5))
    assert endpointer.speaking and endpointer.finish() is True
    assert not endpointer.speaking and endpointer.finish() is False


def test_signal_to_noise_ratio():
    endpointer = Endpointer(Marked())
    assert endpointer.snr == 0.0
    run(endpointer, silence(2), speech(1), silence(0.2))
    level = np.sqrt(np.mean(silence(2).astype(float) ** 2))
    assert endpointer.noise == pytest.approx(level, rel=0.1)
    assert endpointer.snr == pytest.approx(20 * np.log10(5_000 / level), abs=1.0)


@pytest.mark.parametrize("voice", ["slt", "kal16"])
@pytest.mark.parametrize("word", ["stop", "yes", "no", "next", "what is metastasis"])
def test_the_real_detector_catches_short_words(say, voice, word):
    steps = run(Endpointer(webrtc_detector()), in_a_room(samples_of(say(word, voice))))
    assert [s.kind for s in steps if s.kind not in {"speech", "pause"}] == ["start", "end"]


def test_the_real_detector_sleeps_through_silence_and_steady_noise():
    assert run(Endpointer(webrtc_detector()), np.zeros(RATE * 5, np.int16)) == []
    for level in (3, 10, 50, 200, 1_000):
        noise = np.random.default_rng(0).integers(-level, level + 1, RATE * 5).astype(np.int16)
        assert run(Endpointer(webrtc_detector()), noise) == []


def test_short_words_of_people():
    if not (SHARED / "speech").is_dir():
        pytest.skip("the recordings of people in ../shared/speech are not here")
    paths = sorted(p for word in ("stop", "yes", "no") for p in (SHARED / "speech").glob(f"gsc_{word}_*.wav"))
    assert len(paths) > 10
    missed = []
    for path in paths:
        steps = run(Endpointer(webrtc_detector()), in_a_room(samples_of(path)))
        if [s.kind for s in steps if s.kind not in {"speech", "pause"}] != ["start", "end"]:
            missed.append(path.name)
    assert not missed


def test_a_pause_is_told_and_what_follows_is_kept_back_until_speech_goes_on():
    steps = run(Endpointer(Marked()), silence(1), speech(1), silence(0.6), speech(0.5), silence(1))
    assert [s.kind for s in steps if s.kind != "speech"] == ["start", "pause", "pause", "end"]
    audio = np.concatenate([s.audio for s in steps])
    assert int((audio >= 1_000).sum()) == round(1.5 * RATE)
    # Nothing between is lost: the first sound of the second part is where it was said.
    second = np.flatnonzero(audio >= 1_000)[RATE] - np.flatnonzero(audio >= 1_000)[RATE - 1]
    assert second == pytest.approx(0.6 * RATE, abs=2)
    assert steps[-1].idle and not any(s.idle for s in steps[:-1])


def test_an_end_in_the_midst_of_speech_is_not_idle():
    steps = run(Endpointer(Marked(), longest=2.0), silence(1), speech(3))
    assert next(s for s in steps if s.kind == "end").idle is False
