"""A model for short replies only ("three", "yes please", "stop"): their words, and one class for all other speech.

Each phone of each of the words is a class of its own, and what is none of them is the phone of the unknown, so that
the network learns directly what libvosk has to decide: which of the words, or "[unk]".
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from companion.dialogue.prompts import NUMBER_WORDS
from companion.hearing.pocketsphinx import frequent_words
from vosk_model.features import CEPSTRA, FRAME, SHIFT, Floats
from vosk_model.files import Acoustic, write_model
from vosk_model.graph import decoding_graph, language_model, leave_chances
from vosk_model.lexicon import UNKNOWN_WORD, Pronunciation
from vosk_model.network import best_path
from vosk_model.phones import CLASSES, UNKNOWN
from vosk_model.reply_sounds import (
    ACCENTS,
    FESTIVAL,
    FESTIVAL_VOICES,
    FLITE_VOICES,
    FRAMES,
    LEAD,
    Take,
    Utterance,
    Wave,
    clean,
    espeak_variants,
    say,
    takes,
)
from vosk_model.speech import ESPEAK, FLITE
from vosk_model.tdnn import SPLICES, Course, Tdnn, new_tdnn, teach

SEED = 11
OFTEN = (*NUMBER_WORDS[1:9], "yes", "no", "stop", "next", "pause", "resume", "repeat")
WORDS = (*NUMBER_WORDS, *OFTEN[8:], "please", "thanks", "thank", "you", "number", "question")
"""What the model hears; `OFTEN` twice as often."""
PHRASES = ("yes please", "no thanks", "no thank you", "thank you", "number {}", "question {}")
SHARES = {"word": 0.50, "phrase": 0.08, "other": 0.20, "others": 0.16, "mixed": 0.06}
"""Of the utterances: one word of `WORDS`, a phrase of them, one other word, some, and both kinds beside each other."""
VOICES = {"slt": 0.13, "rms": 0.13, "ked_diphone": 0.10, "cmu_us_slt_arctic_hts": 0.06}
"""Shares of the voices; the rest is espeak-ng's."""
CHUNK = 40
"""Utterances that one process speaks at a time."""
WORKERS = 2
"""Processes, also for what is given to them in parts: the same everywhere."""
TURNS = 3
"""Of teaching on flite's voices and labelling them anew."""
UNKNOWN_DISCOUNT = 0.2
"""On the prior of what is none of the words: the less, the more often it hears none of its words."""
EDGE = LEAD // SHIFT - 20
"""Frames before and after an utterance that are surely silent."""
SILENT, OTHER = 0, 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done."""

    utterances: int = 4_500
    copies: int = 4
    """Takes of each."""
    hidden: int = 192
    epochs: tuple[float, float] = (3.0, 4.5)
    """Over flite's utterances for phones, each of three times; and over all. Six more were better by synthetic voices
    and no better by people."""
    others: int = 3_000
    """Frequent words."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The words with their sounds, and which class each of those is."""

    sounds: Mapping[str, Pronunciation]
    speech: tuple[str, ...]
    """Names of the classes beside silence and the unknown: "three.0" and so on."""

    def track(self, words: Sequence[str]) -> tuple[list[int], list[int], list[bool]]:
        """Phones, states, and what may be left out, one after the other."""
        phones, states, optional = [0], [SILENT], [True]
        for word in words:
            for n, phone in enumerate(self.sounds[word]):
                phones.append(CLASSES.index(phone))
                states.append(2 + self.speech.index(f"{word}.{n}") if word in WORDS else OTHER)
                optional.append(False)
            phones.append(0)
            states.append(SILENT)
            optional.append(True)
        return phones, states, optional


def inventory(others: int) -> Inventory:
    """`WORDS`, and the most frequent other words of English that sound like none of them: PocketSphinx brings both."""
    import pocketsphinx

    home = Path(pocketsphinx.get_model_path("en-us"))
    with tempfile.TemporaryDirectory() as cache:
        frequent = frequent_words(home / "en-us.lm.bin", home / "cmudict-en-us.dict", Path(cache))
    said: dict[str, list[Pronunciation]] = {}
    with (home / "cmudict-en-us.dict").open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            word, _, phones = line.lower().partition(" ")
            said.setdefault(word.partition("(")[0], []).append(tuple(phones.split()))
    own = {row for w in WORDS for row in said[w]}
    sounds = {w: said[w][0] for w in WORDS}
    sounds |= {w: said[w][0] for w in list(frequent)[:others] if w not in WORDS and not own & set(said[w])}
    return Inventory(sounds, tuple(f"{w}.{n}" for w in WORDS for n in range(len(sounds[w]))))


