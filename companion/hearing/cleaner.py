"""Noise and rooms taken out of what is heard, before PocketSphinx hears it.

A small network looks at the log mel energies of 15 frames (150 ms), and at how low and how high each band goes over the
whole utterance, and tells the energies that the clean sentence would have had in the frame in the middle (regression on
the spectrum: Xu, Du, Dai and Lee 2014, "An Experimental Study on Speech Enhancement Based on Deep Neural Networks").
``scripts/train_cleaner.py`` teaches it with synthesised speech; no recording of people is in it. The weights, 0.6 MB,
come with the package.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from typing import NamedTuple

import numpy as np

from companion.hearing.cepstra import Floats

CONTEXT = 7
"""Frames on each side."""
RANGE = (10.0, 90.0)
"""Percentiles over the utterance that say how low and how high a band goes."""
QUIET, NOISY = 32.0, 20.0
"""Decibels of the signal over the noise: from the one on, half of the mending is done, below the other all of it. In
quiet the network has nothing to gain, and what it takes for noise may be a voice that it never heard: of 48 digits by
people at 8 kHz, 41 are found with half of it, 39 with all."""
_LEAST_SHARE = 0.5


class Weights(NamedTuple):
    """The network: inputs are (x - mean) / spread, then three affine layers with rectifiers between."""

    mean: Floats
    spread: Floats
    layers: tuple[tuple[Floats, Floats], ...]


def mended(energies: Floats, snr: float) -> Floats:
    """The log mel energies of a whole utterance without its noise, shape (frames, 25) to the same.

    Args:
        energies: Of ``cepstra.log_mel``, at least one frame.
        snr: Signal-to-noise ratio of the utterance, decibels.

    """
    share = np.float32(np.interp(snr, (NOISY, QUIET), (1.0, _LEAST_SHARE)))
    return np.asarray(energies + share * (clean(energies, learnt()) - energies), dtype=np.float32)


def clean(energies: Floats, weights: Weights) -> Floats:
    """What the network makes of an utterance; shapes as for ``mended``."""
    x = (inputs(energies) - weights.mean) / weights.spread
    for n, (matrix, bias) in enumerate(weights.layers):
        x = (np.maximum(x, 0.0) if n else x) @ matrix + bias
    return np.asarray(x + energies, dtype=np.float32)


def inputs(energies: Floats) -> Floats:
    """Each frame with its neighbours and with the range of each band, all against the loudness, shape (frames, 425)."""
    around, whole, _ = against_loudness(energies)
    windows = np.lib.stride_tricks.sliding_window_view(around, 2 * CONTEXT + 1, axis=0)
    rows = windows.transpose(0, 2, 1).reshape(len(energies), -1)
    return np.concatenate([rows, np.broadcast_to(whole, (len(rows), len(whole)))], axis=1, dtype=np.float32)


def against_loudness(energies: Floats) -> tuple[Floats, Floats, float]:
    """The frames with `CONTEXT` more on both sides, how low and how high each band goes, and what was taken off all."""
    low, high = np.percentile(energies, RANGE, axis=0)
    loudness = high.mean()
    around = np.pad(energies - loudness, ((CONTEXT, CONTEXT), (0, 0)), mode="edge")
    return around, np.concatenate([low - loudness, high - loudness]), loudness


@cache
def learnt() -> Weights:
    """The weights that come with the package."""
    with as_file(files("companion") / "hearing" / "cleaner.npz") as path, np.load(path, allow_pickle=False) as kept:
        mean, spread, *flat = (kept[name].astype(np.float32) for name in sorted(kept.files))
    return Weights(mean, spread, tuple(zip(flat[::2], flat[1::2], strict=True)))
