"""Learn commands in other words than the grammar's, for ``companion/understanding/steering.py``.

    python scripts/calibrate_commands.py [--model DIR] [--write]

Learnt from the tuning sets, the lists of commands and everyday talk; needs scikit-learn (``.[evaluation]``). The lines
of the sets are judged in five parts, each by weights learnt from the other four. What reports are other files:
``understanding_commands_report.tsv`` and the other report sets, through ``scripts/evaluate_understanding.py``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from calibrate_understanding import arguments, folds, lines, minilm  # noqa: E402

from companion.content import load_pack  # noqa: E402  # runs from a checkout too
from companion.settings import Paths  # noqa: E402
from companion.understanding.background import Topics  # noqa: E402
from companion.understanding.commands import find_command  # noqa: E402
from companion.understanding.exemplars import everyday, idioms  # noqa: E402
from companion.understanding.lexical import Lexical  # noqa: E402
from companion.understanding.normal import tokens  # noqa: E402
from companion.understanding.phrases import COMMAND_PHRASES  # noqa: E402
from companion.understanding.router import Router  # noqa: E402
from companion.understanding.safety import Safety  # noqa: E402
from companion.understanding.steering import (  # noqa: E402
    LONGEST,
    NONE,
    SCALE,
    WEIGHTS,
    Steering,
    command_in,
    least,
)

COMMANDS = ("commands_tune", "commands_tune2", "commands_tune3")
SETS = ("tune", "tune2", "tune3", "tune4", "tune5", "tune6", "glossary_tune", *COMMANDS)
FILE = ROOT / "companion" / "understanding" / WEIGHTS
STRENGTH = 0.3
"""Inverse of the penalty (C of scikit-learn), of 0.03 to 0.3 the best in the five parts."""


class Line(NamedTuple):
    """One line."""

    text: str
    words: list[str]
    label: str
    meaning: NDArray[np.float32]
    named: bool
    decided: bool
    """Whether safety or the grammar decides on it, whatever is learnt."""
    judged: bool
    """Whether it is of a set."""


def gathered(model_dir: Path) -> list[Line]:
    """All lines, a command's by its id."""
    pack = load_pack()
    router, safety, vocabulary = Router(pack), Safety(pack), Lexical(pack).vocabulary
    topics = Topics(pack, vocabulary, model_dir, Paths.find().cache)
    topics.wait()
    assert topics.knows_meaning, topics.reason
    rows = [
        (line["text"], next((e for e in line["expected"].split("|") if e in COMMAND_PHRASES), NONE), True)
        for part in SETS
        for line in lines(ROOT / "tests" / "data" / f"understanding_{part}.tsv")
    ]
    rows += [(text, name, False) for name, texts in COMMAND_PHRASES.items() for text in texts]
    rows += [(text, name, False) for name, text in idioms()]
    rows += [(text, NONE, False) for text in everyday()]
    found = []
    for text, label, judged in rows:
        words = vocabulary.united(tokens(text))
        if not 0 < len(words) <= LONGEST:
            continue
        meaning = topics.as_said(words)
        assert meaning is not None
        finding = safety.check(words)
        decided = finding.rule is not None or find_command(words) is not None
        scores = topics.by_own(finding.question)
        assert scores is not None
        found.append(Line(text, words, label, meaning, router.on_topic(words, scores), decided, judged))
    return found


def learn(found: list[Line]) -> Steering:
    """The weights."""
    # It carries no types, and is only in the extra for evaluation.
    linear: Any = import_module("sklearn.linear_model")
    model = linear.LogisticRegression(C=STRENGTH, max_iter=500)
    model.fit(SCALE * np.stack([line.meaning for line in found]), [line.label for line in found])
    names = tuple(str(name) for name in model.classes_)
    return Steering(names, model.coef_.T.astype(np.float16).astype(np.float32), model.intercept_.astype(np.float32))


def main() -> int:
    """Judge, print, learn from all, write."""
    options = arguments(__doc__, FILE).parse_args()
    if (model_dir := minilm(options.model)) is None:
        return 1
    found = gathered(model_dir)
    fold = folds([line.text for line in found])
    told: list[tuple[Line, str, float]] = []
    for n in range(5):
        model = learn([line for line, f in zip(found, fold, strict=True) if f != n])
        told += [
            (line, *command_in(line.meaning, model))
            for line, f in zip(found, fold, strict=True)
            if f == n and line.judged and not line.decided
        ]
    commands = sum(line.label != NONE for line, *_ in told)
    others = len(told) - commands
    print(f"{commands} commands and {others} other lines that neither safety nor the grammar decides on")
    for shift in (-0.2, -0.1, 0.0, 0.1, 0.2):
        obeyed = [
            (line, name, share) for line, name, share in told
            if share >= least(name, line.words, named=line.named, embedded=False) + shift
        ]  # fmt: skip
        right = sum(name == line.label for line, name, _ in obeyed)
        taken = [row for row in obeyed if row[0].label == NONE]
        wrong = len(obeyed) - right - len(taken)
        print(
            f"thresholds {shift:+.1f}: commands right {right / commands:.1%}, another "
            f"{wrong / commands:.1%}; others taken for one {len(taken)} of {others}"
        )
        if not shift:
            for line, name, share in taken:
                print(f"  {name} {share:.2f}: {line.text}")
    if options.write:
        model = learn(found)
        half = {"matrix": model.matrix.astype(np.float16), "bias": model.bias.astype(np.float16)}
        np.savez(FILE, allow_pickle=False, names=np.array(model.names), **half)
    return 0


if __name__ == "__main__":
    sys.exit(main())
