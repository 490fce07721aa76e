"""The acoustic network: three affine layers over 21 frames, taught in numpy (Adam, Kingma and Ba 2015)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vosk_model.features import CEPSTRA, Floats
from vosk_model.files import Layer
from vosk_model.lexicon import Pronunciation
from vosk_model.phones import CLASSES, SILENCE, UNKNOWN
from vosk_model.speech import Labels

CONTEXT = 10
"""Frames on each side."""
BATCH = 1024
UNKNOWN_SHARE = 0.1
"""Of every frame of speech goes to the phone of unknown words, which so learns what speech sounds like."""
UNKNOWN_DISCOUNT = float(np.exp(0.2))
"""On that phone's prior: how ready the model is to hear no word of its own."""
OFFSET = 0.35
"""Spread of the constant that is added to all frames of an example, in spreads of the cepstra: another microphone."""
RATES = (1e-3, 5e-5)
"""Adam's step, at first and at last, falling along a cosine."""
_SILENCE, _UNKNOWN = CLASSES.index(SILENCE), CLASSES.index(UNKNOWN)


@dataclass(slots=True)
class Network:
    """Weights on normalised cepstra."""

    layers: list[Layer]
    mean: Floats
    """Shape (20,)."""
    spread: Floats
    priors: Floats
    """Share of each class in what was taught, shape (classes,)."""

    def folded(self) -> list[Layer]:
        """The layers for raw cepstra: normalising is part of the first."""
        weights, biases = self.layers[0]
        scaled: Floats = (weights / np.tile(self.spread, 2 * CONTEXT + 1)).astype(np.float32)
        shifted: Floats = (biases - scaled @ np.tile(self.mean, 2 * CONTEXT + 1)).astype(np.float32)
        return [(scaled, shifted), *self.layers[1:]]

    def log_likelihoods(self, features: Floats) -> Floats:
        """Of all classes for each frame, up to a constant of the frame, shape (frames, classes)."""
        x = _windows(_padded(features), np.arange(len(features)) + CONTEXT)
        for n, (weights, biases) in enumerate(self.folded()):
            x = x @ weights.T + biases
            if n < len(self.layers) - 1:
                x = np.maximum(x, 0.0)
        x = x - x.max(axis=1, keepdims=True)
        found: Floats = x - np.log(np.exp(x).sum(axis=1, keepdims=True)) - np.log(self.priors)
        return found


def new_network(features: Sequence[Floats], hidden: Sequence[int], seed: int) -> Network:
    """Before learning: He's initial weights, and the scale of the cepstra."""
    random = np.random.default_rng(seed)
    every = np.concatenate(features)
    sizes = [(2 * CONTEXT + 1) * CEPSTRA, *hidden, len(CLASSES)]
    layers: list[Layer] = []
    for a, b in pairwise(sizes):
        weights: Floats = (random.standard_normal((b, a)) * float(np.sqrt(2 / a))).astype(np.float32)
        layers.append((weights, np.zeros(b, np.float32)))
    even = np.full(len(CLASSES), 1 / len(CLASSES), np.float32)
    return Network(layers, every.mean(axis=0), every.std(axis=0) + np.float32(1e-3), even)


