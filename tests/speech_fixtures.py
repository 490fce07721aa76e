"""Speech to be recognised: flite's voices where the program is installed, for they are heard best."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

VOICES = ("slt", "rms", "awb", "kal16")


def say_to_file(text: str, path: Path, voice: str = "slt") -> Path:
    """A WAV file of the text; the test is skipped where flite isn't installed."""
    flite = shutil.which("flite")
    if flite is None:
        pytest.skip("flite isn't installed (apt-get install flite)")
    subprocess.run([flite, "-voice", voice, "-t", text, "-o", str(path)], check=True, capture_output=True)
    return path
