"""Earcons: short soft tones for what the companion is doing; the caller always pairs them with text.

| name | what is heard | Hz | seconds |
|---|---|---|---|
| ``listening`` | two notes rising | 587, 880 | 0.14 |
| ``heard`` | one short high note | 988 | 0.07 |
| ``not_understood`` | two equal low notes | 330, 330 | 0.17 |
| ``error`` | two notes falling, low | 294, 196 | 0.19 |
| ``end`` | three notes falling | 880, 659, 440 | 0.19 |

All lie between 190 and 1,000 Hz, where age takes hearing last, well under the level of speech, and differ in
number and direction of notes, not in pitch alone.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np

from companion.ports import Pcm

Earcon = Literal["listening", "heard", "not_understood", "error", "end"]
RATE = 22_050
"""Hz; that of the voice on Linux, so that the player converts nothing."""
LEVEL = 0.12
"""Peak, of 1; speech peaks at about 0.7."""
NOTES: dict[Earcon, tuple[tuple[float, float], ...]] = {
    "listening": ((587.33, 0.06), (880.0, 0.08)),
    "heard": ((987.77, 0.07),),
    "not_understood": ((329.63, 0.07), (0.0, 0.03), (329.63, 0.07)),
    "error": ((293.66, 0.09), (196.0, 0.10)),
    "end": ((880.0, 0.06), (659.26, 0.06), (440.0, 0.07)),
}
"""(Hz, seconds) note by note; 0 Hz is silence."""
_FADE = 0.012


def earcon(name: Earcon, rate: int = RATE) -> Pcm:
    """The sound of that name, at most 0.2 s long, mono.

    Args:
        name: One of ``NOTES``.
        rate: Hz.

    Raises:
        KeyError: There is no such earcon.

    """
    return Pcm(_samples(name, rate).copy(), rate)


@cache
def _samples(name: Earcon, rate: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.concatenate([_note(pitch, seconds, rate) for pitch, seconds in NOTES[name]])


def _note(pitch: float, seconds: float, rate: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    count = round(seconds * rate)
    time = np.arange(count) / rate
    # A little of the octave makes the low notes audible on small loudspeakers.
    wave = 0.85 * np.sin(2 * np.pi * pitch * time) + 0.15 * np.sin(4 * np.pi * pitch * time)
    fade = max(1, round(_FADE * rate))
    shape = np.ones(count)
    shape[:fade] = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
    shape[-fade:] = shape[:fade][::-1]
    return (LEVEL * wave * shape).astype(np.float32)
