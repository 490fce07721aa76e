"""The player on real PortAudio and a virtual sound card: what was heard is what counts."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr
from virtual_sound import RATE, VirtualSoundCard

PROGRAM = Path(__file__).with_name("player_program.py")
OWN = 22_050


class Player:
    """The program, its commands as methods; ``lines`` collects everything it printed."""

    def __init__(self, card: VirtualSoundCard, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            env=card.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._printed: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def do(self, command: str) -> list[str]:
        """Send a command; what was printed until it was done."""
        assert self.process.stdin
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        new: list[str] = []
        while (line := self._line()) != "done":
            new.append(line)
        self.lines += new
        return new

    def _line(self) -> str:
        try:
            line = self._printed.get(timeout=30)
        except queue.Empty:
            raise AssertionError(f"the program fell silent after {self.lines[-5:]}") from None
        assert line, "the program ended"
        return line.strip()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stream:
            for line in stream:
                self._printed.put(line)
        self._printed.put("")

    def play(self, samples: np.ndarray, rate: int = OWN) -> None:
        self._count += 1
        path = self._folder / f"{self._count}.npy"
        np.save(path, samples.astype(np.float32))
        self.do(f"play {path} {rate}")

    def wait_for(self, start: str) -> str:
        """Until a line that starts so comes; also one that came already."""
        while not any(line.startswith(start) for line in self.lines):
            self.lines.append(self._line())
        return next(line for line in self.lines if line.startswith(start))

    def quit(self) -> str:
        """End it; what it wrote on stderr."""
        assert self.process.stdin and self.process.stderr
        self.process.stdin.close()
        with self.process.stderr as stream:
            error = stream.read()
        assert self.process.wait(20) == 0, error
        return error


@pytest.fixture
def player(sound_card: VirtualSoundCard, tmp_path: Path) -> Iterator[Player]:
    made = Player(sound_card, tmp_path)
    try:
        assert made.do("open") == [f"rate {OWN}"]
        yield made
        made.do("close")
        # Debian's PortAudio writes of failed calls on the process's standard error, past Python.
        assert [line for line in made.quit().splitlines() if not line.startswith("Expression ")] == []
    finally:
        made.process.kill()
        made.process.wait()


def noise(seconds: float, rate: int = OWN) -> np.ndarray:
    """Noise below 1 kHz, the same every time: any piece of it can be found in the whole.

    So low that the part of a sample by which two clocks differ does not show in a correlation.
    """
    rng = np.random.default_rng(7)
    spectrum = np.fft.rfft(rng.standard_normal(round(seconds * rate)))
    spectrum[round(1000 * seconds) :] = 0
    wave = np.fft.irfft(spectrum, round(seconds * rate))
    return (0.4 * wave / np.abs(wave).max()).astype(np.float32)


def at_card(samples: np.ndarray, rate: int = OWN) -> np.ndarray:
    return np.asarray(soxr.resample(samples.astype(np.float64), rate, RATE, quality="HQ"))


def loud(samples: np.ndarray) -> tuple[int, int]:
    """First and last sample above the silence."""
    where = np.flatnonzero(np.abs(samples.astype(np.int32)) > 40)
    return (int(where[0]), int(where[-1])) if len(where) else (0, 0)


def place(piece: np.ndarray, whole: np.ndarray) -> tuple[int, float]:
    """Where in ``whole`` a piece of it lies, in samples, and how well it fits (correlation, at most 1)."""
    size = 1 << (len(whole) + len(piece)).bit_length()
    product = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(piece, size)), size)
    lag = int(np.argmax(product))
    lag = lag - size if lag > size // 2 else lag
    start = max(lag, 0)
    other = whole[start : lag + len(piece)]
    mine = piece[start - lag : start - lag + len(other)].astype(np.float64)
    return lag, float(np.dot(other, mine) / (np.linalg.norm(other) * np.linalg.norm(mine)))


def test_what_is_played_is_heard_whole(sound_card: VirtualSoundCard, player: Player) -> None:
    wave = noise(2.0)
    with sound_card.record_loudspeaker() as heard:
        player.play(wave)
        assert player.do("wait")[-1] == "waited True"
        heard.wait_for_silence(0.5)
    lag, fit = place(at_card(wave), heard.samples.astype(np.float64))
    assert lag > 0 and fit > 0.999
    assert player.lines.count("end True") == 1
    first, last = loud(heard.samples)
    assert abs((last - first) / RATE - 2.0) < 0.02


def test_thirty_pieces_are_one_sound(sound_card: VirtualSoundCard, player: Player) -> None:
    wave = noise(6.0)
    with sound_card.record_loudspeaker() as heard:
        for piece in np.array_split(wave, 30):
            player.play(piece)
        assert player.do("wait")[-1] == "waited True"
        heard.wait_for_silence(0.5)
    _, fit = place(at_card(wave), heard.samples.astype(np.float64))
    assert fit > 0.999
    assert player.lines.count("end True") == 30


def test_stop_is_silence(sound_card: VirtualSoundCard, player: Player) -> None:
    wave = noise(5.0)
    with sound_card.record_loudspeaker() as heard:
        player.play(wave)
        player.play(wave)
        assert heard.wait_for_sound()
        heard.wait_for(heard.seconds + 0.5)
        asked = len(heard.samples)
        player.do("stop")
        assert heard.wait_for_silence(0.6)
        first, last = loud(heard.samples)
        # A quarter of a second is a bound for a machine under any load; the figure as measured is some 36 ms.
        assert last - asked < RATE // 4
        assert (last - first) / RATE < 2.0
        # The end is a ramp, not a cliff: the last 2 ms are quieter than those 10 ms before.
        tail = np.abs(heard.samples[last - 600 : last + 1].astype(np.float64))
        assert tail[-60:].mean() < 0.7 * tail[:200].mean()
        player.wait_for("end False")
        assert player.do("wait")[-1] == "waited True"
        assert player.lines.count("end False") == 2
        # And the next piece plays as if nothing had been.
        before = len(heard.samples)
        player.play(noise(0.5))
        player.do("wait")
        heard.wait_for_silence(0.4)
    _, fit = place(at_card(noise(0.5)), heard.samples[before:].astype(np.float64))
    assert fit > 0.999


def test_pause_and_resume_lose_nothing(sound_card: VirtualSoundCard, player: Player) -> None:
    wave = noise(3.0)
    whole = at_card(wave)
    with sound_card.record_loudspeaker() as heard:
        player.play(wave)
        assert heard.wait_for_sound()
        heard.wait_for(heard.seconds + 0.8)
        player.do("pause")
        assert heard.wait_for_silence(0.5)
        held = len(heard.samples)
        first, last = loud(heard.samples[:held])
        assert "end True" not in player.lines
        player.do("resume")
        assert player.do("wait")[-1] == "waited True"
        heard.wait_for_silence(0.5)
    again, end = loud(heard.samples[held:])
    one, fit_one = place(heard.samples[first:last].astype(np.float64), whole)
    two, fit_two = place(heard.samples[held + again : held + end].astype(np.float64), whole)
    assert fit_one > 0.99 and fit_two > 0.99
    # The second part begins where the first ended, or up to a ramp before; and ends with the sound.
    assert -0.008 < (two - (one + last - first)) / RATE < 0.001
    assert abs(two + end - again - len(whole)) / RATE < 0.01


def test_other_rates_are_converted_and_volume_scales(sound_card: VirtualSoundCard, player: Player) -> None:
    wave = noise(1.0, 44_100)
    with sound_card.record_loudspeaker() as heard:
        player.play(wave, 44_100)
        player.do("wait")
        heard.wait_for_silence(0.4)
        middle = len(heard.samples)
        player.do("volume 0.25")
        player.play(wave, 44_100)
        player.do("wait")
        heard.wait_for_silence(0.4)
    full, quarter = heard.samples[:middle].astype(float), heard.samples[middle:].astype(float)
    assert place(at_card(wave, 44_100), full)[1] > 0.99
    assert np.abs(quarter).max() == pytest.approx(np.abs(full).max() / 4, rel=0.1)


def test_a_lost_device_is_told_and_taken_up_again(sound_card: VirtualSoundCard, player: Player) -> None:
    with sound_card.record_loudspeaker() as heard:
        player.play(noise(8.0))
        assert heard.wait_for_sound()
        sound_card.remove_loudspeaker()
        assert "loudspeaker" in player.wait_for("lost")
        player.wait_for("end False")
    assert player.do("wait")[-1].startswith("error The loudspeaker was lost.")
    assert player.do("reopen")[-1].startswith("error ")
    player.lines.clear()
    player.play(noise(0.2))
    assert player.lines[-1].startswith("error The loudspeaker")
    sound_card.restore_loudspeaker()
    assert player.do("reopen") == []
    with sound_card.record_loudspeaker() as heard:
        player.play(noise(1.0))
        assert player.do("wait")[-1] == "waited True"
        heard.wait_for_silence(0.4)
    # That it is our noise, not that none of it was lost: on a busy machine the new card drops some (0.80 was seen, and
    # other noise gives about 0).
    assert place(at_card(noise(1.0)), heard.samples.astype(np.float64))[1] > 0.5


def test_an_unknown_device_is_an_error_that_names_those_there_are(sound_card: VirtualSoundCard, tmp_path: Path) -> None:
    player = Player(sound_card, tmp_path)
    line = player.do("open nonsense")[-1]
    assert line.startswith("error There is no loudspeaker 'nonsense'. There are: 0 default")
    player.quit()


def test_no_device_at_all_is_one_sentence(sound_card: VirtualSoundCard, tmp_path: Path) -> None:
    sound_card.remove_loudspeaker()
    player = Player(sound_card, tmp_path)
    assert player.do("open")[0].startswith("error The loudspeaker could not be opened.")
    assert "Traceback" not in player.quit()
