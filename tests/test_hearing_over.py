"""Words over the companion's own voice: its voice taken out, pieces cut, the armed words told from others."""

from dataclasses import replace

import numpy as np
import pytest
import soxr
from hearing_fixtures import SHARED, samples_of

from companion.dialogue.armed import ARMED, over
from companion.dialogue.moves import say as say_next
from companion.dialogue.state import State
from companion.events import SpeechSettings
from companion.hearing.echo import BLOCK, EchoCanceller, Played, Stream
from companion.hearing.endpoint import webrtc_detector
from companion.hearing.over import SpeechOver
from companion.hearing.overheard import Overheard
from companion.hearing.spotter import OTHERS, WordSpotter
from companion.ports import SAMPLE_RATE
from companion.speaking.pyttsx3_voice import Pyttsx3Voice

pytest_plugins = ["hearing_fixtures"]
RNG = np.random.default_rng(0)
TEXT = "Cancer cells can travel in blood or lymph to other parts of the body, and form new tumors there."


def room(seconds=0.25, delay=0.05):
    """An impulse response: the direct sound, then a tail that dies away."""
    tail = RNG.normal(0, 1, round(seconds * SAMPLE_RATE)) * np.geomspace(1, 1e-3, round(seconds * SAMPLE_RATE))
    tail[0] = 4
    return np.concatenate([np.zeros(round(delay * SAMPLE_RATE)), tail / np.linalg.norm(tail)])


