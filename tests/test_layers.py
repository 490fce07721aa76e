"""Imports point down the floors only, and text mode loads no sound."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "companion"

FLOORS = {
    "errors": 1, "events": 1, "ports": 1, "showing": 1,
    "atomic": 2, "settings": 2, "portaudio": 2, "headset": 2, "store": 2, "fetching": 2, "unpacking": 2, "locking": 2,
    "acquiring": 2, "catalogue": 2, "model_check": 2, "graph_check": 2, "content": 2, "text": 2,
    "understanding": 3, "dialogue": 3,
    "hearing": 4, "speaking": 4,
    "session": 5, "ears": 5, "text_mode": 5, "keys": 5, "keymap": 5, "mouth": 5, "later": 5, "worn": 5, "captions": 5,
    "doctor": 6, "bench": 6, "cli": 6, "__main__": 6,
}  # fmt: skip
ANYWHERE = {"testing", "__init__"}
STRANGERS = [
    ("hearing", "speaking"),
    ("hearing", "dialogue"),
    ("speaking", "dialogue"),
    ("hearing", "understanding"),
    ("understanding", "dialogue"),
]


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] + [f"{node.module}.{a.name}" for a in node.names if node.module == "companion"]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        found |= {n.split(".")[1] for n in names if n.startswith("companion.")}
    return {f for f in found if f in FLOORS or f in ANYWHERE}


MODULES = sorted(p for p in PACKAGE.rglob("*.py") if _room(p) not in ANYWHERE)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    room = _room(path)
    assert room in FLOORS, f"{room} has no floor: add it to ARCHITECTURE.md and to this list"
    for other in _imports(path):
        assert other not in ANYWHERE, f"{path.name} imports {other}, which is for tests"
        assert FLOORS[other] <= FLOORS[room], f"{room} must not import {other}"
        for a, b in STRANGERS:
            assert {room, other} != {a, b}, f"{a} and {b} must not know each other"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_stay_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_text_mode_loads_no_sound_and_no_recogniser():
    program = (
        "import sys\n"
        "from companion.cli import main\n"
        "code = main(['ask', 'What is metastasis?'])\n"
        "heavy = {'vosk', 'pocketsphinx', 'sounddevice', 'soundfile', 'soxr', 'pyttsx3'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)\n"
        "sys.exit(code or (9 if heavy else 0))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "spread from where it began" in done.stdout
