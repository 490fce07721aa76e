"""A model for whole questions, as good an ear as synthetic voices alone can teach.

The same time-delay network as for short replies, with each phone told apart by the kind of sound before it in its
word, a vocabulary of the pack's words, of how people ask and of frequent English, and the language model of
PocketSphinx (``companion.hearing.lm``).
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from companion.content.types import Pack
from companion.hearing import lm
from companion.hearing.pocketsphinx import frequent_words
from companion.understanding.phrases import as_asked, phrases
from vosk_model.arpa import arpa_model
from vosk_model.files import Acoustic, write_model
from vosk_model.graph import decoding_graph, leave_chances
from vosk_model.lexicon import UNKNOWN_WORD, Pronunciation
from vosk_model.phones import CLASSES, UNKNOWN
from vosk_model.replies import OFTEN, WORKERS
from vosk_model.reply_sounds import Utterance, crowd, drawn_voice, espeak_variants
from vosk_model.school import SILENT, Row, School, distort_all, lengths, priors_of, speak_all
from vosk_model.speech import FLITE
from vosk_model.tdnn import SPLICES, Tdnn

SEED = 12
T = TypeVar("T")
KINDS = {
    "p b t d k g ch jh": "t", "f th s sh hh v dh z zh": "s", "m n ng": "n", "l r w y": "l",
    "iy ih ey eh ae": "i", "aa ah ao ow uh uw ax": "u", "er": "r", "ay aw oy": "y",
}  # fmt: skip
"""Sounds that leave the mouth alike, so that what follows begins alike; "0" is a word's beginning."""
SHARES = {"asked": 0.50, "strange": 0.30, "single": 0.20}
"""Of the utterances: part of a pack's phrase or of how people ask, some frequent words, one word."""
VOICES = {"slt": 0.16, "rms": 0.16, "ked_diphone": 0.14, "cmu_us_slt_arctic_hts": 0.10}
"""Shares of the voices; the rest is espeak-ng's."""
SPAN = 7
"""Words of an utterance at most; a take is 1.6 s of it."""
BRIEF = 3
"""Words of the utterances that teach first: with so few, a guess of where their sounds lie is near enough."""
UNKNOWN_SHARE = 0.06
"""Of the frames of speech, for the unknown."""
UNKNOWN_COST = 0.01
"""Of the single words of the language model, for what is none of them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done."""

    utterances: int = 9_000
    copies: int = 4
    """Takes of each."""
    hidden: int = 384
    epochs: tuple[float, float] = (3.0, 6.0)
    """See ``School``."""


def in_context(phones: Sequence[str]) -> Pronunciation:
    """Each phone with the kind of sound before it: ("k", "ae", "n") to ("k0", "aet", "ni")."""
    kind = {p: k for row, k in KINDS.items() for p in row.split()}
    return tuple(f"{p}{kind[b] if b else '0'}" for b, p in zip(("", *phones), phones, strict=False))


@dataclass(frozen=True, slots=True)
class Inventory:
    """The words with all their sounds, and the classes of those beside silence and the unknown."""

    sounds: Mapping[str, Sequence[Pronunciation]]
    speech: tuple[str, ...]
    sentences: Sequence[Sequence[str]]
    """A pack's phrases, and how people ask."""
    frequent: Mapping[str, float]
    """Frequent words of English, with their chances."""

    def track(self, words: Sequence[str]) -> Row:
        """Phones, states, and what may be left out, one after the other."""
        place = {name: n for n, name in enumerate(self.speech, 2)}
        phones, states, optional = [0], [SILENT], [True]
        for word in words:
            own = self.sounds[word][0]
            phones += [CLASSES.index(p) for p in own]
            states += [place[p] for p in in_context(own)]
            optional += [False] * len(own)
            phones.append(0)
            states.append(SILENT)
            optional.append(True)
        return phones, states, optional


