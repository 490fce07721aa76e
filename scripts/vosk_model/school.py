"""Teaching a time-delay network what it hears: from voices to takes, and from guessed labels to ones that it found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vosk_model.features import CEPSTRA, FRAME, SHIFT, Floats
from vosk_model.network import best_path
from vosk_model.phones import CLASSES
from vosk_model.reply_sounds import FESTIVAL, FRAMES, LEAD, Take, Utterance, Wave, clean, say, takes
from vosk_model.speech import ESPEAK, FLITE
from vosk_model.tdnn import Course, Tdnn, new_tdnn, teach

CHUNK = 40
"""Utterances that one process speaks at a time."""
TURNS = 3
"""Of teaching on flite's voices and labelling them anew."""
EDGE = LEAD // SHIFT - 20
"""Frames before and after an utterance that are surely silent."""
SILENT, OTHER = 0, 1
"""States: no speech; speech that is none of the model's words."""
Row = tuple[list[int], list[int], list[bool]]
"""Phones, states, and what may be left out, one after the other."""


class Stock(Protocol):
    """The words and their sounds."""

    @property
    def speech(self) -> tuple[str, ...]:
        """Names of the states beside `SILENT` and `OTHER`."""
        ...

    def track(self, words: Sequence[str]) -> Row:
        """What an utterance is made of."""
        ...


Spoken = list[tuple[Utterance, Wave]]
Heard = tuple[NDArray[np.float16], NDArray[np.int16], NDArray[np.int32]]
"""Of takes: features, places in the clean utterance, and which utterance it is of."""
Tracks = list[NDArray[np.uint16]]
"""Of each utterance: states and phones of its clean frames, shape (2, frames)."""


def speak_all(pool: ProcessPoolExecutor, lines: Sequence[Utterance]) -> Spoken:
    """Every line; what a voice could not say is left out."""
    groups: list[list[Utterance]] = []
    for engine in (FESTIVAL, FLITE, ESPEAK):
        own = [line for line in lines if line.engine == engine]
        groups += [own[n : n + CHUNK] for n in range(0, len(own), CHUNK)]
    waves = [wave for part in pool.map(say, groups) for wave in part]
    return [(u, w) for u, w in zip([u for g in groups for u in g], waves, strict=True) if len(w)]


def distort_all(pool: ProcessPoolExecutor, spoken: Spoken, copies: int, talk: Path | None = None) -> Heard:
    """All takes of all utterances; with the talk in a file of numpy's among the noises."""
    features = np.zeros((len(spoken) * copies, FRAMES, CEPSTRA), np.float16)
    places = np.zeros((len(features), FRAMES), np.int16)
    n = 0
    for rows in pool.map(partial(_takes, copies, talk), spoken, chunksize=32):
        for row in rows:
            features[n], places[n] = row.features, row.places
            n += 1
    return features, places, np.repeat(np.arange(len(spoken), dtype=np.int32), copies)


def _takes(count: int, talk: Path | None, job: tuple[Utterance, Wave]) -> list[Take]:
    return takes(job[1], count, job[0].seed + 7, None if talk is None else _loaded(talk))


@cache
def _loaded(path: Path) -> Wave:
    sound: Wave = np.load(path)
    return sound


@dataclass(frozen=True, slots=True)
class Aligner:
    """Finds the phones of an utterance in time; it goes to other processes."""

    network: Tdnn
    priors: Floats

    def __call__(self, job: tuple[tuple[Utterance, Wave], Row]) -> NDArray[np.uint16]:
        """States and phones, shape (2, frames)."""
        (utterance, wave), (phones, states, optional) = job
        features = clean(wave, utterance.seed)
        out = np.zeros((2, len(features)), np.uint16)
        said = slice(EDGE, len(features) - EDGE)
        if len(features) - 2 * EDGE < len(phones):
            return out
        x = self.network.logits(features[said])[:, self.network.states :]
        x = x - np.log(np.exp(x - x.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)) - np.log(self.priors)
        path = best_path(x[:, phones], optional)
        out[:, said] = np.array(states, np.uint16)[path], np.array(phones, np.uint16)[path]
        return out


