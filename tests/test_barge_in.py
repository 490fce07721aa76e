"""Speaking over the companion: heard by level, held, answered or gone on with.

The session, the ears and the detector of interruptions are the real ones; devices, voice and recogniser are twins, so
that what is said falls into the middle of a sentence every time. On real sound: scripts/measure_barge_in.py.
"""

import time

import numpy as np
import pytest
from fault_world import PACK, World

from companion.events import Hypothesis
from companion.hearing.barge import Interruption
from companion.hearing.endpoint import FRAME, webrtc_detector
from companion.ports import SAMPLE_RATE
from companion.testing import RecordingLoudspeaker

RNG = np.random.default_rng(0)


def noise(seconds, level):
    return RNG.normal(0, level, round(seconds * SAMPLE_RATE)).astype(np.int16)


class Always:
    def is_speech(self, frame):
        return True


def interruptions(sound, detector=None):
    found = Interruption(detector or Always())
    return [i for i in range(0, len(sound), FRAME) if found.push(sound[i : i + FRAME])]


def test_the_companions_own_voice_is_no_interruption_and_a_louder_one_is():
    own = noise(5, 300)
    assert interruptions(own) == []
    louder = own.copy()
    louder[4 * SAMPLE_RATE : 4 * SAMPLE_RATE + 4_000] += noise(0.25, 900)
    found = interruptions(louder)
    assert found and 4.0 <= found[0] / SAMPLE_RATE < 4.25


def test_the_first_second_teaches_and_a_click_is_nothing():
    early = noise(3, 300)
    early[: SAMPLE_RATE // 2] += noise(0.5, 3_000)
    assert interruptions(early) == []
    click = noise(3, 300)
    click[2 * SAMPLE_RATE : 2 * SAMPLE_RATE + 480] += noise(0.03, 3_000)
    assert interruptions(click) == []


def test_a_leak_that_grows_is_learnt():
    grown = np.concatenate([noise(2, 300), noise(10, 600)])
    found = interruptions(grown)
    assert not [i for i in found if i > 7 * SAMPLE_RATE], "it must not count as an interruption for ever"


def test_noise_that_is_no_speech_to_the_detector_is_nothing():
    assert interruptions(np.concatenate([noise(2, 3), np.zeros(8_000, np.int16)]), webrtc_detector()) == []


@pytest.fixture
def narrated(monkeypatch):
    """A conversation of which every sentence takes a while, so that something can fall into it."""
    whole = RecordingLoudspeaker.finish_one

    def finish_one(self):
        end = time.monotonic() + 0.15
        while time.monotonic() < end and self.queued:
            time.sleep(0.005)
        return whole(self)

    monkeypatch.setattr(RecordingLoudspeaker, "finish_one", finish_one)
    with World() as world:
        yield world


def spoken_over(narrated):
    """Narrate, and speak over it until it holds; what had been said before all that."""
    since = narrated.said
    narrated.session.key("a")
    assert narrated.lines.wait_for(PACK.introduction, since=since)
    narrated.session.interrupted()
    assert narrated.lines.wait_for("Paused.", since=since)
    return since


def test_spoken_over_it_falls_silent_and_goes_on_when_it_was_nothing(narrated):
    spoken_over(narrated)
    paused = narrated.said
    # Nothing is said: the narration comes to its facts by itself.
    assert narrated.lines.wait_for("Fact 1.", since=paused)


def test_what_is_said_into_the_hold_is_obeyed(narrated):
    since = spoken_over(narrated)
    narrated.session.heard(Hypothesis("stop", confidence=1.0, engine="vosk"), 0.0)
    assert narrated.lines.wait_for("Stopped. Your place is saved.", since=since)


def test_a_doubted_sound_into_the_hold_is_nothing(narrated):
    spoken_over(narrated)
    paused = narrated.said
    narrated.session.heard(Hypothesis("green jazz", confidence=0.1, engine="vosk", trusted=False), 0.0)
    assert narrated.lines.wait_for("Fact 1.", since=paused)
    assert "I don't have an answer" not in narrated.text()
