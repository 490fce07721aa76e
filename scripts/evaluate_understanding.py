"""How well utterances are understood: by kind, with intervals, on sets that no rule was tuned on.

    python scripts/evaluate_understanding.py [FILE …] [--pack DIR] [--show OUTCOME[,OUTCOME]] [--json]

Without a file: ``tests/data/understanding_report.tsv``, and the public questions where they lie beside the
project. Columns: id, expected (``a|b``: either is right; ``none``: decline), kind, text.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import platform
import sys
import time
from collections import Counter, defaultdict
from datetime import date
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.content import load_pack  # noqa: E402  # runs from a checkout too
from companion.events import Decision  # noqa: E402
from companion.settings import Paths  # noqa: E402
from companion.store import ModelStore  # noqa: E402
from companion.understanding import Router  # noqa: E402
from companion.understanding.background import Topics  # noqa: E402

REPORT = ROOT / "tests" / "data" / "understanding_report.tsv"
PUBLIC = ROOT.parent / "shared" / "questions" / "public.tsv"
# Ids of the public set's first edition.
OLD_IDS = {
    "fact1": "spreads", "fact2": "after-surgery", "fact3": "differs", "fact4": "surroundings", "fact5": "years-later",
    "fact6": "many-places", "fact7": "some-more", "fact8": "research", "which_cancers": "which-cancers",
}  # fmt: skip
SAFETY = {"urgent", "advice"}
OUTCOMES = (
    "right",
    "confirmed",
    "safety",
    "declined",
    "offered",
    "diverted",
    "wrong confirm",
    "wrong command",
    "WRONG",
)


def outcome(decision: Decision, expected: set[str]) -> str:
    """One word for what happened.

    right: as expected · confirmed: the right topic was offered · safety: the other safety reply · declined: "I
    don't have that" to what the pack has · offered: a topic offered for what it doesn't have · diverted: a safety
    reply to a question without need · wrong confirm: only wrong topics offered · WRONG: wrong content.
    """
    got = {"decline": "none", "urgent": "urgent", "advice": "advice"}.get(decision.kind, decision.id or "none")
    if decision.kind == "confirm":
        if expected & {i for i, _ in decision.candidates}:
            return "confirmed"
        return "offered" if "none" in expected else "wrong confirm"
    if got in expected:
        return "right"
    if got in SAFETY:
        return "safety" if expected & SAFETY else "diverted"
    if got == "none":
        return "declined"
    return "wrong command" if decision.kind == "command" else "WRONG"


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a set."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def evaluate(router: Router, rows: list[dict[str, str]], show: set[str]) -> dict[str, Counter[str]]:
    """Outcomes by kind."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    confusion: Counter[tuple[str, str]] = Counter()
    seconds = []
    for row in rows:
        began = time.perf_counter()
        decision = router.decide(row["text"])
        seconds.append(time.perf_counter() - began)
        expected = {OLD_IDS.get(e, e) for e in row["expected"].split("|")}
        what = outcome(decision, expected)
        table[row["kind"]][what] += 1
        if what in {"WRONG", "wrong confirm", "wrong command"}:
            confusion["|".join(sorted(expected)), str(decision.id)] += 1
        if what in show:
            why = " ".join(decision.reasons)
            print(f"{what}\t{row['expected']}\t{decision.kind} {decision.id}\t{row['text'][:120]}\t{why}")
    seconds.sort()
    half, most = (1000 * seconds[len(rows) * percent // 100] for percent in (50, 99))
    print(f"{len(rows)} lines; one takes {half:.1f} ms (p50), {most:.1f} ms (p99)")
    for kind, counts in table.items():
        n = sum(counts.values())
        cells = []
        for name in OUTCOMES:
            if counts[name]:
                low, high = wilson(counts[name], n)
                cells.append(f"{name} {100 * counts[name] / n:.0f} % ({100 * low:.0f}-{100 * high:.0f})")
        print(f"{kind}, {n} lines: {', '.join(cells)}")
    for (expected_id, got), count in confusion.most_common(12):
        print(f"confused: {expected_id} taken for {got}, {count} times")
    return table


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--show", default="", help="print the lines of these outcomes, comma-separated")
    parser.add_argument("--words", action="store_true", help="without MiniLM")
    parser.add_argument("--rules", action="store_true", help="without the topic model: lexical rules alone")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model_dir = None if options.words else ModelStore(Paths.find()).path("minilm")
    learn = partial(Topics, model_dir=model_dir, cache_dir=None)
    router = Router(load_pack(options.pack), None if options.rules else learn)
    print(f"Python {platform.python_version()}, {platform.machine()}, {date.today().isoformat()}")
    results = {}
    for path in options.files or [p for p in (REPORT, PUBLIC) if p.is_file()]:
        print(f"\n{path.name}")
        results[path.name] = evaluate(router, read(path), set(filter(None, options.show.split(","))))
    if options.json:
        print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
