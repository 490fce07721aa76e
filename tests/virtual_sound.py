"""A sound card that needs no hardware: a private PulseAudio with a loudspeaker and a microphone, for tests.

PortAudio reads the ALSA configuration when it starts, so whatever plays or listens runs in a process of its
own with ``card.env`` (or in this one, when ``os.environ`` was updated before ``sounddevice`` was first
imported; the tests here never do that). With the fixture ``sound_card`` of ``conftest.py``::

    def test_it(sound_card):
        with sound_card.record_loudspeaker() as heard:
            program = subprocess.Popen([sys.executable, "-m", "companion"], env=sound_card.env, ...)
            sound_card.play_into_microphone("question.wav")
            ...
        samples = heard.samples        # np.int16, mono, heard.rate Hz

The server is started as the current user, speaks only through a socket in a folder of its own, and is ended
by its pid.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

RATE = 48_000
"""Hz of both ends."""
_PLUGIN = "libasound_module_pcm_pulse.so"
_LOUDSPEAKER = "module-null-sink sink_name=speaker rate=48000 channels=2 norewinds=1"
_RAW = ("--latency-msec=10", "--raw")
_SERVER = (
    *("pulseaudio", "-n", "--system=false", "--daemonize=no", "--exit-idle-time=-1", "--realtime=no"),
    *("--high-priority=no", "--disable-shm=yes", "--disallow-exit", "-F"),
)
_SCRIPT = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name=micfeed rate=48000 channels=1 norewinds=1
load-module module-remap-source source_name=mic master=micfeed.monitor
set-default-source mic
load-module module-cli-protocol-unix socket={cli}
"""
_HUM = 3_300
"""Volume, of 65,536, of a hum in the microphone, two steps of 16 bit: digital silence is one that is switched off."""
_ASOUND = """\
pcm_type.pulse {{ lib "{plugin}" }}
ctl_type.pulse {{ lib "libasound_module_ctl_pulse.so" }}
pcm.default {{
  type asym
  playback.pcm {{ type pulse device "speaker" }}
  capture.pcm {{ type pulse device "mic" }}
  hint {{ show on description "default" }}
}}
"""


def why_not() -> str:
    """Why there can't be a virtual sound card here; "" when there can."""
    missing = [name for name in ("pulseaudio", "pactl", "parec", "paplay") if shutil.which(name) is None]
    if missing:
        packages = "pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"
        return f"no {', '.join(missing)} here (Debian: {packages})"
    if not any(Path("/usr/lib").glob(f"**/alsa-lib/{_PLUGIN}")):
        return "no ALSA plugin for PulseAudio here (Debian: libasound2-plugins)"
    return ""


