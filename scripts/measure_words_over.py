"""Words over the companion's voice (``--barge-in words``): found, taken for others, and falsely found.

    .venv/bin/python scripts/measure_words_over.py [--leak DB] [--beside DB] [FOLDER …]

Simulated: narration through a room's echo, a little noise, the real canceller and spotter. A folder holds recordings of
people (manifest.tsv). What was tuned on is counted apart. Needs flite.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
SCRIPTS = Path(__file__).resolve().parent
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parent)]

import numpy as np  # noqa: E402  # after the number of threads
from _over_sounds import BLOCK, RATE, VOICES, Floats, blocks, leak, narration, read, synthesised  # noqa: E402

GAP = 3.3
TUNED = ("flite slt", "stop_1fe4", "stop_68dd", "stop_7add", "jackson", "barista", "gsc_no", "sb_spk")
SPOKEN = ("stop", "pause", "next", "repeat", "slower", "faster", "louder", "quieter", "wait", "hold on", "slow down")
FOREIGN = {"oov_word", "oov_sentence", "number", "near_command", "oov_sentence_slots", "oov_with_number"}


def main() -> int:
    """Print what was found."""
    from companion.dialogue.armed import ARMED
    from companion.hearing.spotter import WordSpotter

    parser = argparse.ArgumentParser(description="Words over the companion's voice.")
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="recordings of people")
    parser.add_argument("--leak", type=float, default=-10, help="its voice against the words, in dB (default: -10)")
    parser.add_argument("--beside", type=float, default=0, help="other talk against the words, in dB (default: 0)")
    chosen = parser.parse_args()
    spotter = WordSpotter(tuple(ARMED))
    seconds, false = 0.0, []
    for voice, rate, seed in VOICES:
        sound = narration(voice, rate)
        found = _heard(sound, leak(sound, seed, chosen.leak), spotter)
        seconds += len(sound) / RATE
        false += [word for _, word in found]
    print(
        f"{seconds / 60:.0f} minutes of narration alone, five voices and rooms: {len(false)} false {false}", flush=True
    )
    words, others = synthesised(SPOKEN), list[tuple[str, str, Floats]]()
    for folder in chosen.folders:
        people = _people(folder)
        words += [p for p in people if p[0]]
        others += [("", name, said * 10 ** (chosen.beside / 20)) for word, name, said in people if not word]
    print("said over it:")
    _over(words + others, spotter, chosen.leak)
    return 0


def _over(spoken: list[tuple[str, str, Floats]], spotter: Any, decibels: float) -> None:
    from companion.dialogue.armed import ARMED

    sound = narration(None, 120)
    sound = np.tile(sound, 1 + int(sum(len(s) / RATE + GAP for _, _, s in spoken) * RATE / len(sound)))
    near, at, places = leak(sound, 1, decibels), 12 * RATE, []
    for word, name, said in spoken:
        near[at : at + len(said)] += said
        places.append((at, at + len(said) + RATE, word, name))
        at += len(said) + int(GAP * RATE)
    found = _heard(sound[:at], near[:at], spotter)
    for tuned in (True, False):
        told: dict[str, list[str]] = {"right": [], "missed": [], "another": [], "acted": [], "ignored": []}
        for begin, end, word, name in places:
            if tuned != any(t in name for t in TUNED):
                continue
            heard = [text for moment, text in found if begin <= moment <= end]
            commands = {ARMED[text] for text in heard}
            if word:
                kind = "right" if commands == {ARMED[word]} else "another" if commands else "missed"
            else:
                kind = "acted" if commands - {"resume"} else "ignored"
            told[kind].append(f"{name} {heard}" if heard else name)
        print("tuned on:" if tuned else "not tuned on:", {kind: len(names) for kind, names in told.items()})
        for kind in ("missed", "another", "acted"):
            print(f"  {kind}: {'; '.join(told[kind])}", flush=True)


def _heard(sound: Floats, near: Floats, spotter: Any) -> list[tuple[int, str]]:
    """(sample, word) of what was found."""
    from companion.hearing.echo import Played
    from companion.hearing.overheard import Overheard

    played, found = Played(), []
    ears = Overheard(played)
    asked = (synthesised(("what is metastasis",))[0][2] * 32_767).astype(np.int16)
    rows = asked[: len(asked) // BLOCK * BLOCK].reshape(-1, BLOCK)
    for number, row in enumerate(rows):  # the listener's question, by which their level is known
        ears.push(row, (number + 1 - len(rows)) * BLOCK / RATE, speaking=False)
    for end, block in blocks(sound, near, played):
        for piece in ears.push(block, end, speaking=True):
            spotter.accept(piece)
            if text := spotter.finish().text:
                found.append((round(end * RATE), text))
    return found


def _people(folder: Path) -> list[tuple[str, str, Floats]]:
    """People's armed words, and with "" for the word what is none of them."""
    out = []
    for line in (folder / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, text, _, kind, *_ = line.split("\t")
        armed = text in SPOKEN
        if armed or kind in FOREIGN or text in {"yes", "no"}:
            out.append((text if armed else "", name.removesuffix(".wav"), read(folder / name)))
    return out


if __name__ == "__main__":
    sys.exit(main())
