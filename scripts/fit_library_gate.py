"""Fit the gate before the answers of a large pack, and print what each threshold would let through.

    python scripts/fit_library_gate.py [--questions FILE] [--each N]

A tenth of the things asked about is taken out of the pack. Questions about the rest should be answered, questions about
what was taken out, and everyday talk, should not: the weights of ``companion/understanding/library.py`` are learnt from
both, and each line is judged by weights that were not learnt from it. Lines and tables as in
``scripts/bench_understanding_engines.py``.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench_understanding_engines import SHARED, Line, generated, identity, make_lines, read_questions  # noqa: E402
from calibrate_understanding import fit  # noqa: E402

from companion.settings import Paths  # noqa: E402
from companion.store import ModelStore  # noqa: E402
from companion.understanding.large import LargeIndex  # noqa: E402
from companion.understanding.library import features  # noqa: E402
from companion.understanding.normal import tokens  # noqa: E402

EVERYDAY = ROOT / "companion" / "understanding" / "everyday.txt"
THRESHOLDS = (0.12, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
FOLDS = 5


def lines_of(rows: list[tuple[str, str, str]], held: set[str], each: int) -> list[tuple[str, Line]]:
    """Lines with "in" for what the pack holds, "out" for what was taken out of it, and "far"."""
    inside = [r for r in rows if r[0].lower() not in held]
    outside = [r for r in rows if r[0].lower() in held]
    far = [t for t in EVERYDAY.read_text(encoding="utf-8").splitlines() if t and not t.startswith("#")]
    return [
        *(("in", line) for line in make_lines(inside, 0, each)),
        *(("out", line) for line in make_lines(outside, 0, each)),
        *(("far", Line("", "everyday", text)) for text in far),
    ]


def main() -> int:
    """Print weights and the curve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=Path, default=SHARED)
    parser.add_argument("--each", type=int, default=300, help="lines of a kind")
    options = parser.parse_args()
    rows = read_questions(options.questions) if options.questions.is_file() else generated()
    names = sorted({r[0].lower() for r in rows})
    held = set(random.Random(5).sample(names, len(names) // 10))
    entries: dict[str, list[str]] = {}
    for row in rows:
        if row[0].lower() not in held:
            entries.setdefault(identity(row), []).append(row[2])
    model = ModelStore(Paths.find()).path("minilm")
    kinds, right, found = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        index = LargeIndex.build(list(entries.items()), Path(folder), "gate")
        semantics = index.semantics(model, Path(folder)) if model else None
        if semantics is not None:
            semantics.wait()
        for group, line in lines_of(rows, held, options.each):
            words = tokens(line.text)
            matches = index.search(line.text, 2, semantics)
            if not matches:
                continue
            lead = matches[0].score - (matches[1].score if len(matches) > 1 else 0.0)
            kinds.append(f"{group} {line.kind}")
            right.append(matches[0].id == line.id)
            found.append((*features(words, matches[0], lead, index.frame_vocabulary), zlib.crc32(line.text.encode())))
    table = np.array(found)
    x, fold = table[:, :-1], table[:, -1].astype(np.int64) % FOLDS
    y, kind = np.array(right, dtype=float), np.array(kinds)
    p = np.zeros(len(y))
    for f in range(FOLDS):
        w = fit(x[fold != f], y[fold != f], np.ones(int((fold != f).sum())))
        p[fold == f] = 1 / (1 + np.exp(-(x[fold == f] @ w[:-1] + w[-1])))
    print("WEIGHTS =", tuple(round(float(v), 2) for v in fit(x, y, np.ones(len(y)))))
    for threshold in THRESHOLDS:
        cells = []
        for name in sorted(set(kinds)):
            group = kind == name
            told = (p >= threshold) & group
            cells.append(
                f"{name}: right {(told & (y > 0)).sum() / group.sum():.0%}, "
                f"wrong {(told & (y == 0)).sum() / group.sum():.1%}"
            )
        print(f"from {threshold:.2f} | {' | '.join(cells)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
