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
from vosk_model.files import Acoustic, write_model
from vosk_model.graph import decoding_graph, language_model, leave_chances
from vosk_model.lexicon import UNKNOWN_WORD, Pronunciation
from vosk_model.phones import CLASSES, UNKNOWN
from vosk_model.reply_sounds import Utterance, drawn_voice, espeak_variants
from vosk_model.school import OTHER, SILENT, Row, School, distort_all, lengths, priors_of, speak_all
from vosk_model.speech import FLITE
from vosk_model.tdnn import SPLICES, Tdnn

SEED = 11
OFTEN = (*NUMBER_WORDS[1:9], "yes", "no", "stop", "next", "pause", "resume", "repeat")
WORDS = (*NUMBER_WORDS, *OFTEN[8:], "please", "thanks", "thank", "you", "number", "question")
"""What the model hears; `OFTEN` twice as often."""
PHRASES = ("yes please", "no thanks", "no thank you", "thank you", "number {}", "question {}")
SHARES = {"word": 0.50, "phrase": 0.08, "other": 0.20, "others": 0.16, "mixed": 0.06}
"""Of the utterances: one word of `WORDS`, a phrase of them, one other word, some, and both kinds beside each other."""
VOICES = {"slt": 0.13, "rms": 0.13, "ked_diphone": 0.10, "cmu_us_slt_arctic_hts": 0.06}
"""Shares of the voices; the rest is espeak-ng's."""
WORKERS = 2
"""Processes, also for what is given to them in parts: the same everywhere."""
UNKNOWN_DISCOUNT = 0.2
"""On the prior of what is none of the words: the less, the more often it hears none of its words."""


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

    def track(self, words: Sequence[str]) -> Row:
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
            engine, voice = drawn_voice(random, VOICES, variants)
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
        school = School(pool, stock, plan.hidden, plan.epochs, SEED, tell)
        first = school.bootstrap([s for s in spoken if s[0].engine == FLITE])
        heard = distort_all(pool, spoken, plan.copies)
        tell(f"{len(heard[0])} takes.")
        network, states = school.learn(spoken, heard, first)
    finish(folder, network, stock, states)


def finish(folder: Path, network: Tdnn, stock: Inventory, states: NDArray[np.uint16]) -> None:
    """Write the model's files."""
    count = 2 + len(stock.speech)
    *layers, (weights, biases) = network.folded()
    priors = priors_of(states, count)
    priors[OTHER] *= UNKNOWN_DISCOUNT
    leaving = leave_chances(lengths(states, count), stock.speech)
    words: dict[str, Sequence[Pronunciation]] = {UNKNOWN_WORD: ((UNKNOWN,),)}
    words |= {w: (tuple(f"{w}.{n}" for n in range(len(stock.sounds[w]))),) for w in WORDS}
    graph = decoding_graph(words, leaving, stock.speech)
    phrases = [p.format(n).split() for p in PHRASES for n in NUMBER_WORDS[1:]]
    model = language_model([*([w] for w in WORDS), *phrases], graph.numbers)
    affine = [*layers, (weights[:count], biases[:count])]
    write_model(folder, Acoustic(affine, SPLICES, priors, leaving, stock.speech), graph, model)
