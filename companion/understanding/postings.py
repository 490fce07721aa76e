"""Which topics hold which stems, letter groups and sound groups, as sparse arrays.

Own numpy arrays instead of bm25s: there, a term has one weight over all documents and one length to divide by; here
the five kinds of terms are normalised and weighted apart, which bm25s has no place for, and it would be one
dependency more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.understanding.normal import stem
from companion.understanding.sounds import metaphone, outline, skeleton

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS: Mapping[str, float] = {"w": 1.0, "c": 2.0, "p": 1.0, "s": 1.0, "v": 2.0}
"""Stems, letters, Metaphone codes, skeletons, outlines, and what each kind weighs."""


def topic_grams(words: Sequence[str]) -> set[str]:
    """Terms of a topic, each behind the letter of its kind."""
    out: set[str] = {"w" + stem(w) for w in words}
    for word in words:
        out.update(_grams("c", f" {word} ", 3, 4))
    out.update(_grams("p", f"^{''.join(map(metaphone, words))}$", 2, 3))
    bare = f"^{skeleton(words)}$"
    out.update(_grams("s", bare, 3, 4))
    out.update("s" + bare[i] + "." + bare[i + 2 : i + 4] for i in range(len(bare) - 3))
    out.update(_grams("v", f"^{outline(words)}$", 3, 4, 5))
    return out


def _grams(kind: str, text: str, *sizes: int) -> Iterable[str]:
    return (kind + text[i : i + n] for n in sizes for i in range(len(text) - n + 1))


@dataclass(frozen=True, slots=True)
class Postings:
    """A cosine between a query's terms and each topic's, kind by kind, summed with the kinds' weights."""

    terms: dict[str, int]
    starts: NDArray[np.int64]
    """Shape (terms + 1,): where each term's topics begin."""
    holders: NDArray[np.int32]
    """Topics, term after term."""
    values: NDArray[np.float32]
    """For each holder: weight of the kind times idf squared, over the length of the topic's vector of that kind."""
    idf: NDArray[np.float32]
    """Shape (terms,): inverse document frequency as in BM25."""
    size: int
    """Number of topics."""

    @classmethod
    def build(cls, topics: Sequence[set[str]]) -> Postings:
        """Index the topics' terms."""
        import numpy as np

        terms: dict[str, int] = {}
        rows: list[int] = []
        for grams in topics:
            rows.extend(terms.setdefault(g, len(terms)) for g in sorted(grams))
        row = np.array(rows, dtype=np.int64)
        column = np.repeat(np.arange(len(topics), dtype=np.int32), [len(g) for g in topics])
        counts = np.bincount(row, minlength=len(terms))
        idf = np.log(1 + (len(topics) - counts + 0.5) / (counts + 0.5)).astype(np.float32)
        letters = list(KINDS)
        kind = np.array([letters.index(t[0]) for t in terms], dtype=np.int64)
        slot = column.astype(np.int64) * len(letters) + kind[row]
        lengths = np.sqrt(
            np.bincount(slot, weights=idf[row].astype(np.float64) ** 2, minlength=len(topics) * len(letters))
        )
        weight = np.array([KINDS[k] for k in letters])[kind[row]]
        value = (weight * idf[row].astype(np.float64) ** 2 / np.maximum(lengths[slot], 1e-9)).astype(np.float32)
        order = np.argsort(row, kind="stable")
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(terms, starts, column[order], value[order], idf, len(topics))

    def scores(self, grams: set[str]) -> NDArray[np.float32]:
        """Shape (topics,): 0 where nothing is shared."""
        import numpy as np

        known = [(g[0], self.terms[g]) for g in sorted(grams) if g in self.terms]
        lengths: dict[str, float] = {}
        for kind, t in known:
            lengths[kind] = lengths.get(kind, 0.0) + float(self.idf[t]) ** 2
        out = np.zeros(self.size, dtype=np.float32)
        for kind, t in known:
            at = slice(self.starts[t], self.starts[t + 1])
            out[self.holders[at]] += self.values[at] * np.float32(1 / (lengths[kind] ** 0.5 + 1e-9))
        return out
