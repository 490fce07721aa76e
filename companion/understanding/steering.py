"""Commands in other words than the grammar's: "the kettle is boiling, hang on, love" is "pause".

Multinomial logistic regression on MiniLM's embedding of the whole utterance, as it was said, with a class for all that
is no command. ``scripts/calibrate_commands.py`` learns it from the tuning sets and the lists of commands, prints what
each threshold would give on lines that it did not learn from, and writes ``steering.npz``. It counts only where the
grammar found nothing; it never acts on what is like a sign of danger.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

WEIGHTS = "steering.npz"
NONE = "none"
"""The class of what is no command."""
LONGEST = 18
"""Words of the longest command."""
SCALE = 8.0
"""Of the embedding, whose length is 1, so that the penalty on the weights suits it."""
LEAST = 0.6
"""Least share of a command. On lines of the tuning sets that neither safety nor the grammar decides on, by weights that
were not learnt from them, 63 % of the commands lie above it or above the next two where they hold, 2 % are taken for
another command, and 10 of 4,546 other lines for one, mostly remarks to somebody else (``calibrate_commands.py``)."""
NAMED, NEAR = 0.95, 0.3
"""The same where the pack's subject, a disease or a word of the glossary is named, or where a topic has so high a
value: a question is answered, not obeyed."""
CAREFUL = 0.8
"""The same for what ends the conversation, and for words of the embedded recogniser, which may be made up."""
_LETTERS = frozenset({"spell", "spelled", "spelling", "spelt", "letters"})
SPELLING = 0.5
"""The same for a spelling where one of these words is said. Of the tuning sets' other lines with one, the highest share
is 0.49, of a plea to hear letters again, and the next 0.24."""
ENDS = frozenset({"quit", "stop_listening"})


class Steering(NamedTuple):
    """The learnt weights."""

    names: tuple[str, ...]
    """Of the classes, `NONE` among them."""
    matrix: Floats
    """Shape (384, classes)."""
    bias: Floats
    """Shape (classes,)."""


def command_in(meaning: Floats, model: Steering) -> tuple[str, float]:
    """The likeliest command and its share, 0 to 1, among the commands and what is none.

    Args:
        meaning: MiniLM's embedding of the words as they were said, shape (384,).
        model: The weights.

    """
    import numpy as np

    z = SCALE * meaning @ model.matrix + model.bias
    shares = np.exp(z - z.max())
    shares /= shares.sum()
    best = max((n for n, name in enumerate(model.names) if name != NONE), key=lambda n: float(shares[n]))
    return model.names[best], float(shares[best])


def least(command: str, words: Sequence[str], *, named: bool, embedded: bool) -> float:
    """The share from which on a command is obeyed.

    Args:
        command: Its id.
        words: All tokens.
        named: Whether the subject, a disease or a word of the glossary is named, or a topic is `NEAR`
            (``Router.on_topic``).
        embedded: Whether the words are the embedded recogniser's.

    """
    if command == "spell" and _LETTERS & set(words):  # "spell metastasis" names the subject, and is no question on it
        return CAREFUL if embedded else SPELLING
    return max(LEAST, NAMED if named else 0.0, CAREFUL if command in ENDS or embedded else 0.0)


@cache
def learnt() -> Steering:
    """The weights that come with the package."""
    import numpy as np

    with as_file(files("companion") / "understanding" / WEIGHTS) as path, np.load(path, allow_pickle=False) as kept:
        names, matrix, bias = (kept[part] for part in ("names", "matrix", "bias"))
    return Steering(tuple(map(str, names)), matrix.astype(np.float32), bias.astype(np.float32))
