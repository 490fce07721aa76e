"""How well utterances are understood: by kind, with intervals, on sets that no rule was tuned on.

    python scripts/evaluate_understanding.py [FILE …] [--pack DIR] [--show OUTCOME[,OUTCOME]] [--baselines]
        [--markdown] [--plot FILE] [--json]

Without a file: ``tests/data/understanding_report.tsv`` and ``understanding_heard.tsv``, and the public questions where
they lie beside the project. Columns: id, expected (``a|b``: either is right; ``none``: decline), kind, text, and
perhaps trusted ("no": the recogniser doubted its words) and before (the topic just read, for follow-ups). Times are of
the processor, on one core.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one core, as the targets say; before numpy is imported

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from _baselines import compare  # noqa: E402
from _shares import wilson  # noqa: E402

from companion.content import load_pack  # noqa: E402  # runs from a checkout too
from companion.events import Context, Decision, Hypothesis  # noqa: E402
from companion.settings import Paths  # noqa: E402
from companion.store import ModelStore  # noqa: E402
from companion.understanding import Router  # noqa: E402
from companion.understanding.background import Topics  # noqa: E402

DATA = ROOT / "tests" / "data"
REPORT, HEARD, TUNE = (DATA / f"understanding_{part}.tsv" for part in ("report", "heard", "tune"))
PUBLIC = ROOT.parent / "shared" / "questions" / "public.tsv"
# Ids of the public set's first edition.
OLD_IDS = {
    "fact1": "spreads", "fact2": "after-surgery", "fact3": "differs", "fact4": "surroundings", "fact5": "years-later",
    "fact6": "many-places", "fact7": "some-more", "fact8": "research", "which_cancers": "which-cancers",
}  # fmt: skip
SAFETY = {"urgent", "advice"}
@dataclass(frozen=True)
class Result:
    """Of one set."""

    table: dict[str, Counter[str]]
    """Outcomes by kind."""
    cells: Counter[tuple[str, str]]
    """(expected, decided) with how often."""


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


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a set."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def evaluate(router: Router, rows: list[dict[str, str]], show: set[str], *, markdown: bool) -> Result:
    """Outcomes by kind."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    confusion: Counter[tuple[str, str]] = Counter()
    cells: Counter[tuple[str, str]] = Counter()
    seconds = []
    for row in rows:
        engine = "pocketsphinx" if row.get("trusted") else "text"
        heard = Hypothesis(row["text"], engine=engine, trusted=row.get("trusted") != "no")
        context = Context(topic=row.get("before") or None)
        began = time.thread_time()
        decision = router.decide(heard, context)
        seconds.append(time.thread_time() - began)
        expected = {OLD_IDS.get(e, e) for e in row["expected"].split("|")}
        what = outcome(decision, expected)
        table[row["kind"]][what] += 1
        got = str(decision.id) if decision.kind in {"answer", "command"} else decision.kind
        cells["|".join(sorted(expected)), got] += 1
        if what in {"WRONG", "wrong confirm", "wrong command"}:
            confusion["|".join(sorted(expected)), str(decision.id)] += 1
        if what in show:
            why = " ".join(decision.reasons)
            print(f"{what}\t{row['expected']}\t{decision.kind} {decision.id}\t{row['text'][:120]}\t{why}")
    seconds.sort()
    half, most = (1000 * seconds[len(rows) * percent // 100] for percent in (50, 99))
    print(f"{len(rows)} lines; one takes {half:.1f} ms (p50), {most:.1f} ms (p99)")
    if markdown:
        print(f"\n| kind | lines | {' | '.join(OUTCOMES)} |\n|---|---{'|---' * len(OUTCOMES)}|")
    for kind, counts in table.items():
        n = sum(counts.values())
        shares = {name: share(counts[name], n) for name in OUTCOMES if counts[name]}
        if markdown:
            print(f"| {kind} | {n} | {' | '.join(shares.get(name, '') for name in OUTCOMES)} |")
        else:
            print(f"{kind}, {n} lines: {', '.join(f'{name} {s}' for name, s in shares.items())}")
    summary(table)
    if not markdown:
        for (expected_id, got), count in confusion.most_common(12):
            print(f"confused: {expected_id} taken for {got}, {count} times")
    return Result(dict(table), cells)


def share(hits: int, n: int) -> str:
    """A share with its 95 % interval, in per cent."""
    low, high = wilson(hits, n)
    return f"{100 * hits / n:.1f} % ({100 * low:.0f}-{100 * high:.0f})"


OTHERS = ("oos_near", "oos_far", "command_like_question")
CLEAN, SLIPS = ("verbatim_like", "paraphrase", "terse", "verbose"), ("misheard", "typo")


def summary(table: dict[str, Counter[str]]) -> None:
    """The measures that the project set itself, over groups of kinds."""

    def over(kinds: tuple[str, ...], *outcomes: str) -> str:
        counts = sum((table[k] for k in kinds if k in table), Counter[str]())
        n = sum(counts.values())
        return share(sum(counts[o] for o in outcomes), n) if n else "no lines"

    for name, kinds, outcomes in (
        ("in scope, clean wording: right at once", CLEAN, ("right",)),
        ("in scope, clean wording: right within one confirmation", CLEAN, ("right", "confirmed")),
        ("in scope, misheard or mistyped: right at once", SLIPS, ("right",)),
        ("in scope, misheard or mistyped: right within one confirmation", SLIPS, ("right", "confirmed")),
        ("in scope: wrong content answered", CLEAN + SLIPS, ("WRONG",)),
        ("near, out of scope: answered with content", ("oos_near",), ("WRONG",)),
        ("near, out of scope: offered in a confirmation", ("oos_near",), ("offered",)),
        ("far, out of scope: answered", ("oos_far",), ("WRONG",)),
        ("urgent: safety reply", ("urgent",), ("right", "safety")),
        ("urgent: graded urgent", ("urgent",), ("right",)),
        ("advice: safety reply", ("advice",), ("right", "safety")),
        ("general symptom questions: diverted to safety", ("symptom_general",), ("diverted",)),
        ("commands: right", ("command",), ("right",)),
        ("questions taken for commands", (*CLEAN, *SLIPS, *OTHERS), ("wrong command",)),
    ):  # fmt: skip
        if any(k in table for k in kinds):
            print(f"- {name}: {over(kinds, *outcomes)}")


def plot(result: Result, path: Path, title: str, topics: set[str]) -> None:
    """Outcomes by kind as bars, and which topic was taken for which, as one picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (bars, squares) = plt.subplots(1, 2, figsize=(15, 7), layout="constrained")
    kinds = list(result.table)
    left = [0.0] * len(kinds)
    for n, name in enumerate(OUTCOMES):
        values = [100 * result.table[k][name] / sum(result.table[k].values()) for k in kinds]
        bars.barh(kinds, values, left=left, label=name, color=f"C{n}")
        left = [a + b for a, b in zip(left, values, strict=True)]
    bars.invert_yaxis()
    bars.set_xlabel("per cent of the lines")
    bars.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=5)
    wanted = sorted({e for e, _ in result.cells} & topics)
    got = [*wanted, "confirm", "decline", "advice", "urgent"]
    grid = [[result.cells[w, g] for g in got] for w in wanted]
    squares.imshow(grid, cmap="Blues")
    squares.set_xticks(range(len(got)), got, rotation=90)
    squares.set_yticks(range(len(wanted)), wanted)
    squares.set_xlabel("decided")
    squares.set_ylabel("expected")
    for y, row in enumerate(grid):
        for x, count in enumerate(row):
            if count:
                squares.text(x, y, str(count), ha="center", va="center", fontsize=8)
    figure.suptitle(title)
    figure.savefig(path, dpi=90)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--show", default="", help="print the lines of these outcomes, comma-separated")
    parser.add_argument("--words", action="store_true", help="without MiniLM")
    parser.add_argument("--rules", action="store_true", help="without the topic model: lexical rules alone")
    parser.add_argument("--baselines", action="store_true", help="other ways on the same lines")
    parser.add_argument("--markdown", action="store_true", help="tables to paste")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="picture of the first set (needs matplotlib)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model_dir = None if options.words else ModelStore(Paths.find()).path("minilm")
    learn = partial(Topics, model_dir=model_dir, cache_dir=None)
    pack = load_pack(options.pack)
    router = Router(pack, None if options.rules else learn)
    router.decide("warm up")
    machine = f"Python {platform.python_version()}, {platform.machine()}, {date.today().isoformat()}"
    print(machine)
    results = {}
    files = options.files or [p for p in (REPORT, HEARD, PUBLIC) if p.is_file()]
    for path in files:
        print(f"\n{path.name}")
        show = set(filter(None, options.show.split(",")))
        results[path.name] = evaluate(router, read(path), show, markdown=options.markdown)
    if options.baselines:
        print(f"\nOther ways on {REPORT.name}, without safety and commands")
        compare(pack, model_dir, read(TUNE), read(REPORT))
    if options.plot:
        plot(results[files[0].name], options.plot, f"{files[0].name}: {machine}", {i.id for i in pack.items})
        print(f"Drawn: {options.plot}")
    if options.json:
        print(json.dumps({name: result.table for name, result in results.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
