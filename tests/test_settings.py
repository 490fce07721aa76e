"""Settings, folders, atomic writing, and the remembered place: never lost, never a traceback."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.atomic import atomic_write_bytes, atomic_write_text
from companion.errors import SettingsError, UsageError
from companion.settings import Paths, Settings, State, load_state, save_state


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", 79),
        ("rate", 450),
        ("volume", -0.1),
        ("volume", 1.1),
        ("volume", math.nan),
        ("engine", "siri"),
    ],
)
def test_values_out_of_range(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=r"Choose .*\."):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_the_edges_are_in_range() -> None:
    assert Settings(rate=80, volume=0).speech.rate == 80
    assert Settings(rate=449, volume=1).speech.volume == 1


def test_state_goes_over_settings_where_it_holds_something() -> None:
    settings = Settings(rate=150, voice="en-us").with_state(State(rate=200))
    assert (settings.rate, settings.volume, settings.voice) == (200, 1.0, "en-us")


def test_home_variable_moves_everything(tmp_path: Path) -> None:
    paths = Paths.find({"COMPANION_HOME": str(tmp_path)})
    for folder in (paths.config, paths.state, paths.cache, paths.data, paths.models, paths.state_file):
        assert tmp_path in folder.parents
    assert not list(tmp_path.iterdir())  # looking makes nothing


def test_relative_home_does_not_move_with_the_working_folder() -> None:
    assert Paths.find({"COMPANION_HOME": "here"}).data.is_absolute()


def test_system_folders_name_the_program() -> None:
    paths = Paths.find({})
    assert all("companion" in folder.parts for folder in (paths.config, paths.state, paths.data))


def test_state_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "state.json"
    state = State(place="what", sentence=3, rate=180, volume=0.5, voice="en-gb")
    save_state(file, state)
    assert load_state(file) == (state, None)
    assert [p.name for p in file.parent.iterdir()] == ["state.json"]


def test_no_state_yet(tmp_path: Path) -> None:
    assert load_state(tmp_path / "none" / "state.json") == (State(), None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"version": 99}',
        b"{}",
        b"[" * 100_000,
        b" " * 1_000_001,
        b"\0" * 50,
    ],
)
def test_broken_state_is_kept_and_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "state.json"
    for number in (1, 2):
        file.write_bytes(content)
        state, message = load_state(file)
        assert state == State()
        assert message is not None
        assert f"state.json.broken-{number}" in message
        assert "\n" not in message
        assert (tmp_path / f"state.json.broken-{number}").read_bytes() == content
        assert not file.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 5_000},
        {"rate": "fast"},
        {"rate": True},
        {"volume": float("nan")},
        {"volume": "1"},
        {"volume": 10**400},
        {"place": 3},
        {"place": "a\x1b[2J"},
        {"place": ""},
        {"sentence": -1},
        {"sentence": 1.5},
        {"voice": ["x"]},
    ],
)
def test_a_wrong_field_counts_as_not_set(tmp_path: Path, wrong: dict[str, object]) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"version": 1, "later": "field"} | wrong))
    assert load_state(file) == (State(), None)


@given(st.binary(max_size=300))
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "state.json"
    file.write_bytes(content)
    state, message = load_state(file)
    assert isinstance(state, State)
    assert message is not None or json.loads(content)["version"] == 1


def test_state_that_is_a_folder(tmp_path: Path) -> None:
    state, message = load_state(tmp_path)
    assert state == State()
    assert message is not None


def test_state_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match="could not be saved"):
        save_state(tmp_path / "file" / "state.json", State())


FULL = """
import resource, signal, sys
from pathlib import Path
from companion.atomic import atomic_write_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    atomic_write_bytes(Path(sys.argv[1]), b"n" * 5000)
except OSError as error:
    print(error.errno)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE on Windows")
def test_a_write_that_fails_halfway_leaves_the_old_file(tmp_path: Path) -> None:
    # A real write that the system cuts off after 1,000 bytes.
    file = tmp_path / "kept"
    atomic_write_text(file, "old")
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(file)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().isdecimal()
    assert file.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


def test_text_is_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    atomic_write_text(tmp_path / "t", "é\r\nü\n")
    assert (tmp_path / "t").read_bytes() == "é\r\nü\n".encode()
    atomic_write_bytes(tmp_path / "t", b"")
    assert (tmp_path / "t").read_bytes() == b""


def test_importing_settings_brings_no_slow_module() -> None:
    slow = "{'platformdirs', 'tempfile', 'urllib.request', 'numpy', 'sounddevice', 'vosk'}"
    check = f"import sys, companion.settings; print({slow} & set(sys.modules))"
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-S", "-c", check], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