@pytest.fixture(scope="module")
def narration():
    with Pyttsx3Voice(spare=False) as voice:
        pcm = voice.render(" ".join([TEXT] * 4), SpeechSettings())
    sound = soxr.resample(pcm.samples, pcm.rate, SAMPLE_RATE) * 10_000
    return sound[: len(sound) // 1_600 * 1_600]


@pytest.fixture(scope="module")
def spotter():
    return WordSpotter(tuple(ARMED))


def level(sound):
    return 20 * np.log10(np.sqrt(np.mean(np.asarray(sound, float) ** 2)) + 1e-9)


def leak_of(narration):
    return np.convolve(narration, room())[: len(narration)] * 0.3


def test_its_own_voice_is_taken_out_and_somebody_elses_is_left(narration):
    leak = leak_of(narration)
    other = np.zeros(len(leak))
    start = 15 * SAMPLE_RATE
    other[start : start + SAMPLE_RATE] = RNG.normal(0, 600, SAMPLE_RATE)
    near = leak + other + RNG.normal(0, 5, len(leak))
    canceller = EchoCanceller()
    blocks = range(0, len(near) - BLOCK + 1, BLOCK)
    left = np.concatenate([canceller.push(near[i : i + BLOCK], narration[i : i + BLOCK]) for i in blocks])
    before = slice(10 * SAMPLE_RATE, start)
    assert level(leak[before]) - level(left[before]) > 20
    spoken = slice(start, start + SAMPLE_RATE)
    assert level(left[spoken] - other[spoken]) < level(other[spoken]) - 12, "what was said is left as it is"


def test_pieces_that_come_late_do_not_move_a_stream():
    stream = Stream(100)
    for number in range(1, 400):
        stream.came(10, 50 + number * 0.1 + (0.3 if number % 7 == 0 else 0.001))
    assert stream.began == pytest.approx(50.001, abs=0.02)
    for number in range(400, 800):  # half a second was lost
        stream.came(10, 50.5 + number * 0.1)
    assert stream.began == pytest.approx(50.5, abs=0.02)


def test_what_was_played_is_found_by_the_clock():
    played = Played()
    sound = RNG.normal(0, 0.1, 3 * 22_050).astype(np.float32)
    for start in range(0, len(sound), 441):
        played.put(sound[start : start + 441], 22_050, 7.0 + start / 22_050)
    wanted = soxr.resample(sound, 22_050, SAMPLE_RATE)[SAMPLE_RATE : 2 * SAMPLE_RATE] * 32_767
    found = played.at(8.0, SAMPLE_RATE)
    assert np.corrcoef(found, wanted)[0, 1] > 0.9
    assert not played.at(100.0, 100).any() and not played.at(1.0, 100).any()


def blocks(narration, near, played):
    """(seconds, block) of the microphone's sound while the narration is played."""
    for start in range(0, len(near), 1_600):
        end = start + 1_600
        # The player is ahead of the microphone, as the real one is.
        for at in range(end, end + 1_600, 320) if start else range(0, 3_200, 320):
            played.put((narration[at : at + 320] / 32_768).astype(np.float32), SAMPLE_RATE, at / SAMPLE_RATE)
        yield end / SAMPLE_RATE, np.clip(near[start:end], -32_768, 32_767).astype(np.int16)


def overheard(narration, near, question=None):
    """What is cut out of the microphone's sound while the narration is played, after the listener's question."""
    played = Played()
    ears = Overheard(played)
    for start in range(0, len(question) - 1_600 if question is not None else 0, 1_600):
        ears.push(question[start : start + 1_600], (start - len(question)) / SAMPLE_RATE, speaking=False)
    return [piece for end, block in blocks(narration, near, played) for piece in ears.push(block, end, speaking=True)]


def interrupted(narration, near):
    """Seconds at which somebody was heard to speak over the narration."""
    now = 0.0
    speech, found = SpeechOver(webrtc_detector(), clock=lambda: now), []
    for now, block in blocks(narration, near, speech.played):
        if speech.push(block, speaking=True):
            found.append(now)
    return found


def test_somebody_softer_than_the_narration_in_the_microphone_is_heard_and_the_narration_is_not(narration, say):
    near = leak_of(narration) + RNG.normal(0, 5, len(narration))
    assert interrupted(narration, near) == []
    start = 14 * SAMPLE_RATE
    spoken = samples_of(say("stop", "rms")).astype(float)
    near[start : start + len(spoken)] += spoken * 0.5 * np.abs(near).max() / np.abs(spoken).max()
    found = interrupted(narration, near)
    assert found and all(14 < at < 16 for at in found)


def test_over_a_narration_only_the_word_is_cut_out_and_heard(narration, say, spotter):
    near = leak_of(narration) + RNG.normal(0, 5, len(narration))
    assert overheard(narration, near) == []
    for number, word in enumerate(("stop", "next", "repeat")):
        spoken = samples_of(say(word, "rms")).astype(float)
        start = round((6.5 + 4 * number) * SAMPLE_RATE)
        near[start : start + len(spoken)] += spoken * 0.6
    heard = []
    for piece in overheard(narration, near):
        spotter.accept(piece)
        heard.append(spotter.finish().text)
    assert heard == ["stop", "next", "repeat"]


def test_a_word_from_further_off_than_the_listener_is_none(narration, say):
    near = leak_of(narration) * 0.05 + RNG.normal(0, 5, len(narration))
    question, word = samples_of(say("what is metastasis", "rms")), samples_of(say("stop", "rms")).astype(float)
    for start, share in ((6.5, 0.1), (10.5, 0.6)):
        at = round(start * SAMPLE_RATE)
        near[at : at + len(word)] += word * share
    assert len(overheard(narration, near)) == 2
    assert len(overheard(narration, near, question)) == 1


def test_a_word_in_a_breath_of_hiss_is_still_the_listeners(narration, say):
    """What counts is how loud its loudest parts are: most of such a piece may be a microphone's hiss."""
    near = leak_of(narration) * 0.05 + RNG.normal(0, 5, len(narration))
    question, word = samples_of(say("what is metastasis", "rms")), samples_of(say("stop", "rms")).astype(float)
    start, around = round(10.5 * SAMPLE_RATE), round(0.25 * SAMPLE_RATE)
    near[start : start + len(word)] += word * 0.6
    hiss = slice(start - around, start + len(word) + around)
    near[hiss] += RNG.normal(0, 0.1 * float(np.sqrt(np.mean(word**2))), hiss.stop - hiss.start)
    assert len(overheard(narration, near, question)) == 1


@pytest.mark.parametrize("text", ["seven", "yes", "no"])
def test_other_words_are_none_of_the_armed_ones(spotter, say, text):
    for voice in ("slt", "rms", "awb"):
        spotter.accept(samples_of(say(text, voice)))
        assert spotter.finish().text == ""


def test_silence_and_noise_are_no_words(spotter):
    for sound in (np.zeros(0, np.int16), np.zeros(16_000, np.int16), RNG.normal(0, 500, 16_000).astype(np.int16)):
        spotter.accept(sound)
        assert spotter.finish().text == ""


def test_people_who_say_stop_are_heard(spotter):
    voices = sorted((SHARED / "speech").glob("gsc_stop_*.wav"))
    if not voices:
        pytest.skip("the recordings of people (../shared/speech) are not here")
    heard = []
    for voice in voices:
        spotter.accept(samples_of(voice))
        heard.append(spotter.finish().text)
    assert sum(text in {"stop", "stop it"} for text in heard) >= len(voices) // 2, heard


def test_a_word_means_its_command_only_while_it_speaks_and_never_out_of_its_own_mouth():
    speaking = State(mode="speaking", said=("Say pause, next or stop at any time.", "It travels.", "It stopped."))
    assert over("stop", speaking) is None and over("pause", speaking) is None
    assert over("slower", speaking).id == "slower"
    second = State(mode="speaking", said=speaking.said, sentence=1)
    assert over("stop", second) is None, "the sentence before may still be in the air"
    assert over("stop", State(mode="speaking", said=("A.", "B.", "It travels."), sentence=2)).id == "stop"
    short = ("Say pause, next or stop at any time.", "Fact 1.", "Cancer can spread.")
    assert over("stop", State(mode="speaking", said=short, sentence=2)) is None, "so may the one before a short one"
    assert over("stop", State(mode="speaking", said=speaking.said, sentence=2)) is None
    assert over("go on", State(mode="speaking", said=("Doctors go there.",))) is None
    assert over("stop", State(mode="paused", said=("B.",))) is None
    assert over("what is metastasis", speaking) is None


def test_the_last_word_before_a_new_answer_is_still_its_own():
    spoken = State(mode="speaking", said=("This is general.", "Say pause, next or stop at any time."), sentence=1)
    state, _ = say_next(spoken, f"Cancer can spread. {TEXT} It travels in blood.")
    assert over("stop", state) is None
    assert over("slower", state) is not None
    assert over("stop", replace(state, sentence=1)) is None
    assert over("stop", replace(state, sentence=2)) is not None


def test_no_other_word_begins_like_an_armed_one_and_all_are_commands():
    from companion.dialogue.commands import COMMANDS

    assert set(ARMED.values()) <= set(COMMANDS)
    assert not set(ARMED) & set(OTHERS)
