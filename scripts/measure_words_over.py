"""Words over the companion's voice (``--barge-in words``): found, taken for others, and falsely found.

Simulated: narration through a room's echo at -10 dB below the words, a little noise, the real canceller and spotter.
Arguments: a folder with recordings of people (manifest.tsv). What was tuned on is counted apart. Needs flite.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
RATE, LEVEL, DECIBELS, GAP = 16_000, 0.05, -10, 3.3
VOICES = ((None, 120, 1), (None, 200, 2), ("en-gb", 120, 3), ("en-us+f3", 140, 4), ("en-gb+m3", 100, 5))
"""Voice, rate and room of each narration: half an hour together."""
TUNED = ("flite slt", "stop_1fe4", "stop_68dd", "stop_7add", "jackson", "barista", "gsc_no", "sb_spk")
SPOKEN = ("stop", "pause", "next", "repeat", "slower", "faster", "louder", "quieter", "wait", "hold on", "slow down")
FOREIGN = {"oov_word", "oov_sentence", "number", "near_command", "oov_sentence_slots", "oov_with_number"}
Floats = Any


def main() -> int:
    """Print what was found."""
    from companion.dialogue.armed import ARMED
    from companion.hearing.spotter import WordSpotter

    spotter = WordSpotter(tuple(ARMED))
    seconds, false = 0.0, []
    for voice, rate, seed in VOICES:
        sound = _narration(voice, rate)
        found = _heard(sound, _leak(sound, seed), spotter)
        seconds += len(sound) / RATE
        false += [word for _, word in found]
    print(
        f"{seconds / 60:.0f} minutes of narration alone, five voices and rooms: {len(false)} false {false}", flush=True
    )
    words, others = _words(), []
    for folder in map(Path, sys.argv[1:]):
        people = _people(folder)
        words += [p for p in people if p[0]]
        others += [p for p in people if not p[0]]
    print("said over it:")
    _over(words + others, spotter)
    return 0


def _over(spoken: list[tuple[str, str, Floats]], spotter: Any) -> None:
    from companion.dialogue.armed import ARMED

    sound = _narration(None, 120)
    sound = np.tile(sound, 1 + int(sum(len(s) / RATE + GAP for _, _, s in spoken) * RATE / len(sound)))
    near, at, places = _leak(sound, 1), 12 * RATE, []
    for word, name, said in spoken:
        near[at : at + len(said)] += said / _active(said) * LEVEL
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
    played.put((sound[:RATE] * 0.1).astype(np.float32), RATE, 0.0)
    for start in range(0, len(near) - RATE, 1_600):
        end = start + 1_600
        ahead = sound[end + RATE - 1_600 : end + RATE]
        played.put((ahead * 0.1).astype(np.float32), RATE, (end + RATE - 1_600) / RATE)
        block = (np.clip(near[start:end], -1, 1) * 32_767).astype(np.int16)
        for piece in ears.push(block, end / RATE, speaking=True):
            spotter.accept(piece)
            if text := spotter.finish().text:
                found.append((end, text))
    return found


def _leak(sound: Floats, seed: int) -> Floats:
    """The narration as it comes back from a room, 64 ms later, with noise."""
    random = np.random.default_rng(seed)
    size = round((0.3 + 0.05 * seed) * RATE)
    tail = random.normal(0, 1, size) * 10 ** (-3 * np.arange(size) / size)
    tail[0] = 4
    whole = np.concatenate([np.zeros(round(0.064 * RATE)), tail])
    length = 1 << (len(sound) + len(whole)).bit_length()
    back = np.fft.irfft(np.fft.rfft(sound, length) * np.fft.rfft(whole, length), length)[: len(sound)]
    leak: Floats = back / _active(back) * LEVEL * 10 ** (DECIBELS / 20) + random.normal(0, 3e-4, len(sound))
    return leak


def _narration(voice: str | None, rate: int) -> Floats:
    from companion.content import load_pack
    from companion.events import SpeechSettings
    from companion.speaking.pyttsx3_voice import Pyttsx3Voice
    from companion.text.sentences import split

    pack = load_pack()
    with Pyttsx3Voice(pack.speech, spare=False) as made:
        texts = [s for item in pack.items for text in (item.short, *item.more) for s in split(text)]
        pieces = [made.render(text, SpeechSettings(rate=rate, voice=voice)) for text in texts]
    sound = np.concatenate([soxr.resample(p.samples, p.rate, RATE) for p in pieces])
    return sound / _active(sound)


def _words() -> list[tuple[str, str, Floats]]:
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for word in SPOKEN:
            for voice in ("slt", "rms", "awb"):
                path = Path(folder) / "word.wav"
                subprocess.run(["flite", "-voice", voice, "-t", word, "-o", str(path)], check=True)
                out.append((word, f"{word}: flite {voice}", _read(path)))
    return out


def _people(folder: Path) -> list[tuple[str, str, Floats]]:
    """People's armed words, and with "" for the word what is none of them."""
    out = []
    for line in (folder / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, text, _, kind, *_ = line.split("\t")
        armed = text in SPOKEN
        if armed or kind in FOREIGN or text in {"yes", "no"}:
            out.append((text if armed else "", name.removesuffix(".wav"), _read(folder / name)))
    return out


def _read(path: Path) -> Floats:
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    return soxr.resample(samples[:, 0], rate, RATE)


def _active(sound: Floats) -> float:
    """Root mean square of the frames that are not silent."""
    frames = sound[: len(sound) // 480 * 480].reshape(-1, 480)
    levels = np.sqrt((frames**2).mean(1))
    return float(np.sqrt((levels[levels > levels.max() * 0.1] ** 2).mean()))


if __name__ == "__main__":
    sys.exit(main())
