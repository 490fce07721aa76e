"""Mel cepstra as Kaldi computes them, so that the network sees in training what libvosk shows it later.

Kaldi's defaults (feature-window.cc, mel-computations.cc): frames of 25 ms every 10 ms, snipped at the edges, the mean
taken off, pre-emphasis 0.97, Povey's window, power spectrum over 512 points; here with 40 bins from 20 to 7,600 Hz, 20
cepstra, no liftering, no dither, no energy. ``CONF`` says the same to libvosk.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Hz."""
FRAME, SHIFT, FFT = 400, 160, 512
"""Samples."""
BINS, CEPSTRA = 40, 20
LOW, HIGH = 20.0, 7600.0
"""Hz."""
CONF = (
    f"--sample-frequency={RATE}\n--use-energy=false\n--num-mel-bins={BINS}\n--num-ceps={CEPSTRA}\n"
    f"--low-freq={LOW:g}\n--high-freq={HIGH:g}\n--cepstral-lifter=0\n--dither=0\n"
)

Floats = NDArray[np.float32]


def mfcc(samples: NDArray[np.float32], warp: float = 1.0, starts: NDArray[np.int64] | None = None) -> Floats:
    """The cepstra of one sound.

    Args:
        samples: 16 kHz mono on the scale of int16, shape (n,).
        warp: Stretches the frequency axis, as another length of the vocal tract does; 1 for none.
        starts: First samples of the frames; every 10 ms when left out.

    Returns:
        Shape (frames, 20); no frame for less than 25 ms.

    """
    count = 1 + (len(samples) - FRAME) // SHIFT if len(samples) >= FRAME else 0
    if count <= 0:
        return np.zeros((0, CEPSTRA), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, FRAME)
    frames = (windows[::SHIFT][:count] if starts is None else windows[starts]).astype(np.float32)
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    frames = (frames - np.float32(0.97) * before) * _window()
    spectrum = np.abs(np.fft.rfft(frames, FFT, axis=1)).astype(np.float32) ** 2
    energies = spectrum[:, : FFT // 2] @ _filters(round(warp, 3)).T
    found: Floats = np.log(np.maximum(energies, np.finfo(np.float32).eps)) @ _cosines().T
    return found


@cache
def _window() -> Floats:
    n = np.arange(FRAME)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / (FRAME - 1))
    window: Floats = (hann**0.85).astype(np.float32)
    return window


def _mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log(1.0 + np.asarray(hertz) / 700.0))


@cache
def _filters(warp: float) -> Floats:
    """Triangles on the mel scale over the 256 lowest points of the spectrum, shape (40, 256)."""
    points = _mel(np.minimum(np.arange(FFT // 2) * RATE / FFT * warp, RATE / 2))
    low, high = float(_mel(LOW)), float(_mel(HIGH))
    step = (high - low) / (BINS + 1)
    left = low + step * np.arange(BINS)[:, None]
    up, down = (points - left) / step, (left + 2 * step - points) / step
    triangles: Floats = np.maximum(0.0, np.minimum(up, down)).astype(np.float32)
    return triangles


@cache
def _cosines() -> Floats:
    """The rows of the orthonormal discrete cosine transform (type II), shape (20, 40)."""
    k, n = np.arange(CEPSTRA)[:, None], np.arange(BINS)[None, :]
    rows = np.sqrt(2.0 / BINS) * np.cos(np.pi / BINS * (n + 0.5) * k)
    rows[0] = np.sqrt(1.0 / BINS)
    scaled: Floats = rows.astype(np.float32)
    return scaled