def utterances(stock: Inventory, count: int, seed: int, voices: Sequence[Utterance] = ()) -> list[Utterance]:
    """Who says what, at random, in groups of one engine.

    Args:
        stock: Words.
        count: How many.
        seed: Of the choice.
        voices: These only, in turn.

    """
    random = np.random.default_rng(seed)
    others = [w for w in stock.sounds if w not in WORDS]
    weights = 1 / (np.arange(len(others)) + 60.0) / np.array([len(stock.sounds[w]) for w in others]) ** 0.5
    weights /= weights.sum()
    often = (*WORDS, *OFTEN)

    def one(among: Sequence[str]) -> str:
        return among[int(random.integers(len(among)))]

    def strange(n: int) -> tuple[str, ...]:
        return tuple(others[int(k)] for k in random.choice(len(others), n, p=weights))

    variants = espeak_variants()
    out = []
    for n in range(count):
        kind = random.choice(len(SHARES), p=list(SHARES.values()))
        if kind == 0:
            words: tuple[str, ...] = (one(often),)
        elif kind == 1:
            words = tuple(one(PHRASES).format(one(NUMBER_WORDS[1:])).split())
        elif kind in {2, 3}:
            words = strange(1 if kind == 2 else int(random.integers(2, 6)))
        else:
            words = (one(often), *strange(1))
            words = words if random.random() < 0.5 else words[::-1]
        if voices:
            engine, voice = voices[n % len(voices)].engine, voices[n % len(voices)].voice
        else:
            pick, voice = random.random(), ""
            for name, share in VOICES.items():
                if not voice and pick < share:
                    voice = name
                pick -= share
            engine = FLITE if voice in FLITE_VOICES else FESTIVAL if voice in FESTIVAL_VOICES else ESPEAK
            voice = voice or f"{one(ACCENTS)}+{one(variants)}"
        out.append(Utterance(engine, voice, words, seed * 1_000_003 + n))
    return out


def build(folder: Path, plan: Plan, tell: Callable[[str], None] = print) -> None:
    """Make the model.

    Raises:
        OSError, subprocess.SubprocessError: flite or espeak-ng is not there, or fails.

    """
    stock = inventory(plan.others)
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        spoken = speak_all(pool, utterances(stock, plan.utterances, SEED))
        tell(f"{len(spoken)} utterances spoken, {len(stock.sounds)} words.")
        school = School(pool, stock, plan, tell)
        first = school.bootstrap([s for s in spoken if s[0].engine == FLITE])
        heard = distort_all(pool, spoken, plan.copies)
        tell(f"{len(heard[0])} takes.")
        network, states = school.learn(spoken, heard, first)
    finish(folder, network, stock, states)


Spoken = list[tuple[Utterance, Wave]]
Heard = tuple[NDArray[np.float16], NDArray[np.int16], NDArray[np.int32]]
"""Of takes: features, places in the clean utterance, and which utterance it is of."""
Tracks = list[NDArray[np.uint8]]
"""Of each utterance: states and phones of its clean frames, shape (2, frames)."""
Row = tuple[list[int], list[int], list[bool]]
"""See ``Inventory.track``."""


def speak_all(pool: ProcessPoolExecutor, lines: Sequence[Utterance]) -> Spoken:
    """Every line; what a voice could not say is left out."""
    groups: list[list[Utterance]] = []
    for engine in (FESTIVAL, FLITE, ESPEAK):
        own = [line for line in lines if line.engine == engine]
        groups += [own[n : n + CHUNK] for n in range(0, len(own), CHUNK)]
    waves = [wave for part in pool.map(say, groups) for wave in part]
    return [(u, w) for u, w in zip([u for g in groups for u in g], waves, strict=True) if len(w)]


def distort_all(pool: ProcessPoolExecutor, spoken: Spoken, copies: int) -> Heard:
    """All takes of all utterances."""
    features = np.zeros((len(spoken) * copies, FRAMES, CEPSTRA), np.float16)
    places = np.zeros((len(features), FRAMES), np.int16)
    n = 0
    for rows in pool.map(_takes, spoken, [copies] * len(spoken), chunksize=32):
        for row in rows:
            features[n], places[n] = row.features, row.places
            n += 1
    return features, places, np.repeat(np.arange(len(spoken), dtype=np.int32), copies)


def _takes(job: tuple[Utterance, Wave], count: int) -> list[Take]:
    return takes(job[1], count, job[0].seed + 7)


@dataclass(frozen=True, slots=True)
class Aligner:
    """Finds the phones of an utterance in time; it goes to other processes."""

    network: Tdnn
    priors: Floats

    def __call__(self, job: tuple[tuple[Utterance, Wave], Row]) -> NDArray[np.uint8]:
        """States and phones, shape (2, frames)."""
        (utterance, wave), (phones, states, optional) = job
        features = clean(wave, utterance.seed)
        out = np.zeros((2, len(features)), np.uint8)
        said = slice(EDGE, len(features) - EDGE)
        if len(features) - 2 * EDGE < len(phones):
            return out
        x = self.network.logits(features[said])[:, self.network.states :]
        x = x - np.log(np.exp(x - x.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)) - np.log(self.priors)
        path = best_path(x[:, phones], optional)
        out[:, said] = np.array(states, np.uint8)[path], np.array(phones, np.uint8)[path]
        return out


