"""Which topic do the words point to, and what explains each of them? All features can be told in a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from companion.content.types import Item, Pack
from companion.understanding.frames import strip_frames
from companion.understanding.normal import stem, tokens
from companion.understanding.vocabulary import SOFT_MARK, Concept, Vocabulary, count_concepts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUBJECT_WEIGHT = 0.25
"""Weight of a word that names the subject, against about 1 to 3 for a telling one."""
SOFT_WEIGHT = 0.35
"""Factor on the weight of a filler that leans towards a topic ("how", "called")."""
TEXT_EXPLAINS = 0.5
"""How much a word that stands only in the answer's text explains, against 1 for one of the wordings."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well one item fits an utterance."""

    id: str
    score: float
    """0 to 1."""
    cover: float
    """Share of the utterance's weight that the item's wordings explain, 0 to 1."""
    closeness: float
    """Weighted Dice coefficient with the nearest wording, 0 to 1."""
    nearest: str
    """That wording."""
    telling: float
    """Weight of the shared words that tell topics apart; 0 when only the subject is shared."""
    unexplained: tuple[str, ...]
    """Words said that nothing of the item explains."""
    shared: int = 0
    """Telling words shared with that wording."""
    titled: bool = False
    """Whether one of them stands in the topic's name."""
    subject: bool = False
    """Whether the utterance names the subject at all."""
    core: bool = False
    """Whether the pack's very subject is named both in the utterance and in that wording."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An utterance as the lexical layer sees it."""

    concepts: tuple[Concept, ...]
    matches: tuple[Match, ...]
    """Best first."""
    diseases: tuple[str, ...] = ()
    """Diseases that the pack doesn't speak of."""
    topics: tuple[str, ...] = ()
    """Other things that it doesn't speak of."""
    organs: tuple[str, ...] = ()
    """Cancers of one organ that are named: the pack speaks of all in general."""
    cost: float = 0.0
    """The largest repair, 0 to 1."""
    pronoun: bool = False
    """Whether "it" or "they" stands in for the subject."""

    @property
    def foreign(self) -> tuple[str, ...]:
        """All that is named and that the pack doesn't speak of, but cancers of one organ."""
        return (*self.diseases, *self.topics)


@dataclass(slots=True)
class _Entry:
    item: Item
    wordings: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    """Each with its concepts."""
    vocabulary: frozenset[str] = frozenset()
    title: frozenset[str] = frozenset()
    text: frozenset[str] = frozenset()


class _Index(NamedTuple):
    """All wordings for numpy."""

    holding: dict[str, NDArray[np.int64]]
    """For each concept the numbers of the wordings that hold it."""
    weights: NDArray[np.float64]
    """Summed weight of each wording's concepts."""
    starts: NDArray[np.int64]
    """Where each entry's wordings begin."""


