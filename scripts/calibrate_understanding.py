"""Fit the weights and thresholds of the decision, and print them for ``companion/understanding/decide.py``.

    python scripts/calibrate_understanding.py [--model DIR] [--curve] [--write]

Learnt from the tuning sets in ``tests/data`` (written by authors who had not seen the pack; see the README there) and
from the pack's own sentences, each scored by a model that never saw it. Lines that are told outright (a topic's own
wording, the meaning of a word) don't count: the gate never sees them. What reports are other files:
``tests/data/understanding_report*.tsv``, through ``scripts/evaluate_understanding.py``.
"""

from __future__ import annotations

import argparse
import csv
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.content import load_pack  # noqa: E402  # runs from a checkout too
from companion.settings import Paths  # noqa: E402
from companion.store import ModelStore  # noqa: E402
from companion.understanding.background import Topics  # noqa: E402
from companion.understanding.calibrated import Calibration  # noqa: E402
from companion.understanding.decide import has_twin, is_bare  # noqa: E402
from companion.understanding.evidence import Evidence, weigh  # noqa: E402
from companion.understanding.exemplars import NOTHING, Exemplar, exemplars  # noqa: E402
from companion.understanding.frames import strip_frames  # noqa: E402
from companion.understanding.lexical import Lexical  # noqa: E402
from companion.understanding.meanings import Meanings  # noqa: E402
from companion.understanding.normal import tokens  # noqa: E402
from companion.understanding.router import Router  # noqa: E402

TUNED = (
    "tune", "tune2", "tune4", "tune5", "tune6", "glossary_tune", "tune7", "tune8", "tune9", "tune10", "tune11",
    "tune12", "tune13",
)  # fmt: skip
TUNE = tuple(ROOT / "tests" / "data" / f"understanding_{part}.tsv" for part in TUNED)
LEARNT = ("tune3", "symptoms_tune", "pairs_tune")
SAID = (*TUNE, *(ROOT / "tests" / "data" / f"understanding_{part}.tsv" for part in LEARNT))
"""Where what is said in the bundled pack comes from (``collect_said.py``), by author. The last three are no fair sample
of what is asked: wordings were taken from the first, and half of the pairs are meant to be mistaken."""
CONTENT_KINDS = set(
    "verbatim_like paraphrase terse verbose misheard typo oos_near oos_far symptom_general".split()
)
CALIBRATED = ROOT / "companion" / "understanding" / "calibrated.py"
WRONG, TOLD, OFFERED, SURE = 0.005, 0.01, 0.1, 0.9
OWN_WRONG, OWN_TOLD, OWN_OFFERED = 0.015, 0.015, 0.16
LEAST_SURE = 0.75
"""Largest shares: in scope answered wrong, out of scope answered, out of scope offered; and how often the first topic
must be the right one for it to be offered alone. The pack's own sentences are bound too, less tightly: the tune set was
seen when the pack's wordings were written, and a wording that was left out is often the only one of its kind."""
MOST_CAREFUL = 0.95
"""Threshold where no lower one keeps the shares above."""
NO_CONTENT = "!-="
OWN_WEIGHT = 0.3
"""Of a pack's own sentence beside a line of the tune set: there are more of them, and they are tidier than speech."""


@dataclass(frozen=True)
class Case:
    """One utterance with its evidence."""

    text: str
    expected: frozenset[str]
    evidence: Evidence
    own: bool
    asked: bool = False
    """Whether it is asked about first whatever its chance."""

    @property
    def right(self) -> bool:
        """Whether the best topic is the right one."""
        return self.evidence.ids[0] in self.expected


