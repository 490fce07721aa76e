"""Make ``tests/data/understanding_heard.tsv``: what real recognisers make of the report set's lines, spoken.

    python scripts/make_heard_set.py [--every N] [--out FILE]

Needs flite (Debian: apt-get install flite). Every Nth line of ``tests/data/understanding_report.tsv`` in natural
wording is spoken by a voice of flite (slt, rms, awb, kal16 in turn) and heard by PocketSphinx in three ways:

- ``heard_general``: with its bundled language model, as a recogniser that knows nothing of the pack would;
- ``heard_pack``: as Companion hears it, with the pack's language model;
- ``heard_noise``: the same with white noise at 15 dB.

"trusted" is "no" where the recogniser doubted its own words: such a line is asked about, never answered at once. Lines
of which nothing is left are dropped. The result is for reporting only, like the set that it comes from.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.atomic import atomic_write_text  # noqa: E402  # runs from a checkout too
from companion.content import load_pack  # noqa: E402
from companion.hearing.pocketsphinx import PocketSphinxRecognizer  # noqa: E402
from companion.understanding.normal import tokens  # noqa: E402
from companion.understanding.phrases import as_asked, phrases  # noqa: E402

REPORT = ROOT / "tests" / "data" / "understanding_report.tsv"
HEARD = ROOT / "tests" / "data" / "understanding_heard.tsv"
SPOKEN = frozenset("verbatim_like paraphrase terse oos_near oos_far urgent advice command symptom_general".split())
"""Kinds that are natural wording; what is misheard or mistyped on paper is no text to speak."""
VOICES = ("slt", "rms", "awb", "kal16")
RATE = 16_000
NOISE_DB = 15.0
LEAD = RATE // 4
"""Samples of silence before and after."""

Sound = NDArray[np.int16]


def speak(text: str, voice: str, folder: Path) -> Sound:
    """The text as 16 kHz mono int16."""
    path = folder / "line.wav"
    subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True, capture_output=True, timeout=60)
    sound, rate = soundfile.read(path, dtype="float32")
    if rate != RATE:
        sound = soxr.resample(sound, rate, RATE)
    padded = np.pad(0.7 * sound / max(1e-6, float(np.abs(sound).max())), LEAD)
    return (32_767 * padded).astype(np.int16)


def with_noise(sound: Sound, decibels: float, seed: int) -> Sound:
    """White noise at a ratio to the sound's mean power, the same for the same seed."""
    clean = sound.astype(np.float64)
    power = float(np.mean(clean**2)) / 10 ** (decibels / 10)
    noisy = clean + np.random.default_rng(seed).normal(0.0, np.sqrt(power), len(clean))
    return np.clip(noisy, -32_768, 32_767).astype(np.int16)


def hear(recognizer: PocketSphinxRecognizer, sound: Sound) -> tuple[str, bool]:
    """What the recogniser with the pack's language model makes of it, and whether it trusts that."""
    recognizer.reset()
    for at in range(0, len(sound), RATE // 10):
        recognizer.accept(sound[at : at + RATE // 10])
    found = recognizer.finish()
    return found.text, found.trusted


def hear_generally(decoder: Any, sound: Sound) -> str:
    """What PocketSphinx makes of it with its bundled language model."""
    decoder.start_utt()
    decoder.process_raw(sound.tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return str(found.hypstr) if found else ""


def rows(every: int, folder: Path) -> Iterator[tuple[str, str, str, str, bool, str]]:
    """(id, expected, kind, heard, trusted, said) for each line and way of hearing."""
    import pocketsphinx

    pocketsphinx.set_loglevel("FATAL")
    general = pocketsphinx.Decoder(samprate=float(RATE), loglevel="FATAL")
    pack = load_pack()
    own = PocketSphinxRecognizer(phrases(pack), folder, partials=False, said=as_asked(pack))
    with REPORT.open(encoding="utf-8", newline="") as file:
        lines = [r for r in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if r["kind"] in SPOKEN]
    for n, line in enumerate(lines[::every]):
        sound = speak(line["text"], VOICES[n % len(VOICES)], folder)
        noisy = with_noise(sound, NOISE_DB, zlib.crc32(line["id"].encode()))
        said = line["text"]
        for kind, (heard, trusted) in (
            ("heard_general", (hear_generally(general, sound), True)),
            ("heard_pack", hear(own, sound)),
            ("heard_noise", hear(own, noisy)),
        ):
            inside = line["kind"] not in {"oos_near", "oos_far", "urgent", "advice"}
            group = kind if inside else f"{kind}_{line['kind']}"
            yield line["id"].replace("r", "h", 1), line["expected"], group, heard, trusted, said


def main() -> int:
    """Write the set and print how well the words were heard."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--every", type=int, default=4, help="speak every Nth line")
    parser.add_argument("--out", type=Path, default=HEARD)
    options = parser.parse_args()
    errors: dict[str, list[int]] = {}
    out = ["id\texpected\tkind\ttrusted\ttext"]
    with tempfile.TemporaryDirectory() as name:
        for number, expected, kind, heard, trusted, said in rows(max(1, options.every), Path(name)):
            tally = errors.setdefault("_".join(kind.split("_")[:2]), [0, 0])
            tally[0] += int(Levenshtein.distance(tokens(said), tokens(heard)))
            tally[1] += len(tokens(said))
            if heard.strip():
                out.append(f"{number}\t{expected}\t{kind}\t{'yes' if trusted else 'no'}\t{heard}")
    atomic_write_text(options.out, "\n".join(out) + "\n")
    print(f"{len(out) - 1} lines written to {options.out.name}")
    for kind, (wrong, total) in errors.items():
        print(f"{kind}: word error rate {wrong / max(1, total):.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
