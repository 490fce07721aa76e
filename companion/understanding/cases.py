"""How likely an utterance that names a person is about that person's own care or danger.

A person marker alone says little in a story: "my brother in law rang, and what I wanted to ask is how cancer spreads"
is nobody's case. A ridge regression on MiniLM's embedding, the words and their pairs, and a handful of signs tells such
stories from questions about one person. ``scripts/calibrate_cases.py`` learns it from the tuning sets, prints what each
threshold would let through of sets that it did not learn from, and writes ``cases.npz``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from companion.understanding.exemplars import ADVICE, NOTHING
from companion.understanding.likeness import SPEAKERS, danger
from companion.understanding.persons import PERSONS
from companion.understanding.talk import STORY_DANGER
from companion.understanding.topics import Scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

WEIGHTS = "cases.npz"


class CaseModel(NamedTuple):
    """The learnt weights."""

    meaning: Floats
    """For MiniLM's embedding of the utterance without its frames, shape (384,)."""
    signs: Floats
    """In the order of ``signs``, shape (8,)."""
    words: dict[str, tuple[float, float]]
    """Rarity and weight of each word and pair of words that is known."""
    bias: float
    scale: tuple[float, float]
    """Slope and offset that make a chance of the regression's value (Platt's scaling, 1999)."""
    sure: float
    """Chance below which nothing speaks for somebody's own case."""
    passing: float
    """Chance below which a person is named in passing."""
    danger_passing: float
    """The same where a sign of danger stands in the words."""

    def passes(self, likely: float, scores: Scores, *, sign: bool) -> bool:
        """Whether a person is named in passing: the chance is low, and no sign of danger is near by likeness either."""
        return likely < (self.danger_passing if sign else self.passing) and danger(scores)[1] <= STORY_DANGER


def signs(scores: Scores, words: Sequence[str], content: Sequence[str], *, sign: bool) -> tuple[float, ...]:
    """What is told beside the embedding.

    Args:
        scores: Of the utterance without its frames.
        words: All tokens.
        content: The labels that are content.
        sign: Whether a sign of danger was found.

    """
    named = PERSONS & set(words)
    return (
        scores.of(ADVICE),
        danger(scores)[1],
        scores.of(NOTHING),
        scores.best(content)[0][1],
        math.log(max(1, len(words))),
        float(len(named)),
        float(named <= SPEAKERS),
        float(sign),
    )


def features(words: Sequence[str]) -> list[str]:
    """The words and the pairs of neighbours, each once, in order.

    Args:
        words: All tokens.

    """
    return list(dict.fromkeys([*words, *(f"{a} {b}" for a, b in pairwise(words))]))


@cache
def learnt() -> CaseModel:
    """The weights that come with the package."""
    import numpy as np

    with as_file(files("companion") / "understanding" / WEIGHTS) as path, np.load(path, allow_pickle=False) as kept:
        part = {name: kept[name] for name in kept.files}
    names = str(part["names"]).split("\n")
    known = zip(part["rarity"].astype(float).tolist(), part["words"].astype(float).tolist(), strict=True)
    slope, offset, bias, sure, passing, danger_passing = map(float, part["numbers"])
    return CaseModel(
        part["meaning"].astype(np.float32), part["signs"].astype(np.float32), dict(zip(names, known, strict=True)),
        bias, (slope, offset), sure, passing, danger_passing,
    )  # fmt: skip


def chance(model: CaseModel, meaning: Floats, told: Sequence[float], words: Sequence[str]) -> float:
    """That somebody's own case is spoken of, 0 to 1.

    Args:
        model: The weights.
        meaning: MiniLM's embedding of the utterance without its frames, shape (384,).
        told: Of ``signs``.
        words: All tokens.

    """
    known = [model.words[f] for f in features(words) if f in model.words]
    length = math.sqrt(sum(rarity * rarity for rarity, _ in known)) or 1.0
    by_words = sum(rarity * weight for rarity, weight in known) / length
    by_signs = sum(float(weight) * sign for weight, sign in zip(model.signs, told, strict=True))
    value = float(meaning @ model.meaning) + by_signs + by_words + model.bias
    return 1 / (1 + math.exp(-(model.scale[0] * value + model.scale[1])))
