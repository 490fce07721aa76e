"""Topics of a pack of thousands of items: the large index, and the gate before its answers.

The gate looks at what was named, word by word: a pack of a thousand illnesses has many that differ by one word, and
the nearest is the wrong one when the one asked about is not among them.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from companion.content.types import Pack
from companion.understanding.decide import Verdict, chance
from companion.understanding.embeddings import LazySemantics, leave
from companion.understanding.frames import strip_frames
from companion.understanding.large import LargeIndex, Match
from companion.understanding.normal import stem, tokens
from companion.understanding.sounds import skeleton
from companion.understanding.vocabulary import FILLER

LARGE = 500
"""Items from which on a pack is a library. Below, every sentence can be weighed against every other."""
PATIENCE = 120.0
"""Seconds that the first question waits at most while the index of a new pack is built."""
SAME_SOUND = 0.9
"""Likeness of two words that sound alike and are written otherwise."""
SCORE, LEAD = 46.0, 8.0
"""The largest score of ``LargeIndex``, and a lead that leaves no doubt: bring the features to 0 to 1."""
WEIGHTS = (1.09, 3.12, 1.18, -3.97, 2.18, -0.57, -0.94, 1.58, -3.24, 7.64, 3.28, 4.05, -10.82)
"""Of ``features``, the intercept last. Fitted by ``scripts/fit_library_gate.py`` on a pack from which
a tenth of the things asked about was taken out."""
ANSWER, OFFER = 0.8, 0.12
"""Least chance of an answer at once, and of an offer. Of questions about what had been taken out, the first lets 1.3 %
through in other words, and 8 % in the pack's own frames, where the pack holds a variant of the same name."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the library has for an utterance."""

    verdict: Verdict
    candidates: tuple[tuple[str, float], ...]
    """(id, 0 to 1), best first."""


class Library:
    """Scores utterances against one large pack. Its index is built, or loaded, in a thread of its own."""

    def __init__(self, pack: Pack, model_dir: Path | None, cache_dir: Path | None) -> None:
        """Begin to load, and return at once.

        Args:
            pack: Whose items are indexed.
            model_dir: Folder of all-MiniLM-L6-v2; None to go by letters and sound alone.
            cache_dir: Where index and embeddings are kept; None to keep nothing.

        """
        self._index: LargeIndex | None = None
        self._semantics: LazySemantics | None = None
        self._done = threading.Event()
        self._leaving = threading.Event()
        thread = threading.Thread(target=self._run, args=(pack, model_dir, cache_dir), name="library", daemon=True)
        weakref.finalize(self, leave, thread, self._leaving)
        thread.start()

    def _run(self, pack: Pack, model_dir: Path | None, cache_dir: Path | None) -> None:
        try:
            entries = [(i.id, (i.question, i.title, *i.wordings)) for i in pack.items]
            self._index = LargeIndex.build(entries, cache_dir, pack.digest)
            if model_dir is not None and not self._leaving.is_set():
                self._semantics = self._index.semantics(model_dir, cache_dir)
                self._semantics.wait()
        except Exception:  # noqa: BLE001, RUF100 - whatever breaks, safety and commands go on, and all else is declined
            self._index = None
        finally:
            self._done.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until loading has ended; whether there is an index."""
        self._done.wait(timeout)
        return self._index is not None

    def find(self, words: Sequence[str]) -> Found | None:
        """Answer, ask or decline; None when there is no index. Never raises.

        Args:
            words: Tokens without frames.

        """
        if not self.wait(PATIENCE) or self._index is None:
            return None
        with contextlib.suppress(ValueError, ArithmeticError):
            return _judged(words, self._index.search(" ".join(words), 3, self._semantics), self._index.frame_vocabulary)
        return None


def _judged(words: Sequence[str], matches: Sequence[Match], frame_words: frozenset[str]) -> Found:
    if not matches:
        return Found(Verdict("decline", reasons=("Nothing in the pack is like it.",)), ())
    best = matches[0]
    if list(words) in (tokens(best.wording), strip_frames(tokens(best.wording))):
        return Found(Verdict("answer", (best.id,), ("It is one of the entry's own wordings.",), 1.0), ((best.id, 1.0),))
    lead = best.score - (matches[1].score if len(matches) > 1 else 0.0)
    values = features(words, best, lead, frame_words)
    first = chance(values, WEIGHTS)
    candidates = tuple((m.id, round(first * max(0.0, m.score) / max(best.score, 1e-9), 3)) for m in matches)
    why = (
        f'"{best.id}" is right with an estimated chance of {first:.0%}; it is nearest to "{best.wording}".',
        f"Of what it asks about, {best.topic:.0%} was said by letters and {best.sound:.0%} by sound.",
    )
    if first >= ANSWER:
        return Found(Verdict("answer", (best.id,), why, first), candidates)
    if first >= OFFER:
        ids = tuple(m.id for m in matches[:2])
        return Found(Verdict("confirm", ids, (*why, "It is not near enough to answer at once."), first), candidates[:2])
    return Found(Verdict("decline", reasons=("It is not near enough to anything in the pack.", *why)), ())


def features(words: Sequence[str], best: Match, lead: float, frame_words: frozenset[str]) -> tuple[float, ...]:
    """What the gate weighs, each 0 to 1 but for the count of open words (its logarithm).

    Args:
        words: What was said.
        best: The nearest entry.
        lead: Over the second, in points of ``LargeIndex``.
        frame_words: Words that tell how is asked, not what about.

    """
    import math

    from rapidfuzz.distance import Levenshtein

    said, own = ({stem(t) for t in row} - FILLER for row in (words, tokens(best.wording)))
    names, wanted = (
        [t for t in row if t not in frame_words and stem(t) not in FILLER] for row in (words, tokens(best.wording))
    )
    said_best = [_nearest(name, wanted) for name in names]
    own_best = [_nearest(name, names) for name in wanted]
    return (
        best.score / SCORE, min(lead, LEAD) / LEAD, best.topic, best.sound,
        # Without MiniLM, the likeness of the frames' letters stands in for their meaning.
        dict(best.parts)["frame"] if best.meaning is None else best.meaning,
        len(said - own) / max(1, len(said)), math.log1p(len(said - own)), len(own - said) / max(1, len(own)),
        min(said_best, default=1.0), min(own_best, default=1.0), sum(said_best) / max(1, len(said_best)),
        Levenshtein.normalized_similarity("".join(names), "".join(wanted)),
    )  # fmt: skip


def _nearest(word: str, among: Sequence[str]) -> float:
    """Likeness of the word to the nearest of the others, 0 to 1."""
    from rapidfuzz.distance import Levenshtein

    bones = skeleton([word])
    return max(
        (
            max(Levenshtein.normalized_similarity(word, w), SAME_SOUND if bones and bones == skeleton([w]) else 0.0)
            for w in among
        ),
        default=0.0,
    )