@dataclass(frozen=True, slots=True)
class School:
    """Teaching, from labels that are no more than a guess to the network that is kept."""

    pool: ProcessPoolExecutor
    stock: Inventory
    plan: Plan
    tell: Callable[[str], None]

    def bootstrap(self, spoken: Spoken) -> Aligner:
        """A network for phones only, taught on flite's voices: its labels are a guess at first, and get better."""
        heard = distort_all(self.pool, spoken, 2)
        tracks = [self._even(s) for s in spoken]
        network = self._new(heard[0])
        for turn in range(TURNS):
            phones = labelled(heard, tracks)[1]
            course = Course(self.plan.epochs[0], SEED + turn, (2e-3, 2e-4))
            loss = teach(network, heard[0], (None, phones), course, self.tell)
            self.tell(f"Taught on flite: {loss:.2f} nats.")
            aligner = Aligner(network, priors_of(phones, len(CLASSES)))
            if turn < TURNS - 1:
                tracks = self._aligned(spoken, aligner)
        return aligner

    def learn(self, spoken: Spoken, heard: Heard, aligner: Aligner) -> tuple[Tdnn, NDArray[np.uint8]]:
        """The network proper, and the states of all takes that it was taught on."""
        network = self._new(heard[0])
        # Half of the way to no priors: other voices hold their phones longer or shorter than flite's.
        priors = ((aligner.priors + 1 / len(CLASSES)) / 2).astype(np.float32)
        labels = labelled(heard, self._aligned(spoken, Aligner(aligner.network, priors)))
        loss = teach(network, heard[0], labels, Course(self.plan.epochs[1], SEED, threads=4), self.tell)
        self.tell(f"Taught on all: {loss:.2f} nats.")
        return network, labels[0]

    def _new(self, features: NDArray[np.float16]) -> Tdnn:
        return new_tdnn(features, self.plan.hidden, (2 + len(self.stock.speech), len(CLASSES)), SEED)

    def _aligned(self, spoken: Spoken, aligner: Aligner) -> Tracks:
        jobs = [(s, self.stock.track(s[0].words)) for s in spoken]
        return list(self.pool.map(aligner, jobs, chunksize=64))

    def _even(self, spoken: tuple[Utterance, Wave]) -> NDArray[np.uint8]:
        """Each phone as long as the others: where learning begins."""
        phones, states, _ = self.stock.track(spoken[0].words)
        keep = np.flatnonzero(phones)
        frames, edge = 1 + (len(spoken[1]) - FRAME) // SHIFT, LEAD // SHIFT
        path = keep[np.arange(frames - 2 * edge) * len(keep) // (frames - 2 * edge)]
        silence = np.zeros(edge, np.int64)  # the first state of a track
        path = np.concatenate([silence, path, silence])
        return np.stack([np.array(states, np.uint8)[path], np.array(phones, np.uint8)[path]])


def labelled(heard: Heard, tracks: Tracks) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """States and phones of the takes' frames, each shape (takes, 160)."""
    _, places, whose = heard
    both = np.zeros((2, *places.shape), np.uint8)
    for n, (at, who) in enumerate(zip(places, whose, strict=True)):
        track = tracks[who]
        both[:, n] = track[:, np.minimum(at, track.shape[1] - 1)]
    return both[0], both[1]


def priors_of(labels: NDArray[np.uint8], count: int) -> Floats:
    """Share of each class, shape (count,)."""
    share = np.bincount(labels.reshape(-1), minlength=count) / labels.size
    found: Floats = np.maximum(share, 1e-5).astype(np.float32)
    return found


def finish(folder: Path, network: Tdnn, stock: Inventory, states: NDArray[np.uint8]) -> None:
    """Write the model's files."""
    count = 2 + len(stock.speech)
    *layers, (weights, biases) = network.folded()
    priors = priors_of(states, count)
    priors[OTHER] *= UNKNOWN_DISCOUNT
    leaving = leave_chances(_lengths(states, count), stock.speech)
    words: dict[str, Sequence[Pronunciation]] = {UNKNOWN_WORD: ((UNKNOWN,),)}
    words |= {w: (tuple(f"{w}.{n}" for n in range(len(stock.sounds[w]))),) for w in WORDS}
    graph = decoding_graph(words, leaving, stock.speech)
    phrases = [p.format(n).split() for p in PHRASES for n in NUMBER_WORDS[1:]]
    model = language_model([*([w] for w in WORDS), *phrases], graph.numbers)
    affine = [*layers, (weights[:count], biases[:count])]
    write_model(folder, Acoustic(affine, SPLICES, priors, leaving, stock.speech), graph, model)


def _lengths(states: NDArray[np.uint8], count: int) -> dict[int, float]:
    """Mean frames of a run of each class."""
    total = np.bincount(states.reshape(-1), minlength=count)
    ends = np.ones(states.shape, bool)
    ends[:, :-1] = states[:, 1:] != states[:, :-1]
    runs = np.bincount(states[ends], minlength=count)
    return {n: float(total[n] / runs[n]) for n in range(count) if runs[n]}
