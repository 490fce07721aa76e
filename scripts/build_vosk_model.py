"""Make a Vosk model for a pack from synthesised speech: real files that the real libvosk loads.

    python scripts/build_vosk_model.py FOLDER [--pack DIR] [--large | --people | --replies]

Needs the programs flite and espeak-ng (Debian: apt-get install flite espeak-ng) and no network. The small model takes
about a minute on two cores, and hears what the pack's phrases are made of; equal words give equal files. It is made for
the tests, kept in a cache by what it is made from. models/README.md says how well it hears, and whom. ``--people``
hears whole questions, by a deeper network that was taught much more; ``--replies`` numbers, yes and no, and commands
only. Both are spoken to by festival's voices ked and slt, too, where they are (festival, festvox-kdlpc16k,
festvox-us-slt-hts).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# One thread: with more, sums are taken in another order, and beside other work it is slower.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parent
PROGRAMS = ("flite", "espeak-ng")


def main() -> int:
    """Make a model, and say where it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the model goes; must not be there yet")
    parser.add_argument("--pack", type=Path, help="a pack's folder; ours when left out")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--large", action="store_true", help="more speech, a larger network: 6 minutes on two idle cores")
    size.add_argument("--people", action="store_true", help="whole questions, a time-delay network: 30 minutes")
    size.add_argument("--replies", action="store_true", help="numbers, yes and no, commands only: 11 minutes")
    options = parser.parse_args()
    if missing := [p for p in PROGRAMS if shutil.which(p) is None]:
        print(f"error: {missing[0]} is not there. For example: apt-get install {missing[0]}.", file=sys.stderr)
        return 1
    if options.folder.exists():
        print(f"error: {options.folder} is there already. Name a new folder.", file=sys.stderr)
        return 1
    sys.path[:0] = [str(SCRIPTS), str(ROOT)]
    from vosk_model import people, replies
    from vosk_model.build import LARGE, SMALL, build

    from companion.content import load_pack
    from companion.understanding.phrases import phrases

    if options.replies:
        replies.build(options.folder, replies.Plan(), print)
    elif options.people:
        people.build(options.folder, load_pack(options.pack), people.Plan(), print)
    else:
        build(phrases(load_pack(options.pack)), options.folder, LARGE if options.large else SMALL, print)
    print(f"The model is in {options.folder}.")
    return 0


def build_cached(cache: Path) -> Path | None:
    """The small model of our own pack, from the cache or made now in a process of its own.

    Args:
        cache: Folder of models, each named by what it was made from.

    Returns:
        Its folder; None where a program that it needs is missing.

    Raises:
        RuntimeError: It could not be made, though all is there.

    """
    if any(shutil.which(p) is None for p in PROGRAMS):
        return None
    packs = (ROOT / "companion" / "packs").rglob("*.toml")
    sources = sorted([Path(__file__), *(SCRIPTS / "vosk_model").glob("*.py"), *packs])
    sources.append(ROOT / "companion" / "understanding" / "phrases.py")
    key = hashlib.sha256(b"".join(p.read_bytes() for p in sources)).hexdigest()[:16]
    place = cache / key
    if place.is_dir():
        return place
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        made = Path(folder) / "model"
        done = subprocess.run(
            [sys.executable, __file__, str(made)], capture_output=True, text=True, check=False, timeout=1200
        )
        if done.returncode:
            raise RuntimeError(f"The Vosk model could not be made: {done.stderr.strip()[-800:]}")
        if not place.is_dir():
            made.rename(place)
    return place


if __name__ == "__main__":
    sys.exit(main())
