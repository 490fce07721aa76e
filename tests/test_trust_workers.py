"""Workers that write garbage, hang or abort: one sentence, no hang, no core file, and a new worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from companion.errors import EngineError
from companion.events import SpeechSettings
from companion.hearing import process
from companion.hearing.process import Engine, ProcessRecognizer
from companion.speaking import worker_process
from companion.speaking.pyttsx3_voice import Pyttsx3Voice

ROOT = Path(__file__).resolve().parent.parent
GARBAGE = [
    b"\x00\xff\xfe garbage\n", b"5\n", b"[]\n", b"null\n", b'"text"\n', b"{}\n", b"[" * 100_000 + b"\n", b"\n",
    b'{"ok": 1}\n', b'{"ok": true, "bytes": -1}\n', b'{"ok": true, "bytes": 99999999999999}\n',
    b'{"ok": true, "bytes": "x"}\n', b'{"ok": true, "bytes": 2, "rate": 0}\nab', b'{"ok": true, "bytes": 2}\nab',
    b'{"hypothesis": 5}\n', b'{"hypothesis": {"text": 5, "words": []}}\n', b'{"hypothesis": {"words": [5]}}\n',
    b'{"what": "\\u001b[2J"}\n', b"",
]  # fmt: skip


class Echo(subprocess.Popen):
    """Stands for a worker gone mad: a real process that writes what it was told and then reads on."""

    told = b""

    def __init__(self, _command: list[str], **options: object) -> None:
        code = "import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1])); sys.stdout.flush(); sys.stdin.read()"
        if not self.told:
            code = "pass"
        super().__init__([sys.executable, "-c", code, self.told.hex()], **options)  # type: ignore[call-overload]


@pytest.mark.parametrize("told", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_from_the_voice(told: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = b'{"ok": true, "engine": "espeak", "route": "direct"}\n' if told else b""
    monkeypatch.setattr(worker_process.subprocess, "Popen", type("Mad", (Echo,), {"told": ready + told}))
    with Pyttsx3Voice(spare=False, patience=2.0) as voice:
        voice_lost(voice)


def voice_lost(voice: Pyttsx3Voice) -> None:
    try:
        voice.render("Cells can travel.", SpeechSettings())
    except EngineError as error:
        assert "voice" in str(error)
    else:
        raise AssertionError("garbage was taken for speech")


@pytest.mark.parametrize("told", [g for g in GARBAGE if g != b"{}\n"])
def test_garbage_from_the_recogniser(told: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ready = b'{"name": "vosk"}\n' if told else b""
    monkeypatch.setattr(process.subprocess, "Popen", type("Mad", (Echo,), {"told": ready + told}))
    with pytest.raises(EngineError) as caught:
        recognizer = ProcessRecognizer(Engine("vosk", tmp_path, ("stop",), tmp_path), patience=2.0)
        # Rows that hold no hypothesis and no fault are as good as "nothing new yet".
        while recognizer.accept(np.ones(1_600, np.int16)) is None:
            pass
    assert str(caught.value).isprintable()


@pytest.mark.skipif(os.name != "posix", reason="signals that stop a process are POSIX")
def test_a_worker_that_takes_nothing_in_does_not_hang_its_owner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The phrases of a large pack are more than a pipe holds."""
    monkeypatch.setattr(process, "LOAD_PATIENCE", 0.5)
    started: list[subprocess.Popen[bytes]] = []

    class Stopped(subprocess.Popen):
        def __init__(self, _command: list[str], **options: object) -> None:
            super().__init__([sys.executable, "-c", "import time; time.sleep(600)"], **options)  # type: ignore[call-overload]
            os.kill(self.pid, signal.SIGSTOP)
            started.append(self)

    monkeypatch.setattr(process.subprocess, "Popen", Stopped)
    phrases = tuple(f"what is disease number {n}" for n in range(20_000))
    with pytest.raises(EngineError):
        ProcessRecognizer(Engine("pocketsphinx", None, phrases, tmp_path))
    assert started[0].poll() is not None


@pytest.mark.skipif(sys.platform != "linux", reason="core files as Linux writes them")
def test_an_abort_leaves_no_core_file(tmp_path: Path) -> None:
    """The memory of a recogniser holds what was said."""
    code = (
        "import os, resource, sys\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_CORE)\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))\n"
        "from companion.hearing import worker\n"
        "worker._leave_no_core()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), os.stat('/proc/self/environ').st_uid)\n"
        "sys.stdout.flush()\n"
        "os.abort()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGABRT, done.stderr
    assert done.stdout.startswith("(0, 0)")
    assert list(tmp_path.iterdir()) == []