def cases(pack_dir: Path | None, model_dir: Path | None) -> list[Case]:
    """The pack's own sentences left out one by one, and the tuning sets' lines without what their author said."""
    pack = load_pack(pack_dir)
    lexical = Lexical(pack)
    topics = Topics(pack, lexical.vocabulary, model_dir, None)
    topics.wait()
    model = topics.model
    assert model is not None, topics.reason
    rows = exemplars(pack, lexical.vocabulary)
    content = [label for label in model.labels if label[0] not in NO_CONTENT]
    found = []
    said_by = authors(rows, sum(map(len, pack.said.values())))
    said = {at for places in said_by for at in places}
    inverses = model.inverses()
    for at, (row, scores) in enumerate(zip(rows, model.leave_one_out(inverses), strict=True)):
        if row.label[0] in "!=" or at in said:
            continue
        reading = lexical.read(strip_frames(tokens(row.text)), without=row.text)
        if evidence := weigh(scores, reading, content):
            found.append(Case(row.text, frozenset({row.label}), evidence, own=True, asked=is_asked(evidence)))
    router, meanings = Router(pack), Meanings(pack, lexical.vocabulary)
    asked: list[list[tuple[dict[str, str], list[str]]]] = []
    for path in TUNE:
        reaching = ((line, router.reaches_topics(tokens(line["text"]))) for line in lines(path))
        asked.append(
            [
                (line, bare) for line, bare in reaching
                if bare is not None and line["kind"] in CONTENT_KINDS
                and not router.outright(bare, lexical.vocabulary.united(tokens(line["text"])))
            ]
        )  # fmt: skip
    scored = model.left_out(
        said_by[: len(TUNE)],
        [[(topics.sentence(bare), topics.meaning(bare)) for _, bare in part] for part in asked],
        inverses,
    )
    for part, of_part in zip(asked, scored, strict=True):
        for (line, bare), scores in zip(part, of_part, strict=True):
            expected = frozenset(NOTHING if e == "none" else e for e in line["expected"].split("|"))
            evidence = weigh(scores, lexical.read(bare), content)
            # Where a meaning is asked for and the subject is not named, the word is told, whatever the chance.
            if evidence is None or (meanings.meant(bare) and not evidence.subject):
                continue
            word = None if evidence.subject else meanings.beside(bare, evidence.nearest)
            first = is_asked(evidence) or (word is not None and evidence.ids[0] != f"glossary/{word.id}")
            found.append(Case(line["text"], expected, evidence, own=False, asked=first))
    return found


def is_asked(evidence: Evidence) -> bool:
    """Whether the gate asks first, whatever the chance."""
    return bool(evidence.foreign or evidence.organs or has_twin(evidence) or is_bare(evidence))


def authors(rows: Sequence[Exemplar], said: int) -> list[list[int]]:
    """For each set of ``SAID``, the places of what is said that it holds; a line of two authors goes with both."""
    place = {row.text: at for at, row in enumerate(rows) if at >= len(rows) - said}
    return [sorted({place[line["text"]] for line in lines(path) if line["text"] in place}) for path in SAID]


def lines(path: Path) -> list[dict[str, str]]:
    """The rows of a set."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def fit(features: np.ndarray, right: np.ndarray, weight: np.ndarray, penalty: float = 0.3) -> np.ndarray:
    """Logistic regression by Newton's method, the intercept last and not penalised; shape (features + 1,)."""
    x = np.hstack([features, np.ones((len(features), 1))])
    ridge = penalty * np.eye(x.shape[1])
    ridge[-1, -1] = 1e-6
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (weight * (p - right)) + ridge @ w
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, gradient)
        w -= step
        if np.abs(step).max() < 1e-8:
            break
    return w


def predicted(weights: np.ndarray, features: np.ndarray) -> np.ndarray:
    """The chances by the weights of ``fit``, shape (rows,)."""
    return np.asarray(1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1]))))


def folds(texts: list[str], n: int = 5) -> np.ndarray:
    """A fold for each text, by its content, so that a second run gives the same."""
    return np.array([sum(text.encode()) % n for text in texts])


def cross_validated(found: list[Case], target: np.ndarray) -> np.ndarray:
    """The chance of each case by weights that were not learnt from it; shape (cases,)."""
    x = np.array([c.evidence.features for c in found])
    weight = np.array([OWN_WEIGHT if c.own else 1.0 for c in found])
    fold = folds([c.text for c in found])
    out = np.zeros(len(found))
    for f in range(5):
        w = fit(x[fold != f], target[fold != f], weight[fold != f])
        out[fold == f] = predicted(w, x[fold == f])
    return out


