"""Speakers and models for the tests of hearing: ``pytest_plugins = ["hearing_fixtures"]`` in a test module.

PYTEST_DONT_REWRITE: test modules import helpers from here before pytest would.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from companion.content import load_pack
from companion.hearing.pocketsphinx import PocketSphinxRecognizer
from companion.understanding.phrases import as_asked, phrases

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
MINI = SHARED / "models" / "vosk-mini-en-us"
BUILDER = ROOT / "scripts" / "build_vosk_model.py"
SAID = as_asked(load_pack())
"""What PocketSphinx's language model is taught beside the phrases."""
FLITE_VOICES = ("slt", "rms", "awb", "kal16")

Say = Callable[..., Path]


@pytest.fixture(scope="session")
def pack_phrases() -> tuple[str, ...]:
    return phrases(load_pack())


@pytest.fixture(scope="session")
def hearing_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hearing-cache")


@pytest.fixture(scope="session")
def say(tmp_path_factory: pytest.TempPathFactory) -> Say:
    """``say(text, voice="slt")``: a WAV file spoken by flite, made once."""
    if shutil.which("flite") is None:
        pytest.skip("no flite here, the test speaker (Debian: apt-get install flite)")
    folder = tmp_path_factory.mktemp("spoken")

    def speak(text: str, voice: str = "slt") -> Path:
        path = folder / f"{voice}-{text.replace(' ', '-')}.wav"
        if not path.exists():
            subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True, timeout=60)
        return path

    return speak


@pytest.fixture(scope="session")
def pocketsphinx(pack_phrases: tuple[str, ...], hearing_cache: Path) -> Iterator[PocketSphinxRecognizer]:
    recognizer = PocketSphinxRecognizer(pack_phrases, hearing_cache, said=SAID)
    yield recognizer
    recognizer.close()


@pytest.fixture(scope="session")
def vosk_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real Vosk model: the project's own where it can be made, else the shared one."""
    spec = importlib.util.spec_from_file_location("build_vosk_model", BUILDER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Beside the runs' folders, which pytest clears away: the next run finds it there.
    built = module.build_cached(tmp_path_factory.getbasetemp().parent / "companion-vosk-model")
    if built is not None:
        return Path(built)
    if not MINI.is_dir():
        pytest.skip("no Vosk model: flite or espeak-ng is not here (Debian: apt-get install flite espeak-ng)")
    return MINI


@pytest.fixture
def model_copy(vosk_model: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may break."""
    # Not copytree: the shared model is read-only, and its rights would be copied with it.
    target = tmp_path / "model"
    for file in (p for p in vosk_model.rglob("*") if p.is_file()):
        place = target / file.relative_to(vosk_model)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
    return target


def samples_of(path: Path) -> NDArray[np.int16]:
    """A file's first channel as it is stored."""
    samples, _ = soundfile.read(str(path), dtype="int16", always_2d=True)
    return np.ascontiguousarray(samples[:, 0], dtype=np.int16)
