"""How well an engine hears people: wrong words of sentences that people have read, any of their words after any other.

    python scripts/measure_people.py [--people DIR] [--show] [MODEL …]

Companion's own language model is about one subject, and no recordings of people who ask about it were at hand, so each
engine gets the words of all the sentences and no knowledge of their order: what is left is its ear. Words that an
engine can't know are left out of its list and count as wrong. PocketSphinx as Companion uses it (noise taken out), and
each Vosk model that is named. Recordings with tags in their transcripts, and those of a word or two, are left out.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parent
sys.path[:0] = [str(SCRIPTS), str(ROOT)]

from _hearing_sounds import LEAD, TAIL, Sound, recorded  # noqa: E402  # the paths come first
from _shares import wilson  # noqa: E402
from rapidfuzz.distance import Levenshtein  # noqa: E402

from companion.hearing import lm  # noqa: E402
from companion.hearing.decoding import decode_features  # noqa: E402
from companion.hearing.features import features  # noqa: E402

KINDS = frozenset({"oov_sentence", "oov_with_number"})
FEWEST = 3
"""Words of a sentence."""
BESIDE = 4_000
"""Samples of background left on both sides, as the endpoint leaves it."""
BLOCK = 1_600
Hear = Callable[[Sound], list[str]]


def pocketsphinx_ear(words: Sequence[str], cache: Path) -> Hear:
    """PocketSphinx with these words, each as likely as the others."""
    import pocketsphinx

    pocketsphinx.set_loglevel("FATAL")
    home = Path(pocketsphinx.get_model_path("en-us"))
    model = lm.build(words, home / "cmudict-en-us.dict", {}, cache)
    decoder = pocketsphinx.Decoder(
        hmm=str(home / "en-us"), lm=str(model.arpa), dict=str(model.dictionary), cmn="batch", loglevel="FATAL"
    )
    return lambda sound: [w.text for w in decode_features(decoder, features(sound).mended)[0]]


def vosk_ear(words: Sequence[str], folder: Path) -> Hear:
    """A Vosk model with those of the words that it knows."""
    import vosk

    vosk.SetLogLevel(-1)
    model = vosk.Model(model_path=str(folder))
    known = json.dumps([w for w in words if model.vosk_model_find_word(w) >= 0])

    def hear(sound: Sound) -> list[str]:
        recognizer = vosk.KaldiRecognizer(model, 16_000, known)
        pieces = []
        for at in range(0, len(sound), BLOCK):
            if recognizer.AcceptWaveform(sound[at : at + BLOCK].tobytes()):
                pieces.append(json.loads(recognizer.Result())["text"])
        pieces.append(json.loads(recognizer.FinalResult())["text"])
        return " ".join(pieces).split()

    return hear


def main() -> int:
    """Hear, count, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL", help="folders of Vosk models")
    parser.add_argument("--people", type=Path, default=ROOT.parent / "shared" / "speech", help="with a manifest.tsv")
    parser.add_argument("--show", action="store_true", help="what was said and what was heard")
    options = parser.parse_args()
    manifest = options.people / "manifest.tsv"
    if not manifest.is_file():
        print(f"error: {manifest} is not there. Name a folder with recordings and their manifest.tsv.", file=sys.stderr)
        return 1
    with manifest.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file, delimiter="\t") if r["kind"] in KINDS]
    said = [(re.sub(r"[^a-z' ]", " ", r["transcript"].lower()).split(), options.people / r["file"]) for r in rows]
    sounds = [(words, recorded(path)[LEAD - BESIDE : BESIDE - TAIL]) for words, path in said if len(words) >= FEWEST]
    words = sorted({w for row, _ in sounds for w in row})
    total = sum(len(row) for row, _ in sounds)
    print(f"{len(sounds)} sentences by people, {total} words, {len(words)} different ones")
    with tempfile.TemporaryDirectory() as cache:
        ears = {"pocketsphinx": pocketsphinx_ear(words, Path(cache))}
        ears |= {str(folder): vosk_ear(words, folder) for folder in options.models}
        for name, hear in ears.items():
            wrong = 0
            for row, sound in sounds:
                found = hear(sound)
                wrong += min(len(row), Levenshtein.distance(row, found))
                if options.show:
                    print(f"{' '.join(row)} | {' '.join(found)}")
            low, high = wilson(wrong, total)
            share = f"{100 * wrong / total:.0f} % of the words wrong ({100 * low:.0f}-{100 * high:.0f})"
            print(f"{name}: {share}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
