from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from companion.errors import AudioFileError, EngineError
from companion.speaking.export import Chapter, SoundFileWriter, export
from companion.testing import EchoVoice

CHAPTERS = [Chapter("First", ["A sentence.", "Another one."]), Chapter("Second", ["The last sentence."])]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".WAV"])
def test_every_format_holds_all_of_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"narration{suffix}"
    seen: list[int] = []
    written = export(path, CHAPTERS, EchoVoice(), on_chapter=lambda number, chapter: seen.append(number))
    samples, rate = soundfile.read(path)
    assert rate == EchoVoice.RATE and samples.ndim == 1
    assert len(samples) / rate == pytest.approx(written.seconds, abs=0.001)
    assert written.seconds == pytest.approx(7 * EchoVoice.SECONDS_A_WORD + 0.8, abs=0.01)
    assert [mark.title for mark in written.marks] == ["First", "Second"]
    assert written.marks[1].start == pytest.approx(4 * EchoVoice.SECONDS_A_WORD + 0.8, abs=0.01)
    between = samples[int((written.marks[1].start - 0.6) * rate) : int((written.marks[1].start - 0.2) * rate)]
    assert np.abs(between).max() < 0.02 < np.abs(samples).max()
    assert seen == [0, 1]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_nothing_to_say_is_an_empty_sound(tmp_path: Path) -> None:
    assert export(tmp_path / "empty.wav", [], EchoVoice()).seconds == 0
    assert soundfile.info(tmp_path / "empty.wav").frames == 0


def test_a_failure_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "old.wav"
    path.write_bytes(b"as it was")
    with pytest.raises(EngineError):
        export(path, CHAPTERS, EchoVoice(fail_on=["The last sentence."]))
    assert path.read_bytes() == b"as it was"
    assert [entry.name for entry in tmp_path.iterdir()] == ["old.wav"]


def test_bad_targets_are_refused_before_anything_is_rendered(tmp_path: Path) -> None:
    voice = EchoVoice()
    for target, words in [
        (tmp_path / "a.xyz", r"\.mp3"),
        (tmp_path / "none", "without a suffix"),
        (tmp_path, "is a folder"),
        (tmp_path / "missing" / "a.wav", "no folder"),
    ]:
        with pytest.raises(AudioFileError, match=words):
            export(target, CHAPTERS, voice)
    assert voice.rendered == []


@pytest.mark.skipif(os.name != "posix", reason="a limit on the size of files stands in for a full disk")
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    program = (
        "import resource, signal, sys\n"
        "from companion.errors import AudioFileError\n"
        "from companion.speaking.export import Chapter, export\n"
        "from companion.testing import EchoVoice\n"
        "export('warm' + sys.argv[1], [Chapter('c', ['a b'])], EchoVoice())\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try: export('full' + sys.argv[1], [Chapter('c', [f'sentence number {n}' for n in range(400)])], EchoVoice())\n"
        "except AudioFileError as error: print(error)\n"
    )
    root = str(Path(__file__).parent.parent)
    # Counting branches writes a file of its own, which that limit would hit.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", program, suffix],
        cwd=tmp_path,
        env={**env, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "could not be written" in done.stdout and done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert [entry.name for entry in tmp_path.iterdir()] == [f"warm{suffix}"]


def test_pieces_of_another_rate_are_converted(tmp_path: Path) -> None:
    from companion.ports import Pcm

    with SoundFileWriter(tmp_path / "a.wav") as writer:
        writer.silence(0.5)
        writer.write(Pcm(np.zeros(22_050, np.float32), 22_050))
        writer.write(Pcm(np.zeros(8_000, np.float32), 8_000))
    assert soundfile.info(tmp_path / "a.wav").duration == pytest.approx(2.5, abs=0.01)
