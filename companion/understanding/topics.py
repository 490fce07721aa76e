"""The topic model: kernel ridge regression from sentences to what they stand for.

Each utterance is compared with every exemplar of the pack in four ways that can be told apart: the meaning of the
whole sentence (MiniLM, where it is there), the pack's concepts and their order, runs of four letters, and coarse sound
without regard to where words end, for what was misheard. The sum of the four is a kernel; ridge regression on it
(Saunders, Gammerman and Vovk 1998) weighs the exemplars against each other, decoys and cries for help among them. Two
more such models see the meaning alone and the form alone (concepts, letters, sound): where they disagree, the decision
is careful. Measured by leaving one out, it answers three times as many wordings at the same share of wrong ones as the
nearest neighbour does: ``scripts/calibrate_understanding.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.understanding import ridge
from companion.understanding.bags import PIECE, Bags, concept_features, letter_features, sound_features
from companion.understanding.exemplars import Exemplar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

CODE_VERSION = 2
"""Raise it when the same pack would get other numbers: part of every cache's key."""
MEANING_WIDTH = 0.4
"""Width of the kernel on cosines: exp((cosine - 1) / width)."""
CONCEPT_WEIGHT, LETTER_WEIGHT, SOUND_WEIGHT = 0.4, 0.2, 0.2
RIDGE = 0.2
"""These by leaving one out over the bundled pack, and on the tune set."""
_VIEWS = ("both", "meaning", "form")


@dataclass(frozen=True, slots=True)
class Scores:
    """How strongly an utterance points to each label."""

    labels: tuple[str, ...]
    values: tuple[float, ...]
    """About 0 (no relation) to 1 (as its own exemplars)."""
    nearest: tuple[str, ...]
    """For each label its exemplar that is nearest."""
    kernel: tuple[float, ...]
    """Kernel with that exemplar over the largest possible, 0 to 1."""
    sound: tuple[float, ...]
    """Cosine of the coarse sound with the label's exemplar that sounds nearest, 0 to 1."""
    by_meaning: tuple[float, ...]
    """As ``values``, from the model that sees the meaning alone; zeros without MiniLM."""
    by_form: tuple[float, ...]
    """As ``values``, from the model that sees the words' form alone."""

    def best(self, among: Sequence[str]) -> list[tuple[str, float]]:
        """The labels of ``among`` with their values, best first."""
        wanted = set(among)
        rows = [(label, v) for label, v in zip(self.labels, self.values, strict=True) if label in wanted]
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def of(self, label: str) -> float:
        """The value of one label; 0 for an unknown one."""
        return self.values[self.labels.index(label)] if label in self.labels else 0.0

    def near(self, label: str) -> float:
        """Kernel with the label's nearest exemplar, 0 to 1; 0 for an unknown label."""
        return self.kernel[self.labels.index(label)] if label in self.labels else 0.0


@dataclass(frozen=True, slots=True)
class Sentence:
    """An utterance as the model sees it."""

    text: str
    """Mended, without frames."""
    concepts: tuple[str, ...]


class Stopped(Exception):  # noqa: N818 - no error: the program is leaving
    """The fit was not finished, because it was asked to end."""


