"""Learn what tells a person named in passing from a question about that person, for ``understanding/cases.py``.

    python scripts/calibrate_cases.py [--model DIR] [--write]

Learnt from the lines of the tuning sets, and the pack's own sentences, that name a person or hold a sign of danger.
Each set is judged by weights learnt from the other sets and the pack only; the thresholds are read off that.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from calibrate_understanding import arguments, fit, lines, minilm, predicted  # noqa: E402

from companion.content import load_pack  # noqa: E402  # runs from a checkout too
from companion.settings import Paths  # noqa: E402
from companion.understanding.background import Topics  # noqa: E402
from companion.understanding.cases import inputs, signs  # noqa: E402
from companion.understanding.exemplars import COMMAND, URGENT, exemplars  # noqa: E402
from companion.understanding.lexical import Lexical  # noqa: E402
from companion.understanding.minilm import DIMENSIONS  # noqa: E402
from companion.understanding.normal import tokens  # noqa: E402
from companion.understanding.safety import Safety  # noqa: E402
from companion.understanding.topics import Scores  # noqa: E402

OWN = "pack"
DATA = ROOT / "tests" / "data"
SETS = tuple(DATA / f"understanding_{part}.tsv" for part in ("tune", "tune2", "tune3", "tune4", "tune5"))
WEIGHTS = ROOT / "companion" / "understanding" / "cases.json"
PENALTY = 10.0
LET_THROUGH = 1
"""Personal lines of some 310 below the threshold. It is a metaphor of a last goodbye, which no topic answers, so that
it gets the reply to personal questions all the same."""
MARGIN, DANGER_MARGIN = 0.45, 0.12
"""The thresholds as shares: of the lowest chance of the personal lines that are not let through, and of the lowest
that any line of danger with a sign was given. At twice these one cry for help of a set for reporting was lost."""


class Line(NamedTuple):
    """One line."""

    part: str
    inputs: tuple[float, ...]
    sign: bool
    own: bool
    """Whether it is about one person's care or danger."""


def gathered(model_dir: Path) -> list[Line]:
    """The lines of the sets, and the pack's own, that name a person or hold a sign of danger."""
    pack = load_pack()
    lexical = Lexical(pack)
    topics = Topics(pack, lexical.vocabulary, model_dir, Paths.find().cache)
    topics.wait()
    model = topics.own_model
    assert model is not None, topics.reason
    safety = Safety(pack)
    content = (*(i.id for i in pack.items), *(f"glossary/{t.id}" for t in pack.glossary))

    def line(part: str, text: str, own: bool, scores: Scores | None = None) -> Line | None:
        words = lexical.vocabulary.united(tokens(text))
        finding = safety.check(words)
        if finding.grade == "none":
            return None
        scores, meaning = scores or topics.by_own(finding.question), topics.meaning(finding.question)
        assert scores is not None and meaning is not None, topics.reason
        sign = finding.rule is not None
        return Line(part, inputs(meaning, signs(scores, words, content, sign=sign)), sign, own)

    found = [
        line(path.stem, row["text"], bool({"urgent", "advice"} & set(row["expected"].split("|"))))
        for path in SETS for row in lines(path) if row["kind"] != "command"
    ]  # fmt: skip
    # The pack's own cries for help, personal questions and everyday talk, each scored by a model that never saw it.
    rows = exemplars(replace(pack, said={}), lexical.vocabulary)
    found += [
        line(OWN, row.text, row.label.startswith(URGENT), scores)
        for row, scores in zip(rows, model.leave_one_out(), strict=True)
        if not row.label.startswith(COMMAND)
    ]
    return [row for row in found if row]


def main() -> int:
    """Print what each threshold lets through; with ``--write``, write the weights."""
    options = arguments(__doc__, WEIGHTS).parse_args()
    if (model_dir := minilm(options.model)) is None:
        return 1
    found = gathered(model_dir)
    rows = np.array([line.inputs for line in found])
    own, sign = (np.array([getattr(line, name) for line in found]) for name in ("own", "sign"))
    part = np.array([line.part for line in found])
    given = np.zeros(len(found))
    of_people = part != OWN
    for held in sorted(set(part) - {OWN}):
        weights = fit(rows[part != held], own[part != held].astype(float), np.ones((part != held).sum()), PENALTY)
        given[part == held] = predicted(weights, rows[part == held])
    groups = (("a person, no sign of danger", ~sign & of_people), ("a sign of danger", sign & of_people))
    for name, group in groups:
        lowest = np.sort(given[own & group])
        print(f"{name}: {(own & group).sum()} lines about somebody's own case, {(~own & group).sum()} others")
        for missed in (0, 1, 2, 4, 8):
            share = (given[~own & group] < lowest[missed]).mean()
            print(f"  below {lowest[missed]:.3f}: {missed} of the former, {share:.0%} of the latter")
    passing = float(np.sort(given[own & ~sign & of_people])[LET_THROUGH]) * MARGIN
    danger_passing = float(given[own & sign & of_people].min()) * DANGER_MARGIN
    print(f"passing below {passing:.2f}, with a sign of danger below {danger_passing:.2f}")
    if options.write:
        weights = fit(rows, own.astype(float), np.ones(len(found)), PENALTY)
        row = {
            "passing": round(passing, 2), "danger_passing": round(danger_passing, 2),
            "bias": round(float(weights[-1]), 4),
            "signs": [round(float(w), 4) for w in weights[DIMENSIONS:-1]],
            "meaning": [round(float(w), 4) for w in weights[:DIMENSIONS]],
        }  # fmt: skip
        WEIGHTS.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
