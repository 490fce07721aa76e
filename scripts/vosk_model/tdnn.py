"""The acoustic network for short replies: it sees 41 frames through four layers, each of which looks further around.

A time-delay network (Peddinti et al. 2015) with batch normalisation (Ioffe and Szegedy 2015), which is folded into the
weights at the end, taught in numpy with Adam. Its outputs stand 30 ms apart, as libvosk asks for them. While it learns
it has a second head, for phones: what it learns there of all words helps it with the few replies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vosk_model.features import CEPSTRA, Floats
from vosk_model.files import Layer

SPLICES = ((-2, -1, 0, 1, 2), (-3, 0, 3), (-6, 0, 6), (-9, 0, 9), (0,))
"""Frames that each layer sees of the one before it."""
CONTEXT = 20
"""Frames on each side, in all."""
BATCH = 64
"""Takes."""
PHASES = 3
OFFSET = 0.3
"""Spread of what is added to all frames of a take, in spreads of the cepstra: another microphone."""
RATES = (2e-3, 3e-5)
PHONES_WEIGHT = 0.3
"""Of the second head's gradient beside the first's."""
EPS = 1e-3
"""Added to variances."""


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how fast is taught."""

    epochs: float
    """How often every take is seen."""
    seed: int
    """Of the order and the offsets."""
    rates: tuple[float, float] = RATES
    """Adam's step, at first and at last, falling along a cosine."""
    threads: int = 2
    """Parts of a batch, worked on side by side; another number gives other sums."""


