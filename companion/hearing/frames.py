"""Audio as the recognisers want it: mono, int16, 16,000 Hz, blocks of 100 ms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from companion.ports import SAMPLE_RATE

BLOCK = SAMPLE_RATE // 10
"""Samples of a block: 100 ms. Longer blocks only delay the text by their own length."""
DITHER = 3
"""Least significant bits. Digital zeros bring ghost words and spoil the next utterance (PocketSphinx)."""

FLOOR = 45.0
"""Decibels: how far below its loud parts an utterance gets a floor of noise."""


def loudness(block: NDArray[np.int16]) -> float:
    """Root mean square, of 32,768."""
    return float(np.sqrt(np.mean(block.astype(np.float64) ** 2)))


def mono(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over channels: shape (n,) or (n, channels) to (n,)."""
    mixed = samples if samples.ndim == 1 else samples.mean(axis=1, dtype=np.float32)
    return np.asarray(mixed, dtype=np.float32)


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """-1 to 1 to int16, clipped; NaN and infinities become silence."""
    clean = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    with np.errstate(over="ignore"):  # far too loud is as loud as can be, not a warning on the terminal
        out: NDArray[np.int16] = np.clip(np.rint(clean * 32767.0), -32768, 32767).astype(np.int16)
    return out


def dithered(block: NDArray[np.int16], noise: np.random.Generator) -> NDArray[np.int16]:
    """The block with digital zeros replaced by noise of at most ``DITHER``; the block itself if it has none."""
    zeros = block == 0
    if not zeros.any():
        return block
    out: NDArray[np.int16] = block.copy()
    out[zeros] = noise.integers(-DITHER, DITHER + 1, int(zeros.sum()), dtype=np.int16)
    return out


def floored(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """The samples over quiet white noise, ``FLOOR`` decibels below their loud parts; the same noise each time.

    Where a recording has next to nothing in a band (a telephone above 4,000 Hz, a noise gate in pauses), the logarithms
    that a recogniser hears by swing between values that its model never learnt.

    Args:
        samples: Shape (n,), 16,000 Hz.

    """
    levels = _levels(samples)
    if len(levels) == 0:
        return samples
    strength = float(np.percentile(levels, 90)) * 10 ** (-FLOOR / 20)
    noise = np.random.default_rng(0).normal(0.0, strength, len(samples))
    out: NDArray[np.int16] = np.clip(np.rint(samples + noise), -32768, 32767).astype(np.int16)
    return out


def snr(samples: NDArray[np.int16]) -> float:
    """How far speech stands above the background, in decibels; 0.0 for less than 0.2 seconds.

    From the samples alone: the levels of frames of 20 ms, the loud ones (their 90th percentile) against the quiet ones
    (their 5th). Speech without any pause, as in tightly cut recordings, is therefore underrated.

    Args:
        samples: Shape (n,), 16,000 Hz.

    """
    levels = _levels(samples)
    if len(levels) < 10:
        return 0.0
    quiet, loud = np.percentile(levels, [5, 90])
    return float(20.0 * np.log10(max(loud, 1.0) / max(quiet, 1.0)))


def _levels(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Root mean square of each frame of 20 ms; an offset is no sound."""
    size = SAMPLE_RATE // 50
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    out: NDArray[np.float64] = np.sqrt(np.mean((frames - frames.mean(axis=1, keepdims=True)) ** 2, axis=1))
    return out


class Resampler:
    """A stream from any rate to 16,000 Hz, in blocks.

    Args:
        rate: Hz of what comes in, 1,000 to 768,000.

    """

    def __init__(self, rate: int) -> None:
        self._stream: Any = None
        if rate != SAMPLE_RATE:
            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        self._rest = np.zeros(0, np.int16)

    def push(self, samples: NDArray[np.float32], last: bool = False) -> Iterator[NDArray[np.int16]]:
        """Full blocks of ``BLOCK`` samples; with ``last`` also the shorter rest.

        Args:
            samples: Mono, shape (n,), -1 to 1.
            last: No more will come.

        """
        samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        if self._stream is not None:
            samples = self._stream.resample_chunk(np.ascontiguousarray(samples, dtype=np.float32), last=last)
        self._rest = np.concatenate([self._rest, to_int16(samples)])
        while len(self._rest) >= BLOCK:
            yield self._rest[:BLOCK]
            self._rest = self._rest[BLOCK:]
        if last and len(self._rest):
            yield self._rest
            self._rest = np.zeros(0, np.int16)
