"""The measurements themselves."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from companion.bench.machine import cost
from companion.bench.measures import Measure, measures
from companion.bench.rig import Rig
from companion.content.types import Pack
from companion.events import SpeechSettings
from companion.ports import SAMPLE_RATE

Rows = dict[tuple[str, str], list[float]]
TIMES = 5
"""Starts, and losses of the loudspeaker, at most."""
IDLE = 5.0
"""Seconds over which idle listening is weighed."""
TEXT, DECISION = ("end of speech to text, endpoint silence included", "ms"), ("endpoint to decision", "ms")
HEARD, SOUND = ("endpoint to text", "ms"), ("endpoint to first sound", "ms")
SILENCE, AGAIN = ("key to silence", "ms"), ("key to first sound", "ms")
LOST = ("loudspeaker lost to said", "ms")
TEXT_PROMPT, SPOKEN_PROMPT = ("start to first prompt in text", "ms"), ("start to first prompt aloud", "ms")
FACTOR = ("recogniser's work per second of sound", "s")
IDLE_CPU, BUSY_CPU = ("one core while idle", "%"), ("one core while listening to speech", "%")
UNDERSTOOD = ("questions answered or asked back", "of all")


def converse(rig: Rig, pack: Pack, turns: int, say: Callable[[str], None]) -> Rows:
    """Ask, hold, go on, stop: ``turns`` times."""
    rows: Rows = {k: [] for k in (TEXT, HEARD, DECISION, SOUND, SILENCE, AGAIN, LOST, FACTOR, IDLE_CPU, BUSY_CPU)}
    asked = [_spoken(rig, question.question) for question in pack.questions]
    rig.quiet()
    _idle(rig, rows)
    good = 0
    for turn in range(turns):
        good += _turn(rig, asked[turn % len(asked)], rows)
        if (turn + 1) % 10 == 0:
            say(f"{turn + 1} of {turns} turns.")
    rows[FACTOR] = [rig.recognizer.busy / max(rig.recognizer.audio, 0.001)]
    rows[UNDERSTOOD] = [good / turns]
    return rows


def losses(rig: Rig, rows: Rows, times: int) -> None:
    """Let the loudspeaker's stream end in the middle of a sentence, as a device does that is unplugged."""
    for _ in range(min(times, TIMES)):
        rig.quiet()
        began = time.monotonic()
        rig.session.key("h")
        rig.until(lambda since=began: rig.first_sound(since))  # type: ignore[misc] # the default binds this turn's moment
        lost = time.monotonic()
        rig.player.unplug()
        if (said := rig.until(lambda since=lost: rig.line("The loudspeaker is gone.", since))) is not None:  # type: ignore[misc] # as above
            rows[LOST].append((said - lost) * 1000)
        rig.until(lambda since=lost: rig.line("The loudspeaker is back.", since))  # type: ignore[misc] # as above
        rig.session.key("s")


def starts(rows: Rows, times: int, arguments: list[str]) -> None:
    """Start the program anew, in text and aloud, and wait for its first prompt."""
    rows[TEXT_PROMPT], rows[SPOKEN_PROMPT] = [], []
    for _ in range(min(times, TIMES)):
        for name, more in ((TEXT_PROMPT, ["--text"]), (SPOKEN_PROMPT, ["bench", "--first-prompt"])):
            began = time.monotonic()
            program = subprocess.Popen(
                [sys.executable, "-m", "companion", "--quiet", *arguments, *more],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            assert program.stdout is not None
            line = program.stdout.readline()
            now = time.monotonic()
            program.communicate()
            if name == SPOKEN_PROMPT:
                # The child tells the moment by the same clock, since a sound can't be seen from here.
                now = float(line) if line.strip() else float("nan")
            if line.strip():
                rows[name].append((now - began) * 1000)


def soak(rig: Rig, pack: Pack, seconds: float, say: Callable[[str], None]) -> list[dict[str, float]]:
    """Converse for long, and weigh once a minute and at the end; [] where that can't be done."""
    asked = [_spoken(rig, question.question) for question in pack.questions]
    rows: list[dict[str, float]] = []
    began, turn, good = time.monotonic(), 0, 0

    def weigh() -> None:
        if (now := cost()) is not None:
            rows.append(
                {"seconds": round(time.monotonic() - began), "turns": turn, "understood": good,
                 "memory_mb": round(now.memory, 1), "threads": now.threads, "files": now.files,
                 "temporary": now.folders}
            )  # fmt: skip
            say(", ".join(f"{k} {v}" for k, v in rows[-1].items()))

    weigh()
    while time.monotonic() - began < seconds:
        ignored: Rows = {k: [] for k in (TEXT, HEARD, DECISION, SOUND, SILENCE, AGAIN, BUSY_CPU)}
        good += _turn(rig, asked[turn % len(asked)], ignored)
        turn += 1
        if time.monotonic() - began >= 60.0 * len(rows):
            weigh()
    weigh()
    return rows


def as_measures(rows: Rows) -> tuple[Measure, ...]:
    """The rows that hold anything."""
    return measures(rows)


def _spoken(rig: Rig, text: str) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    import soxr

    pcm = rig.voice.render(text, SpeechSettings(rate=140))
    loud = np.flatnonzero(np.abs(pcm.samples) > 0.01)  # silence at the ends is no speech
    samples = pcm.samples[loud[0] : loud[-1]] if len(loud) else pcm.samples
    return np.asarray(soxr.resample(samples, pcm.rate, SAMPLE_RATE) * 20_000).astype(np.int16)


def _idle(rig: Rig, rows: Rows) -> None:
    before, began = cost(), time.monotonic()
    time.sleep(IDLE)
    after = cost()
    if before is not None and after is not None and not rig.session.deaf():
        rows[IDLE_CPU].append((after.cpu - before.cpu) / (time.monotonic() - began) * 100)


def _turn(rig: Rig, question: np.ndarray[tuple[int], np.dtype[np.int16]], rows: Rows) -> bool:
    """One question, cut short by keys; whether it was understood."""
    rig.quiet()
    before, began = cost(), time.monotonic()
    rig.microphone.say(question)
    if rig.until(lambda: rig.heard_at if rig.heard_at > began else None, len(question) / SAMPLE_RATE + 20) is None:
        return False
    after = cost()
    if before is not None and after is not None:
        rows[BUSY_CPU].append((after.cpu - before.cpu) / (time.monotonic() - began) * 100)
    heard, endpoint = rig.heard_at, rig.recognizer.endpoint_at
    rows[TEXT].append((heard - rig.microphone.ended_at) * 1000)
    rows[HEARD].append((heard - endpoint) * 1000)
    sounded = rig.until(lambda: rig.first_sound(endpoint), 5.0)
    if sounded is None:
        return False  # nothing was recognised, so nothing is said
    rows[DECISION].append((rig.router.decided_at - endpoint) * 1000)
    rows[SOUND].append((sounded - endpoint) * 1000)
    decision = rig.router.decision
    time.sleep(0.5)
    _hold(rig, rows)
    rig.session.key("s")
    return decision is not None and decision.kind in {"answer", "confirm"}


def _hold(rig: Rig, rows: Rows) -> None:
    pressed = time.monotonic()
    rig.session.key(" ")
    silent = rig.until(lambda: rig.last_sound(pressed))
    again = time.monotonic()
    rig.session.key(" ")
    sounded = rig.until(lambda: rig.first_sound(again))
    if silent is not None and sounded is not None:
        rows[SILENCE].append((silent - pressed) * 1000)
        rows[AGAIN].append((sounded - again) * 1000)