class Lexical:
    """The lexical layer of one pack. Pure and frozen after construction."""

    def __init__(self, pack: Pack) -> None:
        """Index the pack's wordings."""
        own = [t for i in pack.items for t in (i.title, i.question, i.short, *i.more, *i.wordings)]
        self.vocabulary = Vocabulary(pack, own)
        self._core = {c.key for s in pack.subject[:1] for c in self.vocabulary.concepts(tokens(s), repair=False)}
        self._subject = {c.key for s in pack.subject for c in self.vocabulary.concepts(tokens(s), repair=False)}
        self._entries = [self._entry(item) for item in pack.items]
        df = count_concepts(e.vocabulary for e in self._entries)
        n = max(1, len(self._entries))
        self._idf = {key: math.log(1 + n / count) for key, count in df.items()}
        self._unknown = math.log(1 + n)
        self._weights: dict[str, float] = {}
        self._weights = {key: self._weigh(key) for key in (*df, *self._subject)}
        # All wordings in one row, and for each concept the numbers of those that hold it.
        self._rows = [
            (at, wording, row, self._weight_of(row))
            for at, entry in enumerate(self._entries)
            for wording, row in entry.wordings
        ]
        self._holding: dict[str, list[int]] = {}
        self._index: _Index | None = None
        for n, (_, _, row, _) in enumerate(self._rows):
            for key in sorted(row):
                self._holding.setdefault(key, []).append(n)
        self._diseases = self._foreign(pack.foreign_diseases)
        self._organs = self._foreign(pack.foreign_organs)
        self._topics = self._foreign(pack.foreign_topics)
        self._tumor = {k for w in ("cancer", "tumor") for k in [c.key for c in self.vocabulary.concepts([w])]}
        # What the pack's own wordings say about an organ stays answerable ("brain tumors seldom leave the brain").
        self._own_rows = {tuple(tokens(w)) for i in pack.items for w in (i.question, *i.wordings)}

    def _entry(self, item: Item) -> _Entry:
        entry = _Entry(item)
        for wording in (item.question, item.title, *item.wordings):
            entry.wordings.append((wording, frozenset(self._keys(wording))))
        entry.vocabulary = frozenset().union(*(keys for _, keys in entry.wordings))
        entry.title = frozenset(self._keys(item.title)) - self._subject
        entry.text = frozenset(k for t in (item.short, *item.more) for k in self._keys(t))
        return entry

    def _keys(self, text: str) -> list[str]:
        return [c.key for c in self.vocabulary.concepts(tokens(text), repair=False)]

    @staticmethod
    def _foreign(words: Sequence[str]) -> dict[tuple[str, ...], str]:
        return {tuple(stem(t) for t in tokens(w)): w for w in words}

    def weight(self, key: str) -> float:
        """How telling a concept is: inverse document frequency over the items, small for the subject's words."""
        known = self._weights.get(key)
        return self._weigh(key) if known is None else known

    def _weigh(self, key: str) -> float:
        if key in self._subject:
            return SUBJECT_WEIGHT
        if key.startswith(SOFT_MARK):
            return SOFT_WEIGHT * self._idf.get(key, 0.0)
        return self._idf.get(key, self._unknown)

    def _weight_of(self, keys: Iterable[str]) -> float:
        """Summed weight, rounded once: sets come in another order in each process, and ties must fall the same."""
        return math.fsum(map(self.weight, keys))

    def is_subject(self, key: str) -> bool:
        """Whether the concept only names the pack's subject."""
        return key in self._subject

    def read(self, words: Sequence[str], without: str = "") -> Reading:
        """Match an utterance, given as tokens without frames, against every item.

        Args:
            words: The tokens.
            without: A wording to leave out, for leave-one-out checks; "" for none.

        """
        concepts = self.vocabulary.concepts(words)
        keys = {c.key for c in concepts}
        total = self._weight_of(keys)
        nearest = self._nearest(keys, total, without)
        matches = sorted(
            (self._match(e, concepts, keys, nearest.get(at)) for at, e in enumerate(self._entries)),
            key=lambda m: (-m.score, m.id),
        )
        cost = max((c.cost for c in concepts), default=0.0)
        # As mended: "pal eat of care" names no food.
        diseases, topics, organs = self._foreign_in(self.vocabulary.mend(words), keys)
        return Reading(tuple(concepts), tuple(matches), diseases, topics, organs, cost, bool(_PRONOUNS & set(words)))

    def _nearest(self, keys: set[str], total: float, without: str) -> dict[int, tuple[float, int]]:
        """For each entry that shares a concept: the weighted Dice coefficient of its nearest wording, and that one."""
        if not self._entries:
            return {}  # a library's items are found by its index
        # numpy is looked for at the first question only: the first prompt need not wait for it.
        import numpy as np

        if self._index is None:
            self._index = _Index(
                {key: np.array(rows) for key, rows in self._holding.items()},
                np.array([row[3] for row in self._rows]),
                np.searchsorted([row[0] for row in self._rows], np.arange(len(self._entries))),
            )
        shared = np.zeros(len(self._rows))
        for key in sorted(keys):  # in a fixed order, so that sums are the same in every process
            if key in self._index.holding:
                shared[self._index.holding[key]] += self.weight(key)
        dice = 2 * shared / np.maximum(total + self._index.weights, 1e-12)
        if without:
            dice[[n for n, row in enumerate(self._rows) if row[1] == without]] = 0.0
        ends = [*self._index.starts[1:], len(self._rows)]
        best: dict[int, tuple[float, int]] = {}
        for at, (start, end) in enumerate(zip(self._index.starts, ends, strict=True)):
            n = start + int(np.argmax(dice[start:end])) if end > start else start
            if end > start and dice[n] > 0:
                best[at] = float(dice[n]), int(n)
        return best

    def _match(
        self, entry: _Entry, concepts: Sequence[Concept], keys: set[str], near: tuple[float, int] | None
    ) -> Match:
        hard = {c.key for c in concepts if not c.soft}
        if not hard:
            return Match(entry.item.id, 0.0, 0.0, 0.0, "", 0.0, ())
        explained = hard & entry.vocabulary
        by_text = (hard - explained) & entry.text
        known = self._weight_of(explained) + TEXT_EXPLAINS * self._weight_of(by_text)
        cover = known / self._weight_of(hard)
        closeness, nearest, shared = 0.0, "", frozenset[str]()
        if near is not None:
            closeness = near[0]
            _, nearest, row, _ = self._rows[near[1]]
            shared = row & keys
        cues = (shared - self._subject) & hard
        telling = self._weight_of(cues)
        open_words = hard - explained - by_text - self._subject
        unexplained = tuple(c.said for c in concepts if c.key in open_words)
        return Match(
            entry.item.id, 0.5 * cover + 0.5 * closeness, cover, closeness, nearest, telling, unexplained,
            len(cues), bool(cues & entry.title), bool(hard & self._subject), bool(shared & self._core),
        )  # fmt: skip

    def _foreign_in(self, words: Sequence[str], keys: set[str]) -> tuple[tuple[str, ...], ...]:
        """Diseases, topics, and cancers of one organ that are named."""
        if tuple(words) in self._own_rows:
            return (), (), ()
        stemmed = [stem(w) for w in words]
        diseases, topics = (
            tuple(w for row, w in named.items() if _has(stemmed, row)) for named in (self._diseases, self._topics)
        )
        organs: tuple[str, ...] = ()
        if keys & self._tumor:
            organs = tuple(
                f"{w} cancer" for row, w in self._organs.items() if _has(stemmed, row) and _names(stemmed, row)
            )
        return diseases, topics, organs