class Recording:
    """What the loudspeaker played while the recording ran.

    ``samples`` may also be read while it runs: all that has arrived so far.
    """

    rate = RATE

    def __init__(self, env: dict[str, str]) -> None:
        self._parts: list[bytes] = []
        self._process = subprocess.Popen(
            ["parec", "--device=speaker.monitor", "--format=s16le", f"--rate={RATE}", "--channels=1", *_RAW],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def samples(self) -> np.ndarray:
        """int16, mono, 48,000 Hz, shape (n,)."""
        data = b"".join(list(self._parts))
        return np.frombuffer(data[: len(data) // 2 * 2], np.int16)

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE

    def wait_for(self, seconds: float, patience: float = 30.0) -> None:
        """Until that much has been recorded, silence included."""
        end = time.monotonic() + patience
        while self.seconds < seconds and time.monotonic() < end:
            time.sleep(0.01)

    def wait_for_sound(self, patience: float = 30.0, threshold: int = 300) -> bool:
        """Until something louder than ``threshold`` (of 32,767) was recorded; False when nothing came."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if np.any(np.abs(self.samples.astype(np.int32)) > threshold):
                return True
            time.sleep(0.005)
        return False

    def wait_for_silence(self, seconds: float = 1.0, patience: float = 60.0, threshold: int = 300) -> bool:
        """Until the last ``seconds`` were silent; False when they never were."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            last = self.samples[-int(seconds * RATE) :]
            if len(last) >= int(seconds * RATE) and not np.any(np.abs(last.astype(np.int32)) > threshold):
                return True
            time.sleep(0.02)
        return False

    def at_16k(self) -> np.ndarray:
        """The samples at 16,000 Hz, int16, for a recogniser."""
        import soxr

        return np.asarray(soxr.resample(self.samples, RATE, 16_000))

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(5)
        self._thread.join(5)

    def _read(self) -> None:
        stream: IO[bytes] | None = self._process.stdout
        assert stream is not None
        with stream:
            while part := stream.read1(4096):  # type: ignore[attr-defined] # a BufferedReader in fact
                self._parts.append(part)


class VirtualSoundCard:
    """A loudspeaker to record and a microphone to speak into. Use in a ``with`` statement.

    Attributes:
        env: The whole environment for a process that shall have this card, and no other.
        folder: A private folder, gone at the end; ``env["HOME"]`` lies in it.
    """

    def __init__(self) -> None:
        # A socket's path may be 107 characters long: not under pytest's folder.
        self.folder = Path(tempfile.mkdtemp(prefix="companion-card-"))
        run, home = self.folder / "run", self.folder / "home"
        run.mkdir(mode=0o700)
        home.mkdir()
        address = run / "pulse.sock"
        (self.folder / "default.pa").write_text(_SCRIPT.format(socket=address, cli=run / "cli.sock"))
        plugin = next(Path("/usr/lib").glob(f"**/alsa-lib/{_PLUGIN}"), _PLUGIN)
        (self.folder / "asound.conf").write_text(_ASOUND.format(plugin=plugin))
        root = str(Path(__file__).resolve().parent.parent)
        self.env = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(run),
            "HOME": str(home),
            "PULSE_RUNTIME_PATH": str(run),
            "PULSE_SERVER": f"unix:{address}",
            "PULSE_STATE_PATH": str(self.folder),
            "ALSA_CONFIG_PATH": str(self.folder / "asound.conf"),
            "PYTHONPATH": os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH", "")) if p),
        }
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
            self.env.pop(name, None)
        self._server: subprocess.Popen[bytes] | None = None
        self._loudspeaker: str | None = None

    def __enter__(self) -> VirtualSoundCard:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def play_into_microphone(self, wav: str | Path, *, wait: bool = True) -> subprocess.Popen[bytes]:
        """Speak a WAV, FLAC or OGG file into the microphone; returns at its end (``wait``) or at once."""
        player = subprocess.Popen(
            ["paplay", "--latency-msec=50", "--device=micfeed", str(wav)],
            env=self.env,
            stderr=subprocess.PIPE,
        )
        if wait and player.wait(600):
            assert player.stderr is not None
            raise RuntimeError(player.stderr.read().decode())
        return player

    @contextlib.contextmanager
    def record_loudspeaker(self) -> Iterator[Recording]:
        """Record what the loudspeaker plays, from before the block begins to its end."""
        recording = Recording(self.env)
        try:
            recording.wait_for(0.05, 10)  # the recorder is connected
            yield recording
        finally:
            recording.end()

    def remove_loudspeaker(self) -> None:
        """Unplug the loudspeaker: its streams end and it can't be opened. A recording of it falls silent."""
        if self._loudspeaker is not None:
            # Without this the server would move what plays to the sink that feeds the microphone.
            for line in self.pactl("list", "short", "sink-inputs").splitlines():
                if "module-sine" not in line:
                    self._command(f"kill-sink-input {line.split()[0]}")
            self.pactl("unload-module", self._loudspeaker)
            self._loudspeaker = None

    def restore_loudspeaker(self) -> None:
        """Plug it in again."""
        if self._loudspeaker is None:
            self._loudspeaker = self.pactl("load-module", *_LOUDSPEAKER.split()).strip()
            self.pactl("set-default-sink", "speaker")

    def remove_microphone(self) -> None:
        """Unplug the microphone, and its feed."""
        for line in self.pactl("list", "short", "modules").splitlines():
            number, name, *rest = line.split("\t")
            if name == "module-remap-source" or "sink_name=micfeed" in "".join(rest):
                with contextlib.suppress(RuntimeError):
                    self.pactl("unload-module", number)

    def restore_microphone(self) -> None:
        """Plug it in again, where it is not."""
        if "\tmic\t" in self.pactl("list", "short", "sources"):
            return
        for line in _SCRIPT.splitlines():
            if "micfeed" in line:
                self.pactl(*line.split())
        self.pactl("set-default-source", "mic")
        self.mute_microphone(False)

    def mute_microphone(self, mute: bool = True) -> None:
        """Let the microphone give nothing but zeros, as one does that a program may not use; or no longer."""
        for line in self.pactl("list", "short", "modules").splitlines():
            if "module-sine" in line:
                self.pactl("unload-module", line.split()[0])
        if not mute:
            self.pactl("load-module", "module-sine", "sink=micfeed", "frequency=50")
            for line in self.pactl("list", "short", "sink-inputs").splitlines():
                if "module-sine" in line:
                    self.pactl("set-sink-input-volume", line.split()[0], str(_HUM))

    def pactl(self, *arguments: str) -> str:
        """Run pactl on this card's server; what it printed."""
        done = subprocess.run(
            ["pactl", *arguments], env=self.env, capture_output=True, text=True, timeout=20, check=False
        )
        if done.returncode:
            raise RuntimeError(f"pactl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _command(self, line: str) -> None:
        """Give the server's own command line a line; pactl lacks a few."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.folder / "run" / "cli.sock"))
            connection.settimeout(5)
            connection.sendall(f"{line}\n".encode())
            # The prompt comes once before the command and once after it.
            said = b""
            with contextlib.suppress(TimeoutError):
                while said.count(b">>>") < 2 and (part := connection.recv(4096)):
                    said += part

    def close(self) -> None:
        """End the server and remove the folder. Twice is harmless."""
        if self._server is not None:
            self._server.send_signal(signal.SIGTERM)
            try:
                self._server.wait(5)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait(5)
            self._server = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        log = (self.folder / "log").open("wb")
        with log:
            self._server = subprocess.Popen(
                [*_SERVER, str(self.folder / "default.pa")],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 20
        while True:
            try:
                self.restore_loudspeaker()
                self.mute_microphone(False)
                return
            except RuntimeError as error:
                if self._server.poll() is not None or time.monotonic() > end:
                    said = (self.folder / "log").read_text(errors="replace")[-800:]
                    raise RuntimeError(f"PulseAudio did not start: {said}") from error
            time.sleep(0.05)
