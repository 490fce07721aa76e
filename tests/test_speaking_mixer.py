"""The mixer by itself: the sound library calls it from a thread of its own, which no count of branches sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from companion.speaking.mixer import RAMP, Mixer

RATE = 1_000
FADE = round(RAMP * RATE)


def heard(mixer: Mixer, samples: int) -> tuple[np.ndarray, list[Any]]:
    out = np.full(samples, 9.0, np.float32)
    return out, mixer.fill(out)


def tone(samples: int, level: float = 0.5) -> np.ndarray:
    return np.full(samples, level, np.float32)


def test_pieces_follow_without_a_gap_and_each_end_is_told_in_its_block() -> None:
    mixer, told = Mixer(RATE), []
    mixer.play(tone(30), told.append)
    mixer.play(tone(50, 0.25), None)
    out, ends = heard(mixer, 40)
    assert np.allclose(out, [*[0.5] * 30, *[0.25] * 10]) and ends == [told.append]
    assert mixer.place == pytest.approx(0.01) and not mixer.idle
    out, ends = heard(mixer, 60)
    assert np.allclose(out, [*[0.25] * 40, *[0.0] * 20]) and ends == [] and mixer.idle and mixer.place == 0.0


def test_a_stop_fades_what_sounds_and_gives_back_the_rest() -> None:
    mixer, told = Mixer(RATE), []
    mixer.play(tone(500), told.append)
    mixer.play(tone(500), None)
    heard(mixer, 100)
    assert mixer.stop() == [told.append] and mixer.idle
    out, _ = heard(mixer, FADE + 10)
    assert out[0] == pytest.approx(0.5) and np.all(np.diff(out[:FADE]) <= 0) and not out[FADE:].any()
    assert mixer.stop() == [] and not heard(mixer, 10)[0].any(), "a second one finds nothing"


def test_what_never_sounded_needs_no_fade() -> None:
    mixer = Mixer(RATE)
    mixer.play(tone(100), None)
    mixer.stop()
    assert not heard(mixer, 50)[0].any()


def test_a_pause_holds_the_place_and_resuming_rises_from_it() -> None:
    mixer = Mixer(RATE)
    mixer.play(tone(500), None)
    heard(mixer, 100)
    mixer.pause()
    mixer.pause()
    assert mixer.paused and mixer.place == pytest.approx(0.1)
    out, ends = heard(mixer, FADE + 20)
    assert not out[FADE:].any() and ends == [] and mixer.place == pytest.approx(0.1)
    mixer.resume()
    mixer.resume()
    out, _ = heard(mixer, FADE + 20)
    assert out[0] < 0.1 and np.all(np.diff(out[:FADE]) >= 0) and out[-1] == pytest.approx(0.5)
    assert mixer.place == pytest.approx(0.1 + (FADE + 20) / RATE)


def test_a_pause_before_anything_sounds_loses_nothing() -> None:
    mixer = Mixer(RATE)
    mixer.pause()
    mixer.play(tone(50), None)
    assert not heard(mixer, 20)[0].any()
    mixer.resume()
    assert np.allclose(heard(mixer, 50)[0], 0.5)


def test_loudness_changes_by_a_ramp_while_something_sounds_and_at_once_before() -> None:
    mixer = Mixer(RATE)
    mixer.set_gain(0.5)
    mixer.play(tone(500, 1.0), None)
    assert np.allclose(heard(mixer, 50)[0], 0.5)
    mixer.set_gain(1.0)
    out, _ = heard(mixer, 50)
    assert out[0] == pytest.approx(0.5) and np.all(np.diff(out) > 0)
    assert np.allclose(heard(mixer, 50)[0], 1.0)
    mixer.set_gain(4.0)
    heard(mixer, 50)
    assert heard(mixer, 50)[0].max() == 1.0, "never more than full scale"
