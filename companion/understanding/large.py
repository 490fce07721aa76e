"""An index for packs of tens of thousands of entries: built in seconds, kept on disk, searched in milliseconds.

Large packs ask a few questions of many things. So each wording is cut in two: its *topic*, the words that few
wordings share ("aarskog"), and its *frame*, the rest with a placeholder ("what are the symptoms of _"). Topics are
found by letters and by sound, whatever the frame; frames, of which there are few, are compared by meaning. One query
is embedded, and a few thousand frames instead of every wording, which would take minutes.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from companion.understanding.embeddings import LazySemantics
from companion.understanding.large_store import Stored, load, save
from companion.understanding.normal import stem, tokens
from companion.understanding.postings import Postings, topic_grams
from companion.understanding.sounds import metaphone, outline, skeleton
from companion.understanding.spelling import Speller

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

CODE_VERSION = 1
"""Raise it when the same entries would give another index."""
FRAME_SHARE = 0.01
"""A word that stands in so large a part of the wordings belongs to the frame."""
FRAMES_EMBEDDED = 2_000
"""The commonest frames get a vector (3 ms each, in the background); the others are compared by their words only."""
TOPICS = 120
"""Topics looked at closely for one query."""
PLACEHOLDER = "asthma"
"""Stands for the topic when a frame is embedded. A concrete everyday word of the field: MiniLM tells "signs of it" from
"treatment of it" worse than with a name in its place."""

NAMES = (
    "found", "topic", "topic part", "topic code", "topic skeleton", "topic outline", "outline part", "topic words",
    "frame words", "frame", "whole", "whole skeleton", "whole outline", "whole near", "skeleton near",
    "outline near", "all words", "meaning", "meaning near",
)  # fmt: skip
"""What is compared, in the order of the weights."""
# Fitted by ``scripts/bench_understanding_engines.py --fit`` (softmax over each query's candidates) on other lines than
# those it reports.
WITH_MEANING = (
    1.82, 2.83, 1.26, 3.22, 1.61, 1.92, 0.91, 0.70, 0.66, 0.11, 1.74, 2.32, 3.01, 1.72, 2.18, 3.17, 1.12, 9.51, 1.38,
)  # fmt: skip
WITHOUT_MEANING = (
    1.61, 2.45, 1.26, 2.96, 1.40, 1.74, 1.04, 0.69, 2.75, 2.48, 2.55, 2.79, 3.88, 2.60, 2.94, 4.48, 2.34, 0.0, 0.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """One entry found."""

    id: str
    score: float
    """Sum of the weighted comparisons: orders the matches of one query; not a probability."""
    wording: str
    """The entry's wording that is nearest."""
    topic: float
    """How much of the wording's topic was said, by letters, 0 to 1."""
    sound: float
    """The same by sound, 0 to 1."""
    meaning: float | None
    """Likeness in meaning of what is asked about the topic, about -1 to 1; None without the semantic layer."""
    parts: tuple[tuple[str, float], ...]
    """Each comparison's name and value, for explanations; without the semantic layer, without "meaning"."""