class TopicModel:
    """Fitted to one pack. Pure after construction; needs numpy."""

    def __init__(
        self,
        rows: Sequence[Exemplar],
        sentences: Sequence[Sentence],
        vectors: Floats | None,
        weights: Floats | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Fit, unless the weights are known.

        Args:
            rows: The exemplars.
            sentences: The same, as the model sees them.
            vectors: Embeddings of their texts, shape (rows, 384), length 1; None for a model of words alone.
            weights: ``weights`` of an earlier fit of the same, shape ``weights_shape(rows)``; None to fit, which takes
                a fraction of a second for some 1,500 rows and grows with the third power.
            stopped: Asked between pieces of the fit; True ends it.

        Raises:
            Stopped: ``stopped`` said so.

        """
        import numpy as np

        self.labels = tuple(sorted({row.label for row in rows}))
        self.texts = tuple(row.text for row in rows)
        self.vectors = vectors
        self._label_of = np.array([self.labels.index(row.label) for row in rows])
        self._concepts = Bags([concept_features(s.concepts) for s in sentences])
        self._letters = Bags([letter_features(s.text) for s in sentences])
        self._sounds = Bags([sound_features(s.text) for s in sentences])
        self._top = (vectors is not None) + CONCEPT_WEIGHT + LETTER_WEIGHT + SOUND_WEIGHT
        # Rows by label, and where each label's rows begin among them.
        self._order = np.argsort(self._label_of, kind="stable")
        self._count = np.bincount(self._label_of, minlength=len(self.labels))
        self._start = np.concatenate([[0], np.cumsum(self._count)[:-1]])
        self._sentences = tuple(sentences)
        self._stopped = stopped
        self.weights: Floats = weights if weights is not None else self._fit()
        # Each view's part in one piece: a strided product takes three times as long.
        self._parts = [np.ascontiguousarray(part) for part in np.split(self.weights, len(_VIEWS), axis=1)]

    def _fit(self) -> Floats:
        import numpy as np

        targets = self._targets()
        solved = []
        meaning, form = self.kernels()[:2]
        for view in _VIEWS if self.vectors is not None else _VIEWS[-1:]:
            solved.append(ridge.solved(self._seen(view, meaning, form), targets, self._look))
        if self.vectors is None:  # what sees both sees the form, and nothing sees a meaning
            solved = [solved[0], np.zeros_like(solved[0]), solved[0]]
        found: Floats = np.hstack(solved).astype(np.float32)
        return found

    @staticmethod
    def _seen(view: str, meaning: Floats, form: Floats) -> Floats:
        """What is solved for one view: its kernel with the ridge, (rows, rows)."""
        import numpy as np

        kernel = meaning + form if view == "both" else meaning.copy() if view == "meaning" else form.copy()
        np.fill_diagonal(kernel, kernel.diagonal() + RIDGE)
        return kernel

    def _look(self) -> None:
        if self._stopped():
            raise Stopped

    def _targets(self) -> Floats:
        import numpy as np

        targets = np.zeros((len(self._label_of), len(self.labels)), dtype=np.float32)
        targets[np.arange(len(self._label_of)), self._label_of] = 1.0
        return targets

    def kernels(self, *, sound: bool = False) -> list[Floats]:
        """Of the exemplars among each other: by meaning, by form, perhaps the cosines of sound; each (rows, rows)."""
        import numpy as np

        n = len(self._sentences)
        parts: list[Floats] = [np.zeros((n, n), dtype=np.float32) for _ in range(2 + sound)]
        if self.vectors is not None:
            for at in range(0, n, PIECE):
                self._look()
                parts[0][at : at + PIECE] = _by_meaning(self.vectors[at : at + PIECE] @ self.vectors.T)
        for bags, weight in (
            (self._concepts, CONCEPT_WEIGHT), (self._letters, LETTER_WEIGHT), (self._sounds, SOUND_WEIGHT),
        ):  # fmt: skip
            bags.add_among(parts[1], weight, self._look)
        if sound:
            self._sounds.add_among(parts[2], 1.0, self._look)
        return parts

    @staticmethod
    def _views(meaning: Floats, form: Floats) -> tuple[Floats, Floats, Floats]:
        """What the three models see, in the order of ``_VIEWS``."""
        return meaning + form, meaning, form

    def _row(self, sentence: Sentence, cosines: Floats | None) -> tuple[Floats, Floats, Floats]:
        """Of one sentence with all exemplars: by meaning, by form, and the cosines of sound; each (rows,)."""
        import numpy as np

        sound = self._sounds.products(sound_features(sentence.text))
        form = CONCEPT_WEIGHT * self._concepts.products(concept_features(sentence.concepts))
        form += LETTER_WEIGHT * self._letters.products(letter_features(sentence.text))
        form += SOUND_WEIGHT * sound
        meaning = np.zeros_like(form) if cosines is None else _by_meaning(cosines)
        return meaning, form, sound

    def scores(self, sentence: Sentence, vector: Floats | None) -> Scores:
        """Where an utterance points to.

        Args:
            sentence: The utterance.
            vector: Its embedding, shape (384,), length 1; None only for a model of words alone.

        """
        parts = self._row(sentence, self._cosines(vector))
        views = self._views(parts[0], parts[1])
        return self._scores(parts, [view @ w for view, w in zip(views, self._parts, strict=True)])

    def leave_one_out(self, inverses: Sequence[NDArray[np.float64]] | None = None) -> list[Scores]:
        """For each exemplar, its scores from a model that never saw it (the closed form of ridge regression).

        Args:
            inverses: ``inverses()``, where they are needed more than once.

        """
        import numpy as np

        parts = self.kernels(sound=True)
        targets = self._targets()
        values = []
        for inverse in inverses or self._inverted(*parts[:2]):
            values.append(targets - (inverse @ targets) / np.diag(inverse)[:, None])
        for part in parts:
            np.fill_diagonal(part, 0.0)
        return [
            self._scores([part[at] for part in parts], [value[at] for value in values]) for at in range(len(targets))
        ]

    def left_out(
        self,
        groups: Sequence[Sequence[int]],
        asked: Sequence[Sequence[tuple[Sentence, Floats | None]]],
        inverses: Sequence[NDArray[np.float64]] | None = None,
    ) -> list[list[Scores]]:
        """Scores from models that never saw a group of exemplars: what one author wrote tells too much about the rest.

        Args:
            groups: Places of exemplars that are left out together.
            asked: For each group, what is scored without it, as ``scores`` takes it.
            inverses: ``inverses()``, where they are needed more than once.

        """
        import numpy as np

        targets = self._targets()
        parts = [np.empty((len(targets), 0), dtype=np.float32) for _ in groups]
        for inverse in inverses or self.inverses():
            solved = inverse @ targets
            for at, group in enumerate(groups):
                # The weights of the rest, by the inverse of a matrix in blocks.
                without = solved - inverse[:, group] @ np.linalg.solve(inverse[np.ix_(group, group)], solved[group])
                without[group] = 0.0
                parts[at] = np.hstack([parts[at], without.astype(np.float32)])
        found = []
        for group, weights, sentences in zip(groups, parts, asked, strict=True):
            views = np.split(weights, len(_VIEWS), axis=1)
            scored = []
            for sentence, vector in sentences:
                rows = self._row(sentence, self._cosines(vector))
                for row in rows:
                    row[group] = 0.0
                seen = self._views(rows[0], rows[1])
                scored.append(self._scores(rows, [row @ view for row, view in zip(seen, views, strict=True)]))
            found.append(scored)
        return found

    def inverses(self) -> list[NDArray[np.float64]]:
        """Of what is solved for each of the three views, each (rows, rows): 600 MB for 8,700 rows."""
        return list(self._inverted(*self.kernels()))

    def _inverted(self, meaning: Floats, form: Floats) -> Iterator[NDArray[np.float64]]:
        import numpy as np

        for view in _VIEWS:
            yield np.linalg.inv(self._seen(view, meaning, form).astype(np.float64))

    def _cosines(self, vector: Floats | None) -> Floats | None:
        return self.vectors @ vector if self.vectors is not None and vector is not None else None

    def _scores(self, parts: Sequence[Floats], views: Sequence[Floats]) -> Scores:
        import numpy as np

        meaning, form, sound = parts
        row = (meaning + form)[self._order]
        near = np.maximum.reduceat(row, self._start)
        nearest = np.flatnonzero(row == np.repeat(near, self._count))
        nearest = self._order[nearest[np.searchsorted(nearest, self._start)]]  # the first of each label
        both, by_meaning, by_form = (tuple(view.tolist()) for view in views)
        return Scores(
            self.labels, both, tuple(self.texts[n] for n in nearest.tolist()), tuple((near / self._top).tolist()),
            tuple(np.maximum.reduceat(sound[self._order], self._start).tolist()), by_meaning, by_form,
        )  # fmt: skip


def _by_meaning(cosines: Floats) -> Floats:
    import numpy as np

    found: Floats = np.exp((cosines - 1.0) / MEANING_WIDTH)
    return found


def weights_shape(rows: Sequence[Exemplar]) -> tuple[int, int]:
    """Of ``TopicModel.weights``."""
    return len(rows), len(_VIEWS) * len({row.label for row in rows})


def content_key(rows: Sequence[Exemplar], sentences: Sequence[Sentence], meaning: str) -> str:
    """Names the fitted weights: by what they were fitted to, and with which embeddings."""
    key = hashlib.sha256(
        f"{CODE_VERSION} {MEANING_WIDTH} {CONCEPT_WEIGHT} {LETTER_WEIGHT} {SOUND_WEIGHT} {RIDGE} {meaning}\n".encode()
    )
    for row, sentence in zip(rows, sentences, strict=True):
        line = "\x1f".join((row.label, sentence.text, *sentence.concepts))
        key.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return key.hexdigest()[:32]