_PRONOUNS = frozenset("it this they them these".split())


def _has(stemmed: Sequence[str], row: tuple[str, ...]) -> bool:
    n = len(row)
    return row[0] in stemmed and any(tuple(stemmed[i : i + n]) == row for i in range(len(stemmed) - n + 1))


_DISEASE_NOUNS = {
    stem(w) for w in ("cancer", "cancers", "tumor", "tumour", "carcinoma", "malignancy", "lump", "mass", "growth")
}


def _names(stemmed: Sequence[str], row: tuple[str, ...]) -> bool:
    """Whether the organ stands right before the disease ("lung cancer") or after it ("cancer of the lung")."""
    n = len(row)
    for i in range(len(stemmed) - n + 1):
        if tuple(stemmed[i : i + n]) != row:
            continue
        if set(stemmed[i + n : i + n + 2]) & _DISEASE_NOUNS:
            return True
        before = list(stemmed[max(0, i - 3) : i])
        if set(before) & _DISEASE_NOUNS and "of" in before:
            return True
    return False


def by_wording(pack: Pack) -> dict[tuple[str, ...], str]:
    """Tokens of each wording, whole and without frames, to its item; what two items share belongs to none."""
    found: dict[tuple[str, ...], set[str]] = {}
    for item in pack.items:
        for wording in (*item.wordings, item.question, item.title):
            whole = tokens(wording)
            for row in (whole, strip_frames(whole)):
                found.setdefault(tuple(row), set()).add(item.id)
    return {row: ids.pop() for row, ids in found.items() if len(ids) == 1}
