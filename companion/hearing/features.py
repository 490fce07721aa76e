"""From an utterance to what PocketSphinx decodes: cepstra without noise, the silence around the words cut off."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from companion.hearing.cepstra import Floats, cepstra, log_mel
from companion.hearing.cleaner import mended
from companion.hearing.frames import floored, snr

SPEECH = 5.0
"""Natural logarithms of energy, mean over the bands: no further below its loud frames a frame counts as speech."""
MARGIN = 25
"""Frames of 10 ms that are left on both sides of the words."""


class Features(NamedTuple):
    """Of one utterance."""

    mended: Floats
    """Cepstra without noise, shape (frames, 13), one every 10 ms."""
    plain: Floats
    """The same frames as they were heard."""
    start: int
    """Frames that were cut off before them."""
    snr: float
    """Decibels of the signal over the noise, as it was heard."""


def features(sound: NDArray[np.int16]) -> Features:
    """The features of an utterance.

    PocketSphinx takes the mean off over the whole utterance, so that silence in it shifts the words; how much is
    silence is told when the noise is out.

    Args:
        sound: 16 kHz mono, shape (n,), n > 0.

    """
    ratio = snr(sound)
    heard = log_mel(floored(sound))
    energies = mended(heard, ratio)
    level = energies.mean(axis=1)
    speech = np.flatnonzero(level >= np.percentile(level, 95) - SPEECH)
    start, end = max(0, int(speech[0]) - MARGIN), int(speech[-1]) + 1 + MARGIN
    return Features(cepstra(energies[start:end]), cepstra(heard[start:end]), start, ratio)