@dataclass(frozen=True, slots=True)
class School:
    """Teaching, from labels that are no more than a guess to the network that is kept."""

    pool: ProcessPoolExecutor
    stock: Stock
    hidden: int
    """Size of the network's layers."""
    epochs: tuple[float, float]
    """Over flite's utterances for phones, each of three times; and over all."""
    seed: int
    tell: Callable[[str], None]
    unknown: float = 0.0
    """Share of the frames of speech that are called the unknown, so that it is a little like all of them."""

    def bootstrap(self, spoken: Spoken) -> Aligner:
        """A network for phones only, taught on flite's voices: its labels are a guess at first, and get better."""
        heard = distort_all(self.pool, spoken, 2)
        tracks = [self._even(s) for s in spoken]
        network = self._new(heard[0])
        for turn in range(TURNS):
            phones = labelled(heard, tracks)[1]
            course = Course(self.epochs[0], self.seed + turn, (2e-3, 2e-4))
            loss = teach(network, heard[0], (None, phones), course, self.tell)
            self.tell(f"Taught on flite: {loss:.2f} nats.")
            aligner = Aligner(network, priors_of(phones, len(CLASSES)))
            if turn < TURNS - 1:
                tracks = self._aligned(spoken, aligner)
        return aligner

    def learn(self, spoken: Spoken, heard: Heard, aligner: Aligner) -> tuple[Tdnn, NDArray[np.uint16]]:
        """The network proper, and the states of all takes that it was taught on."""
        network = self._new(heard[0])
        # Half of the way to no priors: other voices hold their phones longer or shorter than flite's.
        priors = ((aligner.priors + 1 / len(CLASSES)) / 2).astype(np.float32)
        labels = labelled(heard, self._aligned(spoken, Aligner(aligner.network, priors)))
        states = labels[0]
        if self.unknown:
            states[(np.random.default_rng(self.seed).random(states.shape) < self.unknown) & (states != SILENT)] = OTHER
        loss = teach(network, heard[0], labels, Course(self.epochs[1], self.seed, threads=4), self.tell)
        self.tell(f"Taught on all: {loss:.2f} nats.")
        return network, labels[0]

    def _new(self, features: NDArray[np.float16]) -> Tdnn:
        return new_tdnn(features, self.hidden, (2 + len(self.stock.speech), len(CLASSES)), self.seed)

    def _aligned(self, spoken: Spoken, aligner: Aligner) -> Tracks:
        jobs = [(s, self.stock.track(s[0].words)) for s in spoken]
        return list(self.pool.map(aligner, jobs, chunksize=64))

    def _even(self, spoken: tuple[Utterance, Wave]) -> NDArray[np.uint16]:
        """Each phone as long as the others: where learning begins."""
        phones, states, _ = self.stock.track(spoken[0].words)
        keep = np.flatnonzero(phones)
        frames, edge = 1 + (len(spoken[1]) - FRAME) // SHIFT, LEAD // SHIFT
        path = keep[np.arange(frames - 2 * edge) * len(keep) // (frames - 2 * edge)]
        silence = np.zeros(edge, np.int64)  # the first state of a track
        path = np.concatenate([silence, path, silence])
        return np.stack([np.array(states, np.uint16)[path], np.array(phones, np.uint16)[path]])


def labelled(heard: Heard, tracks: Tracks) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """States and phones of the takes' frames, each shape (takes, 160)."""
    _, places, whose = heard
    both = np.zeros((2, *places.shape), np.uint16)
    for n, (at, who) in enumerate(zip(places, whose, strict=True)):
        track = tracks[who]
        both[:, n] = track[:, np.minimum(at, track.shape[1] - 1)]
    return both[0], both[1]


def priors_of(labels: NDArray[np.uint16], count: int) -> Floats:
    """Share of each class, shape (count,)."""
    share = np.bincount(labels.reshape(-1), minlength=count) / labels.size
    found: Floats = np.maximum(share, 1e-5).astype(np.float32)
    return found


def lengths(states: NDArray[np.uint16], count: int) -> dict[int, float]:
    """Mean frames of a run of each class."""
    total = np.bincount(states.reshape(-1), minlength=count)
    ends = np.ones(states.shape, bool)
    ends[:, :-1] = states[:, 1:] != states[:, :-1]
    runs = np.bincount(states[ends], minlength=count)
    return {n: float(total[n] / runs[n]) for n in range(count) if runs[n]}