def calibrate(found: list[Case], *, show: bool) -> Calibration:
    """Weights from all cases, thresholds from the cross-validated chances of the tune set's lines."""
    right = np.array([c.right for c in found], dtype=float)
    pair = np.array([bool(c.expected & set(c.evidence.ids[:2])) for c in found], dtype=float)
    first, either = cross_validated(found, right), cross_validated(found, pair)
    tune = np.array([not c.own for c in found])
    inside = np.array([NOTHING not in c.expected for c in found])
    outside = np.array([c.expected == {NOTHING} for c in found])
    clear = np.array([not (c.evidence.foreign or c.evidence.organs) for c in found])
    # What is asked about whatever its chance can't be told wrongly.
    direct = np.array([not c.asked for c in found])

    def shares(p: np.ndarray, threshold: float, group: np.ndarray = tune) -> tuple[float, float, float]:
        """Right and wrong of what is in scope, and told of what is not."""
        told = (p >= threshold) & (direct if p is first else clear) & group
        good = right if p is first else pair
        hit, miss = (told & inside & (good > 0)).sum(), (told & inside & (good == 0)).sum()
        return (
            hit / (group & inside).sum(), miss / (group & inside).sum(),
            (told & outside).sum() / (group & outside).sum(),
        )  # fmt: skip

    if show:
        print(f"{(tune & inside).sum()} lines in scope and {(tune & outside).sum()} out of scope reach the topics")
        for threshold in np.arange(0.2, 0.96, 0.05):
            one, two, own = shares(first, threshold), shares(either, threshold), shares(first, threshold, ~tune)
            print(
                f"from {threshold:.2f}: best topic right {one[0]:.1%}, wrong {one[1]:.2%}, out of scope {one[2]:.2%} | "
                f"right among two {two[0]:.1%}, neither {two[1]:.2%}, out of scope {two[2]:.2%} | "
                f"pack left out one by one: right {own[0]:.1%}, wrong {own[1]:.2%}, decoys told {own[2]:.2%}"
            )
    grid = np.arange(0.05, 0.995, 0.01)
    answer = next(
        (
            t for t in grid
            if shares(first, t)[1] <= WRONG and shares(first, t)[2] <= TOLD
            and shares(first, t, ~tune)[1] <= OWN_WRONG and shares(first, t, ~tune)[2] <= OWN_TOLD
        ),
        MOST_CAREFUL,
    )  # fmt: skip
    offer = next(t for t in grid if shares(either, t)[2] <= OFFERED and shares(either, t, ~tune)[2] <= OWN_OFFERED)
    if show:
        print(f"answer from {answer:.2f}")
    # Offered alone when, among the lines that are offered, the first topic is the right one this often.
    between = tune & inside & (first < answer)
    sure = next(t for t in grid if t >= LEAST_SURE and (t >= answer or right[between & (first >= t)].mean() >= SURE))
    features = np.array([c.evidence.features for c in found])
    weight = np.array([OWN_WEIGHT if c.own else 1.0 for c in found])
    of_first, of_pair = (
        tuple(round(float(v), 3) for v in fit(features, target, weight)) for target in (right, pair)
    )
    return Calibration(
        of_first,
        of_pair,
        answer=round(float(answer), 2),
        sure=round(float(min(sure, answer)), 2),
        offer=round(float(offer), 2),
    )


def arguments(doc: str | None, writes: Path) -> argparse.ArgumentParser:
    """What the scripts that learn with MiniLM have in common."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--model", type=Path, help="folder of all-MiniLM-L6-v2; the model store's, when left out")
    parser.add_argument("--write", action="store_true", help=f"write {writes.relative_to(ROOT)}")
    return parser


def minilm(given: Path | None) -> Path | None:
    """The folder of the sentence model; None, with a line that says so, where there is none."""
    found = given or ModelStore(Paths.find()).path("minilm")
    if found is None:
        print("error: MiniLM is not there. Run: companion model fetch minilm.", file=sys.stderr)
    return found


def main() -> int:
    """Print weights, thresholds and the curve."""
    parser = arguments(__doc__, CALIBRATED)
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--curve", action="store_true", help="print what each threshold would give")
    options = parser.parse_args()
    if (model_dir := minilm(options.model)) is None:
        return 1
    found = {}
    for name, directory in (("TOGETHER", model_dir), ("ALONE", None)):
        print(f"{name}: {'MiniLM and the words' if directory else 'the words alone'}")
        found[name] = calibrate(cases(options.pack, directory), show=options.curve)
        print(found[name])
    if options.write:
        text = CALIBRATED.read_text(encoding="utf-8")
        head = text[: text.index("\n\nTOGETHER = ")]
        body = "".join(f"\n\n{name} = {_shown(c)}" for name, c in found.items())
        CALIBRATED.write_text(f"{head}{body}\n", encoding="utf-8")
    return 0


def _shown(c: Calibration) -> str:
    rows = []
    for name, weights in (("first", c.first), ("pair", c.pair)):
        inner = textwrap.fill(", ".join(map(str, weights)), 108, initial_indent=" " * 8, subsequent_indent=" " * 8)
        rows.append(f"    {name}=(\n{inner},\n    ),\n")
    return f"Calibration(\n{''.join(rows)}    answer={c.answer},\n    sure={c.sure},\n    offer={c.offer},\n)"



if __name__ == "__main__":
    sys.exit(main())