class LargeIndex:
    """Finds entries by words, letters, sound and meaning. Frozen after construction; safe for several threads."""

    def __init__(self, stored: Stored) -> None:
        """Make ready what ``build`` made or loaded."""
        import numpy as np

        self._ids, self._texts = stored.ids, stored.wordings
        self._entry, self._topic, self._frame = stored.entry, stored.topic, stored.frame
        self._postings = stored.postings
        self._topics = [t.split() for t in stored.topics]
        self._frames = stored.frames
        self._frame_words = frozenset(stored.frame_words)
        self._speller = Speller(stored.frame_words)
        self._letters = stored.topics
        self._codes, self._skeletons, self._outlines = stored.codes, stored.skeletons, stored.outlines
        self._plain, self._all_skeletons, self._all_outlines = stored.plain, stored.all_skeletons, stored.all_outlines
        self._known = frozenset(w for line in stored.plain for w in line.split())
        order = np.argsort(self._topic, kind="stable")
        self._of_topic = np.split(order, np.cumsum(np.bincount(self._topic, minlength=len(stored.topics)))[:-1])
        weights: list[float] = np.log(1 + len(stored.plain) / np.maximum(stored.word_counts, 1)).tolist()
        self._word_weight = dict(zip(stored.words, weights, strict=True))
        self._rarest = math.log(1 + len(stored.plain))
        self._centre: tuple[Floats, Floats] | None = None

    @classmethod
    def build(cls, entries: Sequence[tuple[str, Sequence[str]]], cache_dir: Path | None, digest: str) -> LargeIndex:
        """The index of these entries: loaded where it was kept, else built and kept.

        Args:
            entries: Id and wordings of each; ids may repeat, wordings too.
            cache_dir: Where indexes are kept; None to keep nothing. One that can't be written there is built anew
                the next time.
            digest: What the entries come from (``Pack.digest``): the key of the cache.

        """
        key = hashlib.sha256(f"{CODE_VERSION} {len(entries)} {digest}".encode()).hexdigest()[:32]
        path = cache_dir / "indexes" / f"{key}.npz" if cache_dir is not None else None
        stored = load(path) if path is not None else None
        if stored is None:
            stored = _make(entries)
            if path is not None:
                with contextlib.suppress(OSError):
                    save(path, stored)
        return cls(stored)

    @property
    def frame_vocabulary(self) -> frozenset[str]:
        """Words that tell how is asked, not what about."""
        return self._frame_words

    def __len__(self) -> int:
        """Number of wordings."""
        return len(self._texts)

    def frame_texts(self, placeholder: str = PLACEHOLDER) -> tuple[str, ...]:
        """What the semantic layer must embed for this index: the commonest frames, at most ``FRAMES_EMBEDDED``."""
        return tuple(f.replace("_", placeholder) for f in self._frames[:FRAMES_EMBEDDED])

    def semantics(self, model_dir: Path, cache_dir: Path | None) -> LazySemantics:
        """Begin to embed the frames in the background, or to load them; give the result to ``search``."""
        return LazySemantics(model_dir, self.frame_texts(), cache_dir)

    def search(self, query: str, k: int = 20, semantics: LazySemantics | None = None) -> list[Match]:
        """The entries nearest to the query, best first; each entry once.

        Args:
            query: Any text; [] for one without words.
            k: At most so many.
            semantics: What ``semantics`` returned; None, or one that is not ready, to go by letters and sound alone.

        """
        import numpy as np

        rows, values = self.compare(query, semantics)
        if not len(rows):
            return []
        meant = bool(np.isfinite(values[:, -2]).any())
        scores = np.nan_to_num(values) @ np.array(WITH_MEANING if meant else WITHOUT_MEANING)
        out: dict[int, Match] = {}
        for at in np.argsort(-scores, kind="stable"):
            row, entry = int(rows[at]), int(self._entry[rows[at]])
            if entry in out:
                continue
            v = values[at]
            parts = tuple((n, round(float(x), 3)) for n, x in zip(NAMES, v, strict=True) if np.isfinite(x))
            meaning = float(v[-2]) if np.isfinite(v[-2]) else None
            sound = float(max(v[4], v[5]))
            out[entry] = Match(
                self._ids[entry], float(scores[at]), self._texts[row], float(v[1]), sound, meaning, parts
            )
            if len(out) >= k:
                break
        return list(out.values())

    def entry_of(self, row: int) -> str:
        """The id of a row that ``compare`` returned."""
        return self._ids[int(self._entry[row])]

    def compare(
        self, query: str, semantics: LazySemantics | None = None
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The candidates of a query and all comparisons with them.

        Returns:
            Rows (numbers of wordings), shape (n,), and values, shape (n, len(NAMES)); "meaning" is NaN where there is
            no vector.

        """
        import numpy as np
        from rapidfuzz import fuzz

        words = [w if w in self._known else self._speller.mend(w)[0] for w in tokens(query)][:80]
        nothing = np.empty(0, np.intp), np.empty((0, len(NAMES)))
        if not words or not self._texts:
            return nothing
        rare = [w for w in words if w not in self._frame_words] or words
        found = self._postings.scores(topic_grams(rare))
        top = np.argpartition(-found, TOPICS)[:TOPICS] if len(found) > TOPICS else np.arange(len(found))
        top = top[found[top] > 0]
        if not len(top):
            return nothing
        said = " ".join(rare)
        topic = _like(fuzz.ratio, said, self._letters, top)
        part = _like(fuzz.partial_ratio, said, self._letters, top)
        code = _like(fuzz.ratio, "".join(map(metaphone, rare)), self._codes, top)
        bare, outlined = skeleton(rare), outline(rare)
        skeletal = _like(fuzz.ratio, bare, self._skeletons, top)
        sounding = _like(fuzz.ratio, outlined, self._outlines, top)
        sounding_part = _like(fuzz.partial_ratio, outlined, self._outlines, top)
        spoken = {stem(w) for w in rare}
        overlap = np.array([self._covered([stem(w) for w in self._topics[t]], spoken) for t in top])
        by_topic = np.column_stack([found[top], topic, part, code, skeletal, sounding, sounding_part, overlap])
        best = int(top[int(np.argmax(by_topic @ np.array([1.0, 1, 1, 1, 0, 1, 0, 1])))])

        rows = np.concatenate([self._of_topic[t] for t in top])
        of = np.repeat(np.arange(len(top)), [len(self._of_topic[t]) for t in top])
        frame = self._query_frame(words, best)
        frames, back = np.unique(self._frame[rows], return_inverse=True)
        frame_words = _like(fuzz.token_set_ratio, frame, self._frames, frames)[back]
        frame_like = _like(fuzz.ratio, frame, self._frames, frames)[back]
        whole = _like(fuzz.ratio, " ".join(words), self._plain, rows)
        whole_bare = _like(fuzz.ratio, skeleton(words), self._all_skeletons, rows)
        whole_outlined = _like(fuzz.ratio, outline(words), self._all_outlines, rows)
        all_words = _like(fuzz.token_sort_ratio, " ".join(words), self._plain, rows)
        meaning = self._meanings(frame, frames, semantics)[back]
        near = [_above(whole), _above(whole_bare), _above(whole_outlined)]
        parts = [frame_words, frame_like, whole, whole_bare, whole_outlined, *near, all_words]
        values = np.column_stack([by_topic[of], *parts, meaning, np.maximum(meaning - 0.6, 0)])
        return rows, values

    def _covered(self, topic: Sequence[str], spoken: set[str]) -> float:
        """The part of a topic's stems, weighted by how rare they are, that was said."""
        weights = [self._word_weight.get(w, self._rarest) for w in topic]
        said = sum(v for w, v in zip(topic, weights, strict=True) if w in spoken)
        return said / max(sum(weights), 1e-9)

    def _query_frame(self, words: Sequence[str], topic: int) -> str:
        """The query with what sounds or reads like the topic taken out."""
        from rapidfuzz import fuzz

        text = " ".join(words)
        span = fuzz.partial_ratio_alignment(self._letters[topic], text)
        of_topic = frozenset(self._topics[topic])
        out: list[str] = []
        at = 0
        for word in words:
            shared = 0
            if span is not None and span.score > 55:
                shared = min(at + len(word), span.dest_end) - max(at, span.dest_start)
            at += len(word) + 1
            if word in of_topic or (word not in self._frame_words and 2 * shared >= len(word)):
                if not out or out[-1] != "_":
                    out.append("_")
            else:
                out.append(word)
        return " ".join(out)

    def _meanings(self, frame: str, frames: NDArray[np.intp], semantics: LazySemantics | None) -> Floats:
        """Cosine of the query's frame with each of ``frames``, the mean of all frames taken off; NaN without a vector.

        Taking off the mean removes what all frames share ("a question on an illness"), which sharpens the rest.
        """
        import numpy as np

        out = np.full(len(frames), np.nan, dtype=np.float32)
        vectors = semantics.vectors if semantics is not None else None
        query = semantics.embed(frame.replace("_", PLACEHOLDER)) if semantics is not None else None
        if vectors is None or query is None or len(vectors) != min(len(self._frames), FRAMES_EMBEDDED):
            return out
        if self._centre is None:
            counts = np.bincount(self._frame, minlength=len(self._frames))[: len(vectors)].astype(np.float32)
            mean = counts @ vectors / counts.sum()
            centred = vectors - mean
            lengths = np.linalg.norm(centred, axis=1, keepdims=True)
            self._centre = mean, centred / np.maximum(lengths, 1e-6)
        mean, centred = self._centre
        query = query - mean
        has = frames < len(vectors)
        out[has] = centred[frames[has]] @ (query / max(float(np.linalg.norm(query)), 1e-6))
        return out


def _above(values: NDArray[np.float64], bound: float = 0.75) -> NDArray[np.float64]:
    """What exceeds the bound: nearly the same is worth more than its share."""
    import numpy as np

    result: NDArray[np.float64] = np.maximum(values - bound, 0)
    return result


def _like(scorer: Callable[..., float], said: str, texts: Sequence[str], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """One rapidfuzz comparison of ``said`` with the texts of these rows, 0 to 1."""
    import numpy as np
    from rapidfuzz import process

    got = process.cdist([said], [texts[i] for i in rows], scorer=scorer)[0]
    return np.asarray(got, dtype=np.float64) / 100


def _make(entries: Sequence[tuple[str, Sequence[str]]]) -> Stored:
    import numpy as np

    pairs = [(n, w) for n, (_, wordings) in enumerate(entries) for w in dict.fromkeys(wordings)]
    split = [tokens(w) for _, w in pairs]
    counts = Counter(w for words in split for w in set(words))
    common = {w for w, n in counts.items() if n >= max(3, FRAME_SHARE * len(split))}
    topics: dict[str, int] = {}
    topic, cut = [], []
    for words in split:
        rare = [w for w in words if w not in common] or words
        topic.append(topics.setdefault(" ".join(rare), len(topics)))
        frame: list[str] = []
        for w in words:
            if w in common:
                frame.append(w)
            elif not frame or frame[-1] != "_":
                frame.append("_")
        cut.append(" ".join(frame))
    frames = {f: n for n, (f, _) in enumerate(Counter(cut).most_common())}
    rares = [t.split() for t in topics]
    stems = Counter(s for words in split for s in {stem(w) for w in words})
    return Stored(
        ids=[i for i, _ in entries], wordings=[w for _, w in pairs],
        entry=np.array([n for n, _ in pairs], dtype=np.int32), topic=np.array(topic, dtype=np.int32),
        frame=np.array([frames[f] for f in cut], dtype=np.int32),
        topics=list(topics), frames=list(frames), frame_words=sorted(common),
        codes=["".join(map(metaphone, t)) for t in rares], skeletons=[skeleton(t) for t in rares],
        outlines=[outline(t) for t in rares], plain=[" ".join(w) for w in split],
        all_skeletons=[skeleton(w) for w in split], all_outlines=[outline(w) for w in split],
        words=list(stems), word_counts=np.array(list(stems.values()), dtype=np.int32),
        postings=Postings.build([topic_grams(t) for t in rares]),
    )  # fmt: skip