def teach(network: Network, features: Sequence[Floats], labels: Sequence[Labels], epochs: float, seed: int) -> float:
    """Teach in place.

    Args:
        network: To go on with.
        features: Each shape (frames, 20).
        labels: Each shape (frames,): classes.
        epochs: How often every frame is seen.
        seed: Of the order and the offsets.

    Returns:
        Mean cross-entropy over the last tenth, in nats.

    """
    random = np.random.default_rng(seed)
    rows = np.concatenate([_padded((f - network.mean) / network.spread) for f in features])
    starts = np.cumsum([0, *(len(f) + 2 * CONTEXT for f in features[:-1])])
    centres = np.concatenate([s + CONTEXT + np.arange(len(f)) for s, f in zip(starts, features, strict=True)])
    wanted = np.concatenate(labels)
    share = np.bincount(wanted, minlength=len(CLASSES)) / len(wanted)
    speech = 1 - share[_SILENCE]
    share[_UNKNOWN] = UNKNOWN_SHARE * speech * UNKNOWN_DISCOUNT
    network.priors = np.maximum(share, 1e-4).astype(np.float32)
    steps = max(1, int(epochs * len(centres) / BATCH))
    adam = _Adam([part for layer in network.layers for part in layer])
    order, at, losses = random.permutation(len(centres)), 0, []
    for step in range(steps):
        if at + BATCH > len(order):
            order, at = random.permutation(len(centres)), 0
        pick = order[at : at + BATCH]
        at += BATCH
        offset = OFFSET * random.normal(0, 1, (len(pick), CEPSTRA)).astype(np.float32)
        x = _windows(rows, centres[pick]) + np.tile(offset, 2 * CONTEXT + 1)
        rate = RATES[1] + 0.5 * (RATES[0] - RATES[1]) * (1 + np.cos(np.pi * step / steps))
        losses.append(_step(network.layers, x, wanted[pick], adam, rate))
    return float(np.mean(losses[-max(1, steps // 10) :]))


class _Adam:
    def __init__(self, parts: Sequence[Floats]) -> None:
        self._parts = parts
        self._first, self._second = ([np.zeros_like(p) for p in parts] for _ in range(2))
        self._count = 0

    def step(self, gradients: Sequence[Floats], rate: float) -> None:
        self._count += 1
        scale = rate * np.sqrt(1 - 0.999**self._count) / (1 - 0.9**self._count)
        for n, gradient in enumerate(gradients):
            self._first[n] = 0.9 * self._first[n] + 0.1 * gradient
            self._second[n] = 0.999 * self._second[n] + 0.001 * gradient * gradient
            change = np.float32(scale) * self._first[n] / (np.sqrt(self._second[n]) + np.float32(1e-8))
            np.subtract(self._parts[n], change, out=self._parts[n])


def _step(layers: Sequence[Layer], x: Floats, labels: NDArray[np.uint8], adam: _Adam, rate: float) -> float:
    inputs = [x]
    for n, (weights, biases) in enumerate(layers):
        x = x @ weights.T + biases
        if n < len(layers) - 1:
            x = np.maximum(x, 0.0)
            inputs.append(x)
    x = x - x.max(axis=1, keepdims=True)
    log = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    target = np.zeros_like(log)
    speech = labels != _SILENCE
    target[np.arange(len(labels)), labels] = np.where(speech, 1 - UNKNOWN_SHARE, 1.0)
    target[:, _UNKNOWN] += np.where(speech, UNKNOWN_SHARE, 0.0)
    back = (np.exp(log) - target) / len(labels)
    gradients: list[Floats] = []
    for n in range(len(layers) - 1, -1, -1):
        gradients[:0] = [back.T @ inputs[n], back.sum(axis=0)]
        if n:
            back = (back @ layers[n][0]) * (inputs[n] > 0)
    adam.step(gradients, float(rate))
    return -float((target * log).sum() / len(labels))


def _padded(features: Floats) -> Floats:
    return np.pad(features, ((CONTEXT, CONTEXT), (0, 0)), mode="edge").astype(np.float32)


def _windows(rows: Floats, centres: NDArray[np.int64]) -> Floats:
    """The frames around each centre, shape (centres, 21 * 20)."""
    found: Floats = rows[centres[:, None] + np.arange(-CONTEXT, CONTEXT + 1)].reshape(len(centres), -1)
    return found


def align(
    network: Network, features: Floats, words: Sequence[str], lexicon: Mapping[str, Sequence[Pronunciation]]
) -> Labels:
    """The classes of the frames of a known sentence, by Viterbi's algorithm; silence may stand between words.

    Returns:
        Shape (frames,). All silence where the sound is too short for the sentence.

    """
    classes, optional = [_SILENCE], [True]
    for word in words:
        for phone in lexicon[word][0]:
            classes.append(CLASSES.index(phone))
            optional.append(False)
        classes.append(_SILENCE)
        optional.append(True)
    states = len(classes)
    if len(features) < states:
        return np.full(len(features), _SILENCE, np.uint8)
    path = best_path(network.log_likelihoods(features)[:, classes], optional)
    return np.array(classes, np.uint8)[path]


def best_path(scores: Floats, optional: Sequence[bool]) -> NDArray[np.int64]:
    """Through states one after the other, of which some may be left out, shape (frames,): the number of the state.

    Args:
        scores: Log-likelihood of each state, shape (frames, states); no fewer frames than states.
        optional: Which states may be left out; the last is one of them.

    """
    states = len(optional)
    may_skip = np.array([n >= 2 and optional[n - 1] for n in range(states)])
    best = np.full(states, -np.inf, np.float32)
    best[:2] = scores[0, :2]
    came = np.zeros((len(scores), states), np.int8)
    worst = np.float32(-np.inf)
    for t in range(1, len(scores)):
        one = np.concatenate([[worst], best[:-1]])
        two = np.where(may_skip, np.concatenate([[worst, worst], best[:-2]]), worst)
        ways = np.stack([best, one, two])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + scores[t]
    state = states - 1 if best[-1] >= best[-2] else states - 2
    path = np.empty(len(scores), np.int64)
    for t in range(len(scores) - 1, -1, -1):
        path[t] = state
        state -= came[t, state]
    return path
