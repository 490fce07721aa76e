"""Learn what tells a person named in passing from a question about that person, for ``understanding/cases.py``.

    python scripts/calibrate_cases.py [--model DIR] [--write]

Learnt from the lines of the tuning sets, and the pack's own sentences, that name a person or hold a sign of danger, by
ridge regression in which both kinds weigh the same. Each set is judged by weights learnt from the other sets and the
pack only; the thresholds are read off that.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Sequence
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
from companion.understanding.cases import WEIGHTS, features, signs  # noqa: E402
from companion.understanding.exemplars import COMMAND, URGENT, exemplars  # noqa: E402
from companion.understanding.lexical import Lexical  # noqa: E402
from companion.understanding.normal import tokens  # noqa: E402
from companion.understanding.ridge import solved  # noqa: E402
from companion.understanding.safety import Safety  # noqa: E402
from companion.understanding.topics import Scores  # noqa: E402

OWN = "pack"
DATA = ROOT / "tests" / "data"
PARTS = (
    "tune", "tune2", "tune3", "tune4", "tune5", "tune6", "tune7", "tune8", "tune9", "tune10", "tune11", "tune12",
    "tune13", "cases_tune", "cases_tune2", "symptoms_tune", "everyday_tune", "cries_tune",
)  # fmt: skip
SETS = tuple(DATA / f"understanding_{part}.tsv" for part in PARTS)
WRITES = ROOT / "companion" / "understanding" / WEIGHTS
PENALTY, FEWEST = 4.0, 2
"""Of the regression, and lines that a word or a pair of words must stand in to be learnt."""
MEANING, SIGNS, WORDS = math.sqrt(2), 1 / math.sqrt(20), math.sqrt(2)
"""How much each part of the input weighs: chosen among some thirty by what was let through of sets left out."""
SURE, LET_THROUGH, DANGER_MARGIN = 0, 8, 0.5
"""Of the lines about somebody's own case without a sign of danger, how many lie below the threshold of what is answered
at once, and of what is asked about; nearly all of them are stories that were written to be mistaken. With a sign of
danger none may, and the threshold is that share of the lowest chance."""


class Line(NamedTuple):
    """One line."""

    part: str
    meaning: np.ndarray
    signs: tuple[float, ...]
    words: list[str]
    """Of ``features``."""
    sign: bool
    own: bool
    """Whether it is about one person's care or danger."""
    judged: bool
    """Whether the thresholds are read off it, among others: not where it is about nothing in the pack, so that no topic
    can follow, where a sign of danger always counts, and where it is the pack's own."""


class Weights(NamedTuple):
    """What is learnt."""

    meaning: np.ndarray
    signs: np.ndarray
    rarity: dict[str, float]
    words: np.ndarray
    bias: float

    def values(self, lines: Sequence[Line]) -> np.ndarray:
        """Of the lines; above 0 it is more likely to be about somebody's own case."""
        meaning, told = np.array([line.meaning for line in lines]), np.array([line.signs for line in lines])
        return np.asarray(
            meaning @ self.meaning + told @ self.signs + bags(lines, self.rarity) @ self.words + self.bias
        )


def bags(lines: Sequence[Line], rarity: dict[str, float]) -> np.ndarray:
    """The lines as rows of their known words and pairs, by rarity, of length 1."""
    places = {f: at for at, f in enumerate(rarity)}
    out = np.zeros((len(lines), len(places)), np.float32)
    for at, line in enumerate(lines):
        for f in line.words:
            if f in places:
                out[at, places[f]] = rarity[f]
    lengths = np.linalg.norm(out, axis=1, keepdims=True)
    return np.asarray(out / np.where(lengths > 0, lengths, 1.0), np.float32)


def learn(lines: Sequence[Line]) -> Weights:
    """Ridge regression on 1 for somebody's own case and -1 for others."""
    counts = Counter(f for line in lines for f in line.words)
    rarity = {f: math.log((1 + len(lines)) / (1 + c)) + 1 for f, c in sorted(counts.items()) if c >= FEWEST}
    told = np.array([line.signs for line in lines])
    mean, spread = told.mean(0), told.std(0) + 1e-6
    rows = np.hstack(
        [
            MEANING * np.array([line.meaning for line in lines]),
            SIGNS * (told - mean) / spread,
            WORDS * bags(lines, rarity),
        ]
    ).astype(np.float32)
    own = np.array([line.own for line in lines])
    share = np.where(own, 0.5 / own.mean(), 0.5 / (~own).mean())
    kernel = rows @ rows.T
    kernel[np.diag_indices(len(lines))] += PENALTY / share
    found = rows.T @ solved(kernel, np.where(own, 1.0, -1.0)[:, None].astype(np.float32))[:, 0]
    meaning, of_signs, words = np.split(found, [len(lines[0].meaning), len(lines[0].meaning) + told.shape[1]])
    of_signs = SIGNS * of_signs / spread
    return Weights(MEANING * meaning, of_signs, rarity, WORDS * words, -float(mean @ of_signs))


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

    def line(part: str, text: str, own: bool, scores: Scores | None = None, *, far: bool = False) -> Line | None:
        words = lexical.vocabulary.united(tokens(text))
        finding = safety.check(words)
        if finding.grade == "none":
            return None
        scores, meaning = scores or topics.by_own(finding.question), topics.meaning(finding.question)
        assert scores is not None and meaning is not None, topics.reason
        sign = finding.rule is not None
        judged = not (far or part == OWN or (finding.rule is not None and finding.rule.always))
        return Line(part, meaning, signs(scores, words, content, sign=sign), features(words), sign, own, judged)

    found = [
        line(
            path.stem, row["text"], bool({"urgent", "advice"} & set(row["expected"].split("|"))),
            far=row["kind"] == "oos_far",
        )
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
    options = arguments(__doc__, WRITES).parse_args()
    if (model_dir := minilm(options.model)) is None:
        return 1
    found = gathered(model_dir)
    own, sign, judged = (np.array([getattr(line, name) for line in found]) for name in ("own", "sign", "judged"))
    part = np.array([line.part for line in found])
    given = np.zeros(len(found))
    for held in sorted(set(part) - {OWN}):
        weights = learn([line for line in found if line.part != held])
        given[part == held] = weights.values([line for line in found if line.part == held])
    slope, offset = fit(given[judged, None], own[judged].astype(float), np.ones(judged.sum()), 1e-3)
    given = predicted(np.array([slope, offset]), given[:, None])
    lowest = {}
    for name, group in (("a person, no sign of danger", ~sign & judged), ("a sign of danger", sign & judged)):
        lowest[name] = low = np.sort(given[own & group])
        print(f"{name}: {len(low)} lines about somebody's own case, {(~own & group).sum()} others")
        for missed in (0, 1, 2, 4, 6, 8, 16):
            share = (given[~own & group] < low[missed]).mean()
            print(f"  below {low[missed]:.3f}: {missed} of the former, {share:.0%} of the latter")
    without, with_sign = lowest.values()
    thresholds = [without[SURE], without[LET_THROUGH], with_sign[0] * DANGER_MARGIN]
    print("sure below {:.3f}, passing below {:.3f}, with a sign of danger below {:.3f}".format(*thresholds))
    if options.write:
        weights = learn(found)
        np.savez_compressed(
            WRITES, meaning=weights.meaning.astype(np.float16), signs=weights.signs,
            names=np.array("\n".join(weights.rarity)), words=weights.words.astype(np.float16),
            rarity=np.array(list(weights.rarity.values()), np.float16),
            numbers=np.array([slope, offset, weights.bias, *thresholds]),
        )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