def inventory(pack: Pack) -> Inventory:
    """What is known before anything is taught; PocketSphinx brings the dictionary and the frequent words."""
    import pocketsphinx

    home = Path(pocketsphinx.get_model_path("en-us"))
    dictionary = home / "cmudict-en-us.dict"
    own, said = phrases(pack), as_asked(pack)
    with tempfile.TemporaryDirectory() as cache:
        frequent = frequent_words(home / "en-us.lm.bin", dictionary, Path(cache))
    found, _ = lm.pronunciations(dictionary, {w for p in own for w in p.split()}, set(frequent))
    sounds = {w: [tuple(v.lower().split()) for v in rows] for w, rows in sorted(found.items())}
    rows = [p.split() for p in dict.fromkeys((*own, *said))]
    rows = [r for r in rows if r and all(w in sounds for w in r)]
    speech = sorted({p for variants in sounds.values() for v in variants for p in in_context(v)})
    return Inventory(sounds, tuple(speech), rows, {w: p for w, p in frequent.items() if w in sounds})


def utterances(stock: Inventory, count: int, seed: int) -> list[Utterance]:
    """Who says what, at random."""
    random = np.random.default_rng(seed)
    words = sorted(stock.sounds)
    rank = {w: n for n, w in enumerate(stock.frequent)}
    weights = np.array([1 / (rank.get(w, 800) + 150.0) for w in words])
    weights /= weights.sum()
    variants = espeak_variants()

    def one(among: Sequence[T]) -> T:
        return among[int(random.integers(len(among)))]

    out = []
    for n in range(count):
        kind = random.choice(len(SHARES), p=list(SHARES.values()))
        if kind == 0:
            row = one(stock.sentences)
            size = int(random.integers(2, SPAN + 1))
            start = int(random.integers(max(1, len(row) - size + 1)))
            said = tuple(row[start : start + size])
        elif kind == 1:
            said = tuple(words[int(k)] for k in random.choice(len(words), int(random.integers(2, 6)), p=weights))
        else:
            said = (one(OFTEN) if random.random() < 0.4 else words[int(random.integers(len(words)))],)
        engine, voice = drawn_voice(random, VOICES, variants)
        out.append(Utterance(engine, voice, said, seed * 1_000_003 + n))
    return out


def build(folder: Path, pack: Pack, plan: Plan, tell: Callable[[str], None] = print) -> None:
    """Make the model.

    Raises:
        OSError, subprocess.SubprocessError: flite or espeak-ng is not there, or fails.

    """
    stock = inventory(pack)
    tell(f"{len(stock.sounds)} words, {len(stock.speech)} classes, {len(stock.sentences)} sentences.")
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        spoken = speak_all(pool, utterances(stock, plan.utterances, SEED))
        tell(f"{len(spoken)} utterances spoken.")
        school = School(pool, stock, plan.hidden, plan.epochs, SEED, tell, UNKNOWN_SHARE)
        first = school.bootstrap([s for s in spoken if s[0].engine == FLITE and len(s[0].words) <= BRIEF])
        with tempfile.TemporaryDirectory() as scratch:
            talk = Path(scratch) / "talk.npy"
            np.save(talk, crowd([wave for _, wave in spoken], SEED))
            heard = distort_all(pool, spoken, plan.copies, talk)
        tell(f"{len(heard[0])} takes.")
        network, states = school.learn(spoken, heard, first)
    finish(folder, network, stock, states)


def finish(folder: Path, network: Tdnn, stock: Inventory, states: NDArray[np.uint16]) -> None:
    """Write the model's files."""
    count = 2 + len(stock.speech)
    *layers, (weights, biases) = network.folded()
    priors = priors_of(states, count)
    leaving = leave_chances(lengths(states, count), stock.speech)
    words: dict[str, Sequence[Pronunciation]] = {UNKNOWN_WORD: ((UNKNOWN,),)}
    words |= {w: tuple(dict.fromkeys(in_context(v) for v in variants)) for w, variants in stock.sounds.items()}
    graph = decoding_graph(words, leaving, stock.speech)
    model = arpa_model(lm.to_arpa(stock.sentences, stock.frequent), graph.numbers, UNKNOWN_COST)
    affine = [*layers, (weights[:count], biases[:count])]
    write_model(folder, Acoustic(affine, SPLICES, priors, leaving, stock.speech), graph, model)
