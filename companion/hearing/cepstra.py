"""Mel cepstra as PocketSphinx's acoustic model was taught on them, so that they can be mended before it hears them.

The same as its own front end without its removal of noise (a test compares them): pre-emphasis 0.97, Hamming windows of
410 samples every 160, power spectrum over 512 points, 25 triangles of unit area from 130 to 6,800 Hz whose edges lie
on the spectrum's points, orthonormal cosine transform to 13, lifter 22 (sphinxbase, ``fe_sigproc.c``; Davis and
Mermelstein 1980).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from companion.ports import SAMPLE_RATE

SHIFT, FRAME, FFT = 160, 410, 512
"""Samples."""
BANDS, CEPSTRA = 25, 13
LOW, HIGH = 130.0, 6800.0
"""Hz."""
LIFTER = 22
_LEAST = 1e-4

Floats = NDArray[np.float32]


def log_mel(samples: NDArray[np.int16]) -> Floats:
    """Natural logarithms of the energies in the bands, one row every 10 ms.

    Args:
        samples: 16 kHz mono, shape (n,), n > 0; less than a frame is filled up with zeros.

    Returns:
        Shape (frames, 25).

    """
    wave = samples.astype(np.float64)
    wave[1:] -= 0.97 * samples[:-1]
    if len(wave) < FRAME:
        wave = np.pad(wave, (0, FRAME - len(wave)))
    frames = np.lib.stride_tricks.sliding_window_view(wave, FRAME)[::SHIFT] * np.hamming(FRAME)
    powers = np.abs(np.fft.rfft(frames, FFT, axis=1)) ** 2
    return np.asarray(np.log(powers @ _triangles().T + _LEAST), dtype=np.float32)


def cepstra(energies: Floats) -> Floats:
    """Of log mel energies, shape (frames, 25) to (frames, 13)."""
    return np.ascontiguousarray(energies @ _cosines().T, dtype=np.float32)


def _mel(hertz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hertz / 700.0))


@cache
def _triangles() -> NDArray[np.float64]:
    width = SAMPLE_RATE / FFT
    low, high = _mel(LOW), _mel(HIGH)
    marks = [700.0 * (10 ** ((low + n * (high - low) / (BANDS + 1)) / 2595.0) - 1.0) for n in range(BANDS + 2)]
    edges = [int(mark / width + 0.5) * width for mark in marks]
    points = np.arange(FFT // 2 + 1) * width
    rows = []
    for left, top, right in zip(edges, edges[1:], edges[2:], strict=False):
        sides = np.minimum((points - left) / (top - left), (right - points) / (right - top))
        rows.append(np.maximum(0.0, sides) * 2.0 / (right - left))
    return np.array(rows)


@cache
def _cosines() -> NDArray[np.float64]:
    """The cosine transform and the lifter, shape (13, 25)."""
    k, n = np.arange(CEPSTRA)[:, None], np.arange(BANDS)[None, :]
    rows = np.sqrt(2.0 / BANDS) * np.cos(np.pi * k * (n + 0.5) / BANDS)
    rows[0] = np.sqrt(1.0 / BANDS)
    return np.asarray(rows * (1.0 + LIFTER / 2 * np.sin(np.pi * k / LIFTER)))
