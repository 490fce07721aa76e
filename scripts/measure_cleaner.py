"""What the cleaner is worth: the share of wrong words by PocketSphinx without it and with it.

    python scripts/measure_cleaner.py [--voices A,B] [--conditions A,B] [--every N]

The in-scope sentences of ``tests/data/hearing_tune.tsv``, decoded with the pack's language model from what
PocketSphinx's own front end makes of them, from the same features made here without mending, and from the mended ones.
Nothing is refused or doubted.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parent
sys.path[:0] = [str(SCRIPTS), str(ROOT)]

from _hearing_sounds import LEAD, TAIL, Sound, spoken  # noqa: E402  # the paths come first
from evaluate_hearing import read  # noqa: E402
from rapidfuzz.distance import Levenshtein  # noqa: E402

from companion.content import load_pack  # noqa: E402
from companion.hearing.decoding import decode, decode_features  # noqa: E402
from companion.hearing.features import features  # noqa: E402
from companion.hearing.frames import floored  # noqa: E402
from companion.hearing.pocketsphinx import PocketSphinxRecognizer  # noqa: E402
from companion.settings import Paths  # noqa: E402
from companion.understanding.phrases import as_asked, phrases  # noqa: E402

BESIDE = 4_000
"""Samples of background left on both sides: a quarter of a second, as the endpoint leaves it."""


WAYS = ("PocketSphinx's own", "ours, plain", "ours, mended")
"""Its front end with its removal of noise; ours with nothing mended; ours."""


def heard(decoder: Any, sound: Sound) -> list[list[str]]:
    """The words by each of `WAYS`."""
    made = features(sound)
    ways = (
        decode(decoder, floored(sound)), decode_features(decoder, made.plain), decode_features(decoder, made.mended)
    )  # fmt: skip
    return [[w.text for w in words] for words, *_ in ways]


def main() -> int:
    """Speak, decode, count, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--voices", default="awb,kal16", help="never taught: awb, kal16, festival-kal_diphone")
    parser.add_argument("--conditions", default="clean,white 15 dB,babble 15 dB,small room,large room")
    parser.add_argument("--every", type=int, default=1, help="every Nth sentence only")
    options = parser.parse_args()
    pack = load_pack()
    recognizer = PocketSphinxRecognizer(phrases(pack), Paths.find().cache, partials=False, said=as_asked(pack))
    decoder = recognizer._words  # the very decoder that is in use
    lines = read(ROOT / "tests" / "data" / "hearing_tune.tsv")
    texts = [line["text"] for line in lines if line["expected"] != "none"][:: options.every]
    print(f"{len(texts)} sentences, voices {options.voices}; wrong words of all, %")
    print(f"{'':14}" + "".join(f"{name:>20}" for name in WAYS))
    for condition in options.conditions.split(","):
        wrong, words = [0] * len(WAYS), 0
        for voice in options.voices.split(","):
            for text in texts:
                sound = spoken(text, voice, condition)[LEAD - BESIDE : BESIDE - TAIL]
                said = text.split()
                words += len(said)
                for n, found in enumerate(heard(decoder, sound)):
                    wrong[n] += Levenshtein.distance(said, found)
        print(f"{condition:14}" + "".join(f"{100 * w / words:20.1f}" for w in wrong), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
