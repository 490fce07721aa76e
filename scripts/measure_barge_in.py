"""Who speaks over the companion (``--barge-in open``): found and falsely found, its voice leaking into the microphone.

    .venv/bin/python scripts/measure_barge_in.py [RECORDING …]

Simulated: narration through a room's echo at several levels against the words, and a little noise; its voice taken out
as in use, and by level alone beside it. Arguments: more recordings (WAV) of single words. Needs flite.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
SCRIPTS = Path(__file__).resolve().parent
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parent)]

import numpy as np  # noqa: E402  # after the number of threads
from _over_sounds import RATE, VOICES, Floats, blocks, leak, narration, read, synthesised  # noqa: E402

WORDS = ("stop", "pause", "repeat", "slower", "next")
LEAKS = (6, 0, -10, -20, -40)
GAP = 6.0
"""Seconds between two words: one that was missed must not be found in the next."""


def main() -> int:
    """Print a line for each level of the leak."""
    words = [sound for _, _, sound in synthesised(WORDS)] + [read(Path(name)) for name in sys.argv[1:]]
    told = [(narration(voice, rate), seed) for voice, rate, seed in VOICES]
    minutes = sum(len(sound) for sound, _ in told) / RATE / 60
    print(f"{minutes:.0f} minutes of narration, {len(told)} voices and rooms; {len(words)} words")
    for decibels in LEAKS:
        for way, cancelled in (("its voice taken out", True), ("by level alone", False)):
            false = sum(len(_found(sound, leak(sound, seed, decibels), cancelled)) for sound, seed in told)
            times = _spoken(told[0][0], words, decibels, cancelled)
            p50 = f"{np.median(times):.2f} s after its file began" if times else "never"
            found = f"{len(times)} of {len(words)} found, median {p50}"
            print(f"leak at {decibels} dB, {way}: {false} false, {found}", flush=True)
    return 0


def _spoken(sound: Floats, words: list[Floats], decibels: float, cancelled: bool) -> list[float]:
    """Seconds from the begin of each word that was found until then."""
    sound = np.tile(sound, 1 + int((12 + sum(len(w) / RATE + GAP for w in words)) * RATE / len(sound)))
    near, at, places = leak(sound, 1, decibels), 12 * RATE, []
    for word in words:
        near[at : at + len(word)] += word
        places.append(at / RATE)
        at += len(word) + int(GAP * RATE)
    found = _found(sound[: at + RATE], near[: at + RATE], cancelled)
    return [min(after) - place for place in places if (after := [t for t in found if place <= t < place + 2])]


def _found(sound: Floats, near: Floats, cancelled: bool) -> list[float]:
    """Seconds at which somebody was heard, two apart at least."""
    from companion.hearing.barge import Interruption
    from companion.hearing.echo import Played
    from companion.hearing.endpoint import webrtc_detector
    from companion.hearing.over import SpeechOver

    now, times = 0.0, [-9.0]
    speech, alone = SpeechOver(webrtc_detector(), clock=lambda: now), Interruption(webrtc_detector())
    for now, block in blocks(sound, near, speech.played if cancelled else Played()):
        found = speech.push(block, speaking=True) if cancelled else alone.push(block)
        if found and now - times[-1] > 2:
            times.append(now)
    return times[1:]


if __name__ == "__main__":
    sys.exit(main())
