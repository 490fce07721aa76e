"""How likely an utterance that names a person is about that person's own care or danger.

A person marker alone says little in a story: "my brother in law rang, and what I wanted to ask is how cancer spreads"
is nobody's case. A logistic regression on MiniLM's embedding and on a handful of signs tells such stories from
questions about one person. ``scripts/calibrate_cases.py`` learns it from the tuning sets, prints what each threshold
would let through of sets that it did not learn from, and writes ``cases.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from companion.understanding import decide
from companion.understanding.exemplars import ADVICE, NOTHING
from companion.understanding.likeness import SPEAKERS, danger
from companion.understanding.persons import PERSONS
from companion.understanding.talk import STORY_DANGER
from companion.understanding.topics import Scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MEANING_SCALE, SIGN_SCALE = 8.0, 2.0
"""Of the two parts of the input, so that one penalty on the weights suits both."""


class CaseModel(NamedTuple):
    """The learnt weights."""

    meaning: tuple[float, ...]
    """For MiniLM's embedding of the utterance without its frames, 384."""
    signs: tuple[float, ...]
    """In the order of ``signs``."""
    bias: float
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


@cache
def learnt() -> CaseModel:
    """The weights that come with the package."""
    text = (files("companion") / "understanding" / "cases.json").read_text(encoding="utf-8")
    row = json.loads(text)
    return CaseModel(tuple(row["meaning"]), tuple(row["signs"]), row["bias"], row["passing"], row["danger_passing"])


def chance(model: CaseModel, meaning: Floats, told: Sequence[float]) -> float:
    """That somebody's own case is spoken of, 0 to 1.

    Args:
        model: The weights.
        meaning: MiniLM's embedding of the utterance without its frames, shape (384,).
        told: Of ``signs``.

    """
    return decide.chance(inputs(meaning, told), (*model.meaning, *model.signs, model.bias))


def inputs(meaning: Floats, told: Sequence[float]) -> tuple[float, ...]:
    """What the weights are for, the embedding first."""
    return (*(MEANING_SCALE * float(x) for x in meaning), *(SIGN_SCALE * x for x in told))
