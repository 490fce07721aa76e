"""Write ``said.toml`` of the bundled pack: how the authors of the tuning sets ask, for the topic model to learn from.

    python scripts/collect_said.py [--model DIR]

Of the tuning sets in ``tests/data`` (nothing of a set for reporting), author by author: each line that reaches the
topics and that the model of the pack's own wordings and of the lines taken before does not yet tell by itself. What is
told with ease teaches little and makes the model slower. Personal lines, cries for help and commands are not taken:
what is learnt about those is learnt elsewhere.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from calibrate_understanding import CONTENT_KINDS, SAID, arguments, lines, minilm  # noqa: E402

from companion.atomic import atomic_write_text  # noqa: E402  # runs from a checkout too
from companion.content import load_pack  # noqa: E402
from companion.content.types import NO_ANSWER, Pack  # noqa: E402
from companion.understanding.background import as_sentence  # noqa: E402
from companion.understanding.embeddings import embed  # noqa: E402
from companion.understanding.exemplars import NOTHING, Exemplar, Subject, exemplars  # noqa: E402
from companion.understanding.lexical import Lexical  # noqa: E402
from companion.understanding.minilm import SentenceEncoder  # noqa: E402
from companion.understanding.normal import tokens  # noqa: E402
from companion.understanding.ridge import solved  # noqa: E402
from companion.understanding.router import Router  # noqa: E402
from companion.understanding.topics import RIDGE, TopicModel, weights_shape  # noqa: E402

DATA = ROOT / "tests" / "data"
FILE = ROOT / "companion" / "packs" / "metastasis" / "said.toml"
EASY = 0.6
"""Lead of the right topic over all else from which on a line is left out."""
HEAD = """\
# How people have asked, by what they asked for; "none" is what the pack has no answer to.
# The topic model learns from it; nothing here is matched word by word, shown or spoken.
# Written by scripts/collect_said.py from the tuning sets in tests/data; don't edit.

[said]
"""


class Line(NamedTuple):
    """One line of a tuning set."""

    author: int
    text: str
    meant: tuple[str, ...]
    """Labels, any of which is right."""


def gathered(pack: Pack, known: set[str]) -> list[Line]:
    """The lines of all authors that reach the topics; of one text the first."""
    router = Router(pack)
    # Two people may say the same: what stands in a set for reporting is not learnt, so that all of it stays unseen.
    reports = {line["text"] for path in DATA.glob("understanding_*report*.tsv") for line in lines(path)}
    found: dict[str, Line] = {}
    for author, path in enumerate(SAID):
        for line in lines(path):
            named = (NOTHING if e == NO_ANSWER else e for e in line["expected"].split("|"))
            meant = tuple(e for e in named if e in known)
            if line["text"] in reports:
                continue
            if meant and line["kind"] in CONTENT_KINDS and router.reaches_topics(tokens(line["text"])) is not None:
                found.setdefault(line["text"], Line(author, line["text"], meant))
    return list(found.values())


def taken(pack: Pack, model_dir: Path) -> dict[str, list[str]]:
    """By label, the lines to learn from."""
    vocabulary = Lexical(pack).vocabulary
    own = exemplars(pack, vocabulary)
    labels = sorted({row.label for row in own})
    told = gathered(pack, set(labels))
    rows = [*own, *(Exemplar(line.meant[0], line.text) for line in told)]
    sentences = [as_sentence(tokens(row.text), vocabulary, Subject.of(pack, vocabulary)) for row in rows]
    vectors = embed(SentenceEncoder(model_dir), [s.text for s in sentences])
    unfitted = np.zeros(weights_shape(rows), dtype=np.float32)
    meaning, kernel = TopicModel(rows, sentences, vectors, unfitted).kernels()
    kernel += meaning
    kept, label_of = list(range(len(own))), [labels.index(row.label) for row in own]
    for author in range(len(SAID)):
        mine = [at for at, line in enumerate(told) if line.author == author]
        values = kernel[np.ix_([len(own) + at for at in mine], kept)] @ _weights(kernel[np.ix_(kept, kept)], label_of)
        for at, row in zip(mine, values, strict=True):
            right = max((labels.index(label) for label in told[at].meant), key=lambda n: float(row[n]))
            others = max(float(v) for n, v in enumerate(row) if labels[n] not in told[at].meant)
            if row[right] - others < EASY:
                kept.append(len(own) + at)
                label_of.append(right)
        print(f"{SAID[author].stem}: {len(mine)} lines, {sum(at >= len(own) for at in kept)} taken so far", flush=True)
    out: dict[str, list[str]] = {}
    for at, label in list(zip(kept, label_of, strict=True))[len(own) :]:
        out.setdefault(labels[label], []).append(rows[at].text)
    return out


def _weights(kernel: NDArray[np.float32], label_of: list[int]) -> NDArray[np.float32]:
    targets = np.zeros((len(label_of), max(label_of) + 1), dtype=np.float32)
    targets[np.arange(len(label_of)), label_of] = 1.0
    np.fill_diagonal(kernel, kernel.diagonal() + RIDGE)
    return solved(kernel, targets)


def main() -> int:
    """Write the file."""
    options = arguments(__doc__, FILE).parse_args()
    if (model_dir := minilm(options.model)) is None:
        return 1
    said = taken(replace(load_pack(), said={}), model_dir)
    said[NO_ANSWER] = said.pop(NOTHING)
    body = "".join(
        f"{json.dumps(name)} = [\n" + "".join(f"  {json.dumps(t, ensure_ascii=False)},\n" for t in said[name]) + "]\n"
        for name in sorted(said)
    )
    if options.write:
        atomic_write_text(FILE, HEAD + body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
