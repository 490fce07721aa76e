"""Other ways to find the topic, for ``evaluate_understanding.py --baselines``: what is there to be better than.

Each gives a topic and a score. Its threshold is chosen on the tune set, at the share of wrong answers that is allowed
there; nothing has a safety stage or a confirmation. Packages that aren't installed are left out, and named:
``pip install .[evaluation]``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from companion.content.types import Pack
from companion.understanding.commands import find_command
from companion.understanding.normal import stem, tokens

Guess = Callable[[str], tuple[str, float]]
"""Text to (content id, score); the score only has to grow with certainty."""
ALLOWED_WRONG = 0.01
"""Share of all the tune set's lines that a baseline may answer wrongly: ten times what Companion does there."""


def wordings(pack: Pack) -> list[tuple[str, str]]:
    """(id, wording) of every item."""
    return [(i.id, " ".join(tokens(w))) for i in pack.items for w in (i.question, i.title, *i.wordings)]


def baselines(pack: Pack, model_dir: Path | None) -> Iterator[tuple[str, Guess]]:
    """Name and guess of each that can be had here."""
    rows = wordings(pack)
    ids, texts = [i for i, _ in rows], [t for _, t in rows]
    ways: tuple[tuple[str, Callable[[], Guess]], ...] = (
        ("rapidfuzz token_set_ratio", lambda: _fuzzy("token_set_ratio", ids, texts)),
        ("rapidfuzz WRatio", lambda: _fuzzy("WRatio", ids, texts)),
        ("BM25 (bm25s, stems)", lambda: _bm25(ids, texts)),
        ("char TF-IDF (scikit-learn)", lambda: _tfidf(ids, texts)),
        ("hassil (wordings as templates)", lambda: _hassil(ids, texts)),
        ("MiniLM, nearest wording", lambda: _minilm(ids, texts, model_dir)),
    )
    for name, make in ways:
        try:
            yield name, make()
        except ImportError as error:
            print(f"{name}: left out, {error.name or 'a package'} is not installed.")


def _fuzzy(scorer: str, ids: Sequence[str], texts: Sequence[str]) -> Guess:
    from rapidfuzz import fuzz, process

    score = getattr(fuzz, scorer)

    def guess(text: str) -> tuple[str, float]:
        found = process.extractOne(text, texts, scorer=score)
        return (ids[found[2]], found[1]) if found else ("", 0.0)

    return guess


def _bm25(ids: Sequence[str], texts: Sequence[str]) -> Guess:
    engine = import_module("bm25s").BM25()
    engine.index([[stem(t) for t in text.split()] for text in texts], show_progress=False)

    def guess(text: str) -> tuple[str, float]:
        known = [s for t in text.split() if (s := stem(t)) in engine.vocab_dict]
        if not known:
            return "", 0.0
        scores = engine.get_scores(known)
        best = int(np.argmax(scores))
        return ids[best], float(scores[best]) / len(text.split())

    return guess


def _tfidf(ids: Sequence[str], texts: Sequence[str]) -> Guess:
    text_features = import_module("sklearn.feature_extraction.text")
    vectors = text_features.TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    table = vectors.fit_transform(texts)

    def guess(text: str) -> tuple[str, float]:
        scores = (table @ vectors.transform([text]).T).toarray()[:, 0]
        best = int(np.argmax(scores))
        return ids[best], float(scores[best])

    return guess


def _hassil(ids: Sequence[str], texts: Sequence[str]) -> Guess:
    hassil: Any = import_module("hassil")
    by_id: dict[str, list[str]] = {}
    for content, text in zip(ids, texts, strict=True):
        by_id.setdefault(content, []).append(text)
    intents = hassil.Intents.from_dict(
        {"language": "en", "intents": {i.replace("-", "_"): {"data": [{"sentences": s}]} for i, s in by_id.items()}}
    )
    back = {i.replace("-", "_"): i for i in by_id}

    def guess(text: str) -> tuple[str, float]:
        found = hassil.recognize(text, intents)
        return (back[found.intent.name], 1.0) if found else ("", 0.0)

    return guess


def _minilm(ids: Sequence[str], texts: Sequence[str], model_dir: Path | None) -> Guess:
    from companion.understanding.minilm import SentenceEncoder

    if model_dir is None:
        raise ImportError("no model", name="the model minilm")
    encoder = SentenceEncoder(model_dir)
    vectors = encoder.encode(texts)

    def guess(text: str) -> tuple[str, float]:
        scores = vectors @ encoder.encode([text])[0]
        best = int(np.argmax(scores))
        return ids[best], float(scores[best])

    return guess


def compare(
    pack: Pack, model_dir: Path | None, tune: Sequence[dict[str, str]], report: Sequence[dict[str, str]]
) -> None:
    """Print a Markdown row for each baseline: at its threshold from ``tune``, what it does on ``report``."""
    print("| baseline | in scope answered right | in scope wrong | near, out of scope, answered | far answered | ms |")
    print("|---|---|---|---|---|---|")
    for name, guess in baselines(pack, model_dir):
        threshold = _threshold(guess, tune)
        began = time.thread_time()
        results = [(row, *guess(" ".join(tokens(row["text"])))) for row in report]
        each = 1000 * (time.thread_time() - began) / max(1, len(results))
        cells = []
        for group, right in ((INSIDE, True), (INSIDE, False), ({"oos_near"}, False), ({"oos_far"}, False)):
            of = [line for line in results if line[0]["kind"] in group and _content(line[0])]
            told = [(row, got) for row, got, score in of if got and score >= threshold]
            hits = sum((got in row["expected"].split("|")) == right for row, got in told)
            cells.append(f"{100 * hits / max(1, len(of)):.1f} %")
        print(f"| {name} | {' | '.join(cells)} | {each:.1f} |", flush=True)


INSIDE = {"verbatim_like", "paraphrase", "terse", "verbose", "misheard", "typo"}
OUTSIDE = {"oos_near", "oos_far"}


def _content(row: dict[str, str]) -> bool:
    """Whether a baseline that knows items alone can be asked this: no glossary term, no command."""
    return not row["expected"].startswith("glossary/") and find_command(tokens(row["text"])) is None


def _threshold(guess: Guess, tune: Sequence[dict[str, str]]) -> float:
    """The lowest score from which on at most ``ALLOWED_WRONG`` of the tune set's lines are answered wrongly."""
    rows = [r for r in tune if r["kind"] in INSIDE | OUTSIDE and _content(r)]
    guesses = [(r, *guess(" ".join(tokens(r["text"])))) for r in rows]
    scored = sorted(((score, got in r["expected"].split("|")) for r, got, score in guesses if got), reverse=True)
    allowed = int(ALLOWED_WRONG * len(rows))
    wrong, threshold = 0, float("inf")
    for score, right in scored:
        wrong += not right
        if wrong > allowed:
            break
        threshold = score
    return threshold
