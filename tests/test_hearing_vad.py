"""The comparison of speech detectors (scripts/measure_vad.py) counts what it says it counts."""

import sys

import numpy as np
import pytest
from hearing_fixtures import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

import measure_vad
from measure_vad import FRAME, NEAR, Fed, Row, ends, judge, loud, near

from companion.hearing.endpoint import webrtc_detector


class Loud:
    """Speech is what is loud."""

    def is_speech(self, frame):
        return bool(np.abs(np.frombuffer(frame, np.int16)).max() > 100)


def sound(*parts):
    """Frames of a level each: (how many, level)."""
    return np.concatenate([np.full(n * FRAME, level, np.int16) for n, level in parts])


def test_speech_is_what_is_loud_and_what_is_near_is_not_judged():
    clean = sound((40, 0), (10, 1000), (5, 0), (10, 1000), (40, 0))
    speech = loud(clean, 1000.0)
    assert list(np.flatnonzero(speech)) == [*range(40, 50), *range(55, 65)]
    assert list(np.flatnonzero(near(speech))) == list(range(40 - NEAR, 65 + NEAR))
    assert not near(np.zeros(5, np.bool_)).any()


def test_a_row_counts_frames_missed_and_taken():
    clean = sound((40, 0), (20, 1000), (40, 0))
    heard = clean.copy()
    heard[40 * FRAME : 45 * FRAME] = 0  # five frames of speech go unheard
    heard[: 3 * FRAME] = 500  # and three of noise are loud
    row = Row()
    judge(row, Loud(), heard, loud(clean, 1000.0))
    assert (row.speech, row.missed, row.noise, row.taken) == (20, 5, 80 - 2 * NEAR, 3)


@pytest.mark.parametrize(("at", "unheard", "begun"), [(70, 0, 0), (5, 1, 1), (35, 0, 1)])
def test_a_beginning_counts_where_speech_is(at, unheard, begun):
    """An utterance that began too early and still goes on has the speech in it."""
    speech = np.zeros(100, np.bool_)
    speech[70:85] = True
    heard = sound((100, 0))
    heard[at * FRAME : (at + 12) * FRAME] = 1000
    row = Row(sounds=1)
    ends(row, Loud(), heard, speech)
    assert (row.unheard, row.begun) == (unheard, begun)


def test_a_detector_of_other_frames_is_fed_from_a_queue():
    asked = []
    fed = Fed(512, lambda samples: asked.append(len(samples)) or bool(samples.max() > 100))
    quiet, heavy = np.zeros(FRAME, np.int16).tobytes(), np.full(FRAME, 900, np.int16).tobytes()
    assert not fed.is_speech(heavy), "480 samples are no frame of 512 yet"
    assert fed.is_speech(quiet) and fed.is_speech(quiet) is False
    assert asked == [512, 512]


def test_the_table_names_ours_and_what_is_not_installed(monkeypatch, capsys):
    def missing(_sure):
        raise ImportError("no such module")

    speech = np.zeros(100, np.bool_)
    speech[40:60] = True
    spoken = sound((40, 3), (20, 3000), (40, 3))
    monkeypatch.setattr(measure_vad, "voices", lambda: measure_vad.VOICES)
    monkeypatch.setattr(measure_vad, "synthesised", lambda every: {"clean": [(spoken, speech)]})
    monkeypatch.setattr(measure_vad, "people", lambda folder: {})
    detectors = {"ours": ("", lambda _: webrtc_detector()), "other": ("other", missing)}
    monkeypatch.setattr(measure_vad, "DETECTORS", detectors)
    assert measure_vad.main([]) == 0
    out = capsys.readouterr().out
    assert "ours, 0.0 MB more to install" in out and "other: not measured (no such module)." in out
    assert "ms for a second of sound" in out
