"""Teach the network that takes noise and rooms out of what PocketSphinx hears, with synthesised speech only.

    python scripts/train_cleaner.py [--sentences N] [--epochs N] [--seed N] [--write | --out FILE]

Needs flite, festival with the voice ked, and espeak-ng (Debian: apt-get install flite espeak-ng festival
festvox-kdlpc16k); a voice that is not there is left out. The shipped weights were made by ``--write``: some 30 minutes
on two cores. ``scripts/evaluate_hearing.py`` measures on other voices, other sentences, and recordings of people.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", str(os.cpu_count() or 1))  # before numpy is imported

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parent
sys.path[:0] = [str(SCRIPTS), str(ROOT)]

import numpy as np  # noqa: E402  # the paths come first
from _hearing_sounds import level  # noqa: E402
from cleaner.network import kept, teach  # noqa: E402
from cleaner.sounds import VOICES, Job, Wave, pair, speak  # noqa: E402

WEIGHTS = ROOT / "companion" / "hearing" / "cleaner.npz"
SETS = ("tune", "tune2", "tune3", "tune4", "tune5")
SHORT = (
    "yes|no|stop|next|pause|resume|repeat|one|two|three|four|five|six|seven|eight|nine|ten|go on|go back|louder|slower|"
    "faster|quieter|help|more|source|goodbye|question five|fact three|yes please|no thanks"
).split("|")
SHARE_SHORT, LONGEST = 0.3, 12
"""How many sentences are a single short reply, and the most words of the others."""
SENTENCES, COPIES, EPOCHS, SEED = 3000, 4, 4.0, 2
BABBLE = 40
"""Sentences that babble is made of."""


def texts() -> list[str]:
    """What people ask: the lines of the tuning sets for understanding."""
    found: set[str] = set()
    for name in SETS:
        with (ROOT / "tests" / "data" / f"understanding_{name}.tsv").open(encoding="utf-8", newline="") as file:
            found |= {row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}
    return sorted(found)


def jobs(count: int, seed: int) -> list[Job]:
    """Which sentence is spoken by which voice."""
    random, long = np.random.default_rng(seed), texts()
    out = []
    for n in range(count):
        among: Sequence[str] = SHORT if random.random() < SHARE_SHORT else long
        words = among[int(random.integers(len(among)))].split()[:LONGEST]
        out.append(Job(VOICES[random.integers(len(VOICES))], " ".join(words), seed * 1_000_000 + n, COPIES))
    return out


def talk(seed: int) -> list[Wave]:
    """Sentences for babble."""
    random, long = np.random.default_rng(seed + 1), texts()
    spoken = []
    for _ in range(BABBLE):
        try:
            wave = speak(VOICES[random.integers(len(VOICES))], long[random.integers(len(long))], random)
        except Exception:  # a voice that is not there is left out
            continue
        spoken.append(wave / level(wave))
    return spoken


def main() -> int:
    """Speak, teach, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sentences", type=int, default=SENTENCES)
    parser.add_argument("--epochs", type=float, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, help="where the weights go")
    parser.add_argument("--write", action="store_true", help="write companion/hearing/cleaner.npz")
    options = parser.parse_args()
    began = time.monotonic()
    others = talk(options.seed)
    with get_context("spawn").Pool(os.cpu_count()) as pool:
        pairs = [p for p in pool.imap(partial(pair, talk=others), jobs(options.sentences, options.seed), 8) if p]
    if not pairs:
        print("error: There is no voice. Install flite, festival or espeak-ng.", file=sys.stderr)
        return 1
    frames = sum(len(heard) for p in pairs for heard in p.heard)
    took = time.monotonic() - began
    print(f"{len(pairs)} sentences, {frames / 360_000:.1f} hours, spoken in {took:.0f} s", flush=True)
    weights, error = teach(pairs, options.epochs, options.seed, partial(print, flush=True))
    print(f"off by {error:.3f} at last; {time.monotonic() - began:.0f} s in all")
    if out := WEIGHTS if options.write else options.out:
        np.savez(out, allow_pickle=False, **kept(weights))
    return 0


if __name__ == "__main__":
    sys.exit(main())
