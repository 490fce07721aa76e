"""The form of sentences: concepts and their order, runs of letters and of sounds, and how alike they are in these."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.understanding.sounds import outline, skeleton

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

LETTERS, SOUNDS = 4, 3
COMMON, PIECE = 0.01, 512
"""Share of the rows from which on a feature is common, and how much is multiplied at once."""


class Bags:
    """Rows of features weighed by rarity, of unit length; products with one more row by an inverted index."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        """Index the rows."""
        import numpy as np

        counts = Counter(f for row in rows for f in set(row))
        self._rarity = {f: math.log(1 + len(rows) / c) for f, c in counts.items()}
        self._size = len(rows)
        holding: dict[str, list[int]] = {f: [] for f in counts}
        for at, row in enumerate(rows):
            for f in set(row):
                holding[f].append(at)
        lengths = np.array([math.sqrt(sum(self._rarity[f] ** 2 for f in set(row))) or 1.0 for row in rows])
        self._lengths = np.maximum(lengths, 1e-9)
        self._holding: dict[str, NDArray[np.intp]] = {f: np.array(sorted(at)) for f, at in holding.items()}

    def products(self, row: Sequence[str]) -> Floats:
        """Cosines with all rows, shape (rows,). A feature that no row has makes the query longer, not nearer."""
        import numpy as np

        out = np.zeros(self._size)
        length = 0.0
        unknown = math.log(1 + self._size)
        for f in sorted(set(row)):
            weight = self._rarity.get(f, unknown)
            length += weight * weight
            if f in self._holding:
                out[self._holding[f]] += weight * weight
        found: Floats = (out / self._lengths / max(math.sqrt(length), 1e-9)).astype(np.float32)
        return found

    def add_among(self, out: Floats, weight: float, between: Callable[[], None]) -> None:
        """Add ``weight`` times the cosines of the rows among each other.

        Features of many rows go through matrix products, those of few through the pairs of rows that share them.

        Args:
            out: Shape (rows, rows); changed.
            weight: Of a cosine.
            between: Called between pieces of the work; what it raises ends it.

        """
        import numpy as np

        scale = math.sqrt(weight)
        shares = {
            f: (scale * self._rarity[f] / self._lengths[at]).astype(np.float32) for f, at in self._holding.items()
        }
        common = dict.fromkeys(f for f, at in self._holding.items() if len(at) > COMMON * self._size)
        for first in range(0, len(common), PIECE):
            part = list(common)[first : first + PIECE]
            dense = np.zeros((self._size, len(part)), dtype=np.float32)
            for column, f in enumerate(part):
                dense[self._holding[f], column] = shares[f]
            for at in range(0, self._size, PIECE):
                between()
                out[at : at + PIECE] += dense[at : at + PIECE] @ dense.T
        between()
        for f, rows in self._holding.items():
            if f not in common:
                out[np.ix_(rows, rows)] += shares[f][:, None] * shares[f]


def concept_features(keys: Sequence[str]) -> list[str]:
    """Pairs of neighbouring concepts, the ends of the utterance among them, and each concept."""
    padded = ["^", *keys, "$"]
    return [*keys, *(f"{a} {b}" for a, b in pairwise(padded))]


def letter_features(text: str) -> list[str]:
    """Runs of four letters, spaces among them."""
    padded = f" {text} "
    return [padded[i : i + LETTERS] for i in range(max(1, len(padded) - LETTERS + 1))]


def sound_features(text: str) -> list[str]:
    """Runs of three consonant classes, and of four with vowels marked, over the whole utterance run together."""
    words = text.split()
    bones, shape = f"^{skeleton(words)}$", f"^{outline(words)}$"
    n = SOUNDS
    return [
        *(bones[i : i + n] for i in range(max(1, len(bones) - n + 1))),
        *(f"~{shape[i : i + n + 1]}" for i in range(max(1, len(shape) - n))),
    ]