@dataclass(slots=True)
class Tdnn:
    """Weights on normalised cepstra: hidden layers, normalised and rectified, and one with both heads' outputs."""

    layers: list[Layer]
    norms: list[Layer]
    """Scale and shift after normalising, each shape (size,)."""
    mean: Floats
    spread: Floats
    states: int
    """Outputs of the first head."""
    moments: list[Layer] = field(default_factory=list)
    """Mean and variance before normalising, found at the end of learning."""

    def folded(self) -> list[Layer]:
        """Plain affine layers for raw cepstra, all but the last to be followed by a rectifier; both heads' outputs."""
        out: list[Layer] = []
        for n, (weights, biases) in enumerate(self.layers):
            w, b = weights.astype(np.float64), biases.astype(np.float64)
            if n == 0:
                w = w / np.tile(self.spread, len(SPLICES[0]))
                b = b - w @ np.tile(self.mean, len(SPLICES[0]))
            if n < len(self.norms):
                (scale, shift), (mean, variance) = self.norms[n], self.moments[n]
                gain = scale / np.sqrt(variance + EPS)
                w, b = w * gain[:, None], (b - mean) * gain + shift
            out.append((w.astype(np.float32), b.astype(np.float32)))
        return out

    def logits(self, features: Floats) -> Floats:
        """Both heads' outputs for every frame of an utterance, shape (frames, outputs)."""
        rows = np.pad(features, ((CONTEXT, CONTEXT + 2), (0, 0)), mode="edge")
        layers, out = self.folded(), []
        steps = -(-len(features) // PHASES) + 2 * CONTEXT // PHASES
        for phase in range(PHASES):
            x = _first(rows[None], phase, min(steps, (len(rows) - phase - 5) // 3 + 1))
            for n, (w, b) in enumerate(layers):
                x = (x if n == 0 else _spliced(x, SPLICES[n][-1] // 3)) @ w.T + b
                if n < len(layers) - 1:
                    x = np.maximum(x, 0.0)
            out.append(x[0])
        every = np.zeros((3 * max(map(len, out)), out[0].shape[1]), np.float32)
        for phase, x in enumerate(out):
            every[phase : phase + 3 * len(x) : 3] = x
        return every[: len(features)]


def new_tdnn(features: NDArray[np.float16], hidden: int, heads: tuple[int, int], seed: int) -> Tdnn:
    """Before learning: He's initial weights, and the scale of the cepstra."""
    random = np.random.default_rng(seed)
    every = features.reshape(-1, CEPSTRA).astype(np.float32)
    layers, size = [], CEPSTRA
    for splice in SPLICES:
        last = splice == SPLICES[-1]
        a, b = size * len(splice), sum(heads) if last else hidden
        w = random.standard_normal((b, a)) * np.sqrt((0.2 if last else 2) / a)
        layers.append((w.astype(np.float32), np.zeros(b, np.float32)))
        size = b
    norms = [(np.ones(hidden, np.float32), np.zeros(hidden, np.float32)) for _ in SPLICES[:-1]]
    return Tdnn(layers, norms, every.mean(axis=0), every.std(axis=0) + np.float32(1e-3), heads[0])


def _first(x: Floats, phase: int, steps: int) -> Floats:
    """The five frames around every third, shape (takes, steps, 100)."""
    return np.concatenate([x[:, phase + d : phase + d + 3 * steps - 2 : 3] for d in range(5)], axis=2)


def _affine(x: Floats, w: Floats, b: Floats) -> Floats:
    # One product of two matrices: with three axes numpy would make one for each take.
    found: Floats = (x.reshape(-1, x.shape[2]) @ w.T + b).reshape(*x.shape[:2], -1)
    return found


def _spliced(x: Floats, d: int) -> Floats:
    return x if d == 0 else np.concatenate([x[:, : -2 * d], x[:, d:-d], x[:, 2 * d :]], axis=2)


def _unspliced(back: Floats, d: int) -> Floats:
    if d == 0:
        return back
    size = back.shape[2] // 3
    out = np.zeros((back.shape[0], back.shape[1] + 2 * d, size), np.float32)
    for n in range(3):
        out[:, n * d : n * d + back.shape[1]] += back[:, :, n * size : (n + 1) * size]
    return out


def teach(
    network: Tdnn,
    features: NDArray[np.float16],
    labels: tuple[NDArray[np.uint16] | None, NDArray[np.uint16]],
    course: Course,
    tell: Callable[[str], None],
) -> float:
    """Teach in place.

    Args:
        network: To go on with.
        features: Of the takes, shape (takes, 160, 20).
        labels: States and phones of their frames, each shape (takes, 160); no states while they are not known.
        course: How long and how fast.
        tell: Gets a line now and then.

    Returns:
        Mean cross-entropy over the last tenth, in nats: of the states, or of the phones where there are no states.

    """
    random = np.random.default_rng(course.seed)
    states, phones = labels
    adam = _Adam([p for layer in (*network.layers, *network.norms) for p in layer])
    steps, order, at = max(1, int(course.epochs * len(features) / BATCH)), random.permutation(len(features)), 0
    losses: list[float] = []
    with ThreadPoolExecutor(course.threads) as pool:
        for step in range(steps):
            if at + BATCH > len(order):
                order, at = random.permutation(len(features)), 0
            pick = np.sort(order[at : at + BATCH])
            at += BATCH
            offset = OFFSET * random.normal(0, 1, (len(pick), 1, CEPSTRA)).astype(np.float32)
            phase = int(random.integers(PHASES))
            x = (features[pick].astype(np.float32) - network.mean) / network.spread + offset
            parts = np.array_split(np.arange(len(pick)), course.threads)
            jobs = [
                pool.submit(_step, network, x[p], None if states is None else states[pick[p]], phones[pick[p]], phase)
                for p in parts
            ]
            done = [job.result() for job in jobs]
            losses.append(float(np.mean([loss for loss, _, _ in done])))
            gradients = [sum(g[1:], g[0]) / len(done) for g in zip(*(g for _, g, _ in done), strict=True)]
            first, last = course.rates
            rate = last + 0.5 * (first - last) * (1 + np.cos(np.pi * step / steps))
            adam.step(gradients, rate)
            _remember(network, [m for _, _, m in done])
            if step % 500 == 499:
                tell(f"step {step + 1} of {steps}: {np.mean(losses[-500:]):.3f} nats")
    return float(np.mean(losses[-max(1, steps // 10) :]))


def _remember(network: Tdnn, found: Sequence[list[Layer]]) -> None:
    now = [tuple(np.mean([m[n][k] for m in found], axis=0) for k in range(2)) for n in range(len(network.norms))]
    if not network.moments:
        network.moments = [(m, v) for m, v in now]
        return
    kept = np.float32(0.98)
    network.moments = [
        (kept * a + (1 - kept) * m, kept * b + (1 - kept) * v)
        for (a, b), (m, v) in zip(network.moments, now, strict=True)
    ]


def _step(
    network: Tdnn, x: Floats, states: NDArray[np.uint16] | None, phones: NDArray[np.uint16], phase: int
) -> tuple[float, list[Floats], list[Layer]]:
    """Loss, gradients in the order of the parts, and each layer's mean and variance."""
    steps = (x.shape[1] - phase - 5) // 3 + 1
    inputs, held, moments = [_first(x, phase, steps)], [], list[Layer]()
    for n, (w, b) in enumerate(network.layers):
        a = _affine(inputs[n], w, b)
        if n == len(network.norms):
            break
        mean, variance = a.mean(axis=(0, 1)), a.var(axis=(0, 1))
        moments.append((mean, variance))
        root = np.float32(1) / np.sqrt(variance + np.float32(EPS))
        normal = (a - mean) * root
        out = np.maximum(normal * network.norms[n][0] + network.norms[n][1], 0.0)
        held.append((normal, root, out))
        inputs.append(_spliced(out, SPLICES[n + 1][-1] // 3))
    count = a.shape[1]
    first = phase + CONTEXT
    at = slice(first, first + 3 * count - 2, 3)
    back = np.zeros_like(a)
    loss, back[:, :, network.states :] = _softmax(a[:, :, network.states :], phones[:, at])
    if states is not None:
        back *= PHONES_WEIGHT
        loss, back[:, :, : network.states] = _softmax(a[:, :, : network.states], states[:, at])
    weights: list[Floats] = []
    scales: list[Floats] = []
    for n in range(len(network.layers) - 1, -1, -1):
        w = network.layers[n][0]
        flat = back.reshape(-1, back.shape[2])
        weights[:0] = [flat.T @ inputs[n].reshape(len(flat), -1), flat.sum(axis=0)]
        if not n:
            break
        normal, root, out = held[n - 1]
        back = _unspliced((flat @ w).reshape(*back.shape[:2], -1), SPLICES[n][-1] // 3) * (out > 0)
        scales[:0] = [(back * normal).sum(axis=(0, 1)), back.sum(axis=(0, 1))]
        size = np.float32(normal.shape[0] * normal.shape[1])
        back = (network.norms[n - 1][0] * root) * (back - scales[1] / size - normal * (scales[0] / size))
    return loss, [*weights, *scales], moments


def _softmax(x: Floats, labels: NDArray[np.uint16]) -> tuple[float, Floats]:
    x = x - x.max(axis=2, keepdims=True)
    chances = np.exp(x)
    chances /= chances.sum(axis=2, keepdims=True)
    flat, wanted = chances.reshape(-1, chances.shape[2]), labels.reshape(-1)
    right = flat[np.arange(len(wanted)), wanted]
    loss = -float(np.log(np.maximum(right, 1e-9)).mean())
    flat[np.arange(len(wanted)), wanted] -= 1
    return loss, chances / np.float32(len(wanted))


class _Adam:
    def __init__(self, parts: Sequence[Floats]) -> None:
        self._parts = parts
        self._first, self._second = ([np.zeros_like(p) for p in parts] for _ in range(2))
        self._count = 0

    def step(self, gradients: Sequence[Floats], rate: float) -> None:
        self._count += 1
        scale = np.float32(rate * np.sqrt(1 - 0.999**self._count) / (1 - 0.9**self._count))
        for part, gradient, m, v in zip(self._parts, gradients, self._first, self._second, strict=True):
            np.add(m, np.float32(0.1) * (gradient - m), out=m)
            np.add(v, np.float32(0.001) * (gradient * gradient - v), out=v)
            np.subtract(part, scale * m / (np.sqrt(v) + np.float32(1e-8)), out=part)
