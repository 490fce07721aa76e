"""Teaching the network of ``companion/hearing/cleaner.py`` in numpy (Adam, Kingma and Ba 2015; Huber's loss)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cleaner.sounds import Pair
from companion.hearing.cepstra import BANDS, Floats
from companion.hearing.cleaner import CONTEXT, Weights, against_loudness

HIDDEN = (384, 384)
BATCH = 2048
RATES = (1e-3, 5e-5)
"""Adam's step, at first and at last, falling along a cosine."""
HUBER = 2.0
"""Natural logarithms of energy: beyond that an error counts by its size, not its square."""
SAMPLED = 50_000
"""Frames from which the scale of the inputs is taken."""


class _Frames:
    """All frames of all takes, with what belongs to each."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        rows: list[Floats] = []
        ranges: list[Floats] = []
        wanted: list[Floats] = []
        centres: list[NDArray[np.int64]] = []
        takes: list[NDArray[np.int64]] = []
        at = 0
        for pair in pairs:
            for heard in pair.heard:
                around, whole, loudness = against_loudness(heard.astype(np.float32))
                rows.append(around)
                wanted.append(pair.clean.astype(np.float32)[: len(heard)] - loudness)
                centres.append(at + CONTEXT + np.arange(len(heard)))
                takes.append(np.full(len(heard), len(ranges)))
                ranges.append(whole)
                at += len(around)
        self.rows = np.concatenate(rows, dtype=np.float32)
        self.ranges = np.stack(ranges).astype(np.float32)
        self.wanted = np.concatenate(wanted, dtype=np.float32)
        self.centres, self.takes = np.concatenate(centres), np.concatenate(takes)

    def inputs(self, pick: NDArray[np.int64]) -> Floats:
        around = self.rows[self.centres[pick][:, None] + np.arange(-CONTEXT, CONTEXT + 1)].reshape(len(pick), -1)
        return np.concatenate([around, self.ranges[self.takes[pick]]], axis=1)


def teach(
    pairs: Sequence[Pair], epochs: float, seed: int, say: Callable[[str], None], hidden: Sequence[int] = HIDDEN
) -> tuple[Weights, float]:
    """Teach a new network.

    Args:
        pairs: What was spoken, and what was heard of it.
        epochs: How often every frame is seen.
        seed: Of the first weights and of the order.
        say: Is told how far it is.
        hidden: Sizes of the layers between.

    Returns:
        The network, and its mean absolute error over the last tenth, in natural logarithms of energy.

    """
    random = np.random.default_rng(seed)
    frames = _Frames(pairs)
    count = len(frames.centres)
    some = frames.inputs(random.permutation(count)[:SAMPLED])
    mean, spread = some.mean(axis=0), some.std(axis=0) + np.float32(1e-3)
    layers = []
    for a, b in pairwise((some.shape[1], *hidden, BANDS)):
        matrix = random.standard_normal((a, b)) * np.sqrt(2 / a)
        layers.append((matrix.astype(np.float32), np.zeros(b, np.float32)))
    layers[-1] = (layers[-1][0] * np.float32(0.1), layers[-1][1])
    parts = [part for layer in layers for part in layer]
    first, second = ([np.zeros_like(part) for part in parts] for _ in range(2))
    order, at, errors = random.permutation(count), 0, []
    steps = max(1, int(epochs * count / BATCH))
    for step in range(1, steps + 1):
        if at + BATCH > count:
            order, at = random.permutation(count), 0
        pick = order[at : at + BATCH]
        at += BATCH
        x = (frames.inputs(pick) - mean) / spread
        held = [x]
        for n, (matrix, bias) in enumerate(layers):
            x = held[-1] @ matrix + bias
            if n < len(layers) - 1:
                held.append(np.maximum(x, 0.0))
        error = x + frames.rows[frames.centres[pick]] - frames.wanted[pick]
        errors.append(float(np.abs(error).mean()))
        back = np.clip(error, -HUBER, HUBER) / np.float32(len(pick))
        gradients: list[Floats] = []
        for n in range(len(layers) - 1, -1, -1):
            gradients[:0] = [held[n].T @ back, back.sum(axis=0)]
            if n:
                back = (back @ layers[n][0].T) * (held[n] > 0)
        rate = RATES[1] + 0.5 * (RATES[0] - RATES[1]) * (1 + np.cos(np.pi * step / steps))
        scale = np.float32(rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step))
        for part, gradient, m, v in zip(parts, gradients, first, second, strict=True):
            np.add(m, np.float32(0.1) * (gradient - m), out=m)
            np.add(v, np.float32(0.001) * (gradient * gradient - v), out=v)
            np.subtract(part, scale * m / (np.sqrt(v) + np.float32(1e-8)), out=part)
        if step % 500 == 0:
            say(f"step {step} of {steps}: off by {np.mean(errors[-500:]):.3f}")
    return Weights(mean, spread, tuple(layers)), float(np.mean(errors[-max(1, steps // 10) :]))


def kept(weights: Weights) -> dict[str, NDArray[np.float16]]:
    """As ``cleaner.learnt`` reads it: half precision, in the order of the names."""
    flat = [weights.mean, weights.spread, *(part for layer in weights.layers for part in layer)]
    return {f"part{n}": part.astype(np.float16) for n, part in enumerate(flat)}
