"""Nothing leaves the machine, and nothing that was heard stays on it.

Each command is run once, in a network namespace without interfaces and under strace, with a fresh HOME and TMPDIR.
Then every connection is looked at, and every file that is left.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech_fixtures import say_to_file

pytest_plugins = ["hearing_fixtures"]
ROOT = Path(__file__).resolve().parent.parent
SECRET = "zebulon keeps forty hedgehogs"
RARE = (b"zebulon", b"hedgehogs")
"""Words of it that no language model holds."""
QUESTION = f"My neighbour {SECRET}, so what is metastasis?"
LEFT = re.compile(
    r"(?:"
    # What is made of a pack and of its model, whatever was heard.
    r"home/\.cache/companion/(?:pocketsphinx/[\w-]+\.(?:arpa|dict|json)|(?:topics|embeddings|indexes)/\w+\.np[yz])"
    # Place, rate and volume; the second when the program was killed while it wrote them.
    r"|home/\.local/state/companion/(?:state\.json|\.state\.json\.\w+\.tmp)"
    # The sound server's, not ours.
    r"|home/\.config/pulse/.*"
    r")\Z"
)
"""Files that may be left behind."""


def _why_not() -> str:
    if sys.platform != "linux":
        return "network namespaces and strace are Linux's"
    for program in ("unshare", "strace"):
        if shutil.which(program) is None:
            return f"{program} is not here (Debian: apt-get install util-linux strace)"
    probe = ["unshare", "-n", "strace", "-f", "-qq", "-o", os.devnull, "true"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"a network namespace is not permitted here: {done.stderr.strip()}"


pytestmark = [pytest.mark.skipif(bool(_why_not()), reason=_why_not()), pytest.mark.one_python]  # strace is slow


def test_no_test_opens_a_connection() -> None:
    blocked = pytest.importorskip("pytest_socket", reason="pytest-socket comes with the extra 'dev'").SocketBlockedError
    with pytest.raises(blocked):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)


@dataclass
class Box:
    """A machine of its own, as far as a program can see: no network, an empty home, an empty temporary folder."""

    folder: Path
    env: dict[str, str]

    def command(self, *arguments: str) -> list[str]:
        # The namespace's only interface, the loopback, is down.
        trace = ["strace", "-f", "-qq", "-s", "200", "-e", "trace=%network", "-o", str(self.folder / "trace")]
        return ["unshare", "-n", *trace, sys.executable, "-m", "companion", *arguments]

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), input=stdin, capture_output=True, text=True, cwd=ROOT, env=self.env, check=False,
            timeout=600,
        )  # fmt: skip

    def connections(self) -> list[str]:
        """Every call that opened a socket of the internet or reached for an address, the sound server's left out."""
        # PortAudio looks for JACK, libc's user database for its cache: sockets of this machine's own.
        server = re.escape(self.env["PULSE_SERVER"].removeprefix("unix:"))
        local = re.compile(rf'sun_path="(?:{server}|/dev/shm/jack_|/var/run/nscd/socket)')
        found = []
        for line in (self.folder / "trace").read_text(errors="replace").splitlines():
            internet = re.search(r"\b(?:AF_INET6?|AF_PACKET|AF_NETLINK)\b", line)
            reaches = re.search(r"\bconnect\(|\bsend\w+\(.*sun_path", line)
            if internet or (reaches and not local.search(line)):
                found.append(line)
        return found

    def left(self) -> dict[str, bytes]:
        """Every file below HOME and TMPDIR, with its content."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for top in ("home", "tmp") for path in sorted((self.folder / top).rglob("*"))
            if path.is_file() and not path.is_symlink()
        }  # fmt: skip

    def check(self, *recordings: Path) -> None:
        assert self.connections() == []
        files = self.left()
        assert [name for name in files if not LEFT.match(name)] == []
        assert [str(p) for p in (self.folder / "tmp").iterdir()] == []
        pieces = [piece for path in recordings for piece in _pieces(path)]
        for name, content in files.items():
            plain = content.lower().replace(b"\0", b"")  # UTF-16 too
            assert not any(word in plain for word in RARE), name
            assert not any(piece in content for piece in pieces), f"{name} holds sound"


def _pieces(path: Path) -> list[bytes]:
    """Runs of samples of the recording, as int16 and as float32: who keeps sound keeps one of them."""
    samples, _ = soundfile.read(str(path), dtype="int16", always_2d=True)
    loud = samples[:, 0]
    starts = [s for s in range(0, len(loud) - 32, 400) if np.abs(loud[s : s + 32].astype(int)).max() > 1_000]
    assert len(starts) > 3
    rows = [loud[s : s + 32] for s in starts]
    return [r.tobytes() for r in rows] + [(r / 32768).astype(np.float32).tobytes() for r in rows]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "COMPANION_"))}
    # Nothing of the program's own may be taken for what it leaves behind.
    own = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    own |= {"PULSE_SERVER": "unix:/nowhere", "PYTHONPATH": str(ROOT)}
    return Box(tmp_path, {**kept, **own})


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return say_to_file("can metastasis be prevented", tmp_path / "question.wav")


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["ask", QUESTION, "--explain"], "", 0),
        (["ask", "--batch"], f"{QUESTION}\nmore\nI can't breathe, {SECRET}\n", 0),
        (["--text"], f"{QUESTION}\nslower\n{SECRET}\nfact three\nstop\ngoodbye\n", 0),
        (["ask", QUESTION, "--out", "{out}.ogg", "--json"], "", 0),
        (["ask", "--audio", "{recording}", "--json", "--engine", "pocketsphinx"], "", 0),
        (["transcribe", "{recording}", "--json", "--engine", "pocketsphinx"], "", 0),
        (["narrate", "spreads", "--out", "{out}.wav"], "", 0),
        (["doctor"], "", None),
        (["pack", "show"], "", 0),
        (["model", "list"], "", 0),
        (["model", "verify"], "", 0),
        ([], f"{QUESTION}\ngoodbye\n", 0),
    ],
    ids=lambda v: " ".join(v)[:30] if isinstance(v, list) else "",
)
def test_no_command_reaches_out_or_keeps_what_it_heard(
    arguments: list[str], stdin: str, code: int | None, box: Box, recording: Path, tmp_path: Path
) -> None:
    out = tmp_path / "asked-for"
    filled = [a.format(out=out, recording=recording) for a in arguments]
    done = box.run(*filled, stdin=stdin)
    assert "Traceback" not in done.stderr
    if code is not None:
        assert done.returncode == code, done.stderr
    box.check(recording)


def test_the_fetch_alone_reaches_out_and_says_when_it_cannot(box: Box) -> None:
    done = box.run("model", "fetch", "vosk-small")
    assert done.returncode == 1 and done.stderr.count("error: ") == 1 and "did not answer" in done.stderr
    assert box.connections() != [], "the trace sees what reaches out"
    assert [name for name in box.left() if not name.endswith("/models/.lock")] == []


def test_vosk_reaches_out_to_nothing(box: Box, recording: Path, vosk_model: Path) -> None:
    done = box.run("ask", "--audio", str(recording), "--json", "--engine", "vosk", "--model", str(vosk_model))
    assert done.returncode == 0, done.stderr
    assert '"engine": "vosk"' in done.stdout
    box.check(recording)


def test_what_is_left_does_not_depend_on_what_was_heard(box: Box, tmp_path: Path) -> None:
    trees = []
    for text, voice in (("can metastasis be prevented", "slt"), ("how do cancer cells spread", "rms")):
        path = say_to_file(text, tmp_path / f"{voice}.wav", voice)
        assert box.run("ask", "--audio", str(path), "--engine", "pocketsphinx").returncode == 0
        trees.append(box.left())
    assert trees[0] == trees[1] and trees[0]


def _descendants(pid: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = set(), [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def _gone(pids: set[int], patience: float = 30.0) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if not any(_alive(pid) for pid in pids):
            return True
        time.sleep(0.02)
    return False


def _alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@contextlib.contextmanager
def _under_way(box: Box, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        box.command(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=ROOT, env=box.env,
    )  # fmt: skip
    try:
        yield process
    finally:
        for pid in (*_descendants(process.pid), process.pid):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


def _strike_down(process: subprocess.Popen[str]) -> None:
    """kill -9 of the program alone: its workers must see to themselves."""
    family = _descendants(process.pid)
    program = next(p for p in sorted(family) if b"-m\0companion\0" in Path(f"/proc/{p}/cmdline").read_bytes()
                   and b"strace" not in Path(f"/proc/{p}/cmdline").read_bytes())  # fmt: skip
    os.kill(program, signal.SIGKILL)
    assert _gone(family), "a worker outlived the program"


def _ask_until_heard(ask: Callable[[], object], lines: queue.Queue[str]) -> None:
    """Under strace on a busy machine the ears may open late: a listener would ask again, too."""
    for _ in range(8):
        ask()
        with contextlib.suppress(queue.Empty):
            while not lines.get(timeout=20).startswith("you: "):
                pass
            return
    raise AssertionError("the question was never heard")


def test_a_killed_conversation_in_text_leaves_nothing(box: Box) -> None:
    with _under_way(box, "--text", "--quiet") as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{QUESTION}\nslower\n{SECRET}\n")
        process.stdin.flush()
        while "declin" not in (line := process.stdout.readline()) and SECRET not in line.lower():
            assert line
        _strike_down(process)
    box.check()


def test_a_spoken_conversation_that_is_killed_leaves_nothing(box: Box, sound_card, recording: Path) -> None:
    for name in ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_SERVER", "PULSE_STATE_PATH", "ALSA_CONFIG_PATH"):
        box.env[name] = sound_card.env[name]
    with sound_card.record_loudspeaker() as heard, _under_way(box, "--engine", "pocketsphinx", "--no-keys") as process:
        assert process.stdout is not None
        assert heard.wait_for_sound(60) and heard.wait_for_silence(1.5, 60)
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: [lines.put(x) for x in iter(process.stdout.readline, "")], daemon=True).start()
        _ask_until_heard(lambda: sound_card.play_into_microphone(recording), lines)
        lines.get(timeout=60)  # the answer begins
        _strike_down(process)
    box.check(recording)
    assert "connect(" in (box.folder / "trace").read_text(errors="replace"), "the sound server was reached"
